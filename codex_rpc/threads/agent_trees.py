"""AgentTrees: which tree of agents each loaded thread belongs to, and what it may do there."""

import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.config.effective import AgentLimits
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import AgentDepthError
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.items import CollabAgentState
from codex_rpc.rollout.agent_source import spawn_of
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.threads.agent_host import AgentHost
from codex_rpc.tools.agents.port import AgentTask, SpawnedAgent

if TYPE_CHECKING:
    from codex_rpc.threads.agent_control import AgentControl


class AgentTree:
    """What the threads of one tree share. Its control is loaded for the first agent."""

    def __init__(self, host: weakref.ref[AgentHost], max_agents: int) -> None:
        self._host = host
        self._max_agents = max_agents

    @cached_property
    def control(self) -> "AgentControl":
        from codex_rpc.threads.agent_control import AgentControl

        return AgentControl(self._host, self._max_agents)


class AgentSeat(Struct, frozen=True, weakref=True):
    """One thread's place in its tree: implements `tools.ports.Agents`. The root's depth is 0."""

    thread_id: ThreadId
    depth: int
    max_depth: int
    tree: AgentTree

    @property
    def may_spawn(self) -> bool:
        return self.depth < self.max_depth

    async def spawn(self, task: AgentTask) -> SpawnedAgent:
        if not self.may_spawn:
            raise AgentDepthError
        return await self.tree.control.spawn(self.thread_id, self.depth + 1, task)

    async def send(
        self, agent_id: ThreadId, parts: Sequence[UserInput], *, interrupt: bool
    ) -> TurnId | None:
        return await self.tree.control.send(self.thread_id, agent_id, parts, interrupt=interrupt)

    async def wait(
        self, agent_ids: Sequence[ThreadId], timeout_s: float
    ) -> Mapping[ThreadId, CollabAgentState]:
        return await self.tree.control.wait(self.thread_id, agent_ids, timeout_s)

    async def close(self, agent_id: ThreadId) -> CollabAgentState:
        return await self.tree.control.close(self.thread_id, agent_id)

    async def resume(self, agent_id: ThreadId, settings: ThreadSettings) -> CollabAgentState:
        return await self.tree.control.resume(self.thread_id, agent_id, settings)

    def state(self, agent_id: ThreadId) -> CollabAgentState:
        return self.tree.control.state(self.thread_id, agent_id)


class AgentTrees:
    """Knows the seats of loaded threads, without keeping them. Owned by the manager."""

    def __init__(self, host: AgentHost) -> None:
        self._host = weakref.ref(host)
        self._seats: weakref.WeakValueDictionary[ThreadId, AgentSeat] = (
            weakref.WeakValueDictionary()
        )

    def seat(self, meta: SessionMeta, limits: AgentLimits) -> AgentSeat:
        """The seat of a thread that is about to be loaded.

        An agent belongs to the tree of the thread that has started it, as long as that is loaded;
        else it is the root of a tree, but no less deep.
        """
        spawned = spawn_of(meta.source)
        parent = spawned and self._seats.get(spawned.parent_thread_id)
        seat = AgentSeat(
            ThreadId(meta.thread_id),
            spawned.depth if spawned else 0,
            limits.max_depth,
            parent.tree if parent else AgentTree(self._host, limits.max_threads),
        )
        self._seats[seat.thread_id] = seat
        return seat
