"""What is found among many paths, and in which order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_rpc.errors import SearchEndedError
from codex_rpc.managers.file_search.corpus import Corpus
from codex_rpc.managers.file_search.folding import fold
from codex_rpc.managers.file_search.query import Query
from codex_rpc.managers.file_search.ranking import Ranked, best


def corpus_of(*files: str, directories: tuple[str, ...] = ()) -> Corpus:
    corpus = Corpus()
    corpus.add("/root", files, is_directory=False)
    corpus.add("/root", directories, is_directory=True)
    corpus.finish()
    return corpus


def ranked(corpus: Corpus, text: str) -> list[Ranked]:
    query = Query.of(text)
    return [] if query is None else best(corpus.pieces, query, lambda: None)


def found(text: str, *files: str, directories: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    corpus = corpus_of(*files, directories=directories)
    return [(result.path, result.fit.score) for result in ranked(corpus, text)]


def paths(text: str, *files: str) -> list[str]:
    return [path for path, _ in found(text, *files)]


def test_a_file_of_just_this_name_comes_first() -> None:
    assert found("foo", "b/foo", "foo.txt", directories=("a", "a/foo")) == [
        ("b/foo", 196692),
        ("a/foo", 131156),
        ("foo.txt", 65620),
    ]
    assert found("FOO.txt", "a/foo.TXT") == [("a/foo.TXT", 196792)]


def test_of_several_directories_of_this_name_the_nearest_is_preferred() -> None:
    assert found("foo", directories=("a/b/foo", "b/foo", "long/foo")) == [
        ("b/foo", 131156),
        ("a/b/foo", 84),
        ("long/foo", 84),
    ]


def test_what_is_in_the_name_comes_before_what_is_above_it() -> None:
    assert paths("mas", "main/s", "x/l_m_a_s") == ["x/l_m_a_s", "main/s"]


FILES = ("src/main.py", "src/main_test.py", "lib/main.c", "main/src/x.py", "a b.py", "$x.py")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("src main", {"src/main.py", "src/main_test.py", "main/src/x.py"}),
        ("main src", {"src/main.py", "src/main_test.py", "main/src/x.py"}),
        ("^src", {"src/main.py", "src/main_test.py"}),
        ("t.py$", {"src/main_test.py"}),
        ("^main/src/x.py$", {"main/src/x.py"}),
        ("'n_t", {"src/main_test.py"}),
        ("main !py$", {"lib/main.c"}),
        ("!main", {"a b.py", "$x.py"}),
        ("!^src 'main", {"lib/main.c", "main/src/x.py"}),
        (r"a\ b", {"a b.py"}),
        (r"'\$x", {"$x.py"}),
        (" ", set(FILES)),
        ("^", set(FILES)),
        ("", set[str]()),
        ("zzz", set[str]()),
    ],
)
def test_words_and_signs_say_what_is_looked_for(query: str, expected: set[str]) -> None:
    assert set(paths(query, *FILES)) == expected


def test_letters_are_compared_without_case_and_accents() -> None:
    for query in ("unimain", "ÜNÏ", "u\u0308ni", "İMAIN"):
        assert paths(query, "ünïmain.txt") == ["ünïmain.txt"]


def test_digits_after_the_beginning_of_a_name_are_no_code() -> None:
    """A zero byte and digits would be another character in a regular expression."""
    assert paths("123", "a/123x", "1/2/3") == ["a/123x", "1/2/3"]
    assert paths("7 5", "75", "6") == ["75"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("abA_/1é.", min_size=1, max_size=12), min_size=1, max_size=30, unique=True),
    st.text("abA1é.", min_size=1, max_size=4),
)
def test_everything_that_fits_is_found(names: list[str], letters: str) -> None:
    def fits(path: str) -> bool:
        rest = iter(fold(path))
        return all(letter in rest for letter in fold(letters))

    files = [name.strip("/") or "x" for name in names]
    expected = {path for path in files if fits(path)}
    assert set(paths(letters, *files)) == expected


@pytest.mark.timeout(30)
def test_no_query_makes_it_slow() -> None:
    """Words of one letter repeated are what makes regular expressions go back and forth."""
    corpus = corpus_of(*(("a_" * 100 + str(number)) for number in range(300)))
    for query in ("a" * 99 + "b", "_a" * 40 + "!", "'" + "a_" * 90 + "x", "a " * 100 + "b"):
        assert ranked(corpus, query) == []


def test_a_search_that_nobody_wants_ends() -> None:
    corpus = corpus_of("a")

    def stop() -> None:
        raise SearchEndedError

    query = Query.of("a")
    assert query is not None
    with pytest.raises(SearchEndedError):
        best(corpus.pieces, query, stop)
