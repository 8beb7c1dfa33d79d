"""`thread/backgroundTerminals/*`: seeing and ending what a thread has running."""

from codex_rpc.errors import InvalidCursorError, InvalidParamsError
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.terminals import (
    ThreadBackgroundTerminal,
    ThreadBackgroundTerminalsCleanParams,
    ThreadBackgroundTerminalsCleanResponse,
    ThreadBackgroundTerminalsListParams,
    ThreadBackgroundTerminalsListResponse,
    ThreadBackgroundTerminalsTerminateParams,
    ThreadBackgroundTerminalsTerminateResponse,
)
from codex_rpc.server.context import RequestContext
from codex_rpc.session.shown_terminal import OpenTerminal


async def list_terminals(
    context: RequestContext, params: ThreadBackgroundTerminalsListParams
) -> ThreadBackgroundTerminalsListResponse:
    running = context.thread(params.thread_id).terminals.running()
    if params.cursor is not None:
        after = _cursor(params.cursor)
        running = [terminal for terminal in running if terminal.number > after]
    page = running if params.limit is None else running[: max(params.limit, 1)]
    return ThreadBackgroundTerminalsListResponse(
        data=[_view(terminal) for terminal in page],
        next_cursor=str(page[-1].number) if len(page) < len(running) else None,
    )


async def terminate(
    context: RequestContext, params: ThreadBackgroundTerminalsTerminateParams
) -> ThreadBackgroundTerminalsTerminateResponse:
    terminals = context.thread(params.thread_id).terminals
    if not params.process_id.isdecimal():
        raise InvalidParamsError(
            f"invalid background terminal process id: {params.process_id[:200]}",
            path=("processId",),
        )
    terminated = await terminals.terminate(int(params.process_id))
    return ThreadBackgroundTerminalsTerminateResponse(terminated=terminated)


async def clean(
    context: RequestContext, params: ThreadBackgroundTerminalsCleanParams
) -> ThreadBackgroundTerminalsCleanResponse:
    await context.thread(params.thread_id).terminals.terminate_all()
    return ThreadBackgroundTerminalsCleanResponse()


def _cursor(text: str) -> int:
    if not text.isdecimal():
        raise InvalidCursorError(text)
    return int(text)


def _view(terminal: OpenTerminal) -> ThreadBackgroundTerminal:
    return ThreadBackgroundTerminal(
        item_id=ItemId(terminal.item.id),
        process_id=str(terminal.number),
        command=terminal.script,
        cwd=terminal.item.cwd,
        os_pid=terminal.pid,
    )
