"""`thread/archive`, `thread/delete`, `thread/name/set` and what else is done to threads on disk.

Every client is told of it, after the answer. What is done to a thread as a whole is done to the
agents it has spawned as well.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext, suppress

from codex_rpc.errors import (
    CodexRpcError,
    EphemeralThreadError,
    InvalidRequestError,
    ThreadNotStoredError,
)
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.stored_threads import (
    ThreadArchivedNotification,
    ThreadArchiveParams,
    ThreadArchiveResponse,
    ThreadDeletedNotification,
    ThreadDeleteParams,
    ThreadDeleteResponse,
    ThreadMetadataGitInfoUpdateParams,
    ThreadMetadataUpdateParams,
    ThreadMetadataUpdateResponse,
    ThreadNameUpdatedNotification,
    ThreadSetNameParams,
    ThreadSetNameResponse,
    ThreadUnarchivedNotification,
    ThreadUnarchiveParams,
    ThreadUnarchiveResponse,
)
from codex_rpc.rollout.stored_thread import StoredThread
from codex_rpc.server.context import Answer, RequestContext
from codex_rpc.server.handlers.stored_threads import loaded
from codex_rpc.server.stored_views import stored_thread_view
from codex_rpc.threads.loaded_threads import check_thread_id

logger = logging.getLogger(__name__)

# --- threads as a whole ------------------------------------------------------------------------


async def archive(context: RequestContext, params: ThreadArchiveParams) -> Answer:
    store, thread_id = context.server.threads.store, params.thread_id
    if not _is_kept(context, thread_id):
        await _unarchived(context, thread_id)
    done = await _for_family(context, thread_id, store.archive)
    told = [ThreadArchivedNotification(thread_id=each) for each in done]
    return _telling(context, ThreadArchiveResponse(), told)


async def unarchive(context: RequestContext, params: ThreadUnarchiveParams) -> Answer:
    store, thread_id = context.server.threads.store, params.thread_id
    check_thread_id(thread_id)
    done = await _for_family(context, thread_id, store.unarchive)
    told = [ThreadUnarchivedNotification(thread_id=each) for each in done]
    thread = stored_thread_view(await store.find(thread_id))
    return _telling(context, ThreadUnarchiveResponse(thread=thread), told)


async def delete(context: RequestContext, params: ThreadDeleteParams) -> Answer:
    store, thread_id = context.server.threads.store, params.thread_id
    live = loaded(context, thread_id)
    if live is not None and live.origin.ephemeral:
        raise EphemeralThreadError(f"thread is not persisted and cannot be deleted: {thread_id}")
    check_thread_id(thread_id)
    done = await _for_family(context, thread_id, store.delete)
    told = [ThreadDeletedNotification(thread_id=each) for each in reversed(done)]
    return _telling(context, ThreadDeleteResponse(), told)


async def _for_family(
    context: RequestContext, thread_id: ThreadId, do: Callable[[ThreadId], Awaitable[object]]
) -> Sequence[ThreadId]:
    """Do something to a thread's files and to those of its agents, which end first.

    A loaded thread may have none yet. An agent to which it cannot be done stays as it is. Returns
    those to which it was done.

    Raises:
        CodexRpcError: if it cannot be done to the thread itself.
    """
    agents = await context.server.threads.store.descendants(thread_id)
    kept = _is_kept(context, thread_id)
    await _end(context, thread_id)
    with suppress(ThreadNotStoredError) if kept else nullcontext():
        await do(thread_id)
    done = [thread_id]
    for agent in agents:
        await _end(context, agent)
        try:
            await do(agent)
        except CodexRpcError as error:
            logger.info("the agent %s of thread %s stays as it is: %s", agent, thread_id, error)
        else:
            done.append(agent)
    return done


def _is_kept(context: RequestContext, thread_id: ThreadId) -> bool:
    """Whether the thread is loaded, and is on disk or will be when something is said in it."""
    live = loaded(context, thread_id)
    return live is not None and not live.origin.ephemeral


async def _end(context: RequestContext, thread_id: ThreadId) -> None:
    """Nobody may write the thread's files from now on."""
    if _is_kept(context, thread_id):
        await context.server.feeds.unloader.unload(thread_id)


# --- what is on record about a thread ----------------------------------------------------------


async def set_name(context: RequestContext, params: ThreadSetNameParams) -> Answer:
    name, thread_id = params.name.strip(), params.thread_id
    if not name:
        raise InvalidRequestError("thread name must not be empty", path=("name",))
    _require_record(context, thread_id)
    if not _is_kept(context, thread_id):
        await _unarchived(context, thread_id)
    await context.server.threads.store.set_name(thread_id, name)
    if thread_id in context.server.threads.list_thread_ids():
        context.server.threads.get_thread(thread_id).name = name
    told = ThreadNameUpdatedNotification(thread_id=thread_id, thread_name=name)
    return _telling(context, ThreadSetNameResponse(), [told])


async def update_metadata(
    context: RequestContext, params: ThreadMetadataUpdateParams
) -> ThreadMetadataUpdateResponse:
    changes = _git_changes(params.git_info)
    check_thread_id(params.thread_id)
    _require_record(context, params.thread_id)
    live = loaded(context, params.thread_id)
    write = None if live is None else live.record_meta
    stored = await context.server.threads.store.update_git(params.thread_id, changes, write)
    return ThreadMetadataUpdateResponse(thread=stored_thread_view(stored, live))


def _git_changes(given: ThreadMetadataGitInfoUpdateParams) -> Mapping[str, str | None]:
    """What to change, by the fields of `GitInfo`; `None` clears."""
    named = {name: getattr(given, name) for name in given.model_fields_set}
    if not named:
        raise InvalidRequestError("gitInfo must include at least one field", path=("gitInfo",))
    changes: dict[str, str | None] = {}
    for name, value in named.items():
        changes[name] = value if value is None else value.strip()
        if changes[name] == "":
            wire = type(given).model_fields[name].alias or name
            raise InvalidRequestError(f"gitInfo.{wire} must not be empty", path=("gitInfo", wire))
    return changes


def _require_record(context: RequestContext, thread_id: ThreadId) -> None:
    live = loaded(context, thread_id)
    if live is not None and live.origin.ephemeral:
        message = f"ephemeral thread does not support metadata updates: {thread_id}"
        raise EphemeralThreadError(message)


async def _unarchived(context: RequestContext, thread_id: ThreadId) -> StoredThread:
    """The thread on disk, which must not be put away."""
    check_thread_id(thread_id)
    stored = await context.server.threads.store.find(thread_id)
    if stored.archived:
        raise ThreadNotStoredError(thread_id)
    return stored


def _telling(context: RequestContext, result: WireModel, told: Sequence[Notification]) -> Answer:
    """The answer, and after it what every client is told."""

    def tell() -> None:
        for notification in told:
            context.server.feeds.announce(notification)

    return Answer(result, tell)
