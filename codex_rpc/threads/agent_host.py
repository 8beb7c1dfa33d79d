"""AgentHost: what agents need of the manager of all threads, which implements it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.thread_store import ThreadStore
from codex_rpc.threads.codex_thread import CodexThread, NewThread
from codex_rpc.threads.loaded_threads import BesideThreads
from codex_rpc.threads.spawn import StartThread

OnSpawned = Callable[[NewThread, ThreadId], None]
"""Called with an agent's thread and the thread that has started it, before anything happens there.

Whoever is called reads the new thread's events.
"""


class AgentHost(Protocol):
    """See `ThreadManager`."""

    @property
    def models(self) -> ModelsManager: ...

    @property
    def store(self) -> ThreadStore: ...

    @property
    def on_spawned(self) -> OnSpawned | None: ...

    async def start_thread(self, request: StartThread) -> NewThread: ...

    async def resume_thread_with_history(
        self, request: StartThread, history: Sequence[ResponseItem]
    ) -> NewThread: ...

    async def resume_thread(self, thread_id: ThreadId, request: StartThread) -> NewThread: ...

    def get_thread(self, thread_id: str) -> CodexThread: ...

    async def close_thread(self, thread_id: ThreadId) -> None: ...

    def run_beside(self, work: BesideThreads) -> None:
        """Run `work` as long as threads may run."""
        ...
