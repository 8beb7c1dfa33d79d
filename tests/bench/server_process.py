"""One running app-server, spoken to over its pipes."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HELLO = {
    "clientInfo": {"name": "bench", "version": "1"},
    "capabilities": {"experimentalApi": True},
}
CONFIG = """\
model = "gpt-5.5"
model_provider = "bench"
[model_providers.bench]
name = "bench"
base_url = "{url}"
wire_api = "responses"
"""
NOWHERE = "http://127.0.0.1:9/v1"


class ServerProcess:
    """Sends requests, one after the other; what comes between the answers is dropped."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        self._next_id = 0
        self._arrived = 0.0
        self.started_at = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "app-server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environ(home),
        )

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result.

        Raises:
            RuntimeError: if the request is refused, or the server ends.
        """
        assert self.process.stdin is not None
        self._next_id += 1
        request = {"id": self._next_id, "method": method, "params": params}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = self.until(lambda message: message.get("id") == self._next_id)
        if "result" not in answer:
            raise RuntimeError(f"{method}: {answer}")
        return answer["result"]

    def timed(self, method: str, params: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Milliseconds until the answer has arrived, and the result; reading it is not counted."""
        began = time.perf_counter()
        result = self.call(method, params)
        return (self._arrived - began) * 1e3, result

    def age(self) -> float:
        """Milliseconds from the start of the process to the last answer."""
        return (self._arrived - self.started_at) * 1e3

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arrived = time.perf_counter()
            message = json.loads(line)
            if wanted(message):
                return message
        raise RuntimeError("the server ended")

    def introduce(self) -> None:
        """Say hello, and wait until the server is loaded: one may answer `initialize` before."""
        self.call("initialize", HELLO)
        self.call("thread/loaded/list", {})

    def turn(self, thread_id: str, text: str = "Go on") -> float:
        """Seconds from a turn's request to its end."""
        began = time.perf_counter()
        said = [{"type": "text", "text": text}]
        self.call("turn/start", {"threadId": thread_id, "input": said})
        self.until(lambda message: message.get("method") == "turn/completed")
        return time.perf_counter() - began

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, kind: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(f"{kind}:"))
        return int(line.split()[1]) / 1024


def _environ(home: Path) -> dict[str, str]:
    """Ours, but for what would have every start compile again what an installation has compiled."""
    environ = {**os.environ, "CODEX_HOME": str(home)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ


@contextmanager
def running(command: Sequence[str], home: Path) -> Generator[ServerProcess]:
    """A server that has just been started."""
    server = ServerProcess(command, home)
    try:
        yield server
    finally:
        assert server.process.stdin is not None
        server.process.stdin.close()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


@contextmanager
def ready(command: Sequence[str], home: Path) -> Generator[ServerProcess]:
    """A server that has been started and is loaded."""
    with running(command, home) as server:
        server.introduce()
        yield server


def write_config(home: Path, url: str = NOWHERE) -> Path:
    """Have servers in `home` use the model at `url`."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(CONFIG.format(url=url))
    return home
