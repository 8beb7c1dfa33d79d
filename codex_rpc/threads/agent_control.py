"""AgentControl: the agents of one tree of threads: started, addressed, awaited, ended.

A tree is a thread that nobody spawned, with all that come of it; they share one control. It knows
the manager of all threads, but does not keep it alive. An agent lives beside the turn that started
it: when that turn ends or is interrupted, the agent goes on. It ends with the thread that started
it, and so does what it has started itself. Looking after one agent is `threads.agent_care`'s.
"""

import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import anyio
from msgspec.structs import replace

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import (
    AgentNotFoundError,
    CodexRpcError,
    ManagerDroppedError,
    NoActiveTurnError,
    SessionClosedError,
    ToolError,
)
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.items import CollabAgentState
from codex_rpc.protocol.thread import ThreadSpawn
from codex_rpc.rollout.agent_source import spawn_of
from codex_rpc.session.ops import SubmitInput
from codex_rpc.state.standing import Standing
from codex_rpc.threads.agent_care import Agent, care_for
from codex_rpc.threads.agent_host import AgentHost
from codex_rpc.threads.agent_requests import (
    check_effort,
    resume_request,
    settled_history,
    spawn_request,
)
from codex_rpc.threads.agent_slots import AgentSlots, Reservation
from codex_rpc.threads.codex_thread import CodexThread, NewThread
from codex_rpc.threads.nicknames import Nicknames
from codex_rpc.tools.agents.port import AgentTask, SpawnedAgent

NOT_FOUND = CollabAgentState(status="notFound")

AT_WORK = ("pendingInit", "running")
"""States that a wait goes on for. After a resume an agent has nothing to do, and says so only when
it has been given something and has done it."""


class AgentControl:
    """One tree's."""

    def __init__(self, host: weakref.ref[AgentHost], max_agents: int) -> None:
        self._host = host
        self._slots = AgentSlots(max_agents)
        self._names = Nicknames()
        self._open: dict[ThreadId, Agent] = {}

    async def spawn(self, parent_id: ThreadId, depth: int, task: AgentTask) -> SpawnedAgent:
        """Have a new agent at that depth do the task. What is begun is carried through.

        Raises:
            AgentLimitError: if as many agents are open as may be.
            CodexRpcError: if it cannot be started.
        """
        host = self._manager()
        parent = host.get_thread(parent_id)
        check_effort(host.models, task.settings)
        with self._slots.reserve() as slot, _uninterrupted():
            spawned = ThreadSpawn(
                parent_thread_id=parent_id, depth=depth, agent_nickname=self._names.take()
            )
            new = await _start(host, parent, task, spawned)
            self._adopt(host, parent, new, slot)
            try:
                await new.thread.submit(SubmitInput(task.parts))
            except CodexRpcError:
                await self._end(host, self._open[new.thread_id])
                raise
        return SpawnedAgent(new.thread_id, spawned.agent_nickname or "")

    def _adopt(
        self, host: AgentHost, parent: CodexThread, new: NewThread, slot: Reservation
    ) -> None:
        """From now on the agent is open, and looked after."""
        agent = Agent(new.thread, parent)
        slot.commit(agent.agent_id)
        self._open[agent.agent_id] = agent
        announce = None if new.was_loaded else host.on_spawned
        if announce is not None:
            announce(new, parent.thread_id)
        unread = announce is None and not new.was_loaded
        host.run_beside(partial(self._care, agent, host, unread=unread))

    async def _care(self, agent: Agent, host: AgentHost, *, unread: bool) -> None:
        try:
            await care_for(agent, host, unread=unread)
        finally:
            self._forget(agent)

    def _forget(self, agent: Agent) -> None:
        if self._open.get(agent.agent_id) is agent:
            del self._open[agent.agent_id]
            self._slots.release(agent.agent_id)

    async def send(
        self,
        sender: ThreadId,
        agent_id: ThreadId,
        parts: Sequence[UserInput],
        *,
        interrupt: bool,
    ) -> TurnId | None:
        """Say something to an agent; see `tools.ports.Agents`.

        Raises:
            AgentNotFoundError: if there is no such agent.
            CodexRpcError: if it cannot be said.
        """
        self._manager()
        agent = self._find(sender, agent_id)
        if interrupt:
            with suppress(NoActiveTurnError):
                agent.thread.interrupt()
        try:
            return (await agent.thread.submit(SubmitInput(parts))).turn_id
        except SessionClosedError:
            raise ToolError(f"agent with id {agent_id} is closed") from None

    async def wait(
        self, waiter: ThreadId, agent_ids: Sequence[ThreadId], timeout_s: float
    ) -> Mapping[ThreadId, CollabAgentState]:
        """Wait until one of these has nothing left to do; see `tools.ports.Agents`."""
        self._manager()
        awaited = {agent_id: self._agent(waiter, agent_id) for agent_id in agent_ids}

        def done() -> dict[ThreadId, CollabAgentState]:
            states = {key: NOT_FOUND if a is None else a.state for key, a in awaited.items()}
            return {key: state for key, state in states.items() if state.status not in AT_WORK}

        async def watch(standing: Standing, scope: anyio.CancelScope) -> None:
            await standing.until(lambda: bool(done()))
            scope.cancel()

        with anyio.move_on_after(timeout_s):
            async with anyio.create_task_group() as tasks:
                for agent in awaited.values():
                    if agent is not None and not done():
                        tasks.start_soon(watch, agent.thread.standing, tasks.cancel_scope)
        return done()

    async def close(self, closer: ThreadId, agent_id: ThreadId) -> CollabAgentState:
        """End an agent and those it has started; see `tools.ports.Agents`.

        Raises:
            AgentNotFoundError: if there is no such agent.
        """
        host, before = self._manager(), self._find(closer, agent_id).state
        await self._end(host, self._open[agent_id])
        return before

    async def _end(self, host: AgentHost, agent: Agent) -> None:
        """If this is cut short, what was begun comes to its end by itself."""
        agent.dismissed = True
        await host.close_thread(agent.agent_id)
        for other in [each for each in self._open.values() if each.parent is agent.thread]:
            await self._end(host, other)
        self._forget(agent)

    async def resume(
        self, parent_id: ThreadId, agent_id: ThreadId, settings: ThreadSettings
    ) -> CollabAgentState:
        """Open an agent again that was closed; see `tools.ports.Agents`.

        Raises:
            AgentNotFoundError: if this thread has started no such agent.
            AgentLimitError: if as many agents are open as may be.
            CodexRpcError: if it cannot be opened.
        """
        host = self._manager()
        if (agent := self._agent(parent_id, agent_id)) is not None:
            return agent.state
        try:
            stored = await host.store.find(agent_id)
        except CodexRpcError:
            raise AgentNotFoundError(agent_id) from None
        spawned = spawn_of(stored.meta.source)
        if spawned is None or spawned.parent_thread_id != parent_id:
            raise AgentNotFoundError(agent_id)
        parent = host.get_thread(parent_id)
        with self._slots.reserve() as slot, _uninterrupted():
            request = resume_request(parent.origin, settings)
            new = await host.resume_thread(agent_id, request)
            self._names.used(spawned.agent_nickname)
            self._adopt(host, parent, new, slot)
        return new.thread.standing.now

    def state(self, asker: ThreadId, agent_id: ThreadId) -> CollabAgentState:
        """How an agent stands; `notFound` if there is none."""
        agent = self._agent(asker, agent_id)
        return NOT_FOUND if agent is None or self._host() is None else agent.state

    def _agent(self, asker: ThreadId, agent_id: ThreadId) -> Agent | None:
        """An open agent that the thread has started, or one that such an agent has started.

        No other is its to address: to end itself, for one, it would wait for its own end.
        """
        agent = above = self._open.get(agent_id)
        while above is not None:
            if above.parent.thread_id == asker:
                return agent
            above = self._open.get(above.parent.thread_id)
        return None

    def _find(self, asker: ThreadId, agent_id: ThreadId) -> Agent:
        agent = self._agent(asker, agent_id)
        if agent is None:
            raise AgentNotFoundError(agent_id)
        return agent

    def _manager(self) -> AgentHost:
        host = self._host()
        if host is None:
            raise ManagerDroppedError
        return host


@contextmanager
def _uninterrupted() -> Generator[None]:
    """A thread that has been made must not be lost to those who look after it."""
    with anyio.CancelScope(shield=True):
        yield


async def _start(
    host: AgentHost, parent: CodexThread, task: AgentTask, spawned: ThreadSpawn
) -> NewThread:
    request = spawn_request(parent.origin, task.settings, spawned)
    if not task.knows_all:
        return await host.start_thread(request)
    request = replace(request, forked_from=parent.thread_id)
    return await host.resume_thread_with_history(request, settled_history(parent.history()))
