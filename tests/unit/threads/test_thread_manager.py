"""ThreadManager on its own, as a Python program embeds it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest

import codex_rpc
from codex_rpc import (
    KEEP_ALL,
    ConfigLoader,
    EventChannelClosedError,
    NewThread,
    StartThread,
    SubmitInput,
    TextInput,
    ThreadManager,
)
from codex_rpc.errors import StalePathError, ThreadBusyError, ThreadNotFoundError
from codex_rpc.protocol.ids import new_item_id
from codex_rpc.protocol.notifications import (
    ThreadStatusChangedNotification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.protocol.response_items import MessageItem, OutputText, user_message
from codex_rpc.session.events import SessionConfigured
from tests.support.model_script import STALL, Step, says, write_script


@asynccontextmanager
async def manager(folder: Path, *steps: Step) -> AsyncGenerator[ThreadManager]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    script = write_script(folder / f"script-{new_item_id()}.jsonl", steps)
    overrides = {
        "model_provider": "script",
        "model_providers.script.script_path": str(script),
    }
    async with ThreadManager(ConfigLoader(home, list(overrides.items())), {}) as threads:
        yield threads


def here(folder: Path) -> StartThread:
    return StartThread(cwd=str(folder))


async def say(new: NewThread, *texts: str) -> None:
    """Have a turn for each text."""
    for text in texts:
        await new.thread.submit(SubmitInput([TextInput(text=text)]))
        with anyio.fail_after(10):
            while not any(
                isinstance(event, TurnCompletedNotification)
                for event in await new.thread.next_events()
            ):
                pass


async def history_of(new: NewThread) -> int:
    await new.thread.recall()
    return new.thread.snapshot().history_items


def spoken(path: Path) -> Sequence[str]:
    return [text for text in ("one", "two", "three") if f'"text":"{text}"' in path.read_text()]


async def test_a_new_thread_tells_its_configuration_first(tmp_path: Path) -> None:
    async with manager(tmp_path) as threads:
        new = await threads.start_thread(here(tmp_path))
        assert isinstance(new.configured, SessionConfigured)
        assert new.configured.thread_id == new.thread_id == new.thread.thread_id
        assert threads.get_thread(new.thread_id) is new.thread
        assert threads.list_thread_ids() == [new.thread_id]
        assert new.thread.rollout_path is not None
        assert not new.thread.rollout_path.exists(), "nothing on disk before the first turn"


async def test_events_come_one_by_one_or_in_batches(tmp_path: Path) -> None:
    async with manager(tmp_path, [says("1")]) as threads:
        new = await threads.start_thread(here(tmp_path))
        await new.thread.submit(SubmitInput([TextInput(text="one")]))
        await new.thread.idle()
        first = await new.thread.next_event()
        second = await new.thread.next_event()
        rest = list(await new.thread.next_events())
        while not isinstance(rest[-1], TurnCompletedNotification):
            rest += await new.thread.next_events()
        assert isinstance(first, ThreadStatusChangedNotification)
        assert isinstance(second, TurnStartedNotification)
        assert rest.count(first) == rest.count(second) == 0


async def test_a_thread_is_resumed_from_its_rollout(tmp_path: Path) -> None:
    async with manager(tmp_path, [says("1")], [says("2")]) as threads:
        new = await threads.start_thread(here(tmp_path))
        await say(new, "one", "two")
        path, items = new.thread.rollout_path, await history_of(new)
        assert path is not None
    async with manager(tmp_path, [says("3")]) as threads:
        again = await threads.resume_thread_from_rollout(here(tmp_path), path)
        assert again.thread_id == new.thread_id
        assert again.thread.rollout_path == path
        assert await history_of(again) == items
        await say(again, "three")
        assert spoken(path) == ["one", "two", "three"]


async def test_a_loaded_thread_is_the_one_that_is_resumed(tmp_path: Path) -> None:
    async with manager(tmp_path, [says("1")]) as threads:
        new = await threads.start_thread(here(tmp_path))
        await say(new, "one")
        path = new.thread.rollout_path
        assert path is not None
        again = await threads.resume_thread_from_rollout(here(tmp_path), path)
        assert again.thread is new.thread
        assert again.was_loaded
        copy = tmp_path / "copy.jsonl"
        copy.write_bytes(path.read_bytes())
        with pytest.raises(StalePathError):
            await threads.resume_thread_from_rollout(here(tmp_path), copy)


async def test_a_kept_conversation_is_gone_on_with(tmp_path: Path) -> None:
    items = [
        user_message("one"),
        MessageItem(role="assistant", content=[OutputText(text="1")]),
    ]
    async with manager(tmp_path, [says("2")]) as threads:
        new = await threads.resume_thread_with_history(here(tmp_path), items)
        assert await history_of(new) == 2
        await say(new, "two")
        path = new.thread.rollout_path
        assert path is not None
        assert spoken(path) == ["one", "two"]


@pytest.mark.parametrize(
    ("number", "left"), [(0, []), (1, ["one"]), (2, ["one", "two"]), (KEEP_ALL, ["one", "two"])]
)
async def test_a_fork_is_cut_before_a_user_message(
    tmp_path: Path, number: int, left: list[str]
) -> None:
    """Out of range gives a new, empty thread."""
    async with manager(tmp_path, [says("1")], [says("2")]) as threads:
        new = await threads.start_thread(here(tmp_path))
        await say(new, "one", "two")
        path = new.thread.rollout_path
        assert path is not None
        number = number if number != 2 else KEEP_ALL
        forked = await threads.fork_thread(number, here(tmp_path), path)
        assert forked.thread_id != new.thread_id
        fork_path = forked.thread.rollout_path
        assert fork_path is not None
        assert spoken(fork_path) == left
        blank = await threads.fork_thread(7, here(tmp_path), path)
        assert await history_of(blank) == 0


async def test_a_removed_thread_goes_on_for_who_holds_it(tmp_path: Path) -> None:
    async with manager(tmp_path, [says("1")]) as threads:
        new = await threads.start_thread(here(tmp_path))
        assert threads.remove_thread(new.thread_id) is new.thread
        with pytest.raises(ThreadNotFoundError):
            threads.get_thread(new.thread_id)
        await say(new, "one")


async def test_a_thread_has_one_writer_whoever_asks(tmp_path: Path) -> None:
    """The lock is given back when the thread ends, and when a resume fails."""
    async with manager(tmp_path, [says("1")]) as threads:
        new = await threads.start_thread(here(tmp_path))
        await say(new, "one")
        path = new.thread.rollout_path
        assert path is not None
        async with manager(tmp_path, [says("2")]) as others:
            with pytest.raises(ThreadBusyError):
                await others.resume_thread_from_rollout(here(tmp_path), path)
            await threads.close_thread(new.thread_id)
            with pytest.raises(codex_rpc.CodexRpcError):
                await others.resume_thread_from_rollout(StartThread(model_provider="nobody"), path)
            again = await threads.resume_thread_from_rollout(here(tmp_path), path)
            await threads.close_thread(again.thread_id)
            theirs = await others.resume_thread_from_rollout(here(tmp_path), path)
            await say(theirs, "two")


async def test_shutdown_says_how_threads_ended(tmp_path: Path) -> None:
    async with manager(tmp_path, [says("1"), STALL]) as threads:
        idle = await threads.start_thread(here(tmp_path))
        busy = await threads.start_thread(here(tmp_path))
        await busy.thread.submit(SubmitInput([TextInput(text="one")]))
        report = await threads.shutdown(5)
        assert report.completed == sorted([idle.thread_id, busy.thread_id])
        assert (report.failed, report.timed_out) == ([], [])
        with suppress(EventChannelClosedError):
            while True:
                await busy.thread.next_events()


def test_every_public_name_exists() -> None:
    for name in codex_rpc.__all__:
        assert getattr(codex_rpc, name) is not None
    with pytest.raises(AttributeError):
        _ = codex_rpc.nothing  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
