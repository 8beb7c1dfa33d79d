"""The open documents: what the editor has in its buffers, by path.

pygls keeps the texts; this corrects what it takes for a line, finds documents by the path that the
agent names, and tells those who wait of changes.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class EditorDocument(TextDocument):
    """A text document whose lines are those of the Language Server Protocol.

    Form feeds and Unicode's line separators are content; taken for the ends of lines, they would
    put every later edit into the wrong place.
    """

    @property
    def lines(self) -> Sequence[str]:
        return _LINE.findall(self.source)


class EditorWorkspace(Workspace):
    """The workspace of pygls with such documents."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> EditorDocument:
        return EditorDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


def path_of(uri: str) -> Path | None:
    """The file of a `file:` URI."""
    path = to_fs_path(uri)
    return Path(path) if path else None


class Documents:
    """Open documents by path. Empty before the editor has introduced itself."""

    def __init__(self) -> None:
        self._workspace: EditorWorkspace | None = None
        self._changed: dict[str, anyio.Event] = {}

    def belong_to(self, workspace: EditorWorkspace) -> None:
        """The editor has introduced itself."""
        self._workspace = workspace

    @property
    def root(self) -> Path | None:
        """The editor's first folder."""
        if self._workspace is None:
            return None
        for folder in self._workspace.folders.values():
            if (path := path_of(folder.uri)) is not None:
                return path
        return Path(root) if (root := self._workspace.root_path) else None

    def at(self, path: Path) -> TextDocument | None:
        """The document that the editor has opened under this very name."""
        return next((found for other, found in self.all() if other == path), None)

    def get(self, uri: str) -> TextDocument | None:
        """The open document of that URI."""
        return next((found for _, found in self.all() if found.uri == uri), None)

    def all(self) -> Iterator[tuple[Path, TextDocument]]:
        """The open documents that are files, with their paths."""
        if self._workspace is None:
            return
        for document in tuple(self._workspace.text_documents.values()):
            if (path := path_of(document.uri)) is not None:
                yield path, document

    def changed(self, uri: str) -> None:
        """The editor has told of a document: it was opened, changed, saved or closed."""
        if (event := self._changed.pop(uri, None)) is not None:
            event.set()

    async def next_change(self, uri: str) -> None:
        """Wait until the editor tells of the document again."""
        await self._changed.setdefault(uri, anyio.Event()).wait()
