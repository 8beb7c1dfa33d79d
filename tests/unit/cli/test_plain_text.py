"""Cutting and cleaning text for the columns of a terminal."""

import pytest

from codex_rpc.cli.threads.plain_text import fitted, harmless, one_line, width_of


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 8, "short   "),
        ("exactly8", 8, "exactly8"),
        ("much too long", 8, "much to…"),
        ("漢字漢字漢字", 8, "漢字漢… "),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
        ("", 3, "   "),
    ],
)
def test_text_is_fitted_to_columns(text: str, width: int, expected: str) -> None:
    assert fitted(text, width) == expected
    assert width_of(fitted(text, width)) == width


def test_the_end_of_a_path_may_be_what_counts() -> None:
    assert fitted("/home/ada/projects/shop", 10, keep_end=True) == "…ects/shop"


def test_a_line_is_one_line() -> None:
    assert one_line(" a\tb\r\nc\x1b[1m d ") == "a b c d"


def test_line_ends_and_tabs_stay_in_harmless_text() -> None:
    assert harmless("a\tb\r\nc\n\x00") == "a\tb\nc\n"
