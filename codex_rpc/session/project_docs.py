"""Project documents: the AGENTS.md files that speak to the agent, found and read.

The user's own document in `$CODEX_HOME` comes first, then those of the project, from its root down
to the working directory. How the model is told is decided in `history.fragments`.
"""

import codecs
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import anyio.to_thread
from msgspec import Struct

from codex_rpc.config.loader import Config
from codex_rpc.config.repository import is_placeholder

logger = logging.getLogger(__name__)

DOC_NAMES = ("AGENTS.override.md", "AGENTS.md")
"""What a document is called; the first of these that exists in a folder counts."""

PROJECT_DOC_SEPARATOR = "\n\n--- project-doc ---\n\n"
"""Stands between what the user says everywhere and what the project says."""


class ProjectDocs(Struct, frozen=True):
    """The documents' joined text, empty if there are none, and the files it was read from."""

    text: str
    sources: tuple[Path, ...]


class _Doc(Struct, frozen=True):
    path: Path
    text: str
    size: int
    """In bytes, as read."""


async def load_project_docs(config: Config, cwd: Path) -> ProjectDocs:
    """Read the documents that apply to work in `cwd`.

    The byte budget is the project's: the user's own document is always read whole. What cannot be
    read is logged and left out.
    """
    return await anyio.to_thread.run_sync(_load, config, cwd, abandon_on_cancel=True)


def _load(config: Config, cwd: Path) -> ProjectDocs:
    user = _user_doc(config.codex_home)
    names = (*DOC_NAMES, *config.project_doc_fallback_filenames)
    project = _project_docs(_project_folders(cwd.resolve()), names, config.project_doc_max_bytes)
    parts = [] if user is None else [user.text.strip()]
    if project:
        parts.append("\n\n".join(doc.text for doc in project))
    docs = project if user is None else [user, *project]
    return ProjectDocs(PROJECT_DOC_SEPARATOR.join(parts), tuple(doc.path for doc in docs))


def _user_doc(codex_home: Path) -> _Doc | None:
    """The first of the user's documents that says anything."""
    paths = (codex_home / name for name in DOC_NAMES)
    docs = (_read(path) for path in paths if _is_file(path))
    return next((doc for doc in docs if doc is not None), None)


def _project_docs(folders: Iterable[Path], names: Sequence[str], max_bytes: int) -> list[_Doc]:
    docs: list[_Doc] = []
    if not max_bytes:
        return docs
    remaining = max_bytes
    for path in _first_files(folders, names):
        doc = _read(path, remaining)
        if doc is not None:
            docs.append(doc)
            remaining -= doc.size
    return docs


def _first_files(folders: Iterable[Path], names: Sequence[str]) -> Iterator[Path]:
    for folder in folders:
        candidates = (folder / name for name in names)
        path = next((path for path in candidates if _is_file(path)), None)
        if path is not None:
            yield path


def _project_folders(cwd: Path) -> Sequence[Path]:
    """From the folder that holds `.git` down to `cwd`; `cwd` alone outside any repository."""
    folders = [cwd, *cwd.parents]
    for depth, folder in enumerate(folders, start=1):
        mark = folder / ".git"
        if _mode(mark) is not None and not is_placeholder(str(mark)):
            return folders[:depth][::-1]
    return [cwd]


def _is_file(path: Path) -> bool:
    mode = _mode(path)
    return mode is not None and stat.S_ISREG(mode)


def _mode(path: Path) -> int | None:
    """The mode of what `path` leads to; `None` if that is nothing."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        logger.warning("cannot look at %s: %s", path, error)
        return None


def _read(path: Path, max_bytes: int | None = None) -> _Doc | None:
    """The file, cut before the character that would exceed `max_bytes`; `None` if it is blank."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(size if max_bytes is None else min(size, max_bytes))
    except OSError as error:
        logger.warning("cannot read %s: %s", path, error)
        return None
    cut = len(data) < size
    if cut:
        logger.warning("%s does not fit project_doc_max_bytes and is cut", path)
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(data, final=not cut)
    return _Doc(path, text, len(data)) if text.strip() else None
