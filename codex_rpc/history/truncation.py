"""Shortening what tools return, so that one output cannot fill the model's window.

The middle goes and a note says how much that was. A shortened text fits its limit, note included;
so shortening twice is the same as once, and a recorded output stays as it is when it is read back.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.history.tokens import BYTES_PER_TOKEN, byte_size, tokens_of_bytes
from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallOutputItem,
    FunctionCallOutputItem,
    InputText,
    OutputText,
    ResponseItem,
)

SMALLEST_BYTES = 128
"""A lower limit counts as this much: less would hold little more than the note."""

_SMALLEST_PIECE_BYTES = 64
"""A part that would be cut to less than this is left out instead."""

TextPart = InputText | OutputText


class TruncationPolicy(Struct, frozen=True):
    """How much of an output a model is given; what is cut is told in the same unit."""

    mode: Literal["bytes", "tokens"]
    limit: int

    @property
    def byte_budget(self) -> int:
        """The most bytes of UTF-8 that a shortened text has."""
        size = self.limit if self.mode == "bytes" else self.limit * BYTES_PER_TOKEN
        return max(size, SMALLEST_BYTES)

    def with_allowance(self) -> "TruncationPolicy":
        """A fifth more, for what a tool wraps around an output that it has shortened itself."""
        return replace(self, limit=-(-self.limit * 6 // 5))


DEFAULT_POLICY = TruncationPolicy("tokens", 10_000)


def truncated_text(text: str, policy: TruncationPolicy) -> str:
    """`text`, without its middle if it is too long."""
    return _cut_to(text, policy, policy.byte_budget)


def truncated_output(text: str, policy: TruncationPolicy) -> str:
    """The same for a command's output: if it is cut, its number of lines comes first.

    The heading is not part of the limit; `TruncationPolicy.with_allowance` has room for it.
    """
    shortened = truncated_text(text, policy)
    if shortened == text:
        return text
    return f"Total output lines: {_line_count(text)}\n\n{shortened}"


def truncated_parts(parts: Sequence[ContentPart], policy: TruncationPolicy) -> list[ContentPart]:
    """An output of several parts: the limit is spent on its texts in order, the rest is left out.

    Images and parts of unknown kinds are kept; they are no text to be cut.
    """
    texts = [part for part in parts if isinstance(part, TextPart)]
    if sum(byte_size(part.text) for part in texts) <= policy.byte_budget:
        return list(parts)
    left = policy.byte_budget - byte_size(_omission_note(len(texts)))
    omitted = 0
    kept: list[ContentPart] = []
    for part in parts:
        if not isinstance(part, TextPart):
            kept.append(part)
            continue
        size = byte_size(part.text)
        if size <= left:
            kept.append(part)
            left -= size
            continue
        if left >= _SMALLEST_PIECE_BYTES:
            cut = _cut_to(part.text, policy, left)
            kept.append(part.model_copy(update={"text": cut}))
        else:
            omitted += 1
        left = 0
    if omitted:
        kept.append(InputText(text=_omission_note(omitted)))
    return kept


def truncated_output_item(item: ResponseItem, policy: TruncationPolicy) -> ResponseItem:
    """The item as history keeps it: only outputs of tools are ever shortened.

    `policy` is the model's; what a tool has shortened to it passes as it is.
    """
    allowed = policy.with_allowance()
    match item:
        case FunctionCallOutputItem(output=output) | CustomToolCallOutputItem(output=output):
            kept = (
                truncated_text(output, allowed)
                if isinstance(output, str)
                else truncated_parts(output, allowed)
            )
            return item if kept == output else item.model_copy(update={"output": kept})
        case _:
            return item


def _cut_to(text: str, policy: TruncationPolicy, budget: int) -> str:
    # A character has at most four bytes, so that most texts need not be encoded to be seen to fit.
    if 4 * len(text) <= budget or byte_size(text) <= budget:
        return text
    data = text.encode(errors="surrogatepass")
    # The note for all of it is the longest there can be, so what is kept leaves room for the real.
    keep = budget - byte_size(_cut_note(policy, len(data), len(text)))
    head_end, tail_start = keep // 2, len(data) - (keep - keep // 2)
    while _inside_character(data, head_end):
        head_end -= 1
    while _inside_character(data, tail_start):
        tail_start += 1
    head = data[:head_end].decode(errors="surrogatepass")
    tail = data[tail_start:].decode(errors="surrogatepass")
    note = _cut_note(policy, tail_start - head_end, len(text) - len(head) - len(tail))
    return f"{head}{note}{tail}"


def _inside_character(data: bytes, position: int) -> bool:
    return position < len(data) and data[position] & 0xC0 == 0x80


def _cut_note(policy: TruncationPolicy, size: int, characters: int) -> str:
    if policy.mode == "tokens":
        return f"…{tokens_of_bytes(size)} tokens truncated…"
    return f"…{characters} chars truncated…"


def _omission_note(count: int) -> str:
    return f"[omitted {count} text items ...]"


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))
