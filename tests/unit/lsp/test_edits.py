from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import (
    Position,
    PositionEncodingKind,
    Range,
    TextDocumentContentChangePartial,
    TextEdit,
)
from pygls.workspace import PositionCodec

from codex_rpc.lsp.documents import EditorDocument
from codex_rpc.lsp.edits import text_edits, was_edited

TEXTS = st.lists(
    st.sampled_from(["", "a", "b", "ä", "\U0001f600", "x\x0cy", "\u2028", "\n", "\r\n", "\r"])
).map("".join)


def applied(text: str, edits: list[TextEdit], codec: PositionCodec) -> str:
    """The text after the edits, made by pygls from the last to the first."""
    document = EditorDocument("file:///x", text, position_codec=codec)
    for edit in reversed(edits):
        document.apply_change(TextDocumentContentChangePartial(edit.range, edit.new_text))
    return document.source


@given(TEXTS, TEXTS, st.sampled_from(list(PositionEncodingKind)))
@settings(max_examples=300, deadline=None)
def test_edits_turn_one_text_into_the_other(
    old: str, new: str, encoding: PositionEncodingKind
) -> None:
    codec = PositionCodec(encoding)
    edits = text_edits(old, new, codec)
    assert applied(old, edits, codec) == new
    assert (edits == []) == (old == new) or "\r" in old


def test_edits_leave_other_lines_alone() -> None:
    assert text_edits("a\nb\nc\n", "a\nx\ny\nc\n", PositionCodec()) == [
        TextEdit(Range(Position(1, 0), Position(2, 0)), "x\ny\n")
    ]


def test_a_last_line_without_an_end_is_replaced_to_its_end() -> None:
    codec = PositionCodec(PositionEncodingKind.Utf16)
    assert text_edits("a\n\U0001f600", "a\nb", codec) == [
        TextEdit(Range(Position(1, 0), Position(1, 2)), "b")
    ]


def test_an_edit_is_recognised_beside_what_the_user_types() -> None:
    assert was_edited("a\nb\n", "a\nc\n", "typed\na\nc\n")
    assert was_edited("a\nb\n", "a\n", "typed\na\n")


def test_an_edit_that_was_dropped_is_not_taken_for_made() -> None:
    assert not was_edited("a\nb\n", "a\nc\n", "typed\na\nb\n")
    assert not was_edited("a\nb\n", "a\n", "typed\na\nb\n")
    assert not was_edited("a\nb\n", "a\nc\n", "a\nb\n")
