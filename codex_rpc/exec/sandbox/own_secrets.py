"""Which files of our own directory no command may read: logins, and what they are written to."""

import os
from collections.abc import Iterator

_PREFIXES = ("auth.json", ".auth-", ".credentials.json")


def is_secret(name: str) -> bool:
    """Whether a file of that name in our directory is one."""
    return name.startswith(_PREFIXES)


def secret_files(home: str) -> Iterator[tuple[str, str]]:
    """Those that are there: their paths, and where these lead."""
    for entry in sorted(os.scandir(home), key=lambda entry: entry.name):
        if is_secret(entry.name) and entry.is_file():
            yield entry.path, os.path.realpath(entry.path)
