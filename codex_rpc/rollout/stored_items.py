"""Items as `item_completed` lines hold them, in either program's spelling, turned into wire items.

Ours are wire items as they are. The other program writes kinds in PascalCase and fields in
snake_case, and differs in some of their forms.
"""

import shlex
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_args
from urllib.parse import unquote

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from codex_rpc.protocol.items import MessagePhase, ThreadItem
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import integer, rows, table, tables, text


def thread_item(stored: Payload) -> ThreadItem | None:
    """The item, or `None` if it is of an unknown kind or lacks what its kind needs."""
    try:
        return _adapter().validate_python(_wire_form(stored))
    except ValidationError:
        return None


@cache
def _adapter() -> TypeAdapter[ThreadItem]:
    return TypeAdapter(ThreadItem, config=ConfigDict(defer_build=True))


def item_kind(stored: Payload) -> str:
    """The wire's name of a stored item's kind."""
    kind = text(stored, "type") or ""
    return kind[:1].lower() + kind[1:]


def _wire_form(stored: Payload) -> Payload:
    kind = item_kind(stored)
    if kind == stored.get("type"):
        return stored
    renamed = {**stored, "type": kind}
    return renamed | _FORMS[kind](stored) if kind in _FORMS else renamed


# --- the other program's forms -----------------------------------------------------------------


def user_message_form(stored: Payload) -> Payload:
    return {"content": [_input_part(part) for part in tables(stored, "content")]}


def _input_part(part: Payload) -> Payload:
    match part.get("type"):
        case "image":
            return {**part, "url": part.get("image_url", part.get("url"))}
        case "local_image" | "local_audio" as kind:
            return {**part, "type": to_camel(kind)}
        case _:
            return part


def _agent_message_form(stored: Payload) -> Payload:
    joined = "".join(text(part, "text") or "" for part in tables(stored, "content"))
    return {"text": joined, "phase": known_phase(stored)}


def known_phase(stored: Payload) -> str | None:
    """The phase of a message, if the wire has a word for it."""
    phase = text(stored, "phase")
    return phase if phase in get_args(MessagePhase.__value__) else None


def _reasoning_form(stored: Payload) -> Payload:
    return {"summary": rows(stored, "summary_text"), "content": rows(stored, "raw_content")}


def command_form(stored: Payload) -> Payload:
    """A command: argv, a `file:` URL, a duration in parts, all of which the wire has otherwise."""
    exit_code = integer(stored, "exit_code")
    status = text(stored, "status") or ("failed" if exit_code else "completed")
    return {
        "command": shlex.join(str(word) for word in rows(stored, "command")),
        "cwd": _path(text(stored, "cwd") or ""),
        "command_actions": [_command_action(action) for action in tables(stored, "parsed_cmd")],
        "source": to_camel(text(stored, "source") or "agent"),
        "status": to_camel(status),
        "aggregated_output": text(stored, "aggregated_output"),
        "exit_code": exit_code,
        "duration_ms": _millis(stored),
    }


def _path(stored: str) -> str:
    return unquote(stored.removeprefix("file://")) if stored.startswith("file://") else stored


def _command_action(stored: Payload) -> Payload:
    kind = to_camel(text(stored, "type") or "unknown")
    return {**stored, "type": kind, "command": stored.get("cmd")}


def _millis(stored: Payload) -> int | None:
    match table(stored, "duration"):
        case {"secs": int(seconds), "nanos": int(nanos)}:
            return max(seconds * 1000 + nanos // 1_000_000, 0)
        case _:
            return integer(stored, "duration_ms")


def file_change_form(stored: Payload) -> Payload:
    """Changes come as a table by path; an update's diff is already in the wire's form."""
    changes = table(stored, "changes")
    done = "failed" if stored.get("success") is False else "completed"
    return {
        "changes": [_file_change(path, table(changes, path)) for path in changes],
        "status": to_camel(text(stored, "status") or done),
    }


def _file_change(path: str, change: Payload) -> Payload:
    diff = change.get("unified_diff", change.get("content"))
    kind = {"type": change.get("type"), "move_path": change.get("move_path")}
    return {"path": path, "kind": kind, "diff": diff}


def mcp_call_form(stored: Payload) -> Payload:
    return {
        "status": to_camel(text(stored, "status") or "completed"),
        "arguments": stored.get("arguments"),
        "duration_ms": _millis(stored),
    }


def _dynamic_call_form(stored: Payload) -> Payload:
    return {"duration_ms": _millis(stored)}


def web_search_form(stored: Payload) -> Payload:
    action = table(stored, "action")
    kind = to_camel(text(action, "type") or "other")
    return {"action": {**action, "type": kind} if action else None}


def _image_view_form(stored: Payload) -> Payload:
    return {"path": _path(text(stored, "path") or "")}


def _agent_call_form(stored: Payload) -> Payload:
    """A call to other agents: how one stands is its name, or an object with what came of it."""
    states = table(stored, "agents_states")
    return {
        "tool": to_camel(text(stored, "tool") or ""),
        "status": to_camel(text(stored, "status") or "completed"),
        "agents_states": {agent: _agent_state(states, agent) for agent in states},
    }


def _agent_state(states: Payload, agent: str) -> Payload:
    if (name := text(states, agent)) is not None:
        return {"status": to_camel(name)}
    for status, said in table(states, agent).items():
        return {"status": status, "message": said}
    return {}


_FORMS: Mapping[str, Callable[[Payload], dict[str, Any]]] = {
    "userMessage": user_message_form,
    "agentMessage": _agent_message_form,
    "reasoning": _reasoning_form,
    "commandExecution": command_form,
    "fileChange": file_change_form,
    "mcpToolCall": mcp_call_form,
    "collabAgentToolCall": _agent_call_form,
    "dynamicToolCall": _dynamic_call_form,
    "webSearch": web_search_form,
    "imageView": _image_view_form,
}
