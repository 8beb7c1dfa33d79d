"""What a thread's history and events look like as rollout lines.

The self-contained form: response items as they are, and of the events those from which either
program rebuilds turns and items. Beside the older events, `item_completed` lines keep each item in
full; the other program skips them. Deltas, questions and warnings are not stored.
"""

from collections.abc import Iterator, Sequence

from codex_rpc.protocol.inputs import ImageInput, LocalImageInput, TextInput
from codex_rpc.protocol.items import (
    AgentMessageItem,
    ContextCompactionItem,
    FileChangeItem,
    FileUpdateChange,
    ReasoningItem,
    ThreadItem,
    UserMessageItem,
)
from codex_rpc.protocol.notifications import (
    AccountRateLimitsUpdatedNotification,
    ItemCompletedNotification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.envelope import Payload, line
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.token_counts import rate_limits_payload, usage_payload


def session_meta_line(meta: SessionMeta) -> bytes:
    """The first line of a file, in the form that the rest of it will have."""
    ordinal = 0 if meta.history_mode == "paginated" else None
    return line("session_meta", meta.payload(), meta.timestamp, ordinal)


def response_item_payload(item: ResponseItem) -> Payload:
    return item.model_dump(mode="json", exclude_none=True)


def compacted_payload(message: str, replacement: Sequence[ResponseItem]) -> Payload:
    """History was replaced as a whole; `message` is the summary, for programs that need it."""
    return {
        "message": message,
        "replacement_history": [response_item_payload(item) for item in replacement],
    }


def rolled_back_payload(num_turns: int, before_turn: str | None = None) -> Payload:
    """The user took back what was said since their `num_turns` last message.

    If all turns from one on were taken back, `before_turn` names it, in which the user may have
    said nothing. The other program passes that over.
    """
    payload: Payload = {"type": "thread_rolled_back", "num_turns": num_turns}
    return payload if before_turn is None else {**payload, "before_turn_id": before_turn}


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
            yield usage_payload(event.token_usage)
        case AccountRateLimitsUpdatedNotification(rate_limits=limits):
            if (payload := rate_limits_payload(limits)) is not None:
                yield payload
        case TurnCompletedNotification():
            yield _turn_end(event)
        case _:
            return


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
        case ContextCompactionItem():
            yield {"type": "context_compacted"}
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
        "changes": patch_changes(item),
    }


def patch_changes(item: FileChangeItem) -> Payload:
    """What was done to each file, by path."""
    return {change.path: _patch_change(change) for change in item.changes}


def _patch_change(change: FileUpdateChange) -> Payload:
    if change.kind.type == "update":
        return {
            "type": "update",
            "unified_diff": change.diff,
            "move_path": change.kind.move_path,
        }
    return {"type": change.kind.type, "content": change.diff}


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
