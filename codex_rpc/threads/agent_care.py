"""Looking after one agent for as long as it is open, beside any turn.

Whoever has started it is told when it has done its work, and when it has ended unasked. It ends
when that thread does. Where nobody else reads its events, they are read here, or it would stall.
"""

import logging
from dataclasses import dataclass

import anyio

from codex_rpc.errors import CodexRpcError
from codex_rpc.history.fragments import subagent_notification
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.items import CollabAgentState
from codex_rpc.session.event_channel import EventChannelClosedError
from codex_rpc.session.events import Mark, SettingsChanged
from codex_rpc.session.ops import Report
from codex_rpc.threads.agent_host import AgentHost
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.tools.agents.texts import state_for_model

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Agent:
    """An open agent, and the thread that has started it."""

    thread: CodexThread
    parent: CodexThread
    dismissed: bool = False
    """Whether it is being ended by those who know."""

    @property
    def agent_id(self) -> ThreadId:
        return self.thread.thread_id

    @property
    def state(self) -> CollabAgentState:
        return self.thread.standing.now


async def care_for(agent: Agent, host: AgentHost, *, unread: bool) -> None:
    """Look after the agent until it has ended; with `unread`, nobody else reads its events."""
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_end_with_parent, agent, host)
            if unread:
                tasks.start_soon(_read, agent.thread)
            await _tell_parent(agent)
            await host.close_thread(agent.agent_id)  # it may still be on its way out
            tasks.cancel_scope.cancel()
    except Exception:
        logger.exception("agent %s was left alone", agent.agent_id)


async def _tell_parent(agent: Agent) -> None:
    standing, told = agent.thread.standing, 0

    def has_news() -> bool:
        return standing.ends > told or standing.over

    while not (standing.over and standing.ends == told):
        await standing.until(has_news)
        if standing.ends > told and standing.outcome is not None:
            told = standing.ends
            if standing.outcome.status != "interrupted":
                await _report(agent, standing.outcome)
        elif not agent.dismissed:
            await _report(agent, standing.now)


async def _report(agent: Agent, state: CollabAgentState) -> None:
    notification = subagent_notification(agent.agent_id, state_for_model(state))
    try:
        await agent.parent.submit(Report([notification]))
    except CodexRpcError as error:
        logger.debug("nobody is there to hear of agent %s: %s", agent.agent_id, error)


async def _end_with_parent(agent: Agent, host: AgentHost) -> None:
    standing = agent.parent.standing
    await standing.until(lambda: standing.over)
    agent.dismissed = True
    await host.close_thread(agent.agent_id)


async def _read(thread: CodexThread) -> None:
    """Take the agent's events, which are on record by then. Its questions wait."""
    while True:
        try:
            events = await thread.next_events()
        except EventChannelClosedError:
            return
        for event in events:
            match event:
                case SettingsChanged(told=told):
                    told.set()
                case Mark(reached=reached):
                    reached()
                case _:
                    pass
