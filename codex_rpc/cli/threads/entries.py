"""From the items of a turn to the entries that a reader sees."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from msgspec.structs import replace

from codex_rpc.cli.threads.entry import (
    Diff,
    Entry,
    Output,
    Part,
    Picture,
    Prose,
    duration_text,
)
from codex_rpc.cli.threads.plain_text import harmless
from codex_rpc.protocol.inputs import (
    AudioInput,
    ImageInput,
    LocalAudioInput,
    LocalImageInput,
    MentionInput,
    SkillInput,
    TextInput,
    UserInput,
)
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CollabAgentToolCallItem,
    CommandExecutionItem,
    ContextCompactionItem,
    DynamicToolCallItem,
    EnteredReviewModeItem,
    ExitedReviewModeItem,
    FileChangeItem,
    FileUpdateChange,
    FunctionCallOutputItem,
    ImageViewItem,
    McpToolCallItem,
    OutputTextPart,
    PlanItem,
    ReasoningItem,
    ThreadItem,
    UserMessageItem,
    WebSearchItem,
)

SHELLS = frozenset({"bash", "sh", "zsh", "dash"})


def entry_of(item: ThreadItem) -> Entry:
    """What to show of an item: harmless text, see `plain_text`."""
    entry = _entry(item)
    return replace(
        entry, title=harmless(entry.title), parts=[_harmless_part(part) for part in entry.parts]
    )


def _harmless_part(part: Part) -> Part:
    match part:
        case Prose(text):
            return Prose(harmless(text))
        case Output(text):
            return Output(harmless(text))
        case Diff(title, text):
            return Diff(harmless(title), harmless(text))
        case Picture():
            return part
        case _:
            assert_never(part)


def _entry(item: ThreadItem) -> Entry:
    at = item.started_at_ms or item.completed_at_ms
    match item:
        case UserMessageItem():
            return Entry("user", "", _input_parts(item.content), at_ms=at)
        case AgentMessageItem():
            return Entry("agent", "", [Prose(item.text)], at_ms=at)
        case ReasoningItem():
            texts = item.summary or item.content
            return Entry("reasoning", _first_line(texts), _prose(texts), at_ms=at)
        case PlanItem():
            return Entry("plan", "Plan", [Prose(item.text)], at_ms=at)
        case CommandExecutionItem():
            return _command(item, at)
        case FileChangeItem():
            return _patch(item, at)
        case EnteredReviewModeItem():
            return Entry("note", "Review started", _prose([item.review]), at_ms=at)
        case ExitedReviewModeItem():
            return Entry("note", "Review finished", _prose([item.review]), at_ms=at)
        case ContextCompactionItem():
            return Entry("note", "The conversation so far was summarized for the model", at_ms=at)
        case _:
            return _tool(item, at)


def _input_parts(content: Sequence[UserInput]) -> list[Part]:
    return [_input_part(part) for part in content]


def _input_part(part: UserInput) -> Part:
    match part:
        case TextInput():
            return Prose(part.text)
        case ImageInput():
            return Picture(part.url) if part.url else Prose(f"[image {part.file_id}]")
        case LocalImageInput():
            return Prose(f"[image {part.path}]")
        case AudioInput():
            return Prose("[audio]")
        case LocalAudioInput():
            return Prose(f"[audio {part.path}]")
        case SkillInput():
            return Prose(f"[skill {part.name}]")
        case MentionInput():
            return Prose(f"[{part.name}: {part.path}]")
        case _:
            assert_never(part)


def _command(item: CommandExecutionItem, at: int | None) -> Entry:
    words = [_seconds(item.duration_ms)]
    if item.status == "declined":
        words.insert(0, "declined")
    elif item.exit_code not in (None, 0):
        words.insert(0, f"exit {item.exit_code}")
    elif item.status != "completed":
        words.insert(0, {"inProgress": "unfinished"}.get(item.status, item.status))
    script, output = _script_of(item.command), (item.aggregated_output or "").rstrip("\n")
    first, *more = script.splitlines() or [""]
    return Entry(
        kind="command",
        title=f"{first} ..." if more else first,
        parts=[Output(text) for text in (script if more else "", output) if text],
        state=", ".join(filter(None, words)),
        failed=item.status in ("failed", "declined") or bool(item.exit_code),
        at_ms=at,
    )


def _script_of(command: str) -> str:
    """What was run, without the shell that ran it."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    match words:
        case [shell, "-c" | "-lc", script] if Path(shell).name in SHELLS:
            return script
        case _:
            return command


def _patch(item: FileChangeItem, at: int | None) -> Entry:
    count = len(item.changes)
    return Entry(
        kind="patch",
        title=f"{count} file{'' if count == 1 else 's'} changed",
        parts=[_diff(change) for change in item.changes],
        state="" if item.status == "completed" else _unfinished(item.status),
        failed=item.status in ("failed", "declined"),
        at_ms=at,
    )


def _diff(change: FileUpdateChange) -> Diff:
    kind = change.kind
    match kind.type:
        case "add":
            return Diff(f"added {change.path}", _marked("+", change.diff))
        case "delete":
            return Diff(f"deleted {change.path}", _marked("-", change.diff))
        case "update":
            moved = f" -> {kind.move_path}" if kind.move_path else ""
            return Diff(f"{change.path}{moved}", change.diff.rstrip("\n"))
        case _:
            assert_never(kind.type)


def _marked(mark: str, text: str) -> str:
    return "\n".join(mark + line for line in text.splitlines())


_Tool = (
    FunctionCallOutputItem
    | McpToolCallItem
    | DynamicToolCallItem
    | CollabAgentToolCallItem
    | WebSearchItem
    | ImageViewItem
)


def _tool(item: _Tool, at: int | None) -> Entry:
    match item:
        case McpToolCallItem():
            said = [item.error.message] if item.error else _texts(item.result)
            title = f"{item.server}.{item.tool} {_json(item.arguments)}"
            failed = item.status == "failed"
        case DynamicToolCallItem():
            parts = item.content_items or ()
            said = [part.text for part in parts if isinstance(part, OutputTextPart)]
            title = f"{item.tool} {_json(item.arguments)}"
            failed = item.status == "failed" or item.success is False
        case CollabAgentToolCallItem():
            said, failed = [item.prompt or ""], item.status == "failed"
            title = f"{item.tool} {' '.join(item.receiver_thread_ids)}".rstrip()
        case WebSearchItem():
            said, title, failed = [], f"web search: {item.query}", False
        case ImageViewItem():
            said, title, failed = [], f"looked at {item.path}", False
        case FunctionCallOutputItem():
            said, title, failed = [_plain(item.output)], f"output of {item.name}", False
        case _:
            assert_never(item)
    outputs = [Output(text) for text in said if text]
    return Entry("tool", title, outputs, "failed" if failed else "", failed, at)


def _texts(result: Any) -> list[str]:
    """The texts of an MCP result; anything else in it is shown as it is."""
    content: list[Any] = [] if result is None else result.content
    return [
        part["text"] if isinstance(part, dict) and "text" in part else _json(part)
        for part in content
    ]


def _plain(output: Any) -> str:
    if isinstance(output, str):
        return output
    return "\n".join(str(getattr(part, "text", "[image]")) for part in output)


def _prose(texts: Sequence[str]) -> list[Part]:
    text = "\n\n".join(filter(None, texts))
    return [Prose(text)] if text else []


def _first_line(texts: Sequence[str]) -> str:
    lines = "\n".join(texts).strip().splitlines()
    return lines[0].strip("*# ") if lines else "Reasoning"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unfinished(status: str) -> str:
    return "unfinished" if status == "inProgress" else status


def _seconds(duration_ms: int | None) -> str:
    return "" if duration_ms is None else duration_text(duration_ms)
