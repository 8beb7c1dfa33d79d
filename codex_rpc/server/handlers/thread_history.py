"""`thread/resume`, `thread/fork`, `thread/revert`: going on with what a thread has behind it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codex_rpc.errors import (
    InvalidParamsError,
    InvalidRequestError,
    ThreadArchivedError,
    ThreadNotStoredError,
)
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import (
    ThreadStartedNotification,
    ThreadStatusChangedNotification,
    ThreadTokenUsageUpdatedNotification,
)
from codex_rpc.protocol.thread_history import (
    ContinuationOverrides,
    ThreadForkParams,
    ThreadForkResponse,
    ThreadResumeParams,
    ThreadResumeResponse,
    ThreadRevertParams,
    ThreadRevertResponse,
    ThreadRollbackParams,
    ThreadRollbackResponse,
    TurnsPage,
)
from codex_rpc.protocol.turn import Turn
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.turn_log import RecordedTurn
from codex_rpc.server.context import Answer, RequestContext
from codex_rpc.server.notices import tell_warnings
from codex_rpc.server.overrides import permission_profile
from codex_rpc.server.response_items import response_items
from codex_rpc.server.stored_views import loaded_thread_view
from codex_rpc.server.views import collaboration_mode, configuration
from codex_rpc.state.live_turn import ReadPoint
from codex_rpc.threads.codex_thread import CodexThread, NewThread
from codex_rpc.threads.loaded_threads import check_thread_id
from codex_rpc.threads.loading import (
    AfterTurn,
    BeforeTurn,
    BeforeUserMessage,
    Cut,
    ForkSource,
    Whole,
)
from codex_rpc.threads.shown_turns import with_outliving
from codex_rpc.threads.spawn import StartThread
from codex_rpc.threads.taking_back import From, Last
from codex_rpc.threads.turn_reader import TurnPageRequest

# --- resume ------------------------------------------------------------------------------------


async def resume(context: RequestContext, params: ThreadResumeParams) -> Answer:
    client, server = context.client, context.server
    number = client.asks_for_thread()
    new = await _resumed(context, params)
    thread = new.thread
    if not new.was_loaded:
        server.feeds.open(thread)
    # From here on: everything earlier is in the answer, everything later is sent after it.
    point = await server.feeds.follow(
        client, thread, partial(context.answer_first, thread.thread_id)
    )
    client.got_thread(number, thread.thread_id)
    if not new.was_loaded:
        status = thread.snapshot().status
        server.feeds.announce(
            ThreadStatusChangedNotification(thread_id=thread.thread_id, status=status)
        )

    def announce() -> None:
        server.desk.present(thread.thread_id, client)
        tell_warnings(client, new)
        server.threads.prepare(thread.thread_id)
        _tell_usage(context, thread, point)

    return Answer(await _resume_response(context, params, new, point), announce)


async def _resumed(context: RequestContext, params: ThreadResumeParams) -> NewThread:
    threads, request = context.server.threads, _request(context, params)
    if params.history is not None:
        loaded = params.thread_id in threads.list_thread_ids()
        if loaded:
            raise InvalidRequestError(
                f"cannot resume thread {params.thread_id} with history while it is already running"
            )
        items = response_items(params.history, "history")
        return await threads.resume_thread_with_history(request, items)
    if params.path is not None:
        path, items = Path(params.path), not params.exclude_turns
        return await threads.resume_thread_from_rollout(request, path, items=items)
    check_thread_id(params.thread_id)
    items = not params.exclude_turns
    return await threads.resume_thread(params.thread_id, request, items=items)


async def _resume_response(
    context: RequestContext, params: ThreadResumeParams, new: NewThread, point: ReadPoint
) -> ThreadResumeResponse:
    threads, thread = context.server.threads, new.thread
    log = await threads.read_log(thread, point)
    turns: Sequence[Turn] = ()
    page, cursors = None, (None, None)
    if log is not None:
        page = await _first_page(context, params, log, point)
    recorded = _turns_so_far(new, point)
    if log is not None and recorded is not None:
        turns = () if params.exclude_turns else await threads.turns.turns_of(recorded)
        cursors = await threads.turns.end_cursors_of(log, recorded)
    elif log is not None:
        turns = () if params.exclude_turns else await threads.turns.all_turns(log, point.live)
        turns = with_outliving(turns, point.outliving)
        cursors = await threads.turns.end_cursors(log, point.live)
    return configuration(
        ThreadResumeResponse,
        thread,
        turns,
        collaboration_mode=collaboration_mode(thread),
        initial_turns_page=page,
        turns_backwards_cursor=cursors[0],
        items_backwards_cursor=cursors[1],
    )


def _turns_so_far(new: NewThread, point: ReadPoint) -> Sequence[RecordedTurn] | None:
    """What was read when the thread was loaded, unless somebody has had a turn since."""
    if new.recorded is None or point.live is not None:
        return None
    turns = new.recorded.turns
    last = turns[-1].turn_id if turns else None
    return turns if new.thread.snapshot().last_turn_id == last else None


async def _first_page(
    context: RequestContext, params: ThreadResumeParams, log: ThreadLog, point: ReadPoint
) -> TurnsPage | None:
    if (wanted := params.initial_turns_page) is None:
        return None
    request = TurnPageRequest(
        limit=wanted.limit,
        descending=wanted.sort_direction != "asc",
        items_view=wanted.items_view or "summary",
    )
    found = await context.server.threads.turns.page(log, point.live, request)
    outliving = point.outliving if request.items_view == "full" else ()
    return TurnsPage(
        data=with_outliving(found.turns, outliving),
        next_cursor=found.next_cursor,
        backwards_cursor=found.backwards_cursor,
    )


def _tell_usage(context: RequestContext, thread: CodexThread, point: ReadPoint) -> None:
    """Whoever comes later has missed how full the model's window is."""
    usage, turn_id = thread.token_usage(), thread.snapshot().last_turn_id
    if usage.total.total_tokens and turn_id is not None:
        notification = ThreadTokenUsageUpdatedNotification(
            thread_id=thread.thread_id, turn_id=turn_id, token_usage=usage
        )
        context.client.notify(notification, thread.thread_id)


# --- fork --------------------------------------------------------------------------------------


async def fork(context: RequestContext, params: ThreadForkParams) -> Answer:
    client, server = context.client, context.server
    number = client.asks_for_thread()
    if params.path is not None:
        source = ForkSource(Path(params.path))
    else:
        source = await fork_source(context, params.thread_id)
    cut = _cut(params, source)
    forked = await server.threads.fork(source, cut, _request(context, params))
    new = forked.thread
    context.answer_first(new.thread_id)
    server.feeds.open(new.thread)
    server.feeds.subscribe(client, new.thread_id)
    client.got_thread(number, new.thread_id)

    def announce() -> None:
        server.feeds.announce(ThreadStartedNotification(thread=loaded_thread_view(new.thread)))
        tell_warnings(client, new)

    turns = [] if params.exclude_turns else await server.threads.turns.all_turns(forked.log)
    return Answer(configuration(ThreadForkResponse, new.thread, turns), announce)


async def fork_source(context: RequestContext, thread_id: ThreadId) -> ForkSource:
    """Where a thread is on record, with what runs in it if it is loaded.

    Raises:
        InvalidThreadIdError: if it is no thread id at all.
        ThreadNotStoredError: if nothing of the thread is on disk.
    """
    threads = context.server.threads
    check_thread_id(thread_id)
    if thread_id not in threads.list_thread_ids():
        stored = await threads.store.find(thread_id)
        if stored.archived:
            raise ThreadArchivedError(thread_id)
        return ForkSource(stored.path)
    thread = threads.get_thread(thread_id)
    point = await thread.read_point()
    if await threads.read_log(thread, point) is None or thread.rollout_path is None:
        raise ThreadNotStoredError(thread_id)
    return ForkSource(thread.rollout_path, point.end, point.live)


def _cut(params: ThreadForkParams, source: ForkSource) -> Cut:
    given = {
        "lastTurnId": params.last_turn_id,
        "beforeTurnId": params.before_turn_id,
        "nthUserMessage": params.nth_user_message,
    }
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        first, second = sorted(names)[:2]
        raise InvalidParamsError(f"`{first}` cannot be combined with `{second}`", path=(first,))
    if params.nth_user_message is not None:
        return BeforeUserMessage(params.nth_user_message)
    if params.before_turn_id is not None:
        return BeforeTurn(params.before_turn_id)
    if params.last_turn_id is None:
        return Whole()
    if source.live is not None and source.live.turn_id == params.last_turn_id:
        raise InvalidParamsError(
            f"lastTurnId '{params.last_turn_id}' identifies an in-progress turn",
            path=("lastTurnId",),
        )
    return AfterTurn(params.last_turn_id)


def _request(context: RequestContext, params: ThreadResumeParams | ThreadForkParams) -> StartThread:
    overrides: ContinuationOverrides = params
    fork = params if isinstance(params, ThreadForkParams) else None
    return StartThread(
        cwd=overrides.cwd,
        model=overrides.model,
        model_provider=overrides.model_provider,
        approval_policy=overrides.approval_policy,
        approvals_reviewer=overrides.approvals_reviewer,
        sandbox_mode=overrides.sandbox,
        permission_profile=permission_profile(overrides),
        service_tier=overrides.service_tier,
        base_instructions=overrides.base_instructions,
        developer_instructions=overrides.developer_instructions,
        ephemeral=fork is not None and fork.ephemeral,
        originator=context.client.name,
        thread_source=fork and fork.thread_source,
        config=tuple((overrides.config or {}).items()),
        dynamic_tools=overrides.dynamic_tools,
    )


# --- taking back -------------------------------------------------------------------------------


async def revert(context: RequestContext, params: ThreadRevertParams) -> ThreadRevertResponse:
    thread = context.server.threads.get_thread(params.thread_id)
    what = From(params.before_turn_id)
    await context.submit(thread, await context.server.threads.plan_rollback(thread, what))
    point = await thread.read_point()
    log = await context.server.threads.read_log(thread, point)
    cursors = (None, None)
    if log is not None:
        cursors = await context.server.threads.turns.end_cursors(log, point.live)
    return ThreadRevertResponse(
        thread=loaded_thread_view(thread),
        turns_backwards_cursor=cursors[0],
        items_backwards_cursor=cursors[1],
    )


async def rollback(context: RequestContext, params: ThreadRollbackParams) -> ThreadRollbackResponse:
    thread = context.server.threads.get_thread(params.thread_id)
    what = Last(params.num_turns)
    await context.submit(thread, await context.server.threads.plan_rollback(thread, what))
    point = await thread.read_point()
    log = await context.server.threads.read_log(thread, point)
    turns = [] if log is None else await context.server.threads.turns.all_turns(log, point.live)
    return ThreadRollbackResponse(
        thread=loaded_thread_view(thread).model_copy(update={"turns": list(turns)})
    )
