"""Numbered lines, and the blocks that indentation makes of them."""

from textwrap import dedent

import pytest

from codex_rpc.tools.files.indentation import BlockChoice, block_around
from codex_rpc.tools.files.text_lines import numbered, text_lines, widths


def test_only_a_line_feed_ends_a_line() -> None:
    assert text_lines("a\r\nb\x0b\u2028c\rd\n\n") == ["a", "b\x0b\u2028c\rd", ""]
    assert text_lines("") == []
    assert text_lines("a") == ["a"]


def test_lines_have_their_numbers_and_long_ones_are_cut() -> None:
    lines = ["a", "x" * 501, "b"]
    assert numbered(lines, range(1, 4)) == f"L1: a\nL2: {'x' * 500} [1 more characters]\nL3: b"


def test_what_is_not_shown_is_announced() -> None:
    lines = [str(number) for number in range(1, 11)]
    assert (
        numbered(lines, range(8, 10)) == "L8: 8\nL9: 9\n[1 more line below; go on with offset 10]"
    )
    many = ["x" * 500] * 200
    shown = numbered(many, range(1, 201)).split("\n")
    assert shown[-1] == "[120 more lines below; go on with offset 81]"


def test_a_blank_line_is_indented_as_the_next_one() -> None:
    assert widths(["a", "", "    b", "\tc", "  \td", ""]) == [0, 4, 4, 4, 4, 0]


PYTHON = dedent(
    """\
    import os


    # A class.
    @decorated
    class A:
        x = 1

        def f(self):
            if self.x:
                one()
            else:
                two()

            return 3

        def g(self):
            return 4


    def h():
        pass
    """
)
BRACES = dedent(
    """\
    int f() {
        while (1) {
            g();
        }
    }

    // second
    int h() {
    \tif (a) {
    \t\tb();
    \t} else {
    \t\tc();
    \t}
    }
    """
)


def block(text: str, choice: BlockChoice, limit: int = 100) -> tuple[str, str, int]:
    """The block's first and last line, and how many it has."""
    lines = text_lines(text)
    found = block_around(lines, choice, limit)
    return lines[found[0] - 1].strip(), lines[found[-1] - 1].strip(), len(found)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (BlockChoice(11), ("# A class.", "return 4", 15)),
        (BlockChoice(11, include_header=False), ("class A:", "return 4", 13)),
        (BlockChoice(11, max_levels=1), ("if self.x:", "two()", 4)),
        (BlockChoice(13, max_levels=1), ("if self.x:", "two()", 4)),
        (BlockChoice(11, max_levels=2), ("def f(self):", "return 3", 7)),
        (BlockChoice(11, max_levels=2, include_siblings=True), ("x = 1", "return 4", 12)),
        (BlockChoice(9), ("# A class.", "return 4", 15)),
        (BlockChoice(21), ("def h():", "pass", 2)),
        (BlockChoice(1), ("import os", "import os", 1)),
    ],
)
def test_a_block_is_found_by_its_indentation(
    choice: BlockChoice, expected: tuple[str, str, int]
) -> None:
    assert block(PYTHON, choice) == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (BlockChoice(3), ("int f() {", "}", 5)),
        (BlockChoice(3, max_levels=1), ("while (1) {", "}", 3)),
        (BlockChoice(10), ("// second", "}", 8)),
        (BlockChoice(12, max_levels=1), ("if (a) {", "}", 5)),
    ],
)
def test_a_closing_line_belongs_to_its_block(
    choice: BlockChoice, expected: tuple[str, str, int]
) -> None:
    assert block(BRACES, choice) == expected


def test_of_a_block_too_long_the_lines_nearest_to_the_anchor_are_taken() -> None:
    lines = ["def f():", *("    x" for _ in range(100))]
    assert block_around(lines, BlockChoice(50), 11) == range(45, 56)
    assert block_around(lines, BlockChoice(2), 11) == range(1, 12)
    assert block_around(lines, BlockChoice(101), 11) == range(91, 102)


def test_any_anchor_is_in_its_block() -> None:
    for text in (PYTHON, BRACES):
        lines = text_lines(text)
        for anchor in range(1, len(lines) + 1):
            for levels in range(4):
                for siblings in (True, False):
                    choice = BlockChoice(anchor, levels, siblings)
                    assert anchor in block_around(lines, choice, 5), choice
