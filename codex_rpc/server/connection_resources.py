"""What belongs to one connection and ends with it, beside its requests: watches and searches."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from anyio.abc import TaskGroup

from codex_rpc.managers.file_search.ranking import Ranked
from codex_rpc.managers.file_search.sessions import Searches
from codex_rpc.managers.files.contents import shown
from codex_rpc.managers.files.watches import FileWatches
from codex_rpc.protocol.file_search import (
    FuzzyFileSearchResult,
    FuzzyFileSearchSessionCompletedNotification,
    FuzzyFileSearchSessionUpdatedNotification,
)
from codex_rpc.protocol.files import FsChangedNotification
from codex_rpc.protocol.notifications import Notification


class ConnectionResources:
    """One per connection; `tasks` is cancelled when the connection has ended.

    `tell` sends a notification once the client has read enough of what came before.
    """

    def __init__(self, tasks: TaskGroup, tell: Callable[[Notification], Awaitable[None]]) -> None:
        self._tell = tell
        self.watches = FileWatches(tasks, self._tell_change)
        self.searches = Searches(tasks, self._tell_result)

    async def _tell_change(self, watch_id: str, paths: Sequence[Path]) -> None:
        changed = [shown(path) for path in paths]
        await self._tell(FsChangedNotification(watch_id=watch_id, changed_paths=changed))

    async def _tell_result(
        self, session_id: str, query: str, found: Sequence[Ranked], complete: bool
    ) -> None:
        files = [search_result(ranked) for ranked in found]
        await self._tell(
            FuzzyFileSearchSessionUpdatedNotification(
                session_id=session_id, query=query, files=files
            )
        )
        if complete:
            await self._tell(FuzzyFileSearchSessionCompletedNotification(session_id=session_id))


def search_result(ranked: Ranked) -> FuzzyFileSearchResult:
    """A path that was found, for the wire."""
    return FuzzyFileSearchResult(
        root=ranked.root,
        path=ranked.path,
        match_type="directory" if ranked.is_directory else "file",
        file_name=ranked.name,
        score=ranked.fit.score,
        indices=list(ranked.fit.indices),
    )
