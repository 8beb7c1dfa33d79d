"""The real server as a child process, driven over its pipes, a line a message.

`Place` is the folder a test's server works in; `app_server` starts one and gives an `AppServer` to
speak with; `run_server` pipes a whole conversation and waits for the end. All waits are bounded.
Nothing is read ahead: a test that does not read is a slow client.
"""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.support.folders import Folders

Message = dict[str, Any]

PATIENCE = 20.0
"""Seconds after which a test that waits for the server has failed."""
LONGEST_LINE = 1 << 30

COMMAND = [sys.executable, "-m", "codex_rpc"]
INITIALIZE: Message = {
    "id": "init",
    "method": "initialize",
    "params": {"clientInfo": {"name": "tests", "version": "1"}},
}
FULL_ACCESS: Message = {"sandbox": "danger-full-access", "approvalPolicy": "never"}
ASKING: Message = {"sandbox": "workspace-write", "approvalPolicy": "untrusted"}


class Place(Folders):
    """A home, a project and a model script, all below one folder."""

    __slots__ = ()

    @classmethod
    def below(cls, root: Path) -> "Place":
        place = cls.made_below(root)
        place.play()
        return place

    @property
    def script(self) -> Path:
        return self.root / "script.jsonl"

    @property
    def stderr(self) -> Path:
        """What the server of `app_server` has logged."""
        return self.root / "stderr.log"

    def play(self, *responses: Sequence[Message]) -> None:
        """Have the model give these responses, each a list of outputs."""
        lines = (json.dumps({"output": list(response)}) + "\n" for response in responses)
        self.script.write_text("".join(lines))

    @property
    def arguments(self) -> list[str]:
        """What makes the script the model."""
        path = f'model_providers.script.script_path="{self.script}"'
        return ["-c", "model_provider=script", "-c", path]

    @property
    def environ(self) -> dict[str, str]:
        """An environment without anything of the developer's but where programs are."""
        places = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return {
            **places,
            "HOME": str(self.root),
            "CODEX_HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    def rollouts(self) -> list[Path]:
        return sorted(self.home.rglob("rollout-*.jsonl"))

    def rollout_lines(self) -> list[Message]:
        """The lines of the only rollout."""
        (path,) = self.rollouts()
        return [json.loads(line) for line in path.read_text().splitlines()]


# --- what the model says -----------------------------------------------------------------------


def say(text: str, **options: Any) -> Message:
    return {"type": "text", "text": text, **options}


def run_command(script: str) -> Message:
    arguments = {"command": script, "login": False}
    return {"type": "functionCall", "name": "shell_command", "arguments": arguments}


def patch(text: str) -> Message:
    return {"type": "customToolCall", "name": "apply_patch", "input": text}


# --- one conversation --------------------------------------------------------------------------


class AppServer:
    """Speaks with a running server. What has been read is in `seen`, in order."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        self.process = process
        self.seen: list[Message] = []
        self.thread_id = ""
        self._lines = BufferedByteReceiveStream(process.stdout)
        self._last_id = 0

    async def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with anyio.fail_after(PATIENCE):
            await self.process.stdin.send(data)

    async def send(self, *messages: Message) -> None:
        await self.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    async def close_stdin(self) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.aclose()

    async def read(self) -> Message:
        """The next message; `anyio.EndOfStream` or `anyio.IncompleteRead` at the end."""
        with anyio.fail_after(PATIENCE):
            line = await self._lines.receive_until(b"\n", LONGEST_LINE)
        message = json.loads(line)
        self.seen.append(message)
        return message

    async def rest(self) -> list[Message]:
        """All that comes until the server closes its output."""
        start = len(self.seen)
        while True:
            try:
                await self.read()
            except anyio.IncompleteRead:
                return self.seen[start:]

    async def exit_code(self) -> int:
        with anyio.fail_after(PATIENCE):
            return await self.process.wait()

    async def until(self, method: str, **expected: Any) -> Message:
        """Read on to a notification or request of that name with these params; the message."""
        while True:
            message = await self.read()
            params = message.get("params", {})
            if message.get("method") == method and expected.items() <= params.items():
                return message

    async def request(self, method: str, params: Message | None = None) -> Message:
        """Send a request and read on to its response; the whole of it."""
        self._last_id += 1
        await self.send({"id": self._last_id, "method": method, "params": params or {}})
        return await self.response(self._last_id)

    async def response(self, request_id: int | str) -> Message:
        while True:
            message = await self.read()
            if message.get("id") == request_id and "method" not in message:
                return message

    async def call(self, method: str, params: Message | None = None) -> Message:
        """The result of a request."""
        response = await self.request(method, params)
        assert "error" not in response, response
        return response["result"]

    async def initialize(self, **capabilities: Any) -> None:
        params = {**INITIALIZE["params"], "capabilities": capabilities}
        await self.call("initialize", params)
        await self.send({"method": "initialized"})

    async def start_thread(self, place: Place, **params: Any) -> str:
        """Start a thread in the project, with full access unless `params` say otherwise."""
        result = await self.call(
            "thread/start", {"cwd": str(place.project), **FULL_ACCESS} | params
        )
        self.thread_id = result["thread"]["id"]
        return self.thread_id

    async def submit(self, text: str = "Go") -> str:
        """Begin a turn on the newest thread; its id."""
        result = await self.call("turn/submit", {"input": text_input(text)})
        return result["turn"]["id"]

    async def turn(self, text: str = "Go") -> Message:
        """Play a whole turn; how it ended."""
        await self.submit(text)
        return (await self.until("turn/completed"))["params"]["turn"]

    async def output(self, text: str, times: int = 1) -> None:
        """Read on until a command has printed `text` that often."""
        printed = ""
        while printed.count(text) < times:
            message = await self.until("item/commandExecution/outputDelta")
            printed += message["params"]["delta"]


def thread_settings(place: Place, **params: Any) -> Message:
    return {"cwd": str(place.project), **FULL_ACCESS} | params


def text_input(text: str) -> list[Message]:
    return [{"type": "text", "text": text}]


@asynccontextmanager
async def app_server(
    place: Place,
    *options: str,
    environ: Mapping[str, str] | None = None,
    arguments: Sequence[str] | None = None,
) -> AsyncGenerator[AppServer]:
    """A server in `place`, killed at the end if it is still there."""
    command = [*COMMAND, "app-server", *options]
    command += place.arguments if arguments is None else arguments
    with place.stderr.open("ab") as stderr:
        process = await anyio.open_process(
            command, env={**place.environ, **(environ or {})}, cwd=place.root, stderr=stderr
        )
    async with process:
        try:
            yield AppServer(process)
        finally:
            if process.returncode is None:
                process.kill()


@asynccontextmanager
async def thread_of(
    place: Place, *options: str, environ: Mapping[str, str] | None = None, **params: Any
) -> AsyncGenerator[AppServer]:
    """A server with one thread; `params` are those of `thread/start`."""
    async with app_server(place, *options, environ=environ) as server:
        await server.initialize()
        await server.start_thread(place, **params)
        yield server


# --- a whole conversation at once --------------------------------------------------------------


def thread_start(place: Place, **params: Any) -> Message:
    return {"id": "start", "method": "thread/start", "params": thread_settings(place, **params)}


def turn_submit(text: str = "Go", request_id: str = "submit") -> Message:
    return {"id": request_id, "method": "turn/submit", "params": {"input": text_input(text)}}


def lines_of(*messages: Message) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def messages_in(output: bytes) -> list[Message]:
    return [json.loads(line) for line in output.splitlines()]


def run_cli(
    place: Place, *arguments: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command to its end with this input."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        env={**place.environ, **(environ or {})},
        cwd=place.root,
        timeout=PATIENCE,
        check=False,
    )


def run_server(
    place: Place, *messages: Message, options: Sequence[str] = ("--drain",)
) -> list[Message]:
    """Pipe a conversation through a server; what it said."""
    done = run_cli(place, "app-server", *options, *place.arguments, stdin=lines_of(*messages))
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return messages_in(done.stdout)


# --- looking around ----------------------------------------------------------------------------


def named(messages: Sequence[Message], method: str) -> list[Message]:
    """The params of the notifications of that name."""
    return [message["params"] for message in messages if message.get("method") == method]


def completed_items(messages: Sequence[Message], kind: str) -> list[Message]:
    items = (params["item"] for params in named(messages, "item/completed"))
    return [item for item in items if item["type"] == kind]


def processes_with(marker: str) -> list[int]:
    """The living processes whose command line contains `marker`."""
    return [pid for pid, words in _command_lines() if marker in words]


def _command_lines() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_text(errors="replace")
            except OSError:
                continue
