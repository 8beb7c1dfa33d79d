"""Which files there are below some directories, as `rg` says, or else as a walk of our own finds.

Hidden files count, what git ignores does not, nor does a `.git`; links are followed. Directories
are told as far as there are files in them.
"""

import logging
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from codex_rpc.errors import SearchEndedError
from codex_rpc.managers.file_search.corpus import LIMIT, PIECE, Corpus
from codex_rpc.managers.file_search.walk import walk

logger = logging.getLogger(__name__)

_READ_SIZE = 128 * 1024
_ARGUMENTS = (
    "--files",
    "--hidden",
    "--follow",
    "--null",
    "--no-messages",
    "--no-config",
    "--glob=!.git",
)


class Listing:
    """One go through some directories, which may be stopped from another thread."""

    def __init__(self, roots: Sequence[str], search_path: str | None) -> None:
        """`search_path` are the directories in which `rg` is looked for, as in `PATH`."""
        self._roots = tuple(dict.fromkeys(roots))
        self._search_path = search_path
        self._stopped = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Have `fill` end soon. May be called at any time, and more than once."""
        self._stopped.set()
        if (process := self._process) is not None:
            process.kill()

    def go_on(self) -> None:
        """Raise `SearchEndedError` after `stop`."""
        if self._stopped.is_set():
            raise SearchEndedError

    def fill(self, corpus: Corpus) -> None:
        """Put all paths there are into `corpus`. Blocks.

        Raises:
            SearchEndedError: after `stop`.
        """
        program = shutil.which("rg", path=self._search_path)
        for root in self._roots:
            # An empty name is no directory, and one that cannot be entered has nothing to find.
            if root and Path(root).is_dir() and os.access(root, os.R_OK | os.X_OK):
                found = (
                    _batches(walk(Path(root))) if program is None else self._ripgrep(program, root)
                )
                self._take(corpus, root, found)
        self.go_on()
        corpus.finish()

    def _take(self, corpus: Corpus, root: str, found: Iterator[Sequence[str]]) -> None:
        directories = _Directories()
        for paths in found:
            self.go_on()
            corpus.add(root, paths, is_directory=False)
            directories.add_all(paths)
            if corpus.full:
                logger.warning("a search takes no more than %d paths", LIMIT)
                break
        corpus.add(root, sorted(directories.found), is_directory=True)

    def _ripgrep(self, program: str, root: str) -> Iterator[Sequence[str]]:
        # Its own task is to read directories; a sandbox would not keep it from anything.
        with subprocess.Popen(
            [program, *_ARGUMENTS],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            self._process = process
            try:
                self.go_on()
                yield from _names(process)
            finally:
                process.kill()
                self._process = None


def _names(process: subprocess.Popen[bytes]) -> Iterator[Sequence[str]]:
    assert process.stdout is not None
    rest = b""
    while data := os.read(process.stdout.fileno(), _READ_SIZE):
        *names, rest = (rest + data).split(b"\0")
        if names:
            yield b"\0".join(names).decode("utf-8", "replace").split("\0")


def _batches(paths: Iterator[str]) -> Iterator[Sequence[str]]:
    while batch := list(islice(paths, PIECE)):
        yield batch


class _Directories:
    """The directories that some files are in."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def add_all(self, paths: Iterable[str]) -> None:
        last = ""
        for path in paths:
            directory = path[: max(path.rfind("/"), 0)]
            if directory == last:
                continue
            last = directory
            while directory and directory not in self.found:
                self.found.add(directory)
                directory = directory[: max(directory.rfind("/"), 0)]
