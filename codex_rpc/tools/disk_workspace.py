"""The workspace that is the disk itself: whole UTF-8 files, read and written in worker threads.

How a file is written: the new text goes to a new file beside it, which then takes its name, so
that neither a crash nor a full disk leaves half a text. A symbolic link is followed first and stays
a link; the permissions are copied. Where a new file would lose something else (further hard links,
another owner, extended attributes), or cannot be made or moved there, the file is written in place.
"""

import errno
import os
import secrets
import stat
from pathlib import Path

import anyio.to_thread

_CANNOT_REPLACE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
"""Refusals that come from the directory, or from the file's being a mount point."""


class DiskWorkspace:
    """Files as they are on the disk.

    Cancelling a call gives up waiting for it, or a hanging file system would hang its caller; the
    work in its thread is then completed or not.
    """

    async def read(self, path: Path) -> str | None:
        data = await anyio.to_thread.run_sync(_read, path, abandon_on_cancel=True)
        return None if data is None else data.decode()

    async def write(self, path: Path, text: str) -> None:
        await anyio.to_thread.run_sync(_write, path, text.encode(), abandon_on_cancel=True)

    async def remove(self, path: Path) -> None:
        await anyio.to_thread.run_sync(path.unlink, abandon_on_cancel=True)

    async def mode(self, path: Path) -> int | None:
        """The file's permission bits, or `None` if there is no such file."""
        return await anyio.to_thread.run_sync(_mode, path, abandon_on_cancel=True)

    async def set_mode(self, path: Path, mode: int) -> None:
        """Give the file these permission bits."""
        await anyio.to_thread.run_sync(path.chmod, mode, abandon_on_cancel=True)


def _read(path: Path) -> bytes | None:
    try:
        _require_regular(path.stat(), path)
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _require_regular(found: os.stat_result, path: Path) -> None:
    """Refuse what is no file; a pipe or a device could be read for ever."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))


def _write(path: Path, data: bytes) -> None:
    path = Path(os.path.realpath(path))
    try:
        found = path.stat()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, None)
        return
    _require_regular(found, path)
    if not os.access(path, os.W_OK):
        # Its directory alone decides whether a file can be replaced; a read-only one must not be.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if not (_is_plain(path, found) and _could_replace(path, data, found)):
        path.write_bytes(data)


def _could_replace(path: Path, data: bytes, found: os.stat_result) -> bool:
    """Try to replace the file; if that is impossible here, it may still be written in place."""
    try:
        _replace(path, data, found)
    except OSError as error:
        if error.errno not in _CANNOT_REPLACE:
            raise
        return False
    return True


def _is_plain(path: Path, found: os.stat_result) -> bool:
    """Whether content, owner and permissions are all there is to the file."""
    if found.st_nlink > 1:
        return False
    try:
        attributes = os.listxattr(path)
    except (AttributeError, OSError):  # the system or the file system has none
        return True
    # Security labels are the system's: it gives a new file in the same place the same.
    return all(name.startswith("security.") for name in attributes)


def _replace(path: Path, data: bytes, old: os.stat_result | None) -> None:
    """Write a new file and give it the name; `old` is the one it must resemble."""
    draft = path.with_name(f".codex-rpc-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                _make_alike(descriptor, old)
            file.write(data)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _make_alike(descriptor: int, old: os.stat_result) -> None:
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
