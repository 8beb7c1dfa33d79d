"""Tool calls and their outputs: which belongs to which, and what a provider is shown of them.

An output answers the nearest call before it that has its call id, is of its kind and has no output
yet. Ids alone would not do: some models count their calls anew in every response. A local shell
call is answered by a function's output, a custom call by a custom output. A local shell call
without a call id can be answered by nothing and is left out of every prompt.

Which output answers a call never depends on anything recorded later than that output. So recording
more leaves the earlier part of a prompt as it was, and the provider's prompt cache keeps working,
with one exception: the stand-in behind a call that had no output gives way when the output comes.
A session records an output for every call before it asks again, so that happens only to prompts
made while a call was running.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    LocalShellCallItem,
    ResponseItem,
    ToolCallItem,
    ToolOutputItem,
)

ABORTED_OUTPUT = "aborted"
"""What the model is told of a call whose output was never recorded."""

_STAND_INS = UUID("6f1b5c0e-3f0c-5d7a-9c55-0d1f6a2f7b11")
"""The namespace of stand-ins' ids, which are the same whenever a prompt is made."""


def paired(items: Iterable[ResponseItem]) -> list[ResponseItem]:
    """A copy in which calls without output get one right behind them and stray outputs are gone.

    Providers refuse a prompt that is not paired. The order of what is kept never changes.
    """
    items = list(items)
    answers = answers_of(items)
    answering = set(answers.values())
    prompt: list[ResponseItem] = []
    for index, item in enumerate(items):
        match item:
            case FunctionCallOutputItem() | CustomToolCallOutputItem():
                if index in answering:
                    prompt.append(item)
            case LocalShellCallItem(call_id=None):
                pass
            case FunctionCallItem() | CustomToolCallItem() | LocalShellCallItem():
                prompt.append(item)
                if index not in answers:
                    prompt.append(_stand_in(item))
            case _:
                prompt.append(item)
    return prompt


def answers_of(items: Sequence[ResponseItem]) -> Mapping[int, int]:
    """For each call that has an output: its index, and the index of the output."""
    open_calls: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    answers: dict[int, int] = {}
    for index, item in enumerate(items):
        match item:
            case FunctionCallOutputItem() | CustomToolCallOutputItem():
                waiting = open_calls[item.call_id, isinstance(item, CustomToolCallOutputItem)]
                if waiting:
                    answers[waiting.pop()] = index
            case _:
                call_id = call_id_of(item)
                if call_id is not None:
                    open_calls[call_id, isinstance(item, CustomToolCallItem)].append(index)
    return answers


def without_first(items: Sequence[ResponseItem]) -> list[ResponseItem]:
    """All but the oldest item and, if that is a call, its output."""
    answer = answers_of(items).get(0)
    return [item for index, item in enumerate(items) if index not in (0, answer)]


def call_id_of(item: ResponseItem) -> str | None:
    """The id that a tool call's output will carry; `None` for anything that is no call."""
    match item:
        case FunctionCallItem() | CustomToolCallItem() | LocalShellCallItem():
            return item.call_id
        case _:
            return None


def output_for(call: ResponseItem, output: str | list[ContentPart]) -> ToolOutputItem:
    """An output of the kind that fits `call`.

    Raises:
        ValueError: if `call` is no tool call, or one without a call id.
    """
    call_id = call_id_of(call)
    if call_id is None:
        raise ValueError(f"a {call.type} item takes no output")
    if isinstance(call, CustomToolCallItem):
        return CustomToolCallOutputItem(call_id=call_id, output=output)
    return FunctionCallOutputItem(call_id=call_id, output=output)


def _stand_in(call: ToolCallItem) -> ToolOutputItem:
    output = output_for(call, ABORTED_OUTPUT)
    return output.model_copy(update={"id": str(uuid5(_STAND_INS, output.call_id))})
