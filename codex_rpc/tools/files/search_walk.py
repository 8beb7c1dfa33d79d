"""Searches files without ripgrep. A program of its own, which imports nothing of ours.

It runs as a process so that a pattern on which Python's `re` never ends can be stopped. What it is
called with is `pattern`, `include` and `path`; like ripgrep it prints the names of the files that
match, with a NUL behind each, and exits with 1 if there are none and with 2 if the pattern is no
pattern. It leaves out hidden and binary files, but knows no `.gitignore`.
"""

import os
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

_MAX_BYTES = 32 * 1024 * 1024
_BRACES = re.compile(r"\{([^{}]*)\}")


def main(pattern: str, include: str, path: str) -> int:
    try:
        wanted = re.compile(pattern.encode(), re.MULTILINE)
    except re.error as error:
        sys.stderr.write(f"regex parse error: {error}\n")
        return 2
    globs = list(_expanded(include)) if include else []
    any_matches = False
    for file in _files(Path(path)):
        if _is_wanted(file, Path(path), globs) and _matches(file, wanted):
            sys.stdout.buffer.write(os.fsencode(file) + b"\0")
            any_matches = True
    return 0 if any_matches else 1


def _expanded(glob: str) -> Iterator[str]:
    """`*.{py,pyi}` is `*.py` and `*.pyi`."""
    braces = _BRACES.search(glob)
    if braces is None:
        yield glob
        return
    for choice in braces[1].split(","):
        yield from _expanded(glob[: braces.start()] + choice + glob[braces.end() :])


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file


def _is_wanted(file: Path, root: Path, globs: list[str]) -> bool:
    if not globs:
        return True
    inside = str(file.relative_to(root))
    return any(fnmatch(inside if "/" in glob else file.name, glob.lstrip("/")) for glob in globs)


def _matches(file: Path, wanted: "re.Pattern[bytes]") -> bool:
    try:
        if file.stat().st_size > _MAX_BYTES:
            return False
        data = file.read_bytes()
    except OSError:
        return False
    return b"\0" not in data and wanted.search(data) is not None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
