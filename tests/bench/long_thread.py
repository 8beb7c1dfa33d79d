"""A thread of 2,000 turns: resuming, forking and reading it."""

from typing import Any

from tests.bench.figures import Contender, Figures
from tests.bench.rollout_copies import (
    copy_of,
    forget_caches,
    made_home,
    rollout_in,
    thread_id_of,
)
from tests.bench.server_process import ServerProcess, ready, running

TURNS = 2_000
PAGE = 25


def measure_long_thread(who: Contender) -> Figures:
    """Each program has a thread of its own making. Forks are measured while it is loaded."""
    home = copy_of(made_home(who.cache / f"turns-{TURNS}", who.command, TURNS), who.folder)
    thread = {"threadId": thread_id_of(rollout_in(home))}
    lean = thread | {"excludeTurns": True}
    forget_caches(home)
    with running(who.command, home) as server:
        server.introduce()
        _answer(server, "thread/resume", thread, TURNS)
        figures = {"start and resume with no cache, ms": server.age()}
    with ready(who.command, home) as server:
        read = thread | {"includeTurns": True}
        figures["read, all turns, ms"] = _answer(server, "thread/read", read, TURNS)
        page = thread | {"limit": PAGE}
        figures["first page of turns, ms"] = _answer(server, "thread/turns/list", page, PAGE)
        figures["another page of turns, ms"] = _answer(server, "thread/turns/list", page, PAGE)
    with ready(who.command, home) as server:
        figures["resume, turns excluded, ms"] = _answer(server, "thread/resume", lean, 0)
        figures["fork, turns excluded, ms"] = _answer(server, "thread/fork", lean, 0)
        figures["fork, ms"] = _answer(server, "thread/fork", thread, TURNS)
    with ready(who.command, home) as server:
        figures["resume, all turns, ms"] = _answer(server, "thread/resume", thread, TURNS)
    return figures


def _answer(server: ServerProcess, method: str, params: dict[str, Any], turns: int) -> float:
    """Milliseconds to an answer with so many turns."""
    ms, result = server.timed(method, params)
    found = result["thread"]["turns"] if "thread" in result else result["data"]
    assert len(found) == turns, f"{method} has answered with {len(found)} turns, not {turns}"
    return ms
