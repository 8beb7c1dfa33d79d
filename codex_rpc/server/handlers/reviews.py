"""`review/*`: having changes looked at."""

from codex_rpc.protocol.review import ReviewStartParams, ReviewStartResponse
from codex_rpc.server.context import RequestContext
from codex_rpc.server.views import accepted_turn
from codex_rpc.session.ops import StartReview


async def start(context: RequestContext, params: ReviewStartParams) -> ReviewStartResponse:
    thread = context.thread(params.thread_id)
    submitted = await context.submit(thread, StartReview(params.target))
    return ReviewStartResponse(turn=accepted_turn(submitted), review_thread_id=thread.thread_id)
