"""The port through which tools read and write files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct


class Workspace(Protocol):
    """Files as the agent sees them. An editor's unsaved buffers may stand in front of the disk.

    Paths are absolute. Contents are text; `newline` translation never happens, and a byte that is
    not UTF-8 is a lone surrogate (Python's `surrogateescape`), which is written as that byte again.
    Every method raises `OSError` as the file system would.
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


class FileFacts(Struct, frozen=True):
    """What a file is besides its text: its permission bits, and how many names it has."""

    mode: int
    names: int


@runtime_checkable
class FileSystem(Protocol):
    """What a workspace offers besides if its files lie in a file system.

    There a path may lead somewhere else, and somebody may change where while a patch is looked at.
    So what changes files, `Workspace.write` and `remove` among it, follows no symbolic link
    anywhere in its path and fails if there is one: it takes what `locate` returned.
    """

    async def locate(self, path: Path, *, follow: bool) -> Path:
        """Where the path leads now, no symbolic link in it; its last name only with `follow`."""
        ...

    async def facts(self, path: Path) -> FileFacts | None:
        """What is known of the file, or `None` if there is none."""
        ...

    async def set_mode(self, path: Path, mode: int) -> None:
        """Give the file these permission bits."""
        ...

    async def overwrite(self, path: Path, text: str) -> None:
        """Write an existing file in place, which takes no room but for what it grows."""
        ...

    async def rename(self, source: Path, target: Path) -> None:
        """Rename a file, or a link, to what there is not yet."""
        ...

    async def make_folders(self, path: Path) -> Sequence[Path]:
        """Make the directories that the file would need; returns those made, outermost first."""
        ...

    async def remove_folder(self, path: Path) -> None:
        """Remove an empty directory."""
        ...
