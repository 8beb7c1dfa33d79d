"""`review/*`: having changes looked at."""

from codex_rpc.protocol.notifications import ThreadStartedNotification
from codex_rpc.protocol.review import ReviewStartParams, ReviewStartResponse
from codex_rpc.server.context import Answer, RequestContext
from codex_rpc.server.handlers.thread_history import fork_source
from codex_rpc.server.stored_views import loaded_thread_view
from codex_rpc.server.views import accepted_turn
from codex_rpc.session.ops import StartReview
from codex_rpc.session.review_target import review_request
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.loading import Whole
from codex_rpc.threads.spawn import StartThread

REVIEW_SOURCE = {"subagent": "review"}
"""Where the thread of a detached review comes from, as its file says it."""


async def start(context: RequestContext, params: ReviewStartParams) -> ReviewStartResponse | Answer:
    thread = context.thread(params.thread_id)
    if params.delivery == "detached":
        return await _start_elsewhere(context, params, thread)
    submitted = await context.submit(thread, StartReview(params.target))
    return ReviewStartResponse(turn=accepted_turn(submitted), review_thread_id=thread.thread_id)


async def _start_elsewhere(
    context: RequestContext, params: ReviewStartParams, thread: CodexThread
) -> Answer:
    """Review on another thread that knows what this one does, while this one goes on."""
    review_request(params.target)  # a target that says nothing is no reason to make a thread
    server, settings = context.server, thread.snapshot().settings
    request = StartThread(
        model=settings.model,
        approval_policy=settings.approval_policy,
        approvals_reviewer=settings.approvals_reviewer,
        sandbox_policy=settings.sandbox_policy,
        ephemeral=thread.origin.ephemeral,
        originator=context.client.name,
        source=REVIEW_SOURCE,
        config=thread.origin.config,
    )
    source = await fork_source(context, thread.thread_id)
    new = (await server.threads.fork(source, Whole(), request)).thread
    context.answer_first(new.thread_id)
    server.feeds.open(new.thread)
    server.feeds.subscribe(context.client, new.thread_id)
    submitted = await context.submit(new.thread, StartReview(params.target))
    return Answer(
        ReviewStartResponse(turn=accepted_turn(submitted), review_thread_id=new.thread_id),
        lambda: server.feeds.announce(
            ThreadStartedNotification(thread=loaded_thread_view(new.thread))
        ),
    )
