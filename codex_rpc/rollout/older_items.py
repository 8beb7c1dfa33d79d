"""Items rebuilt from the events that older files have in place of `item_completed`.

These events carry no item ids, so items are named by their place in the thread; a tool's item has
the name of its call.
"""

from collections.abc import Callable, Mapping

from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import rows, table, text
from codex_rpc.rollout.stored_items import (
    command_form,
    file_change_form,
    known_phase,
    mcp_call_form,
    web_search_form,
)


def older_item(event: str, payload: Payload, item_id: str) -> Payload | None:
    """The item that an older event stands for, in the wire's form; `None` if for none."""
    build = _ITEMS.get(event)
    if build is None or _is_context(event, payload):
        return None
    return {"id": text(payload, "call_id") or item_id, **build(payload)}


def _is_context(event: str, payload: Payload) -> bool:
    """The oldest files have context in the form of user messages, and name its kind."""
    return event == "user_message" and text(payload, "kind") not in (None, "plain")


def continued_reasoning(item: Payload, more: Payload) -> Payload:
    """One item of two: each section of an item's reasoning was an event of its own."""
    return {
        **item,
        "summary": rows(item, "summary") + rows(more, "summary"),
        "content": rows(item, "content") + rows(more, "content"),
    }


def _user_message(payload: Payload) -> Payload:
    message = payload.get("message", "")
    content: list[Payload] = []
    if message:
        elements = rows(payload, "text_elements")
        content.append({"type": "text", "text": message, "text_elements": elements})
    content += [{"type": "image", "url": url} for url in rows(payload, "images")]
    content += [{"type": "localImage", "path": path} for path in rows(payload, "local_images")]
    return {"type": "userMessage", "content": content}


def _agent_message(payload: Payload) -> Payload:
    message = payload.get("message")
    return {"type": "agentMessage", "text": message, "phase": known_phase(payload)}


def _reasoning(payload: Payload) -> Payload:
    return {"type": "reasoning", "summary": [payload.get("text")], "content": []}


def _raw_reasoning(payload: Payload) -> Payload:
    return {"type": "reasoning", "summary": [], "content": [payload.get("text")]}


def _command(payload: Payload) -> Payload:
    return {"type": "commandExecution", **command_form(payload)}


def _file_change(payload: Payload) -> Payload:
    return {"type": "fileChange", **file_change_form(payload)}


def _mcp_call(payload: Payload) -> Payload:
    invocation = table(payload, "invocation")
    call: Payload = {
        "type": "mcpToolCall",
        "server": invocation.get("server"),
        "tool": invocation.get("tool"),
        **mcp_call_form(payload),
        "arguments": invocation.get("arguments"),
    }
    outcome = table(payload, "result")
    if (message := text(outcome, "Err")) is not None:
        return call | {"status": "failed", "error": {"message": message}}
    result = table(outcome, "Ok")
    failed = result.get("isError", result.get("is_error")) is True
    structured = result.get("structuredContent", result.get("structured_content"))
    return call | {
        "status": "failed" if failed else "completed",
        "result": {"content": rows(result, "content"), "structured_content": structured},
    }


def _web_search(payload: Payload) -> Payload:
    form = web_search_form(payload)
    return {"type": "webSearch", "query": payload.get("query"), **form}


def _image_view(payload: Payload) -> Payload:
    return {"type": "imageView", "path": payload.get("path")}


def _compaction(_: Payload) -> Payload:
    return {"type": "contextCompaction"}


_ITEMS: Mapping[str, Callable[[Payload], Payload]] = {
    "user_message": _user_message,
    "agent_message": _agent_message,
    "agent_reasoning": _reasoning,
    "agent_reasoning_raw_content": _raw_reasoning,
    "exec_command_end": _command,
    "patch_apply_end": _file_change,
    "mcp_tool_call_end": _mcp_call,
    "web_search_end": _web_search,
    "view_image_tool_call": _image_view,
    "context_compacted": _compaction,
}

OLDER_ITEM_EVENTS = frozenset(_ITEMS)
"""Every event that stands for an item."""
