"""Answering `initialize` before the server is loaded.

Loading the server takes longer than a client likes to wait for its first answer. If the first line
on stdin is an ordinary `initialize`, it is answered with the standard library alone; anything else
is left to the server, bytes and all.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from codex_rpc.rpc.header_start import begins_header
from codex_rpc.server.handshake import initialize_response

FIRST_LINE_LIMIT = 64 * 1024
"""A first line longer than this is not ordinary."""
MOST_BRACKETS = 100
"""Nor is one with more brackets: it may be nested more deeply than the server reads."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What was read before the server took over."""

    params: dict[str, Any] | None
    """The parameters of an `initialize` that has been answered."""
    unread: bytes
    """What the server has still to read."""
    has_headers: bool = False
    """Whether messages come behind headers, as editors send them."""


def introduce(stdin: int, stdout: int, environ: Mapping[str, str]) -> Introduction:
    """Wait for the first line and answer it, if it is an ordinary `initialize`.

    Raises:
        BrokenPipeError: if the client is gone already.
    """
    line, rest = _first_line(stdin)
    if begins_header(line):
        return Introduction(None, line + rest, has_headers=True)
    request = _ordinary_initialize(line)
    if request is None:
        return Introduction(None, line + rest)
    info = request["params"]["clientInfo"]
    result = initialize_response(environ, info["name"], info["version"])
    response = {"id": request["id"], "result": result}
    if "jsonrpc" in request:
        response["jsonrpc"] = "2.0"
    text = json.dumps(response, ensure_ascii=False, separators=(",", ":")) + "\n"
    _write_all(stdout, text.encode(errors="replace"))
    return Introduction(request["params"], rest)


def _first_line(stdin: int) -> tuple[bytes, bytes]:
    data = b""
    while b"\n" not in data and len(data) < FIRST_LINE_LIMIT:
        chunk = os.read(stdin, FIRST_LINE_LIMIT)
        if not chunk:
            break
        data += chunk
    line, newline, rest = data.partition(b"\n")
    return line + newline, rest


def _ordinary_initialize(line: bytes) -> dict[str, Any] | None:
    """The request, if the server would accept it without a second look."""
    if line.count(b"[") + line.count(b"{") > MOST_BRACKETS:
        return None
    try:
        request: Any = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
        json.dumps(request, ensure_ascii=False).encode()  # fails if half a surrogate pair is in it
    except ValueError:
        return None
    if not isinstance(request, dict):
        return None
    request = cast("dict[str, Any]", request)
    if request.get("method") != "initialize":
        return None
    params = request.get("params")
    if type(request.get("id")) not in (int, str) or not isinstance(params, dict):
        return None
    return request if _is_ordinary(cast("dict[str, Any]", params)) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_ordinary(params: dict[str, Any]) -> bool:
    info, capabilities = params.get("clientInfo"), params.get("capabilities")
    if not isinstance(info, dict) or not isinstance(capabilities, dict | None):
        return False
    info = cast("dict[str, Any]", info)
    if type(info.get("name")) is not str or type(info.get("version")) is not str:
        return False
    if type(info.get("title")) not in (str, type(None)):
        return False
    return _are_ordinary(cast("dict[str, Any]", capabilities or {}))


def _are_ordinary(capabilities: dict[str, Any]) -> bool:
    opted_out = capabilities.get("optOutNotificationMethods")
    return (
        type(capabilities.get("experimentalApi", False)) is bool
        and isinstance(opted_out, list | None)
        and all(type(name) is str for name in cast("list[Any]", opted_out or []))
        and capabilities.get("approvals", "request") in ("request", "notify")
    )


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
