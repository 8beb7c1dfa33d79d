"""The port through which tools read and write files."""

from pathlib import Path
from typing import Protocol


class Workspace(Protocol):
    """Files as the agent sees them. An editor's unsaved buffers may stand in front of the disk.

    Paths are absolute. Contents are text; `newline` translation never happens. Every method raises
    `OSError` as the file system would, and `UnicodeDecodeError` for a file that is not UTF-8.
    """

    async def read(self, path: Path) -> str | None:
        """The file's text, or `None` if there is no such file."""
        ...

    async def write(self, path: Path, text: str) -> None:
        """Create or replace the file, making missing parent directories."""
        ...

    async def remove(self, path: Path) -> None:
        """Delete the file."""
        ...
