"""Unloader: ends threads that nobody follows and that have nothing to do.

They stay on disk, and are loaded again when somebody resumes them.
"""

from collections.abc import Callable

import anyio
from msgspec import Struct

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import Notification, ThreadStatusChangedNotification
from codex_rpc.protocol.thread import ActiveStatus, NotLoadedStatus
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.thread_manager import ThreadManager

UNLOAD_AFTER_SECONDS = 1800.0
"""As long as the `codex` command keeps such a thread."""


class Unloader(Struct, frozen=True):
    """Watches over deserted threads, each in a task of its own."""

    threads: ThreadManager
    announce: Callable[[Notification], None]
    """Tells every client."""
    seconds: float
    """For which a thread is kept that is deserted and idle."""

    async def watch(self, thread: CodexThread, is_deserted: Callable[[], bool]) -> None:
        """End the thread once it has been deserted and idle for so long, unless somebody comes."""
        idle = False
        while not idle:
            before = thread.snapshot()
            await anyio.sleep(self.seconds)
            if not is_deserted():
                return
            now = thread.snapshot()
            active = isinstance(now.status, ActiveStatus)
            idle = not active and now.last_turn_id == before.last_turn_id
        await self.unload(thread.thread_id)

    async def unload(self, thread_id: ThreadId) -> None:
        """End a thread now, and tell every client."""
        await self.threads.close_thread(thread_id)
        self.announce(
            ThreadStatusChangedNotification(thread_id=thread_id, status=NotLoadedStatus())
        )
