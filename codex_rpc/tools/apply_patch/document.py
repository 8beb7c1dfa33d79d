"""A file's text as lines that can be sought and replaced, fast enough for very long files. Pure.

A text is what the workspace reads: bytes that are not UTF-8 are lone surrogates in it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from codex_rpc.tools.apply_patch.line_diff import split_lines

_PLAIN = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u00a0\u202f\u205f\u3000", " ")
    | {chr(code): " " for code in range(0x2002, 0x200B)}
    | {"\ufeff": ""}
)

_SEEKS_BEFORE_INDEX = 8
"""Looking through all lines is quicker for a few chunks, and takes no memory."""


def is_utf8(text: str) -> bool:
    """Whether the file that this text was read from is UTF-8 throughout."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(text: str) -> str:
    """The text as a reader of UTF-8 sees it: replacement characters for what is none."""
    return text if is_utf8(text) else text.encode(errors="surrogateescape").decode(errors="replace")


def _as_plain(line: str) -> str:
    return readable(line).translate(_PLAIN).strip()


_FORMS: tuple[Callable[[str], str], ...] = (str, str.rstrip, str.strip, _as_plain)
"""What to compare instead of a line, from the strictest to the loosest."""


class Line(Struct, frozen=True):
    """A line and its end; "" for a last line without one, `None` for a line the patch adds."""

    body: str
    end: str | None = None


class Stretch(Struct, frozen=True):
    """Lines `start` to `stop` of the old text, and what takes their place."""

    start: int
    stop: int
    lines: Sequence[Line]


class Document:
    """The old text, line by line, in every form a chunk may be sought in."""

    def __init__(self, text: str) -> None:
        self._lines = split_lines(text)
        self._newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        self._forms: list[list[str]] = []
        self._places: dict[int, Mapping[str, Sequence[int]]] = {}
        self._seeks = 0

    def lines(self, start: int, stop: int) -> list[Line]:
        """Those lines as the file has them."""
        both = zip(self._form(0)[start:stop], self._lines[start:stop], strict=True)
        return [Line(body, line[len(body) :]) for body, line in both]

    def insertion_point(self) -> int:
        """Where lines go that belong at the end: before a blank last line, if there is one."""
        count = len(self._lines)
        return count - 1 if count and not _body(self._lines[-1]) else count

    def seek(self, wanted: Sequence[str], start: int, *, at_end: bool = False) -> int | None:
        """The first place of `wanted` from `start` on; if `at_end`, the one nearest to the end."""
        last = len(self._lines) - len(wanted)
        if last < start:
            return None
        self._seeks += 1
        if at_end:
            found = self._find(wanted, range(last, last + 1))
            return self._find(wanted, range(last - 1, start - 1, -1)) if found is None else found
        return self._find(wanted, range(start, last + 1))

    def _find(self, wanted: Sequence[str], places: range) -> int | None:
        if not places:
            return None
        for level, make in enumerate(_FORMS):
            lines = self._form(level)
            pattern = [make(line) for line in wanted]
            for place in self._candidates(level, pattern, places):
                if lines[place : place + len(pattern)] == pattern:
                    return place
        return None

    def _candidates(self, level: int, pattern: Sequence[str], places: range) -> Iterator[int]:
        """Where the pattern may be, in the order of `places`."""
        if len(places) == 1:
            yield places[0]
        elif self._seeks > _SEEKS_BEFORE_INDEX:
            yield from self._indexed(level, pattern, places)
        elif places.step < 0:
            lines = self._form(level)
            yield from (place for place in places if lines[place] == pattern[0])
        else:
            yield from _occurrences(self._form(level), pattern[0], places)

    def _indexed(self, level: int, pattern: Sequence[str], places: range) -> Iterator[int]:
        """Where the pattern's rarest line is."""
        index = self._index(level)
        rare, offset = min(
            ((index.get(line, ()), offset) for offset, line in enumerate(pattern)),
            key=lambda found: len(found[0]),
        )
        low, high = min(places[0], places[-1]), max(places[0], places[-1])
        found = rare[bisect_left(rare, low + offset) : bisect_left(rare, high + offset + 1)]
        yield from (place - offset for place in (found if places.step > 0 else reversed(found)))

    def _index(self, level: int) -> Mapping[str, Sequence[int]]:
        if level not in self._places:
            places: defaultdict[str, list[int]] = defaultdict(list)
            for place, line in enumerate(self._form(level)):
                places[line].append(place)
            self._places[level] = places
        return self._places[level]

    def _form(self, level: int) -> list[str]:
        """The bodies after `_FORMS[level]`; made once, since every chunk may need them."""
        while len(self._forms) <= level:
            make = _FORMS[len(self._forms)]
            bodies = self._forms[0] if self._forms else map(_body, self._lines)
            self._forms.append([make(body) for body in bodies])
        return self._forms[level]

    def render(self, stretches: Sequence[Stretch]) -> str:
        """The new text. `stretches` are in order; of two that overlap the later one yields."""
        kept: list[str] = []
        position = 0
        for stretch in stretches:
            kept += self._lines[position : stretch.start]
            kept += [
                line.body + (self._newline if line.end is None else line.end)
                for line in stretch.lines
            ]
            position = max(position, stretch.stop)
        kept += self._lines[position:]
        # Only a last line may go without a line end, and only one that was there before.
        unfinished = (place for place, line in enumerate(kept[:-1]) if not line.endswith("\n"))
        for place in list(unfinished):
            kept[place] += self._newline
        return "".join(kept)


def _occurrences(lines: list[str], wanted: str, places: range) -> Iterator[int]:
    place = places.start
    while True:
        try:
            place = lines.index(wanted, place, places.stop)
        except ValueError:
            return
        yield place
        place += 1


def _body(line: str) -> str:
    """The line without its end; a carriage return alone ends nothing."""
    return line[: -2 if line.endswith("\r\n") else -1] if line.endswith("\n") else line
