"""Starting, short turns and a long stream: what a client waits for every day."""

import statistics
import time

from tests.bench.figures import Contender, Figures
from tests.bench.server_process import HELLO, ready, running, write_config
from tests.responses_server import ResponsesServer, Stream, text_events

DELTAS = 20_000
WARM_TURNS = 20
THREADS = 50


def measure_start(who: Contender) -> Figures:
    """A cold start. On its own, as a program may leave shells behind that keep the machine busy."""
    figures: Figures = {}
    with running(who.command, write_config(who.folder / "home")) as server:
        server.call("initialize", HELLO)
        figures["cold start to initialize, ms"] = server.age()
        server.call("thread/start", {"cwd": str(who.folder)})
        figures["cold start to thread/start, ms"] = server.age()
    return figures


def measure_turns(who: Contender) -> Figures:
    """The first turn, some that follow, and further threads."""
    with ResponsesServer(lambda _: Stream(text_events("Hello", " there"))) as model:
        return _turns(who, model.url)


def _turns(who: Contender, url: str) -> Figures:
    figures: Figures = {}
    with ready(who.command, write_config(who.folder / "home", url)) as server:
        thread = server.call("thread/start", {"cwd": str(who.folder)})["thread"]
        turns = [server.turn(thread["id"]) for _ in range(WARM_TURNS + 1)]
        figures["first turn, ms"] = turns[0] * 1e3
        figures["short turn, ms"] = statistics.median(turns[1:]) * 1e3
        figures["resident, MB"] = server.memory_mb("VmRSS")
        figures["anonymous, MB"] = server.memory_mb("RssAnon")
        began = time.perf_counter()
        for _ in range(THREADS):
            server.call("thread/start", {"cwd": str(who.folder)})
        figures["thread/start, ms"] = (time.perf_counter() - began) * 1e3 / THREADS
    return figures


def measure_stream(who: Contender) -> Figures:
    """One turn with very many deltas."""
    with ResponsesServer(lambda _: Stream(text_events(*["word "] * DELTAS))) as model:
        home = write_config(who.folder / "home", model.url)
        with ready(who.command, home) as server:
            thread = server.call("thread/start", {"cwd": str(who.folder)})["thread"]
            cpu = server.cpu_seconds()
            seconds = server.turn(thread["id"])
            return {
                "deltas per second": DELTAS / seconds,
                "CPU per 1,000 deltas, ms": (server.cpu_seconds() - cpu) / DELTAS * 1e6,
            }


def measure_loaded(who: Contender) -> Figures:
    """What a loaded thread costs that does nothing."""
    threads = who.loaded_threads
    with ready(who.command, write_config(who.folder / "home")) as server:
        server.call("thread/start", {"cwd": str(who.folder)})
        before = server.memory_mb("RssAnon")
        for _ in range(threads):
            server.call("thread/start", {"cwd": str(who.folder)})
        grown = server.memory_mb("RssAnon") - before
        return {"memory per loaded thread, KB": grown * 1024 / threads}
