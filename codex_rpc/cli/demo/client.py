"""A minimal client of the app-server: a subprocess, a line a message, no library of ours."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

Message = dict[str, Any]


class ServerGoneError(Exception):
    """The server ended before it had answered."""


class Client:
    """Starts the server and speaks with it. `on_wire` sees each line, with its direction."""

    def __init__(
        self,
        arguments: Sequence[str],
        environ: dict[str, str],
        on_wire: Callable[[str, str], None],
    ) -> None:
        self._on_wire = on_wire
        self._next_id = 1
        self._process = subprocess.Popen(
            [sys.executable, "-m", "codex_rpc", "app-server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            cwd=Path.cwd(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def request(self, method: str, params: Message) -> int:
        """Send a request and return its id."""
        request_id = self._next_id
        self._next_id += 1
        self.send({"id": request_id, "method": method, "params": params})
        return request_id

    def call(self, method: str, params: Message) -> Message:
        """Send a request and wait for its result; what comes before it is passed over.

        Raises:
            ServerGoneError: if there is no result.
        """
        request_id = self.request(method, params)
        for message in self.messages():
            if message.get("id") == request_id and "method" not in message:
                if "result" in message:
                    return message["result"]
                raise ServerGoneError(f"{method}: {message['error']['message']}")
        raise ServerGoneError(f"the server ended during {method}")

    def send(self, message: Message) -> None:
        """Send one message."""
        assert self._process.stdin is not None
        line = json.dumps(message, separators=(",", ":"))
        self._on_wire("->", line)
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def messages(self) -> Iterator[Message]:
        """What the server says, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._on_wire("<-", line.decode().rstrip("\n"))
            yield json.loads(line)
