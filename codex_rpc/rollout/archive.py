"""Moving a thread's files to the archive and back, and removing them.

The newest file decides where a thread is, so it is the last to go and the first to come back: who
is stopped in between leaves a thread that is whole.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from codex_rpc.errors import InvalidRequestError
from codex_rpc.rollout.files import ARCHIVED, day_folder


def archive_files(codex_home: Path, files: Sequence[Path]) -> Mapping[Path, Path]:
    """Move files, oldest first, to the archive. Returns where they are now. Blocking.

    Raises:
        InvalidRequestError: if others of the same name are there.
        OSError: if they cannot be moved.
    """
    return _move({path: codex_home / ARCHIVED / path.name for path in files})


def unarchive_files(codex_home: Path, files: Sequence[Path]) -> Mapping[Path, Path]:
    """Move files, oldest first, from the archive to their days. Returns where they are now.

    The newest counts as changed now, as after the other program brought it back. Blocking.

    Raises:
        InvalidRequestError: if others of the same name are there.
        OSError: if they cannot be moved.
    """
    newest_first = list(reversed(files))
    moves = _move({path: day_folder(codex_home, path.name) / path.name for path in newest_first})
    if newest_first:
        os.utime(moves[newest_first[0]])
    return moves


def delete_files(files: Sequence[Path]) -> None:
    """Remove files for good, the newest last. Blocking.

    Raises:
        OSError: if one cannot be removed.
    """
    for path in files:
        path.unlink(missing_ok=True)


def _move(moves: Mapping[Path, Path]) -> Mapping[Path, Path]:
    for old, new in moves.items():
        if new.exists():
            raise InvalidRequestError(f"cannot move {old.name}: there is another file of that name")
    for old, new in moves.items():
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
    return moves
