"""Making a prompt out of history: every tool call with its output, every output with its call."""

from collections.abc import Iterable

from codex_rpc.protocol.response_items import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    LocalShellCallItem,
    ResponseItem,
    ToolOutputItem,
)

ABORTED_OUTPUT = "aborted"
"""What the model is told of a call whose output was never recorded."""


def paired(items: Iterable[ResponseItem]) -> list[ResponseItem]:
    """A copy in which calls without output get one right behind them and stray outputs are gone.

    Providers refuse a prompt that is not paired. The order of what is kept never changes, so that
    the provider's prompt cache keeps working.
    """
    items = list(items)
    answered = {item.call_id for item in items if isinstance(item, ToolOutputItem)}
    called = {call_id for item in items if (call_id := call_id_of(item)) is not None}
    prompt: list[ResponseItem] = []
    for item in items:
        if isinstance(item, ToolOutputItem) and item.call_id not in called:
            continue
        prompt.append(item)
        call_id = call_id_of(item)
        if call_id is not None and call_id not in answered:
            prompt.append(output_for(item, ABORTED_OUTPUT))
    return prompt


def call_id_of(item: ResponseItem) -> str | None:
    """The id that a tool call's output will carry; `None` for anything that is no call."""
    match item:
        case FunctionCallItem() | CustomToolCallItem() | LocalShellCallItem():
            return item.call_id
        case _:
            return None


def output_for(call: ResponseItem, text: str) -> ToolOutputItem:
    """An output of the kind that fits `call`.

    Raises:
        ValueError: if `call` is no tool call, or one without a call id.
    """
    call_id = call_id_of(call)
    if call_id is None:
        raise ValueError(f"a {call.type} item takes no output")
    if isinstance(call, CustomToolCallItem):
        return CustomToolCallOutputItem(call_id=call_id, output=text)
    return FunctionCallOutputItem(call_id=call_id, output=text)
