"""What a thread's history and events look like as rollout lines.

The self-contained form: response items as they are, and of the events those from which either
program rebuilds turns and items. Beside the older events, `item_completed` lines keep each item in
full; the other program skips them. Deltas, questions and warnings are not stored.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.inputs import (
    ImageInput,
    LocalImageInput,
    TextInput,
)
from codex_rpc.protocol.items import (
    AgentMessageItem,
    FileChangeItem,
    FileUpdateChange,
    ReasoningItem,
    ThreadItem,
    UserMessageItem,
)
from codex_rpc.protocol.notifications import (
    ItemCompletedNotification,
    Notification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.protocol.usage import TokenUsageBreakdown

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SessionMeta:
    """The first line of a file: which thread it is, and where it came from."""

    thread_id: str
    timestamp: datetime
    cwd: Path
    originator: str
    cli_version: str
    source: str
    model_provider: str
    base_instructions: str | None = None

    def payload(self) -> Payload:
        payload: Payload = {
            "id": self.thread_id,
            "timestamp": utc_millis(self.timestamp),
            "cwd": str(self.cwd),
            "originator": self.originator,
            "cli_version": self.cli_version,
            "source": self.source,
            "model_provider": self.model_provider,
        }
        if self.base_instructions is not None:
            payload["base_instructions"] = {"text": self.base_instructions}
        return payload


def utc_millis(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every line is stamped."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(kind: str, payload: object, moment: datetime) -> bytes:
    """One line of a rollout file, newline included. Text that is no Unicode becomes `?`."""
    stamped = {"timestamp": utc_millis(moment), "type": kind, "payload": payload}
    try:
        return to_json(stamped, inf_nan_mode="null") + b"\n"
    except PydanticSerializationError:
        text = json.dumps(to_jsonable_python(stamped), ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="replace") + b"\n"


def response_item_payload(item: ResponseItem) -> Payload:
    return item.model_dump(mode="json", exclude_none=True)


def turn_context_payload(turn_id: str, settings: ThreadSettings) -> Payload:
    """The settings a turn runs with."""
    return {
        "turn_id": turn_id,
        "cwd": str(settings.cwd),
        "approval_policy": to_jsonable_python(settings.approval_policy),
        "sandbox_policy": _sandbox_payload(settings),
        "model": settings.model,
        "effort": settings.effort,
        "summary": settings.summary or "auto",
    }


def _sandbox_payload(settings: ThreadSettings) -> Payload:
    policy = to_jsonable_python(settings.sandbox_policy, by_alias=False)
    names = {
        "dangerFullAccess": "danger-full-access",
        "readOnly": "read-only",
        "externalSandbox": "external-sandbox",
        "workspaceWrite": "workspace-write",
    }
    return {**policy, "type": names[policy["type"]]}


def event_payloads(event: object) -> Iterator[Payload]:
    """The `event_msg` payloads that stand for `event`; none for what is not stored."""
    match event:
        case TurnStartedNotification(turn=turn):
            yield {
                "type": "task_started",
                "turn_id": turn.id,
                "started_at": turn.started_at,
                "model_context_window": None,
                "collaboration_mode_kind": "default",
            }
        case ItemCompletedNotification():
            yield from _item_payloads(event)
        case ThreadTokenUsageUpdatedNotification():
            yield _token_count(event)
        case TurnCompletedNotification():
            yield _turn_end(event)
        case _:
            return


def is_stored(event: Notification) -> bool:
    return any(True for _ in event_payloads(event))


def _item_payloads(event: ItemCompletedNotification) -> Iterator[Payload]:
    yield from _older_item_payloads(event.item, event.turn_id)
    yield {
        "type": "item_completed",
        "thread_id": event.thread_id,
        "turn_id": event.turn_id,
        "item": event.item.model_dump(mode="json", exclude_none=True),
        "completed_at_ms": event.completed_at_ms,
    }


def _older_item_payloads(item: ThreadItem, turn_id: str) -> Iterator[Payload]:
    match item:
        case UserMessageItem():
            yield _user_message(item)
        case AgentMessageItem():
            yield {"type": "agent_message", "message": item.text, "phase": item.phase}
        case ReasoningItem():
            for text in item.summary or ():
                yield {"type": "agent_reasoning", "text": text}
            for text in item.content or ():
                yield {"type": "agent_reasoning_raw_content", "text": text}
        case FileChangeItem():
            yield _patch_end(item, turn_id)
        case _:
            return


def _user_message(item: UserMessageItem) -> Payload:
    texts = [part for part in item.content if isinstance(part, TextInput)]
    return {
        "type": "user_message",
        "message": "".join(part.text for part in texts),
        "kind": "plain",
        "images": [part.url for part in item.content if isinstance(part, ImageInput) and part.url],
        "local_images": [part.path for part in item.content if isinstance(part, LocalImageInput)],
        "text_elements": [
            element.model_dump(mode="json") for part in texts for element in part.text_elements
        ],
    }


def _patch_end(item: FileChangeItem, turn_id: str) -> Payload:
    success = item.status == "completed"
    return {
        "type": "patch_apply_end",
        "call_id": item.id,
        "turn_id": turn_id,
        "stdout": "",
        "stderr": "",
        "success": success,
        "status": item.status,
        "changes": {change.path: _patch_change(change) for change in item.changes},
    }


def _patch_change(change: FileUpdateChange) -> Payload:
    if change.kind.type == "update":
        return {
            "type": "update",
            "unified_diff": change.diff,
            "move_path": change.kind.move_path,
        }
    return {"type": change.kind.type, "content": change.diff}


def _token_count(event: ThreadTokenUsageUpdatedNotification) -> Payload:
    usage = event.token_usage
    return {
        "type": "token_count",
        "info": {
            "total_token_usage": _usage(usage.total),
            "last_token_usage": _usage(usage.last),
            "model_context_window": usage.model_context_window,
        },
        "rate_limits": None,
    }


def _usage(usage: TokenUsageBreakdown) -> Payload:
    return usage.model_dump(mode="json", by_alias=False)


def _turn_end(event: TurnCompletedNotification) -> Payload:
    turn = event.turn
    if turn.status == "interrupted":
        return {
            "type": "turn_aborted",
            "turn_id": turn.id,
            "reason": "interrupted",
            "completed_at": turn.completed_at,
            "duration_ms": turn.duration_ms,
        }
    last_message = next(
        (item.text for item in reversed(turn.items) if isinstance(item, AgentMessageItem)), None
    )
    return {
        "type": "task_complete",
        "turn_id": turn.id,
        "last_agent_message": last_message,
        "completed_at": turn.completed_at,
        "duration_ms": turn.duration_ms,
        "error": None if turn.error is None else turn.error.model_dump(mode="json"),
    }
