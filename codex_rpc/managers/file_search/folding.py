"""Letters as they are compared: without case and accents, each still one character. Pure."""

import unicodedata


class _Folded(dict[int, str]):
    def __missing__(self, code: int) -> str:
        character = chr(code)
        base, *marks = unicodedata.normalize("NFD", character)
        if not all(map(unicodedata.combining, marks)):
            base = character  # it is made of several letters
        self[code] = folded = base.lower()[0]
        return folded


def fold(text: str) -> str:
    """`text` for comparisons; every character stays where it is."""
    return text.lower() if text.isascii() else text.translate(_Folded())
