"""`fs/watch` and `fs/unwatch`."""

from codex_rpc.managers.files.paths import absolute_path
from codex_rpc.protocol.files import (
    FsUnwatchParams,
    FsUnwatchResponse,
    FsWatchParams,
    FsWatchResponse,
)
from codex_rpc.server.context import RequestContext


async def watch(context: RequestContext, params: FsWatchParams) -> FsWatchResponse:
    path = absolute_path(params.path, "path")
    await context.client.resources.watches.start(params.watch_id, path)
    return FsWatchResponse(path=str(path))


async def unwatch(context: RequestContext, params: FsUnwatchParams) -> FsUnwatchResponse:
    context.client.resources.watches.stop(params.watch_id)
    return FsUnwatchResponse()
