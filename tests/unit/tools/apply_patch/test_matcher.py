"""Finding chunks in a file, and what the file's text becomes."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.matcher import patched_text
from codex_rpc.tools.apply_patch.parser import UpdateFile, parse_patch

PATH = Path("/w/f.py")


def patched(text: str, *lines: str) -> str:
    body = "\n".join(lines)
    source = f"*** Begin Patch\n*** Update File: f.py\n{body}\n*** End Patch"
    (hunk,) = parse_patch(source).hunks
    assert isinstance(hunk, UpdateFile)
    return patched_text(text, hunk.chunks, PATH)


def refusal(text: str, *lines: str) -> str:
    with pytest.raises(PatchError) as caught:
        patched(text, *lines)
    return str(caught.value)


def test_a_change_is_made_where_its_context_is():
    assert patched("a\nb\na\nc\n", "@@", " a", "-c", "+d") == "a\nb\na\nd\n"


def test_chunks_follow_the_order_of_the_file():
    """Session core 13: the index moves past each match."""
    text = "a\nx\na\nx\n"
    assert patched(text, "-a", "+b", "@@", "-a", "+c") == "b\nx\nc\nx\n"
    assert refusal("a\nb\n", "-b", "@@", "-a") == f"Failed to find expected lines in {PATH}:\na"


def test_context_lines_narrow_the_place_one_after_the_other():
    """Session core 13, rule 10."""
    text = "class A:\n  def f():\n    x\nclass B:\n  def f():\n    x\n"
    changed = patched(text, "@@ class B:", "@@ def f():", "-    x", "+    y")
    assert changed == "class A:\n  def f():\n    x\nclass B:\n  def f():\n    y\n"


def test_context_that_is_not_there_is_refused():
    """Session core 13: a context line must be found."""
    assert refusal("a\n", "@@ class C:", "-a") == f"Failed to find context 'class C:' in {PATH}"


def test_lines_that_are_not_there_are_refused_and_shown():
    """Session core 13, matching."""
    expected = f"Failed to find expected lines in {PATH}:\na\nz"
    assert refusal("a\nb\n", "@@", " a", "-z", "+y") == expected


def test_more_lines_than_the_file_has_are_refused():
    assert "Failed to find" in refusal("a\n", " a", " b", "-c")


@pytest.mark.parametrize(
    ("in_file", "in_patch"),
    [
        ("x = 1", "x = 1"),
        ("x = 1  \t", "x = 1"),
        ("x = 1", "x = 1  "),
        ("\tx = 1", "    x = 1"),
        ("x\u2009\u2014\u00a0\u201cy\u201d \u2018z\u2019", "x - \"y\" 'z'"),
        ("  x \u2212 1", "x - 1"),
    ],
)
def test_differences_of_blanks_and_typography_are_overlooked(in_file: str, in_patch: str):
    """Session core 13, the four seek passes."""
    assert patched(f"a\n{in_file}\nb\n", f"-{in_patch}", "+new") == "a\nnew\nb\n"


def test_a_strict_match_further_down_beats_a_loose_one_above():
    """Session core 13: each pass goes over all that is left."""
    assert patched("x \n  x\nx\n", "-x", "+y") == "x \n  x\ny\n"
    assert patched("  x\nx  \n", "-x", "+y") == "  x\ny\n"
    assert patched("\u2014\n -\n", "--", "++") == "\u2014\n+\n"


def test_context_stays_as_the_file_has_it_however_loosely_it_matched():
    assert patched("\tif x:  \n\t\ty\n", " if x:", "-y", "+\t\tz") == "\tif x:  \n\t\tz\n"


def test_lines_without_a_place_go_to_the_end():
    """Session core 13: a pure insertion, before a blank last line."""
    assert patched("a\nb\n", "@@", "+c") == "a\nb\nc\n"
    assert patched("", "@@", "+c") == "c\n"
    assert patched("a\n\n", "@@", "+b") == "a\nb\n\n"


def test_lines_with_only_a_context_go_below_it():
    assert patched("a\ndef f():\nb\n", "@@ def f():", "+  x") == "a\ndef f():\n  x\nb\n"
    below_end = patched("def f():\nb\n", "@@ def f():", "+c", "*** End of File")
    assert below_end == "def f():\nb\nc\n"


def test_lines_appended_by_one_chunk_survive_a_later_chunk_at_the_end():
    assert patched("a\nb\n\n", "@@", "+new", "@@", " a", "-b", "-", "+c") == "a\nc\nnew\n"


def test_a_blank_line_the_file_does_not_have_is_overlooked_at_a_chunks_end():
    """Session core 13: sought again without the last, empty old line."""
    assert patched("a\nb\n", " a", "-b", "+c", "", "", "@@", "+d") == "a\nc\nd\n"
    assert patched("a\n", " a", " ", "+b") == "a\n\nb\n"
    assert patched("a\nb\n", "-a", "-", "+c") == "c\nb\n"
    assert patched("a\n", "@@", "+b", "") == "a\nb\n"


def test_a_blank_line_the_file_has_is_matched():
    assert patched("a\n\nb\n\n", "-b", "", "+c") == "a\n\n\nc\n"


def test_the_end_of_file_marker_means_the_last_of_equal_places():
    """Session core 13, the marker of the end."""
    text = "}\na\n}\nb\n}\n"
    assert patched(text, "@@", "-}", "+end", "*** End of File") == "}\na\n}\nb\nend\n"


def test_lines_near_the_end_will_do_if_the_end_has_others():
    """Session core 13: unlike there, the marker only prefers the end."""
    text = "}\na\n}\n\n\n"
    assert patched(text, "@@", "-}", "+end", "*** End of File") == "}\na\nend\n\n\n"


def test_the_end_of_file_never_lies_before_an_earlier_chunk():
    assert "Failed to find" in refusal("}\na\n", "-a", "@@", "-}", "*** End of File")


def test_crlf_files_keep_crlf():
    """Session core 13: on every system."""
    assert patched("a\r\nb\r\nc\r\n", " a", "-b", "+x", "+y") == "a\r\nx\r\ny\r\nc\r\n"
    assert patched("a\r\nb\r\n", "@@", "+c") == "a\r\nb\r\nc\r\n"


def test_mixed_line_ends_stay_where_they_are():
    assert patched("a\r\nb\nc\n", " a", "-b", "+x") == "a\r\nx\nc\n"


def test_a_byte_order_mark_survives_and_does_not_hide_the_first_line():
    assert patched("\ufeffa\nb\n", "-a", "+x") == "\ufeffx\nb\n"
    assert patched("\ufeffa\nb\n", "-\ufeffa", "+\ufeffx") == "\ufeffx\nb\n"


def test_a_written_last_line_gets_a_newline_and_an_untouched_one_keeps_what_it_has():
    assert patched("a\nb", "-b", "+c") == "a\nc\n"
    assert patched("a\nb", "-a", "+c") == "c\nb"
    assert patched("a\nb", " b", "+c") == "a\nb\nc\n"
    assert patched("a\r\nb", " b", "+c") == "a\r\nb\r\nc\r\n"
    assert patched("a\nb", "-b") == "a\n"


def test_blank_lines_at_the_end_of_a_file_survive():
    """Session core 13: none is lost, unlike there."""
    assert patched("a\nb\n\n\n", "-a", "+c") == "c\nb\n\n\n"
    assert patched("a\n", "-a", "+b", "+") == "b\n\n"


def test_a_file_can_be_emptied():
    assert patched("a\nb\n", "-a", "-b") == ""


def test_only_line_feeds_separate_lines():
    text = "a\x0bb\x0c\u2028c\x85\nd\n"
    assert patched(text, "-d", "+e") == "a\x0bb\x0c\u2028c\x85\ne\n"


def test_in_a_file_that_is_not_utf8_only_ascii_is_put():
    """The bytes that are not UTF-8 match what the model has seen of them, and stay."""
    latin = b"caf\xe9\nna\xefve\nx\n".decode(errors="surrogateescape")
    changed = patched(latin, " caf\ufffd", "-na\ufffdve", "+naive", " x")
    assert changed == "caf\udce9\nnaive\nx\n"
    expected = "it is not UTF-8 text, so only plain ASCII can be put into it, not: na\u00efve"
    assert refusal(latin, "-x", "+na\u00efve") == f"Cannot change {PATH}: {expected}"
    assert "only plain ASCII" in refusal(latin, "-caf\ufffd", "+caf\ufffds")
    wide = "a\nb\n".encode("utf-16").decode(errors="surrogateescape")
    assert refusal(wide, "@@", "+c") == f"Failed to read {PATH}: it is not UTF-8 text"


def test_a_nul_is_a_character_like_others():
    assert patched("a\0b\nc\n", " a\0b", "-c", "+d\0") == "a\0b\nd\0\n"


def test_thousands_of_loosely_matching_chunks_find_their_places():
    count = 4_000
    text = "".join(f"  line {number}  \n\n" for number in range(count))
    chunks = [
        line
        for number in range(0, count, 2)
        for line in ("@@", f"-line {number}", f"+new {number}")
    ]
    changed = patched(text, *chunks).split("\n")
    assert changed[:5] == ["new 0", "", "  line 1  ", "", "new 2"]
    assert len(changed) == 2 * count + 1


def test_the_place_found_is_the_same_however_many_chunks_there_are():
    """Many chunks are looked up in an index: the first place still counts, or with the marker the
    one nearest to the end."""
    filler = [line for number in range(20) for line in ("@@", f" f{number}")]
    text = "".join(f"f{number}\n" for number in range(20)) + "\nx\ny\n\nx\nz\n\nx\ny\n"
    assert patched(text, *filler, "@@", " x", "-y", "+Y").endswith("\nx\nY\n\nx\nz\n\nx\ny\n")
    at_end = patched(text, *filler, "@@", " ", "-x", "+X", "*** End of File")
    assert at_end.endswith("\nx\ny\n\nx\nz\n\nX\ny\n")
    assert "Failed to find" in refusal(text, *filler, "@@", " x", "-nowhere")


# --- any patch made from a difference makes that difference ------------------------------------

LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\ufeff"), max_size=4
)
TRICKY = st.sampled_from(["", " ", "+", "-", "@@", "@@ a", "*** End of File", "*** End Patch", "a"])
LINES = st.lists(LINE | TRICKY, max_size=12)


def chunk_lines(old: Sequence[str], new: Sequence[str], context: int) -> Iterator[str]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(context):
        yield "@@"
        for _, i, i_stop, j, j_stop in group:
            equal = old[i:i_stop] == new[j:j_stop]
            if equal:
                yield from (f" {line}" for line in old[i:i_stop])
            else:
                yield from (f"-{line}" for line in old[i:i_stop])
                yield from (f"+{line}" for line in new[j:j_stop])


def joined(lines: Sequence[str], newline: str) -> str:
    return "".join(line + newline for line in lines)


@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]))
@example(["a", ""], ["b", ""], "\n")
def test_a_chunk_over_the_whole_file_makes_any_text_of_any_other(
    old: list[str], new: list[str], newline: str
):
    lines = list(chunk_lines(old, new, context=99))
    if lines and old:
        assert patched(joined(old, newline), *lines) == joined(new, newline)


@given(st.lists(LINE | TRICKY, min_size=1, max_size=20, unique=True), LINES, st.data())
def test_chunks_with_unmistakable_context_make_exactly_the_difference(
    old: list[str], extra: list[str], data: st.DataObject
):
    pool = st.sampled_from(old + extra)
    new = [line for line in old if data.draw(st.booleans()) or data.draw(st.booleans())]
    for line in extra:
        new.insert(data.draw(st.integers(0, len(new))), data.draw(pool) if line else line)
    lines = list(chunk_lines(old, new, context=1))
    if lines:
        assert patched(joined(old, "\n"), *lines) == joined(new, "\n")


@given(st.lists(LINE | TRICKY, min_size=1, max_size=9).filter(lambda old: old[-1] != ""), LINES)
def test_a_missing_final_newline_stays_missing_only_below_an_untouched_line(
    old: list[str], new: list[str]
):
    lines = list(chunk_lines(old, new, context=99))
    if lines:
        untouched = lines[-1].startswith(" ")
        expected = joined(new, "\n")
        assert patched("\n".join(old), *lines) == (expected[:-1] if untouched else expected)
