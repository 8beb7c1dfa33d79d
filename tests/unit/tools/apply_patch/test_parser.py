"""The patch grammar: what is accepted, what is refused, and on which line."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.parser import (
    AddFile,
    Chunk,
    DeleteFile,
    Patch,
    PatchLine,
    UpdateFile,
    parse_patch,
)


def patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


def update(*lines: str) -> str:
    return patch("*** Update File: f.py", *lines)


def chunks_of(text: str) -> tuple[Chunk, ...]:
    (hunk,) = parse_patch(text).hunks
    assert isinstance(hunk, UpdateFile)
    return hunk.chunks


def refusal(text: str) -> str:
    with pytest.raises(PatchError) as caught:
        parse_patch(text)
    return str(caught.value)


REMOVE_A = PatchLine("remove", "a")
ADD_B = PatchLine("add", "b")


def test_every_kind_of_hunk_is_read():
    text = patch(
        "*** Add File: new.txt",
        "+one",
        "+",
        "+two",
        "*** Delete File: old.txt",
        "*** Update File: f.py",
        "*** Move to: g.py",
        "@@ def f():",
        " x",
        "-a",
        "+b",
        "*** End of File",
    )
    chunk = Chunk(("def f():",), (PatchLine("context", "x"), REMOVE_A, ADD_B), at_end=True)
    assert parse_patch(text) == Patch(
        (
            AddFile("new.txt", "one\n\ntwo\n"),
            DeleteFile("old.txt"),
            UpdateFile("f.py", (chunk,), "g.py"),
        )
    )


def test_blanks_around_the_patch_and_its_markers_do_not_matter():
    """Session core 13, rule 1."""
    text = "\n  *** Begin Patch  \n  *** Delete File:  old.txt \n\t*** End Patch \n\n"
    assert parse_patch(text) == Patch((DeleteFile("old.txt"),))


def test_text_without_the_markers_is_refused():
    """Session core 13, rule 1."""
    first = "invalid patch: The first line of the patch must be '*** Begin Patch'"
    last = "invalid patch: The last line of the patch must be '*** End Patch'"
    assert refusal("") == first
    assert refusal("*** Delete File: a\n*** End Patch") == first
    assert refusal("*** Begin Patch\n*** Delete File: a") == last
    assert refusal("*** Begin Patch") == last


@pytest.mark.parametrize("start", ["<<EOF", "<<'EOF'", '<<"EOF"'])
def test_a_here_document_around_the_patch_is_taken_off(start: str):
    """Session core 13, rule 2."""
    text = f"{start}\n{patch('*** Delete File: a')}\nEOF\n"
    assert parse_patch(text) == Patch((DeleteFile("a"),))


@pytest.mark.parametrize("start", ["<<\"EOF'", "<<'EOF\"", "<<END", "cat <<EOF"])
def test_another_wrapper_is_refused(start: str):
    """Session core 13, rule 2."""
    assert "The first line" in refusal(f"{start}\n{patch('*** Delete File: a')}\nEOF")


def test_a_here_document_too_short_for_a_patch_is_refused():
    """Session core 13, rule 2."""
    assert "The first line" in refusal("<<EOF\n*** Begin Patch\nEOF")


def test_an_unknown_header_is_refused_with_its_line_and_the_valid_ones():
    """Session core 13, rule 3."""
    assert refusal(patch("*** Delete File: a", "*** Rename File: b")) == (
        "invalid hunk at line 3, '*** Rename File: b' is not a valid hunk header. "
        "Valid hunk headers: '*** Add File: {path}', '*** Delete File: {path}', "
        "'*** Update File: {path}'"
    )
    assert refusal(patch("bad")).startswith("invalid hunk at line 2, 'bad' is not")


def test_a_header_without_a_path_is_refused():
    assert "is not a valid hunk header" in refusal(patch("*** Add File: ", "+x"))


def test_a_path_with_a_nul_is_refused():
    assert "NUL" in refusal(patch("*** Add File: a\0b", "+x"))


def test_an_added_file_may_be_empty():
    """Session core 13, rule 4."""
    assert parse_patch(patch("*** Add File: a")) == Patch((AddFile("a", ""),))


def test_an_added_file_ends_at_the_first_line_without_a_plus():
    """Session core 13, rule 4."""
    assert refusal(patch("*** Add File: a", "+x", "y")).startswith("invalid hunk at line 4, 'y'")


def test_blank_lines_between_hunks_are_skipped():
    text = patch("", "*** Add File: a", "+x", "", "*** Delete File: b", "")
    assert parse_patch(text) == Patch((AddFile("a", "x\n"), DeleteFile("b")))


def test_an_update_without_chunks_is_refused_moved_or_not():
    """Session core 13, rule 5."""
    expected = "invalid hunk at line 2, Update file hunk for path 'f.py' is empty"
    assert refusal(update()) == expected
    assert refusal(update("*** Move to: g.py")) == expected
    assert refusal(update("", "*** Delete File: x")) == expected


def test_the_first_chunk_may_go_without_a_marker_and_the_next_may_not():
    """Session core 13, rule 6."""
    assert chunks_of(update("-a", "+b")) == (Chunk((), (REMOVE_A, ADD_B)),)
    assert refusal(update("-a", "+b", "*** End of File", "-a")) == (
        "invalid hunk at line 6, Expected update hunk to start with a @@ context marker, got: '-a'"
    )


def test_blank_lines_between_chunks_are_skipped():
    """Session core 13, rule 6."""
    text = update("", "@@", "-a", "*** End of File", "", " ", "@@", "+b", "*** End of File", "")
    assert chunks_of(text) == (
        Chunk((), (REMOVE_A,), at_end=True),
        Chunk((), (ADD_B,), at_end=True),
    )


def test_a_line_with_a_star_ends_the_hunk():
    """Session core 13, rule 6."""
    assert "'*** Foo' is not a valid hunk header" in refusal(update("-a", "*** Foo"))


def test_an_empty_line_in_a_chunk_is_empty_context():
    """Session core 13, rule 7."""
    blank = PatchLine("context", "")
    assert chunks_of(update("@@", "-a", "", "+b"))[0].lines == (REMOVE_A, blank, ADD_B)


def test_an_unprefixed_line_ends_a_chunk_and_is_refused_as_its_first():
    """Session core 13, rule 7."""
    assert refusal(update("-a", "oops")).endswith("start with a @@ context marker, got: 'oops'")
    assert refusal(update("@@", "oops")) == (
        "invalid hunk at line 4, Unexpected line found in update hunk: 'oops'. Every line should "
        "start with ' ' (context line), '+' (added line), or '-' (removed line)"
    )


@pytest.mark.parametrize("body", [("*** End of File",), ()])
def test_a_chunk_without_lines_is_refused(body: tuple[str, ...]):
    """Session core 13, rule 8."""
    expected = "invalid hunk at line 4, Update hunk does not contain any lines"
    assert refusal(update("@@", *body)) == expected


def test_a_patch_without_hunks_is_read_as_empty():
    """Session core 13, rule 9."""
    assert parse_patch(patch()) == Patch(())


def test_several_context_lines_narrow_the_scope_in_turn():
    """Session core 13, rule 10: the documented form is accepted."""
    text = update("@@ class A:", "@@     def f(self):", "-a", "@@", "@@ class B:", "+b")
    assert chunks_of(text) == (
        Chunk(("class A:", "    def f(self):"), (REMOVE_A,)),
        Chunk(("class B:",), (ADD_B,)),
    )


@pytest.mark.parametrize("ranges", ["@@ -1,3 +1,4 @@", "@@ -1 +1 @@ def f():"])
def test_the_line_numbers_of_a_classic_diff_are_ignored(ranges: str):
    assert chunks_of(update(ranges, "-a", "+b")) == (Chunk((), (REMOVE_A, ADD_B)),)


def test_markers_behind_a_prefix_are_content():
    text = update(" *** End Patch", "+@@ x", "-*** Add File: y", " *** End of File", "-a")
    assert [line.text for line in chunks_of(text)[0].lines] == [
        "*** End Patch",
        "@@ x",
        "*** Add File: y",
        "*** End of File",
        "a",
    ]


def test_a_patch_with_crlf_line_ends_reads_as_one_without():
    text = update("@@ def f():", "-a", "+b", "", "*** End of File")
    assert parse_patch(text.replace("\n", "\r\n")) == parse_patch(text)


def test_text_that_cannot_be_written_to_a_file_is_refused():
    assert "surrogates" in refusal(patch("*** Add File: a", "+\ud800"))


MARKERS = ["*** Begin Patch", "*** End Patch", "*** Move to: d", "*** End of File", "@@", "@@ x"]
HEADERS = ["*** Add File: a", "*** Update File: b", "*** Delete File: c"]
PIECES = st.sampled_from([*MARKERS, *HEADERS, "+x", "-x", " x", "", "<<EOF", "EOF"])


@given(st.lists(PIECES | st.text(max_size=5), max_size=12))
def test_any_text_is_either_a_patch_or_refused(lines: list[str]):
    for text in ("\n".join(lines), patch(*lines)):
        with suppress(PatchError):
            assert isinstance(parse_patch(text), Patch)
