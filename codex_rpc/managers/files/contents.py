"""What is in files and directories, and what they are. Blocks."""

import base64
import binascii
import os
import re
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from codex_rpc.errors import FileTooLargeError, InvalidParamsError, NotAFileError
from codex_rpc.managers.files.disk import stop_if_cancelled
from codex_rpc.protocol.files import FsGetMetadataResponse, FsReadDirectoryEntry

READ_LIMIT = 128 * 1024 * 1024
"""Bytes of the largest file that is read. In base64 it fits into a line that we would read too."""

_PIECE = 3 * 1024 * 1024
"""How much is encoded at a time; divisible by three, so that pieces of base64 can be joined."""
_ENCODED_PIECE = _PIECE // 3 * 4
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]|=(?!=?\Z)")


def read_base64(path: Path) -> str:
    """The contents of a regular file.

    Raises:
        NotAFileError: if it is something else.
        FileTooLargeError: if it has more than `READ_LIMIT` bytes.
    """
    _require_regular(path.stat(), path)
    # What it is may have changed since; opening a pipe must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a path cannot be opened in this way
        status = os.fstat(descriptor)
        _require_regular(status, path)
        if status.st_size > READ_LIMIT:
            raise FileTooLargeError(READ_LIMIT)
        pieces: list[str] = []
        # Sizes of special file systems are no use, so the end is where nothing more comes.
        while piece := file.read(_PIECE):
            pieces.append(base64.b64encode(piece).decode("ascii"))
            if len(pieces) * _PIECE > READ_LIMIT + _PIECE:
                raise FileTooLargeError(READ_LIMIT)
            stop_if_cancelled()
    return "".join(pieces)


def decode_base64(text: str) -> bytes:
    """The bytes that are written as `text`.

    Raises:
        InvalidParamsError: if it is no base64.
    """
    try:
        if text.find("=", 0, -2) < 0:
            return b"".join(_decoded(text))
    except ValueError:
        pass
    raise InvalidParamsError(
        f"fs/writeFile requires valid base64 dataBase64: {_no_base64(text)}", path=("dataBase64",)
    )


def _decoded(text: str) -> Iterator[bytes]:
    for start in range(0, len(text), _ENCODED_PIECE):
        yield binascii.a2b_base64(text[start : start + _ENCODED_PIECE], strict_mode=True)


def _no_base64(text: str) -> str:
    """What is wrong with it. Offsets count bytes."""
    if wrong := _NO_BASE64.search(text):
        byte = wrong[0].encode("utf-8", "surrogatepass")[0]
        offset = len(text[: wrong.start()].encode("utf-8", "surrogatepass"))
        return f"Invalid symbol {byte}, offset {offset}."
    return f"Invalid input length: {len(text)}" if len(text) % 4 == 1 else "Invalid padding"


def write(path: Path, data: bytes) -> None:
    """Make `data` all that is in the file.

    Raises:
        NotAFileError: if what is there is neither file nor directory.
    """
    descriptor = open_for_writing(path)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - as above
        file.write(data)


def open_for_writing(path: Path) -> int:
    """Open a regular file, new or emptied.

    Raises:
        NotAFileError: if what is there is neither file nor directory.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    try:
        _require_regular(os.fstat(descriptor), path)
        os.truncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(status: os.stat_result, path: Path) -> None:
    if not S_ISREG(status.st_mode):
        raise NotAFileError(shown(path))


def metadata(path: Path) -> FsGetMetadataResponse:
    status = path.stat()
    born: float = getattr(status, "st_birthtime", 0.0)
    return FsGetMetadataResponse(
        is_directory=S_ISDIR(status.st_mode),
        is_file=S_ISREG(status.st_mode),
        is_symlink=path.is_symlink(),
        created_at_ms=int(born * 1000),
        modified_at_ms=status.st_mtime_ns // 1_000_000,
    )


def entries(directory: Path) -> list[FsReadDirectoryEntry]:
    """What is directly in a directory, by name."""
    found: list[FsReadDirectoryEntry] = []
    with os.scandir(directory) as scan:
        for entry in scan:
            try:
                mode = entry.stat().st_mode
            except FileNotFoundError:  # a link to nothing, or just removed
                continue
            name = shown(entry.name)
            found.append(
                FsReadDirectoryEntry(
                    file_name=name, is_directory=S_ISDIR(mode), is_file=S_ISREG(mode)
                )
            )
            stop_if_cancelled()
    return sorted(found, key=lambda entry: entry.file_name)


def shown(path: str | Path) -> str:
    """A path in letters that can be sent; what is no UTF-8 in it is replaced."""
    return os.fsencode(path).decode("utf-8", "replace")
