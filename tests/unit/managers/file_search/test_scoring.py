"""Scores and positions, measured of the `codex` command."""

import pytest

from codex_rpc.managers.file_search.folding import fold
from codex_rpc.managers.file_search.scoring import LARGEST_TABLE, best_fit, best_row, bonuses


@pytest.mark.parametrize(
    ("needle", "text", "score", "indices"),
    [
        ("main", "main.py", 109, [0, 1, 2, 3]),
        ("main", "config_main", 104, [7, 8, 9, 10]),
        ("main", "linkmain.py", 76, [4, 5, 6, 7]),
        ("main", "m/a/i/n.txt", 100, [0, 2, 4, 6]),
        ("foobar", "foo_bar", 153, [0, 1, 2, 4, 5, 6]),
        ("foobar", "fooBar", 159, [0, 1, 2, 3, 4, 5]),
        ("fb", "fooBar", 51, [0, 3]),
        ("fb", "foobar", 46, [0, 3]),
        ("fbr", "foo_bar", 66, [0, 4, 6]),
        ("123", "abc_123", 80, [4, 5, 6]),
        ("123", "Abc123X", 68, [3, 4, 5]),
        ("def", "abcDef", 68, [3, 4, 5]),
        ("def", "ABCdef", 56, [3, 4, 5]),
        ("abc", "a b c", 76, [0, 2, 4]),
        ("mas", "MyAppServer.kt", 69, [0, 2, 5]),
        ("a/c", "ab/cd", 72, [0, 2, 3]),
        ("abcd", "ab/cd", 106, [0, 1, 3, 4]),
        ("foo", "x/foo/foo", 84, [6, 7, 8]),
        ("mod5comp99", "pkg1/module_5/component9_993.ts", 238, None),
        ("unimain", "ünïmain.txt", 184, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_fit_has_the_score_of_the_reference(
    needle: str, text: str, score: int, indices: list[int] | None
) -> None:
    fit = best_fit(needle, fold(text), bonuses(text))
    assert fit is not None
    assert fit.score == score
    assert indices is None or list(fit.indices) == indices


def test_letters_out_of_order_do_not_fit() -> None:
    assert best_fit("ab", "ba", bonuses("ba")) is None
    assert best_row("ab", "a_b", bonuses("a_b")) is None


def test_in_a_row_the_first_of_the_best_places_counts() -> None:
    text = "xain/ain/ain"
    fit = best_row("ain", text, bonuses(text))
    assert fit is not None
    assert (fit.score, list(fit.indices)) == (84, [5, 6, 7])


def test_what_is_too_long_for_the_best_fit_gets_a_fit() -> None:
    text = "ab" * LARGEST_TABLE
    fit = best_fit("ab" * 50, text, bonuses(text))
    assert fit is not None
    assert list(fit.indices) == list(range(100))


def test_folding_keeps_every_character_in_its_place() -> None:
    for text, folded in {
        "ÄÖÜ İ ß ﬁ": "aou i ß ﬁ",
        "한글 日本 Ωmega": "한글 日本 ωmega",
        "e\u0301": "e\u0301",
        "Ⅷ": "ⅷ",
    }.items():
        assert fold(text) == folded
        assert len(fold(text)) == len(text)
