"""Lines of a server's output as messages, and messages as lines.

Half a surrogate pair, which JSON can spell and text cannot have, becomes U+FFFD: servers that cut
their texts between the halves are not rare. An answer that breaks the protocol becomes an error, so
that nobody waits for another one.
"""

import json
from typing import cast

import mcp_types as types
from mcp.shared.message import SessionMessage

BROKEN = types.ErrorData(code=types.PARSE_ERROR, message="the answer breaks the protocol")
"""In the place of an answer that is none."""


def decoded(line: bytes) -> SessionMessage | None:
    """The message of a line; `None` for anything else."""
    try:
        return _message(line)
    except ValueError:
        pass
    try:
        raw: object = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    try:
        return _message(_without_halves(json.dumps(raw, ensure_ascii=False)))
    except ValueError:
        return _broken_answer(raw)


def encoded(message: SessionMessage) -> bytes:
    """A message as a line, with its end."""
    return message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


def _message(line: bytes) -> SessionMessage:
    return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))


def _without_halves(text: str) -> bytes:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _broken_answer(raw: object) -> SessionMessage | None:
    if not isinstance(raw, dict) or "method" in raw:
        return None
    request_id = cast("dict[str, object]", raw).get("id")
    if not isinstance(request_id, int | str):
        return None
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=request_id, error=BROKEN))
