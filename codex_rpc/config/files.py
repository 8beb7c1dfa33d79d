"""Reading TOML files: what one holds, parsed once as long as it does not change.

Which files count, and for what, is decided in `config.layers` and `config.projects`.
"""

import re
import stat
import tomllib
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codex_rpc.errors import ConfigError, ConfigFileError

MOST_FILES = 256
"""How many parsed files are remembered; the one parsed longest ago is forgotten first."""

LARGEST_BYTES = 4 * 1024 * 1024
"""A file that is larger is no configuration."""

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_Stamp = tuple[int, int, int]


@dataclass(slots=True)
class TomlFiles:
    """Parsed files, each good until its inode, size or time of change is another.

    What is returned is shared: nobody may change it.
    """

    _parsed: OrderedDict[Path, tuple[_Stamp, dict[str, Any]]] = field(
        default_factory=OrderedDict[Path, tuple[_Stamp, dict[str, Any]]]
    )

    def table(self, path: Path) -> dict[str, Any] | None:
        """What the file holds; `None` if there is none.

        Raises:
            ConfigFileError: if it is no TOML.
            ConfigError: if it cannot be read.
        """
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            self._parsed.pop(path, None)
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
            raise ConfigError(f"cannot read {path}: no regular file of a usable size")
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._parsed.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        table = parse_toml(path, _text(path))
        self._parsed[path] = (stamp, table)
        while len(self._parsed) > MOST_FILES:
            self._parsed.popitem(last=False)
        return table


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    """Parse what was read from `path`.

    Raises:
        ConfigFileError: with the line and column of what is wrong.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _POSITION.search(message)
        reason = message if found is None else message[: found.start()]
        line, column = _end_of(text)
        if found is not None and found[1]:
            line, column = int(found[1]), int(found[2])
        raise ConfigFileError(path, line, column, reason) from None
    except RecursionError:
        raise ConfigFileError(path, 1, 1, "nested too deeply") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigFileError(path, before.count(b"\n") + 1, column, "no valid UTF-8") from None


def _end_of(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1


def _unreadable(path: Path, error: OSError | ValueError) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else error
    return ConfigError(f"cannot read {path}: {reason}")
