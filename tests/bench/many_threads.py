"""Homes with many stored threads: listing, searching, and finding one of them."""

import statistics
from typing import Any

from tests.bench.figures import Contender, Figures
from tests.bench.rollout_copies import (
    copy_of,
    forget_caches,
    made_home,
    multiplied_home,
    rollout_in,
    thread_id_of,
)
from tests.bench.server_process import ServerProcess, ready, running

FEW, MANY = 2_000, 50_000
PAGE = 25
CALLS = 7


def measure_listing(who: Contender) -> Figures:
    """The first page of 2,000 threads. One may make its index before it answers `initialize`."""
    sample = made_home(who.cache / "turns-1", who.command, 1)
    home = copy_of(multiplied_home(who.cache / f"threads-{FEW}", sample, FEW), who.folder)
    forget_caches(home)
    figures: Figures = {}
    with running(who.command, home) as server:
        server.introduce()
        _page(server)
        figures["start and list 2,000, no index, ms"] = server.age()
        figures["list 2,000, warm, ms"] = statistics.median(_page(server) for _ in range(CALLS))
    with ready(who.command, home) as server:
        figures["list 2,000, after a restart, ms"] = _page(server)
    return figures


def measure_many(who: Contender) -> Figures:
    """50,000 threads; they are worked on where they are cached."""
    sample = made_home(who.cache / "turns-1", who.command, 1)
    home = multiplied_home(who.cache / f"threads-{MANY}", sample, MANY)
    forget_caches(home)
    thread = {"threadId": thread_id_of(rollout_in(home))}
    figures: Figures = {}
    with ready(who.command, home) as server:
        figures["list 50,000, no index, ms"] = _page(server)
        figures["resume one, index in the making, ms"], _ = server.timed("thread/resume", thread)
        figures["all of 50,000 listed after, ms"] = _walk(server)
    with ready(who.command, home) as server:
        figures["list 50,000, after a restart, ms"] = _page(server)
        for key in ("created_at", "updated_at"):
            pages = [_page(server, sortKey=key) for _ in range(CALLS)]
            figures[f"list 50,000 by {key}, ms"] = statistics.median(pages)
        read = thread | {"includeTurns": True}
        figures["read one of 50,000, ms"], _ = server.timed("thread/read", read)
        figures["resume one of 50,000, ms"], _ = server.timed("thread/resume", thread)
        search = {"searchTerm": "look at this"}
        figures["first search of 50,000, ms"], _ = server.timed("thread/search", search)
        figures["search of 50,000, ms"], _ = server.timed("thread/search", search)
        figures["resident with 50,000, MB"] = server.memory_mb("VmRSS")
    return figures


def _page(server: ServerProcess, **params: Any) -> float:
    """Milliseconds to the first page."""
    ms, result = server.timed("thread/list", {"modelProviders": list[str](), **params})
    assert len(result["data"]) == PAGE, f"a page of {len(result['data'])}"
    return ms


def _walk(server: ServerProcess) -> float:
    """Milliseconds from the start of the process until all threads have been listed."""
    params: dict[str, Any] = {"modelProviders": [], "limit": 100}
    count = 0
    while True:
        page = server.call("thread/list", params)
        count += len(page["data"])
        params["cursor"] = page["nextCursor"]
        if params["cursor"] is None:
            assert count == MANY, f"{count} threads are listed"
            return server.age()
