"""Finding files in a large tree, as somebody types."""

import statistics
import time
from pathlib import Path

from tests.bench.figures import Contender, Figures
from tests.bench.server_process import ServerProcess, ready, write_config

FOLDERS = 1000
FILES_EACH = 100
SESSION = "fuzzyFileSearch/session"
TYPED = ("c", "co", "com", "comp", "component9", "m5", "mod5", "mod5 comp", "comp99", "none")


def measure_file_search(who: Contender) -> Figures:
    """One search, and a session with many queries."""
    tree = _tree(who.folder / "tree")
    figures: Figures = {}
    with ready(who.command, write_config(who.folder / "home")) as server:
        search = {"query": "comp99", "roots": [str(tree)]}
        figures["one search, ms"] = statistics.median(
            server.timed("fuzzyFileSearch", search)[0] for _ in range(3)
        )
        began = time.perf_counter()
        server.call(f"{SESSION}Start", {"sessionId": "s", "roots": [str(tree)]})
        server.call(f"{SESSION}Update", {"sessionId": "s", "query": TYPED[0]})
        server.until(lambda message: bool(message.get("params", {}).get("files")))
        figures["first results of a session, ms"] = (time.perf_counter() - began) * 1e3
        _completed(server)
        times = [_keystroke(server, query) for query in TYPED]
        figures["keystroke, median, ms"] = statistics.median(times)
        figures["keystroke, worst, ms"] = max(times)
        figures["resident after searches, MB"] = server.memory_mb("VmRSS")
    return figures


def _tree(root: Path) -> Path:
    for number in range(FOLDERS):
        folder = root / f"pkg{number // 100}" / f"module_{number % 100}"
        folder.mkdir(parents=True, exist_ok=True)
        for file in range(FILES_EACH):
            (folder / f"component{file}_{(number * 37 + file * 11) % 997}.ts").touch()
    return root


def _keystroke(server: ServerProcess, query: str) -> float:
    """Milliseconds until all is known."""
    began = time.perf_counter()
    server.call(f"{SESSION}Update", {"sessionId": "s", "query": query})
    _completed(server)
    return (time.perf_counter() - began) * 1e3


def _completed(server: ServerProcess) -> None:
    server.until(lambda message: message.get("method") == f"{SESSION}Completed")
