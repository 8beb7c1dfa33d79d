"""What events look like in a file of the other program's newest generation.

There each line has an ordinal, and an item is one `item_completed` line in the program's own
spelling, from which alone it shows the item. Such a file is only ever gone on with, or copied;
files of our own are of the older form, see `lines`. What that spelling cannot say in full is said
in ours beside it, as `wire_item`, which the other program passes over.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from pydantic.alias_generators import to_pascal, to_snake

from codex_rpc.protocol.inputs import ImageInput, LocalImageInput, UserInput
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CommandExecutionItem,
    FileChangeItem,
    ReasoningItem,
    ThreadItem,
    UserMessageItem,
)
from codex_rpc.protocol.notifications import ItemCompletedNotification
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.lines import event_payloads, patch_changes
from codex_rpc.rollout.stored_items import thread_item


def paginated_event_payloads(event: object) -> Iterator[Payload]:
    """The `event_msg` payloads that stand for `event`; none for what is not stored."""
    if isinstance(event, ItemCompletedNotification):
        yield _item_completed(event)
    else:
        yield from event_payloads(event)


def _item_completed(event: ItemCompletedNotification) -> Payload:
    item = paginated_item(event.item)
    payload: Payload = {
        "type": "item_completed",
        "thread_id": event.thread_id,
        "turn_id": event.turn_id,
        "item": item,
        "started_at_ms": event.item.started_at_ms or event.completed_at_ms,
        "completed_at_ms": event.completed_at_ms,
    }
    if thread_item(item) != event.item:
        payload["wire_item"] = event.item.model_dump(mode="json", exclude_none=True)
    return payload


def paginated_item(item: ThreadItem) -> Payload:
    """The item in the other program's spelling, as far as that goes."""
    fields: Payload = item.model_dump(mode="json", by_alias=False, exclude_none=True)
    kind = fields.pop("type")
    form = _FORMS.get(kind)
    spelt = {"type": to_pascal(to_snake(kind)), **fields}
    if form is None:
        return spelt
    shared = {name: spelt[name] for name in _SHARED if name in spelt}
    return {**shared, **form(item)}


_SHARED = ("type", "id", "client_id", "started_at_ms", "completed_at_ms")


def _user_message(item: UserMessageItem) -> Payload:
    return {"content": [_input_part(part) for part in item.content]}


def _input_part(part: UserInput) -> Payload:
    match part:
        case ImageInput(url=str(url)):
            return {"type": "image", "image_url": url}
        case LocalImageInput(path=path):
            return {"type": "local_image", "path": path}
        case _:
            spelt = part.model_dump(mode="json", by_alias=False, exclude_none=True)
            return {**spelt, "type": to_snake(spelt["type"])}


def _agent_message(item: AgentMessageItem) -> Payload:
    said: Payload = {"content": [{"type": "Text", "text": item.text}]}
    return said | ({"phase": item.phase} if item.phase else {})


def _reasoning(item: ReasoningItem) -> Payload:
    return {"summary_text": list(item.summary), "raw_content": list(item.content)}


def _command(item: CommandExecutionItem) -> Payload:
    millis = item.duration_ms or 0
    return {
        "process_id": item.process_id,
        "command": _words(item.command),
        "cwd": f"file://{quote(str(PurePosixPath(item.cwd)))}",
        "parsed_cmd": [_action(action.model_dump(mode="json")) for action in item.command_actions],
        "source": to_snake(item.source),
        "status": to_snake(item.status),
        "aggregated_output": item.aggregated_output,
        "exit_code": item.exit_code,
        "duration": {"secs": millis // 1000, "nanos": millis % 1000 * 1_000_000},
    }


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


def _action(action: Payload) -> Payload:
    spelt = {**action, "type": to_snake(action["type"]), "cmd": action["command"]}
    del spelt["command"]
    return spelt


def _file_change(item: FileChangeItem) -> Payload:
    return {
        "changes": patch_changes(item),
        "status": to_snake(item.status),
        "stdout": "",
        "stderr": "",
    }


_FORMS: Mapping[str, Callable[[Any], Payload]] = {
    "userMessage": _user_message,
    "agentMessage": _agent_message,
    "reasoning": _reasoning,
    "commandExecution": _command,
    "fileChange": _file_change,
}
