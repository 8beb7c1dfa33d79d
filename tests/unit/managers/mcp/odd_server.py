"""An MCP server over stdio that behaves as its first argument says. Run as a program.

It uses nothing but the standard library, so that it starts fast and can break every rule. The
second argument, if there is one, is a file that gets a line for each start.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOOLS: list[dict[str, Any]] = [
    {"name": "echo", "description": "Says it again.", "inputSchema": {"type": "object"}},
    {"name": "environment", "inputSchema": {"type": "object"}},
    {"name": "die", "inputSchema": {"type": "object"}},
    {"name": "wait", "inputSchema": {"type": "object"}},
    {"name": "large", "inputSchema": {"type": "object"}},
    {"name": "ask", "inputSchema": {"type": "object"}},
    {"name": "grow", "inputSchema": {"type": "object"}},
    {"name": "wrong", "inputSchema": {"type": "object"}},
    {"name": "raw", "inputSchema": {"type": "object"}},
]

LIES: list[Any] = [
    {"name": "no-schema"},
    {"name": "wild", "inputSchema": {"type": "wild", "properties": "none"}},
    {"name": "dangling", "inputSchema": {"type": "object", "properties": {"a": {"$ref": "#/x"}}}},
    {"name": "circle", "inputSchema": {"$ref": "#"}},
    {"name": 7, "inputSchema": {}},
    "not even a tool",
    {"inputSchema": {"type": "object"}},
    {"name": "honest", "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
]


def send(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(value: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": value}]}


def log(line: str) -> None:
    if len(sys.argv) > 2:
        with Path(sys.argv[2]).open("a") as file:
            file.write(line + "\n")


class Server:
    """Answers one message after the other."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.tools: list[Any] = LIES if mode == "lie" else list(TOOLS)
        self.asked: Any = None

    def answer(self, message: Mapping[str, Any]) -> None:
        method, id_ = message.get("method"), message.get("id")
        params = message.get("params", {})
        if method == "notifications/cancelled":
            log("cancelled")
        elif method == "initialize":
            self.shake_hands(id_, params)
        elif method == "tools/list":
            result: dict[str, Any] = {"tools": self.tools}
            if self.mode == "endless":
                result["nextCursor"] = str(time.monotonic_ns())
            send({"id": id_, "result": result})
        elif method == "tools/call":
            self.call(id_, params["name"], params.get("arguments", {}))
        elif method is None and id_ == "question":
            send({"id": self.asked, "result": text(json.dumps(message.get("result")))})
        elif id_ is not None:
            send({"id": id_, "error": {"code": -32601, "message": "no such method"}})

    def shake_hands(self, id_: object, params: Mapping[str, Any]) -> None:
        capabilities = {"tools": {"listChanged": True}}
        send(
            {
                "id": id_,
                "result": {
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": capabilities,
                    "serverInfo": {"name": "odd", "version": "1"},
                },
            }
        )
        while self.mode == "flood":
            send({"method": "notifications/message", "params": {"level": "info", "data": "x" * 99}})

    def call(self, id_: object, name: str, arguments: Mapping[str, Any]) -> None:
        if name == "echo":
            send({"id": id_, "result": text(str(arguments.get("text", "")))})
        elif name == "environment":
            seen = {"env": dict(os.environ), "cwd": str(Path.cwd())}
            send({"id": id_, "result": text(json.dumps(seen))})
        elif name == "die":
            sys.stderr.write("I am dying\n")
            sys.stderr.flush()
            os._exit(3)
        elif name == "wait":
            log("waiting")
        elif name == "large":
            send({"id": id_, "result": text("x" * int(arguments["size"]))})
        elif name == "ask":
            self.asked = id_
            question = {
                "mode": "form",
                "message": "Who are you?",
                "requestedSchema": {"type": "object", "properties": {"n": {"type": "string"}}},
            }
            send({"id": "question", "method": "elicitation/create", "params": question})
        elif name == "grow":
            self.tools.append({"name": "grown", "inputSchema": {"type": "object"}})
            send({"method": "notifications/tools/list_changed"})
            send({"id": id_, "result": text("grown")})
        elif name == "wrong":
            send({"id": id_, "result": {"content": "nothing of the kind"}})
        elif name == "raw":
            sys.stdout.write(f'{{"jsonrpc": "2.0", "id": {json.dumps(id_)}{arguments["rest"]}}}\n')
            sys.stdout.flush()


def main() -> None:
    mode = sys.argv[1]
    if mode == "once" and Path(sys.argv[2]).exists():
        sys.exit(5)
    log(f"started {os.getpid()}")
    if mode == "hang":
        time.sleep(3600)
    if mode == "die":
        sys.stderr.write("no database\nno luck\n")
        sys.exit(4)
    if mode == "garbage":
        sys.stdout.write("Welcome!\n{broken\n[1, 2]\n\n\x00\xff\n" + "=" * 200_000 + "\n")
    if mode == "endless-line":
        while True:
            sys.stdout.write("x" * 1_000_000)
    if mode == "loud":
        sys.stderr.write("complaint\n" * 300_000)
    server = Server(mode)
    for line in sys.stdin:
        server.answer(json.loads(line))
    if mode == "stubborn":
        time.sleep(3600)


if __name__ == "__main__":
    main()
