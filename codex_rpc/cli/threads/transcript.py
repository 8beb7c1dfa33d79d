"""Transcript: a stored thread as a reader wants it, with its turns and what they cost."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import assert_never

import anyio.to_thread
from msgspec import Struct

from codex_rpc.model.port import TokenUsage
from codex_rpc.protocol.turn import Turn
from codex_rpc.rollout.reconstruct import load_log
from codex_rpc.rollout.stored_thread import StoredThread
from codex_rpc.rollout.thread_log import open_log
from codex_rpc.rollout.thread_store import ThreadStore
from codex_rpc.threads.turn_reader import TurnReader


class Transcript(Struct, frozen=True):
    """A thread with everything that is shown of it."""

    thread: StoredThread
    turns: Sequence[Turn]
    usage: TokenUsage

    @property
    def title(self) -> str:
        return title_of(self.thread)

    def facts(self) -> list[tuple[str, str]]:
        """What is said of the thread before its turns, as names and values."""
        thread = self.thread
        git = thread.meta.git
        facts = [
            ("Thread", thread.thread_id),
            ("Started", clock(thread.created_at)),
            ("Updated", clock(thread.updated_at)),
            ("Folder", str(thread.meta.cwd)),
            ("Branch", git.branch if git and git.branch else ""),
            ("Model", " ".join(filter(None, [thread.model, thread.effort]))),
            ("Tokens", _usage_text(self.usage)),
        ]
        return [(name, value) for name, value in facts if value]


async def read_transcript(home: Path, store: ThreadStore, thread: StoredThread) -> Transcript:
    """Read all of a thread.

    Raises:
        RolloutError: if its files cannot be read.
    """
    log = await anyio.to_thread.run_sync(open_log, home, thread.path)
    turns = await TurnReader(store).all_turns(log)
    newest = await anyio.to_thread.run_sync(lambda: load_log(log, items=False))
    return Transcript(thread, turns, newest.total_usage)


def title_of(thread: StoredThread) -> str:
    """The thread's name, or else the first line of what the user said first."""
    first = thread.name or thread.preview.strip()
    return first.splitlines()[0] if first else "(empty thread)"


def turn_ending(turn: Turn) -> str:
    """How a turn ended, unless it just completed."""
    match turn.status:
        case "completed":
            return ""
        case "failed":
            return f"Failed: {turn.error.message}" if turn.error else "Failed"
        case "interrupted":
            return "Interrupted"
        case "inProgress":
            return "Still running"
        case _:
            assert_never(turn.status)


def clock(seconds: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A unix time as the user's clock had it."""
    return datetime.fromtimestamp(seconds).astimezone().strftime(form)


def _usage_text(usage: TokenUsage) -> str:
    if not usage.total_tokens:
        return ""
    return (
        f"{usage.total_tokens:,} ({usage.input_tokens:,} in, of them "
        f"{usage.cached_input_tokens:,} cached; {usage.output_tokens:,} out)"
    )
