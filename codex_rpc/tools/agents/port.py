"""What a tool may do with other agents: the port that `threads.agent_control` implements."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.items import CollabAgentState


class AgentTask(Struct, frozen=True):
    """Work for a new agent. It runs with `settings`; with `knows_all`, it has heard all we have."""

    parts: Sequence[UserInput]
    settings: ThreadSettings
    knows_all: bool = False


class SpawnedAgent(Struct, frozen=True):
    """A new agent, at work."""

    agent_id: ThreadId
    nickname: str


class Agents(Protocol):
    """The agents of one tree, as one of its threads may deal with them.

    An agent that has done its work stays open, and counts, until it is closed. What a call has
    begun goes on when the call is cancelled.
    """

    @property
    def thread_id(self) -> ThreadId:
        """The thread that deals with them."""
        ...

    async def spawn(self, task: AgentTask) -> SpawnedAgent:
        """Have a new agent do the task.

        Raises:
            AgentDepthError: if this thread may have no agents.
            AgentLimitError: if as many agents are open as may be.
            CodexRpcError: if it cannot be started.
        """
        ...

    async def send(
        self, agent_id: ThreadId, parts: Sequence[UserInput], *, interrupt: bool
    ) -> TurnId | None:
        """Say something to an agent: in its running turn, or in the place of it, or in a new one.

        Raises:
            AgentNotFoundError: if there is no such agent.
            CodexRpcError: if it cannot be said.
        """
        ...

    async def wait(
        self, agent_ids: Sequence[ThreadId], timeout_s: float
    ) -> Mapping[ThreadId, CollabAgentState]:
        """Wait until one of these has nothing left to do; returns all that have nothing by then.

        Unknown agents are among them. After the timeout there are none.
        """
        ...

    async def close(self, agent_id: ThreadId) -> CollabAgentState:
        """End an agent and those it has started; returns how it stood before.

        Raises:
            AgentNotFoundError: if there is no such agent.
        """
        ...

    async def resume(self, agent_id: ThreadId, settings: ThreadSettings) -> CollabAgentState:
        """Open an agent again that was closed; returns how it stands.

        Raises:
            AgentNotFoundError: if no agent of this tree had that id.
            AgentLimitError: if as many agents are open as may be.
            CodexRpcError: if it cannot be opened.
        """
        ...

    def state(self, agent_id: ThreadId) -> CollabAgentState:
        """How an agent stands; `notFound` if there is none."""
        ...
