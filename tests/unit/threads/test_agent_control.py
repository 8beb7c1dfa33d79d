"""Agents of a program that embeds the package: no server reads their events."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from codex_rpc.config.effective import AgentLimits
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.errors import AgentDepthError, AgentLimitError, ConfigError, ManagerDroppedError
from codex_rpc.protocol.ids import ThreadId, new_thread_id
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.threads.agent_trees import AgentSeat, AgentTrees
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.spawn import StartThread
from codex_rpc.threads.thread_manager import ThreadManager
from codex_rpc.tools.agents.port import AgentTask
from tests.support.model_script import Step, says, write_script

WAIT_SECONDS = 10.0


@asynccontextmanager
async def managed(folder: Path, *steps: Step) -> AsyncGenerator[ThreadManager]:
    """A manager whose threads, agents included, all play these steps anew."""
    script = write_script(folder / "script.jsonl", steps)
    settings = {"model_provider": "script", "model_providers.script.script_path": str(script)}
    config = ConfigLoader(folder / "home", list(settings.items()))
    with anyio.fail_after(WAIT_SECONDS):
        async with ThreadManager(config, {"PATH": "/bin"}) as manager:
            yield manager


async def start(manager: ThreadManager, folder: Path) -> CodexThread:
    return (await manager.start_thread(StartThread(cwd=str(folder)))).thread


def seat_of(manager: ThreadManager, thread: CodexThread, **limits: int) -> AgentSeat:
    """A place in a tree of the thread's own."""
    return AgentTrees(manager).seat(thread.origin.meta, AgentLimits(**limits))


def task(thread: CodexThread, text: str = "Count") -> AgentTask:
    return AgentTask([TextInput(text=text)], thread.snapshot().settings)


async def test_an_agent_that_nobody_watches_does_its_work(tmp_path: Path) -> None:
    async with managed(tmp_path, [says(*("word " for _ in range(5000)))]) as manager:
        thread = await start(manager, tmp_path)
        seat = seat_of(manager, thread)
        agent = await seat.spawn(task(thread))
        states = await seat.wait([agent.agent_id], WAIT_SECONDS)
        assert states[agent.agent_id].status == "completed"
        assert states[agent.agent_id].message == "word " * 5000


async def test_the_parents_history_is_told_without_a_turn(tmp_path: Path) -> None:
    async with managed(tmp_path, [says("3 files")]) as manager:
        thread = await start(manager, tmp_path)
        seat = seat_of(manager, thread)
        agent = await seat.spawn(task(thread))
        while not thread.history():
            await anyio.lowlevel.checkpoint()
        told = str(thread.history()[0])
        assert "subagent_notification" in told
        assert agent.agent_id in told
        assert thread.snapshot().active_turn_id is None


async def test_an_agent_that_cannot_be_started_leaves_its_slot(tmp_path: Path) -> None:
    async with managed(tmp_path, [says("3 files")]) as manager:
        thread = await start(manager, tmp_path)
        seat = seat_of(manager, thread, max_threads=1)
        settings = replace(thread.snapshot().settings, model_provider="nobody")
        with pytest.raises(ConfigError):
            await seat.spawn(AgentTask([TextInput(text="Count")], settings))
        await seat.spawn(task(thread))
        with pytest.raises(AgentLimitError):
            await seat.spawn(task(thread))


async def test_too_deep_an_agent_has_no_agents(tmp_path: Path) -> None:
    async with managed(tmp_path) as manager:
        thread = await start(manager, tmp_path)
        seat = seat_of(manager, thread, max_depth=0)
        assert not seat.may_spawn
        with pytest.raises(AgentDepthError):
            await seat.spawn(task(thread))


async def test_without_its_manager_every_call_fails_cleanly(tmp_path: Path) -> None:
    async with managed(tmp_path) as manager:
        thread = await start(manager, tmp_path)
        seat, work = seat_of(manager, thread), task(thread)
    del manager, thread
    gc.collect()
    unknown: ThreadId = new_thread_id()
    for call in (
        lambda: seat.spawn(work),
        lambda: seat.send(unknown, work.parts, interrupt=True),
        lambda: seat.wait([unknown], 1.0),
        lambda: seat.close(unknown),
        lambda: seat.resume(unknown, work.settings),
    ):
        with pytest.raises(ManagerDroppedError, match="thread manager dropped"):
            await call()
    assert seat.state(unknown).status == "notFound"


async def test_a_start_that_is_cancelled_loses_no_agent(tmp_path: Path) -> None:
    async with managed(tmp_path, [says("3 files")]) as manager:
        thread = await start(manager, tmp_path)
        seat = seat_of(manager, thread)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await seat.spawn(task(thread))
        (agent_id,) = set(manager.list_thread_ids()) - {thread.thread_id}
        states = await seat.wait([agent_id], WAIT_SECONDS)
        assert states[agent_id].status == "completed"
