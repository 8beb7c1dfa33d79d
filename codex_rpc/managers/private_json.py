"""PrivateJson: a JSON object in a file that only its owner may read, shared by processes.

Every method blocks. What is in the object is its owner's business.
"""

import fcntl
import json
import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

logger = logging.getLogger(__name__)


class PrivateJson:
    """One file, replaced as a whole. Drafts beside it begin with `draft`."""

    def __init__(self, path: Path, draft: str) -> None:
        self._path = path
        self._draft = draft

    def read(self) -> dict[str, Any]:
        """The object. A file that cannot be used counts as empty, with a log."""
        try:
            table: object = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            logger.warning("%s is not used: %s", self._path, error.strerror)
            return {}
        except (ValueError, RecursionError):  # their texts quote the file
            logger.warning("%s is not used: it is not JSON", self._path)
            return {}
        if not isinstance(table, dict):
            logger.warning("%s is not used: it is not an object", self._path)
            return {}
        return cast("dict[str, Any]", table)

    def write(self, table: Mapping[str, Any]) -> None:
        """Put this object in the place of the file's.

        Raises:
            OSError: if the file cannot be written; then it is as it was.
        """
        from tempfile import NamedTemporaryFile

        # The file itself is replaced where the path is a link to it.
        path = Path(os.path.realpath(self._path))
        with NamedTemporaryFile(dir=path.parent, prefix=self._draft, delete=False) as file:
            try:  # such files are readable by their owner alone from the beginning
                file.write(json.dumps(table, indent=2).encode())
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                with suppress(OSError):
                    Path(file.name).unlink()
                raise


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file at `path`, which is made, with its folder, if it is not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
