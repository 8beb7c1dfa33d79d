"""Dotted keys as a client writes them when it changes the configuration.

Unlike in TOML, a part may be any text without dots and quotes (`projects./home/me.trust_level`);
one with dots stands in double quotes, in which a backslash takes the next character as it is.
"""

import re

from codex_rpc.errors import ConfigWriteError

_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def split_key_path(text: str) -> tuple[str, ...]:
    """The parts of a dotted key.

    Raises:
        ConfigWriteError: if there are none, one is empty, or a quote is not closed.
    """
    if not text.strip():
        raise ConfigWriteError("keyPath must not be empty", "configValidationError")
    parts: list[str] = []
    position = 0
    while True:
        found = _PART.match(text, position)
        assert found is not None, "it matches nothing at all as well"
        quoted, bare = found.groups()
        part = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare
        position = found.end()
        if position < len(text) and text[position] != ".":
            raise ConfigWriteError("invalid quoted keyPath segment", "configValidationError")
        if not part:
            raise ConfigWriteError("keyPath segments must not be empty", "configValidationError")
        parts.append(part)
        if position == len(text):
            return tuple(parts)
        position += 1
