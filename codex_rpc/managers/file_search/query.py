"""What somebody types, read as what to look for. Pure.

The first look at many paths is taken by regular expressions over lists of them, each path after a
zero byte; they never go back further than one word, so that no query can make them slow.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from enum import Enum, auto
from typing import Self

from msgspec import Struct

from codex_rpc.managers.file_search.folding import fold
from codex_rpc.managers.file_search.scoring import (
    Fit,
    best_fit,
    best_row,
    bonuses,
    fit_in_a_row,
)

LONGEST = 512
"""Characters of a query; what is longer finds nothing."""

MOST_CLOSER = 4
"""Words of which each alone is looked for in a row, where too much fits in any way."""

NAME_FITS = 1 << 16
"""Added to a score if the query is found in the name alone."""
SAME_DIRECTORY = 2 << 16
"""Added for the best directory of exactly this name."""
SAME_FILE = 3 << 16
"""Added for files of exactly this name."""

_UNESCAPED_SPACE = re.compile(r"(?<!\\)\s+")
_BETWEEN = r"._\-+@ "


class Way(Enum):
    """How an atom is looked for."""

    SCATTERED = auto()
    IN_A_ROW = auto()
    AT_START = auto()
    AT_END = auto()
    WHOLE = auto()


class Atom(Struct, frozen=True):
    """One word of a query."""

    letters: str
    way: Way
    absent: bool = False

    @classmethod
    def of(cls, word: str) -> Self | None:
        """The atom that is written so; `None` if nothing is looked for."""
        absent = word.startswith("!")
        word = word.removeprefix("!")
        way = Way.IN_A_ROW if absent else Way.SCATTERED
        if word.startswith("^"):
            word, way = word[1:], Way.AT_START
        elif word.startswith("'"):
            word, way = word[1:], Way.IN_A_ROW
        if word.endswith("$") and not word.endswith("\\$"):
            word, way = word[:-1], Way.WHOLE if way is Way.AT_START else Way.AT_END
        letters = fold(_unescaped(word))
        return cls(letters, way, absent) if letters else None

    def condition(self, *, in_a_row: bool) -> str:
        """A regular expression that looks ahead from the beginning of a path."""
        letters = re.escape(self.letters)
        match self.way:
            case Way.SCATTERED if not in_a_row:
                ahead = _scattered(self.letters)
            case Way.SCATTERED | Way.IN_A_ROW:
                ahead = _in_a_row(self.letters)
            case Way.AT_START:
                ahead = letters
            case Way.AT_END:
                ahead = rf"[^\x00]*+(?<={letters})"
            case Way.WHOLE:
                ahead = rf"{letters}\x00"
        return f"(?{'!' if self.absent else '='}{ahead})"

    def fit(self, folded: str, bonus: list[int]) -> Fit | None:
        match self.way:
            case Way.SCATTERED:
                return best_fit(self.letters, folded, bonus)
            case Way.IN_A_ROW:
                return best_row(self.letters, folded, bonus)
            case Way.AT_START | Way.WHOLE:
                return fit_in_a_row(0, len(self.letters), bonus)
            case Way.AT_END:
                at = len(folded) - len(self.letters)
                return fit_in_a_row(at, len(self.letters), bonus)


def _unescaped(word: str) -> str:
    return re.sub(r"\\([\s!^'$])", r"\1", word)


def _scattered(letters: str) -> str:
    """The letters in order, with anything of one path between them."""
    escaped = map(re.escape, letters)
    return "".join(rf"[^\x00{letter}]*+{letter}" for letter in escaped)


def _in_a_row(letters: str) -> str:
    """The letters side by side, after anything of the same path."""
    first, rest = re.escape(letters[0]), re.escape(letters[1:])
    other = rf"[^\x00{first}]*+"
    return rf"{other}(?:{first}(?!{rest}){other})*+{first}{rest}"


def _initials(letters: str) -> str:
    """The letters as beginnings of words of a name."""
    word, gap = rf"[^\x00{_BETWEEN}]*+", rf"[{_BETWEEN}]++"
    first, *others = map(re.escape, letters)
    found = rf"(?:(?!{first}){word}{gap})*+{first}{word}"
    return found + "".join(rf"(?:{gap}(?!{c}){word})*+{gap}{c}{word}" for c in others)


class Look(Struct, frozen=True):
    """One way of going through many paths. What it finds fits better than what later ones find."""

    pattern: re.Pattern[str]
    in_names: bool
    """Whether it goes through names and not through whole paths."""
    directories: bool
    """Whether it is about directories as well as files."""
    first: tuple[re.Pattern[str], ...] | None = ()
    """Of more than can be scored, those with one of these are preferred, then those that fit most
    closely; with `None` the first ones are as good as any."""
    last: bool = True
    """Whether later looks are of no use if enough has been found so far."""


class Query(Struct, frozen=True):
    """What is looked for: paths that fit all atoms."""

    atoms: tuple[Atom, ...]

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The query that is written so; `None` if it finds nothing at all."""
        if not text or len(text) > LONGEST:
            return None
        words = _UNESCAPED_SPACE.split(unicodedata.normalize("NFC", text))
        atoms = map(Atom.of, words)
        return cls(tuple(atom for atom in atoms if atom is not None))

    @property
    def name(self) -> str | None:
        """The letters, if there is one word without special meaning, which may be of a name."""
        if len(self.atoms) != 1 or self.atoms[0].way is not Way.SCATTERED:
            return None
        return None if "/" in self.atoms[0].letters else self.atoms[0].letters

    def looks(self) -> Iterable[Look]:
        """How to go through many paths, the best that can be found first."""
        if self.name is not None:
            yield from _looks_at_names(self.name)
        every = range(len(self.atoms))
        closer = [self._path_pattern(every)]
        if len(self.atoms) > 1:
            closer += [self._path_pattern([number]) for number in every[:MOST_CLOSER]]
        whole = self._path_pattern(())
        yield Look(whole, in_names=False, directories=True, first=tuple(closer))

    def _path_pattern(self, in_a_row: Collection[int]) -> re.Pattern[str]:
        """What finds paths that fit, with the letters of some atoms side by side."""
        if len(self.atoms) == 1 and self.atoms[0].way is Way.SCATTERED:
            letters = self.atoms[0].letters
            return re.compile(re.escape(letters) if in_a_row else rf"\x00{_scattered(letters)}")
        conditions = "".join(
            atom.condition(in_a_row=number in in_a_row) for number, atom in enumerate(self.atoms)
        )
        return re.compile(rf"\x00(?=[^\x00]){conditions}")

    def fit(self, path: str) -> Fit | None:
        """How well a path fits, which is more if its name alone does."""
        if self.name is not None:
            start = path.rfind("/") + 1
            name = path[start:]
            if (found := best_fit(self.name, fold(name), bonuses(name))) is not None:
                indices = [start + index for index in found.indices]
                return Fit(found.score + NAME_FITS, indices)
        return self.fit_path(path)

    def fit_path(self, path: str) -> Fit | None:
        """How well a path fits as a whole."""
        folded, bonus = fold(path), bonuses(path)
        score, indices = 0, set[int]()
        for atom in self.atoms:
            if atom.absent:
                continue
            if (found := atom.fit(folded, bonus)) is None:
                return None
            score += found.score
            indices.update(found.indices)
        return Fit(score, sorted(indices))


def _looks_at_names(letters: str) -> Iterable[Look]:
    row = re.escape(letters)
    same = re.compile(rf"\x00{row}(?=\x00)")
    yield Look(same, in_names=True, directories=True, first=None, last=False)
    beginning = re.compile(rf"\x00{row}")
    yield Look(beginning, in_names=True, directories=False, first=None)
    scattered = re.compile(rf"\x00{_scattered(letters)}")
    closer = (re.compile(row), re.compile(rf"\x00{_initials(letters)}"))
    yield Look(scattered, in_names=True, directories=False, first=closer)
