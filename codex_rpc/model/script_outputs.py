"""What each part of a script's step streams. Pure; when it is streamed is `script`'s business."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from pydantic_core import to_json

from codex_rpc.errors import ModelError
from codex_rpc.model.events import (
    ModelEvent,
    OutputItemDone,
    OutputItemStarted,
    RateLimitsReported,
    ReasoningDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartStarted,
    TextDelta,
)
from codex_rpc.model.port import RateLimits, RateWindow
from codex_rpc.model.status_errors import error_from_failure, error_from_status
from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallItem,
    FunctionCallItem,
    MessageItem,
    OutputText,
    ReasoningItem,
    ReasoningText,
    ResponseItem,
    SummaryText,
    ToolCallItem,
)
from codex_rpc.protocol.script import (
    ScriptCustomToolCall,
    ScriptCut,
    ScriptFunctionCall,
    ScriptOutput,
    ScriptRateLimits,
    ScriptReasoning,
    ScriptStall,
    ScriptText,
    ScriptWait,
    cut,
)
from codex_rpc.protocol.script import ScriptError as ScriptFailure

Beat = tuple[int, Sequence[ModelEvent]]
"""Events that come together, and the milliseconds before them."""


class ScriptIds:
    """Numbers of what was made up last, by kind."""

    def __init__(self) -> None:
        self._responses = self._messages = self._reasonings = self._calls = 0

    def go_on_from(self, items: Sequence[ResponseItem]) -> None:
        """Count what a conversation holds, as if it had been made up here."""
        messages = reasonings = calls = 0
        for item in items:
            messages += isinstance(item, MessageItem) and item.role == "assistant"
            reasonings += isinstance(item, ReasoningItem)
            calls += isinstance(item, ToolCallItem)
        self._messages = max(self._messages, messages)
        self._reasonings = max(self._reasonings, reasonings)
        self._calls = max(self._calls, calls)

    def response(self) -> str:
        self._responses += 1
        return f"resp_script_{self._responses}"

    def message(self) -> str:
        self._messages += 1
        return f"msg_script_{self._messages}"

    def reasoning(self) -> str:
        self._reasonings += 1
        return f"rs_script_{self._reasonings}"

    def call(self, given: str | None) -> str:
        self._calls += 1
        return given or f"call_script_{self._calls}"


def beats(output: ScriptOutput, ids: ScriptIds) -> Iterator[Beat]:
    """Everything that `output` streams, in order; nothing if it ends the stream."""
    match output:
        case ScriptText():
            yield from _text_beats(output, ids.message())
        case ScriptReasoning():
            yield from _reasoning_beats(output, ids.reasoning())
        case ScriptFunctionCall(name=name, namespace=namespace, call_id=call_id):
            call = FunctionCallItem(
                name=name,
                namespace=namespace,
                arguments=to_json(output.arguments).decode(),
                call_id=ids.call(call_id),
            )
            yield 0, [OutputItemDone(call)]
        case ScriptCustomToolCall(name=name, input=text, call_id=call_id):
            call_id = ids.call(call_id)
            yield 0, [OutputItemDone(CustomToolCallItem(name=name, input=text, call_id=call_id))]
        case ScriptWait(ms=ms):
            yield ms, ()
        case ScriptRateLimits():
            yield 0, [RateLimitsReported(_rate_limits(output))]
        case ScriptFailure() | ScriptCut() | ScriptStall():
            pass
        case _:
            assert_never(output)


def _text_beats(output: ScriptText, item_id: str) -> Iterator[Beat]:
    pieces = output.pieces
    yield 0, [OutputItemStarted(_message([], item_id, output.phase))]
    for piece in pieces:
        yield output.delay_ms, [TextDelta(piece)]
    text = OutputText(text="".join(pieces))
    yield 0, [OutputItemDone(_message([text], item_id, output.phase))]


def _message(content: list[ContentPart], item_id: str, phase: str | None) -> MessageItem:
    return MessageItem(role="assistant", content=content, id=item_id, phase=phase)


def _reasoning_beats(output: ScriptReasoning, item_id: str) -> Iterator[Beat]:
    yield 0, [OutputItemStarted(ReasoningItem(id=item_id))]
    for index, section in enumerate(output.summary):
        yield 0, [ReasoningSummaryPartStarted(index)]
        for piece in cut(section, output.chunk_size):
            yield output.delay_ms, [ReasoningSummaryDelta(piece, index)]
    for index, part in enumerate(output.content or ()):
        for piece in cut(part, output.chunk_size):
            yield output.delay_ms, [ReasoningDelta(piece, index)]
    summary = [SummaryText(text=section) for section in output.summary]
    content = [ReasoningText(text=part) for part in output.content or ()] or None
    yield 0, [OutputItemDone(ReasoningItem(id=item_id, summary=summary, content=content))]


def error_of(output: ScriptFailure) -> ModelError:
    """What a real provider's refusal in these words would become."""
    if output.status is None:
        return error_from_failure({"code": output.code, "message": output.message})
    body = output.message
    if output.code is not None:
        body = to_json({"error": {"code": output.code, "message": output.message}}).decode()
    wait = output.retry_after_ms
    headers = {} if wait is None else {"retry-after-ms": str(wait)}
    return error_from_status(output.status, headers, body)


def _rate_limits(output: ScriptRateLimits) -> RateLimits:
    secondary = output.secondary_used_percent
    return RateLimits(
        primary=RateWindow(
            output.primary_used_percent, output.primary_window_minutes, output.primary_resets_at
        ),
        secondary=None
        if secondary is None
        else RateWindow(secondary, output.secondary_window_minutes, output.secondary_resets_at),
        plan_type=output.plan_type,
    )
