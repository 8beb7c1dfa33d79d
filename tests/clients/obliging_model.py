"""A model that does what it is told, word by word, so that a client decides what happens.

    run <command>          runs it
    escalate <command>     asks to run it outside of the sandbox
    create <file>          adds a file with a patch
    call <tool> <json>     calls a tool, or one of a server: call <namespace>/<tool> <json>
    wait                   says a word, and then nothing more

Anything else is answered with a greeting. What comes of a call is told in the next words.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.responses_server import (
    Gate,
    ReceivedRequest,
    Reply,
    Stream,
    completed,
    created,
    function_call,
    item_added,
    item_done,
    message,
    text_delta,
    text_events,
)

USAGE = {"input_tokens": 100, "output_tokens": 5, "total_tokens": 105}


def obey(request: ReceivedRequest) -> Reply:
    """What the model answers."""
    heard: list[Mapping[str, Any]] = request.body["input"]
    if "output" in heard[-1]:
        return _says("Then: ", _text(heard[-1]["output"]))
    wish, _, rest = _last_words(heard).partition(" ")
    call_id = f"call_{len(heard)}"
    match wish:
        case "run":
            return _calls(function_call("exec_command", _command(rest), call_id))
        case "escalate":
            asked = {"sandbox_permissions": "require_escalated", "justification": "May I?"}
            return _calls(function_call("exec_command", _command(rest) | asked, call_id))
        case "create":
            return _calls(_patch(rest, call_id))
        case "call":
            return _calls(_tool_call(rest, call_id))
        case "wait":
            opened: dict[str, Any] = {**message(""), "content": []}
            return Stream([created(), item_added(opened), text_delta("Hm"), Gate()])
        case _:
            return _says("Hello ", "there")


def _last_words(heard: Sequence[Mapping[str, Any]]) -> str:
    """What the user said last, without the name of who speaks, which some clients put before."""
    said = [item for item in heard if item["type"] == "message" and item["role"] == "user"]
    return _text(said[-1]["content"]).strip().removeprefix("User: ")


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


def _command(text: str) -> dict[str, Any]:
    return {"cmd": text, "login": False}


def _patch(file: str, call_id: str) -> dict[str, Any]:
    text = f"*** Begin Patch\n*** Add File: {file}\n+hello\n*** End Patch"
    return {"type": "custom_tool_call", "name": "apply_patch", "input": text, "call_id": call_id}


def _tool_call(text: str, call_id: str) -> dict[str, Any]:
    tool, _, arguments = text.partition(" ")
    namespace, _, name = tool.rpartition("/")
    call = function_call(name, json.loads(arguments or "{}"), call_id)
    return {**call, "namespace": namespace} if namespace else call


def _calls(item: Mapping[str, Any]) -> Reply:
    return Stream([created(), item_done(item), completed(usage=USAGE)])


def _says(*chunks: str) -> Reply:
    return Stream([*text_events(*chunks)[:-1], completed(usage=USAGE)])
