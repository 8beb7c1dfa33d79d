"""Line differences, and the unified hunks made from them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.tools.apply_patch.line_diff import line_edits, split_lines
from codex_rpc.tools.apply_patch.unified import unified_hunks

LINES = st.lists(st.sampled_from("abcdefgh"), max_size=30) | st.lists(
    st.integers(0, 60).map(str), max_size=40
)


@given(LINES, LINES)
def test_edits_turn_the_old_lines_into_the_new_ones(old: list[str], new: list[str]):
    edits = line_edits(old, new)
    rebuilt: list[str] = []
    at = 0
    for edit in edits:
        rebuilt += old[at : edit.old_start] + new[edit.new_start : edit.new_stop]
        at = edit.old_stop
    assert rebuilt + old[at:] == new
    assert all(one.old_stop < other.old_start for one, other in pairwise(edits))


@given(st.text("ab\n\r\x0c\u2028", max_size=20))
def test_split_lines_loses_nothing(text: str):
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(line.count("\n") == line.endswith("\n") for line in lines)


def test_a_moved_block_costs_no_more_than_itself():
    old = [f"line {number}" for number in range(50)]
    edits = line_edits(old, old[5:] + old[:5])
    assert [(edit.old_stop - edit.old_start, edit.new_stop - edit.new_start) for edit in edits] == [
        (5, 0),
        (0, 5),
    ]


def test_the_shortest_script_is_found_where_no_line_is_unique():
    old, new = list("aabbaabb" * 20), list("aabbaabb" * 20)
    new[3:5], new[90:90] = [], ["a", "b"]
    changed = sum(e.old_stop - e.old_start + e.new_stop - e.new_start for e in line_edits(old, new))
    assert changed == 4


def test_repetitive_text_with_distant_edits_is_not_rewritten():
    same = "x = 0\n" * 20_000
    hunks = unified_hunks(f"first\n{same}last\n", f"{same}last\nmore\n", 1)
    assert hunks.count("\n-") + hunks.count("\n+") == 2


def test_texts_with_nothing_in_common_are_replaced_whole():
    old = [f"old {number % 700}" for number in range(1_400)]
    new = [f"new {number % 700}" for number in range(1_400)]
    (edit,) = line_edits(old, new)
    assert (edit.old_start, edit.old_stop, edit.new_start, edit.new_stop) == (0, 1_400, 0, 1_400)


def test_equal_texts_have_no_hunks():
    assert unified_hunks("a\nb", "a\nb", 3) == ""


def test_hunks_have_the_asked_context_and_merge_when_it_would_touch():
    before = "".join(f"{number}\n" for number in range(1, 10))
    after = before.replace("2\n", "two\n").replace("5\n", "five\n").replace("9\n", "nine\n")
    first = "@@ -1,6 +1,6 @@\n 1\n-2\n+two\n 3\n 4\n-5\n+five\n 6\n"
    assert unified_hunks(before, after, 1) == f"{first}@@ -8,2 +8,2 @@\n 8\n-9\n+nine\n"


def test_hunks_of_added_and_removed_texts_count_from_zero():
    assert unified_hunks("", "a\n", 3) == "@@ -0,0 +1 @@\n+a\n"
    assert unified_hunks("a\nb\n", "", 3) == "@@ -1,2 +0,0 @@\n-a\n-b\n"


def test_a_missing_final_newline_is_marked_on_either_side():
    marker = "\\ No newline at end of file\n"
    assert unified_hunks("a", "b\n", 3) == f"@@ -1 +1 @@\n-a\n{marker}+b\n"
    assert unified_hunks("x\na", "y\na", 3) == f"@@ -1,2 +1,2 @@\n-x\n+y\n a\n{marker}"
