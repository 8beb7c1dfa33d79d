"""What a scripted response is said to have cost. Pure."""

from collections.abc import Iterable

from codex_rpc.model.port import ModelRequest, TokenUsage
from codex_rpc.protocol.response_items import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputText,
    MessageItem,
    OutputText,
    ReasoningItem,
    ResponseItem,
)
from codex_rpc.protocol.script import ScriptUsage

BYTES_PER_TOKEN = 4


def usage_of(usage: ScriptUsage) -> TokenUsage:
    return TokenUsage(
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_output_tokens=usage.reasoning_output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
    )


def estimated_usage(request: ModelRequest, said: Iterable[ResponseItem]) -> TokenUsage:
    """Token counts from the lengths of what was heard and said."""
    spoken = thought = 0
    for item in said:
        if isinstance(item, ReasoningItem):
            thought += _size(item)
        else:
            spoken += _size(item)
    heard = _tokens(len(request.instructions.encode()) + sum(map(_size, request.input)))
    return TokenUsage(
        input_tokens=heard,
        output_tokens=_tokens(spoken + thought),
        reasoning_output_tokens=_tokens(thought),
        total_tokens=heard + _tokens(spoken + thought),
    )


def _tokens(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)


def _size(item: ResponseItem) -> int:
    """Bytes of the text in an item; images and kinds without text count nothing."""
    return sum(len(text.encode()) for text in _texts(item))


def _texts(item: ResponseItem) -> Iterable[str]:
    match item:
        case MessageItem(content=parts):
            return (part.text for part in parts if isinstance(part, InputText | OutputText))
        case ReasoningItem(summary=summary, content=content):
            return (part.text for part in (*summary, *(content or ())))
        case (
            FunctionCallItem(name=name, arguments=text) | CustomToolCallItem(name=name, input=text)
        ):
            return (name, text)
        case FunctionCallOutputItem(output=output) | CustomToolCallOutputItem(output=output):
            if isinstance(output, str):
                return (output,)
            return (part.text for part in output if isinstance(part, InputText | OutputText))
        case _:
            return ()
