"""Who may write a thread. The other program's part in this is played by a plain `flock`."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codex_rpc.errors import ThreadBusyError
from codex_rpc.rollout.reconstruct import load_rollout
from codex_rpc.rollout.recorder import RolloutRecorder, rollout_path
from codex_rpc.rollout.writer_lock import WriterLock
from tests.unit.rollout.live_thread import META, THREAD_ID, LiveThread


def lock_file(home: Path) -> Path:
    return home / "thread-writer-locks" / f"{THREAD_ID}.lock"


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def held_by_another(home: Path) -> Generator[None]:
    """As long as this lasts, another program writes the thread."""
    lock_file(home).parent.mkdir(exist_ok=True)
    fd = os.open(lock_file(home), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    first, second = WriterLock(tmp_path, THREAD_ID), WriterLock(tmp_path, THREAD_ID)
    first.acquire()
    first.acquire()
    with pytest.raises(ThreadBusyError, match=THREAD_ID):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    assert second.held
    second.release()


def test_locks_of_different_threads_do_not_meet(tmp_path: Path) -> None:
    first, second = WriterLock(tmp_path, "one"), WriterLock(tmp_path, "two")
    first.acquire()
    second.acquire()
    assert first.held
    assert second.held
    first.release()
    assert second.held
    second.release()


def test_another_program_sees_the_lock(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path, THREAD_ID)
    lock.acquire()
    with pytest.raises(BlockingIOError), held_by_another(tmp_path):
        pass
    lock.release()
    assert not lock_file(tmp_path).exists()
    with held_by_another(tmp_path), pytest.raises(ThreadBusyError):
        lock.acquire()
    lock.acquire()
    lock.release()


def test_a_writer_that_dies_leaves_no_lock(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal, sys\n"
        "from codex_rpc.rollout.writer_lock import WriterLock\n"
        "WriterLock(pathlib.Path(sys.argv[1]), sys.argv[2]).acquire()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path, THREAD_ID], check=False, timeout=20)
    assert lock_file(tmp_path).exists()
    lock = WriterLock(tmp_path, THREAD_ID)
    lock.acquire()
    lock.release()


# --- the recorder ------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return rollout_path(tmp_path, THREAD_ID, META.timestamp)


async def test_a_thread_without_a_file_needs_no_lock(tmp_path: Path, path: Path) -> None:
    recorder = RolloutRecorder(path, META)
    await recorder.acquire()
    await recorder.close()
    assert not (tmp_path / "thread-writer-locks").exists()


async def test_the_first_write_takes_the_lock_and_the_end_gives_it_back(
    tmp_path: Path, path: Path
) -> None:
    live = LiveThread(path)
    live.talk("one", "two")
    await live.write()
    with pytest.raises(BlockingIOError), held_by_another(tmp_path):
        pass
    await live.recorder.close()
    await live.recorder.close()
    assert not lock_file(tmp_path).exists()


async def test_a_thread_that_another_program_writes_is_not_resumed(
    tmp_path: Path, path: Path
) -> None:
    live = LiveThread(path)
    live.talk("one", "two")
    await live.write()
    await live.recorder.close()
    recorder = RolloutRecorder.resumed(path, META)
    with held_by_another(tmp_path), pytest.raises(ThreadBusyError):
        await recorder.acquire()
    await recorder.acquire()
    await recorder.close()


async def test_nothing_is_written_while_another_program_writes(tmp_path: Path, path: Path) -> None:
    live = LiveThread(path)
    live.talk("one", "two")
    with held_by_another(tmp_path), pytest.raises(OSError, match="another process"):
        await live.write()
    assert size(path) == 0
    await live.write()
    assert load_rollout(path).history.snapshot() == live.history.snapshot()
    await live.recorder.close()


async def test_a_home_without_room_for_locks_can_be_read_and_is_not_written(
    tmp_path: Path, path: Path
) -> None:
    (tmp_path / "thread-writer-locks").write_bytes(b"in the way")
    live = LiveThread(path, resumed=True)
    await live.recorder.acquire()
    live.talk("one", "two")
    with pytest.raises(OSError, match="exists"):
        await live.write()
    assert size(path) == 0


async def test_a_recorder_that_was_closed_writes_no_more(path: Path) -> None:
    live = LiveThread(path)
    live.talk("one", "two")
    await live.write()
    before = size(path)
    await live.recorder.close()
    live.talk("late", "later")
    await live.write()
    assert size(path) == before
