"""The workspace that is the disk itself: whole files, read and written in worker threads.

How a file is written: the new text goes to a new file beside it, which then takes its name, so
that neither a crash nor a full disk leaves half a text. The permissions are copied. Where a new
file would lose something else (further hard links, another owner, extended attributes), or cannot
be made or moved there, the file is written in place.
"""

import errno
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from codex_rpc.tools.workspace.disk_paths import (
    found_in,
    make_folders,
    opened_parent,
    refuse_link,
    remove_folder,
)
from codex_rpc.tools.workspace.disk_reading import QUIET, read_bytes, require_regular
from codex_rpc.tools.workspace.port import FileFacts

MAX_BYTES = 128 * 1024 * 1024
"""The largest file that is read: it is held in memory several times over to be patched."""

_CANNOT_REPLACE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
"""Refusals that come from the directory, or from the file's being a mount point."""


class DiskWorkspace:
    """Files as they are on the disk.

    Cancelling a call gives up waiting for it, or a hanging file system would hang its caller; the
    work in its thread is then completed or not.
    """

    async def read(self, path: Path) -> str | None:
        return await anyio.to_thread.run_sync(_read, path, abandon_on_cancel=True)

    async def write(self, path: Path, text: str) -> None:
        await anyio.to_thread.run_sync(_write, path, text, abandon_on_cancel=True)

    async def remove(self, path: Path) -> None:
        await anyio.to_thread.run_sync(_remove, path, abandon_on_cancel=True)

    async def locate(self, path: Path, *, follow: bool) -> Path:
        """Where the path leads now, no symbolic link in it; its last name only with `follow`."""
        return await anyio.to_thread.run_sync(_locate, path, follow, abandon_on_cancel=True)

    async def facts(self, path: Path) -> FileFacts | None:
        """What is known of the file, or `None` if there is none."""
        return await anyio.to_thread.run_sync(_facts, path, abandon_on_cancel=True)

    async def set_mode(self, path: Path, mode: int) -> None:
        """Give the file these permission bits."""
        await anyio.to_thread.run_sync(_set_mode, path, mode, abandon_on_cancel=True)

    async def overwrite(self, path: Path, text: str) -> None:
        """Write an existing file in place, which takes no room but for what it grows."""
        await anyio.to_thread.run_sync(_overwrite, path, text, abandon_on_cancel=True)

    async def rename(self, source: Path, target: Path) -> None:
        """Rename a file, or a link, to what there is not yet."""
        await anyio.to_thread.run_sync(_rename, source, target, abandon_on_cancel=True)

    async def make_folders(self, path: Path) -> Sequence[Path]:
        """Make the directories that the file would need; returns those made, outermost first."""
        return await anyio.to_thread.run_sync(make_folders, path, abandon_on_cancel=True)

    async def remove_folder(self, path: Path) -> None:
        """Remove an empty directory."""
        await anyio.to_thread.run_sync(remove_folder, path, abandon_on_cancel=True)


# --- reading -----------------------------------------------------------------------------------


def _read(path: Path) -> str | None:
    data = read_bytes(path, MAX_BYTES)
    return None if data is None else data.decode(errors="surrogateescape")


def _facts(path: Path) -> FileFacts | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return FileFacts(stat.S_IMODE(found.st_mode), found.st_nlink)


def _locate(path: Path, follow: bool) -> Path:
    return Path(os.path.realpath(path)) if follow else path.parent.resolve() / path.name


# --- writing -----------------------------------------------------------------------------------


def _write(path: Path, text: str) -> None:
    data = text.encode(errors="surrogateescape")
    if not path.parent.exists():
        make_folders(path)
    with opened_parent(path) as folder:
        found = found_in(folder, path.name)
        if found is None:
            _replace(folder, path.name, data, None)
            return
        _require_writable(folder, found, path)
        if not (_is_plain(folder, path.name, found) and _could_replace(folder, path, data, found)):
            _write_in_place(folder, path, data)


def _overwrite(path: Path, text: str) -> None:
    with opened_parent(path) as folder:
        _write_in_place(folder, path, text.encode(errors="surrogateescape"))


def _require_writable(folder: int, found: os.stat_result, path: Path) -> None:
    refuse_link(found, path)
    require_regular(found, path)
    if not os.access(path.name, os.W_OK, dir_fd=folder):
        # Its directory alone decides whether a file can be replaced; a read-only one must not be.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _could_replace(folder: int, path: Path, data: bytes, found: os.stat_result) -> bool:
    """Try to replace the file; if that is impossible here, it may still be written in place."""
    try:
        _replace(folder, path.name, data, found)
    except OSError as error:
        if error.errno not in _CANNOT_REPLACE:
            raise
        return False
    return True


def _is_plain(folder: int, name: str, found: os.stat_result) -> bool:
    """Whether content, owner and permissions are all there is to the file."""
    if found.st_nlink > 1:
        return False
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | QUIET, dir_fd=folder)
    except OSError:
        return False
    try:
        attributes = os.listxattr(descriptor)
    except (AttributeError, OSError):  # the system or the file system has none
        return True
    finally:
        os.close(descriptor)
    # Security labels are the system's: it gives a new file in the same place the same.
    return all(attribute.startswith("security.") for attribute in attributes)


def _replace(folder: int, name: str, data: bytes, old: os.stat_result | None) -> None:
    """Write a new file and give it the name; `old` is the one it must resemble."""
    draft = _unused_name()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                _make_alike(descriptor, old)
            file.write(data)
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(draft, dir_fd=folder)
        raise


def _make_alike(descriptor: int, old: os.stat_result) -> None:
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _write_in_place(folder: int, path: Path, data: bytes) -> None:
    """Shortened only at the end, so that a full disk cannot keep the old text from coming back."""
    flags = os.O_WRONLY | os.O_NOFOLLOW | QUIET
    with os.fdopen(os.open(path.name, flags, dir_fd=folder), "wb") as file:
        require_regular(os.fstat(file.fileno()), path)
        file.write(data)
        file.flush()
        file.truncate()


# --- names -------------------------------------------------------------------------------------


def _unused_name() -> str:
    return f".codex-rpc-{secrets.token_hex(8)}.tmp"


def _remove(path: Path) -> None:
    with opened_parent(path) as folder:
        os.unlink(path.name, dir_fd=folder)


def _set_mode(path: Path, mode: int) -> None:
    with opened_parent(path) as folder:
        descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | QUIET, dir_fd=folder)
        try:
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)


def _rename(source: Path, target: Path) -> None:
    with opened_parent(source) as old_folder, opened_parent(target) as new_folder:
        found = os.lstat(source.name, dir_fd=old_folder)
        if not stat.S_ISLNK(found.st_mode):
            require_regular(found, source)
        if found_in(new_folder, target.name) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        os.rename(source.name, target.name, src_dir_fd=old_folder, dst_dir_fd=new_folder)
