"""Times the server as its clients do, alone or beside the Codex command's app-server.

    python -m tests.bench [--peer PATH_TO_CODEX] [--runs N]

Both get the same requests and the same local model server. Figures are medians; only ratios of one
run mean anything.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.responses_server import ResponsesServer, Stream, text_events

DELTAS = 20_000
WARM_TURNS = 20
THREADS = 50
CONFIG = """\
model = "gpt-5.5"
model_provider = "bench"
[model_providers.bench]
name = "bench"
base_url = "{url}"
wire_api = "responses"
"""

HELLO = {"clientInfo": {"name": "bench", "version": "1"}}

Figures = dict[str, float]


class Server:
    """One running app-server, spoken to over its pipes."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        self._next_id = 0
        self.started_at = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "app-server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "CODEX_HOME": str(home)},
        )

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        self._next_id += 1
        request = {"id": self._next_id, "method": method, "params": params}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return self.until(lambda message: message.get("id") == self._next_id)["result"]

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if wanted(message):
                return message
        raise RuntimeError("the server ended")

    def turn(self, thread_id: str) -> float:
        """Seconds from a turn's request to its end."""
        began = time.perf_counter()
        text = [{"type": "text", "text": "Go on"}]
        self.call("turn/start", {"threadId": thread_id, "input": text})
        self.until(lambda message: message.get("method") == "turn/completed")
        return time.perf_counter() - began

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, kind: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(f"{kind}:"))
        return int(line.split()[1]) / 1024


@contextmanager
def running(command: Sequence[str], home: Path) -> Generator[Server]:
    server = Server(command, home)
    try:
        yield server
    finally:
        assert server.process.stdin is not None
        server.process.stdin.close()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


def measure(command: Sequence[str], folder: Path) -> Figures:
    """One round of everything."""
    with ResponsesServer(lambda _: Stream(text_events("Hello", " there"))) as model:
        figures = _measure_turns(command, folder, _home(folder, model.url))
    with ResponsesServer(lambda _: Stream(text_events(*["word "] * DELTAS))) as model:
        return figures | _measure_stream(command, folder, _home(folder, model.url))


def _measure_turns(command: Sequence[str], folder: Path, home: Path) -> Figures:
    figures: Figures = {}
    with running(command, home) as server:
        server.call("initialize", HELLO)
        figures["cold start to initialize, ms"] = _ms(server.started_at)
        thread = server.call("thread/start", {"cwd": str(folder)})["thread"]
        figures["cold start to thread/start, ms"] = _ms(server.started_at)
        turns = [server.turn(thread["id"]) for _ in range(WARM_TURNS + 1)]
        figures["first turn, ms"] = turns[0] * 1e3
        figures["short turn, ms"] = statistics.median(turns[1:]) * 1e3
        figures["resident, MB"] = server.memory_mb("VmRSS")
        figures["anonymous, MB"] = server.memory_mb("RssAnon")
        began = time.perf_counter()
        for _ in range(THREADS):
            server.call("thread/start", {"cwd": str(folder)})
        figures["thread/start, ms"] = _ms(began) / THREADS
    return figures


def _measure_stream(command: Sequence[str], folder: Path, home: Path) -> Figures:
    with running(command, home) as server:
        server.call("initialize", HELLO)
        thread = server.call("thread/start", {"cwd": str(folder)})["thread"]
        cpu = server.cpu_seconds()
        seconds = server.turn(thread["id"])
        return {
            "deltas per second": DELTAS / seconds,
            "CPU per 1,000 deltas, ms": (server.cpu_seconds() - cpu) / DELTAS * 1e6,
        }


def _home(folder: Path, url: str) -> Path:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(CONFIG.format(url=url))
    return home


def _ms(since: float) -> float:
    return (time.perf_counter() - since) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the app-server.")
    parser.add_argument("--peer", help="the codex executable to compare with")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    commands = {"ours": [sys.executable, "-m", "codex_rpc"]}
    if arguments.peer:
        commands["peer"] = [arguments.peer]
    rounds: dict[str, list[Figures]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as name:
        for who in commands:
            (Path(name) / who).mkdir()
        for _ in range(arguments.runs):
            for who, command in commands.items():
                rounds[who].append(measure(command, Path(name) / who))
    for figure in rounds["ours"][0]:
        medians = {
            who: statistics.median(one[figure] for one in runs) for who, runs in rounds.items()
        }
        columns = [f"{who} {value:10.1f}" for who, value in medians.items()]
        if "peer" in medians:
            columns.append(f"ratio {medians['ours'] / medians['peer']:6.2f}")
        sys.stdout.write(f"{figure:34}{'   '.join(columns)}\n")


if __name__ == "__main__":
    main()
