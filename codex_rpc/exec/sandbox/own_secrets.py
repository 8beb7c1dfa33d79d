"""Which files of our own directory no command may read: logins, and what they are written to."""

import os
from collections.abc import Iterator
from pathlib import Path

SECRET_PREFIXES = ("auth.json", ".auth-", ".credentials.json", "codex-rpc")
"""How such files are called, and the directory that nobody else has anything to look for in."""
ALWAYS_SECRET = ("auth.json", "codex-rpc/mcp-credentials.json")
"""Those that may be written while a command runs."""


def is_secret(name: str) -> bool:
    """Whether a file or directory of that name in our directory is one."""
    return name.startswith(SECRET_PREFIXES)


def secret_files(home: str) -> Iterator[tuple[str, str]]:
    """Those that are there: their paths, and where these lead."""
    for entry in sorted(os.scandir(home), key=lambda entry: entry.name):
        if is_secret(entry.name) and entry.is_file():
            yield entry.path, os.path.realpath(entry.path)
    for name in ALWAYS_SECRET:
        path = Path(home, name)
        if "/" in name and path.is_file():
            yield str(path), os.path.realpath(path)
