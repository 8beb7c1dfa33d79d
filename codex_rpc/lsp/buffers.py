"""The workspace with the editor's buffers in front of the disk.

An open document is read as the editor shows it, and changed by asking the editor, so that the user
can undo it. Everything else is the disk's. What is saved along with a buffer is left to `mirror`.
"""

import errno
from collections.abc import Sequence
from pathlib import Path

import anyio
from pygls.workspace import TextDocument

from codex_rpc.errors import EditRefusedError
from codex_rpc.lsp.documents import Documents, path_of
from codex_rpc.lsp.editor import Editor
from codex_rpc.lsp.edits import text_edits, was_edited
from codex_rpc.lsp.mirror import Mirror
from codex_rpc.tools.workspace.disk import DiskWorkspace
from codex_rpc.tools.workspace.port import FileFacts

_PATIENCE = 5.0
"""Seconds in which an editor that has made a change must have told us of the new text."""


class BufferWorkspace:
    """Files as the user sees them: implements `Workspace` and `FileSystem`."""

    def __init__(
        self, documents: Documents, editor: Editor, disk: DiskWorkspace, mirror: Mirror
    ) -> None:
        self._documents = documents
        self._editor = editor
        self._disk = disk
        self._mirror = mirror
        self._real: dict[str, Path] = {}
        """Where the open documents lead, by URI."""
        self._removed: dict[str, TextDocument] = {}
        """Open documents whose files the agent has taken away, by URI."""
        self._unchanged: dict[str, str] = {}
        """The texts, by URI, of documents that have not taken the last edit."""

    async def read(self, path: Path) -> str | None:
        document = await self._document(path)
        if document is None:
            return await self._disk.read(path)
        if self._unchanged.get(document.uri) == document.source:
            del self._unchanged[document.uri]
        return document.source

    async def write(self, path: Path, text: str) -> None:
        document = await self._document(path)
        if document is None:
            await self._disk.write(path, text)
            self._come_back(path)
            return
        if self._unchanged.pop(document.uri, None) == text:
            return  # the text to go back to; what is there now is the user's
        before, editable = document.source, self._editor.can("workspace.apply_edit")
        saved = await self._mirror.is_saved(path, before)
        if editable and before != text:
            await self._change(document, text)
        elif not editable and not saved:
            raise _refusal("the editor has unsaved changes and takes none from us")
        if saved and (self._mirror.enabled or not editable):
            await self._mirror.save(path, before, text)

    async def _change(self, document: TextDocument, text: str) -> None:
        before = document.source
        edits = text_edits(before, text, document.position_codec)
        try:
            await self._editor.apply(f"codex-rpc: {document.filename}", document, edits)
        except EditRefusedError as error:
            self._unchanged[document.uri] = before
            raise _refusal(str(error)) from error
        with anyio.move_on_after(_PATIENCE):
            while (found := self._documents.get(document.uri)) is not None:
                if found.source == text or was_edited(before, text, found.source):
                    return
                await self._documents.next_change(document.uri)
        # Some say that they have made an edit that they have dropped, because it came too late.
        self._unchanged[document.uri] = before
        raise _refusal("the editor has not made the change as it was asked to")

    async def remove(self, path: Path) -> None:
        await self._disk.remove(path)

    async def rename(self, source: Path, target: Path) -> None:
        """Rename a file. A document that is open stays so, but its file is gone."""
        document = await self._document(source)
        await self._disk.rename(source, target)
        if document is not None:
            self._removed[document.uri] = document
        self._come_back(target)

    def _come_back(self, path: Path) -> None:
        for uri, document in tuple(self._removed.items()):
            if Path(document.path) == path or self._real.get(uri) == path:
                del self._removed[uri]

    async def _document(self, path: Path) -> TextDocument | None:
        """The open document of that file, under whatever name the editor has opened it."""
        document = self._documents.at(path)
        if document is None:
            place = await self._disk.locate(path, follow=True)
            for name, other in self._documents.all():
                if other.uri not in self._real:
                    self._real[other.uri] = await self._disk.locate(name, follow=True)
                if self._real[other.uri] == place:
                    document = other
        if document is None or self._removed.get(document.uri) is document:
            return None
        return document

    def place_of(self, uri: str) -> Path | None:
        """Where the file of a document is, as far as that was looked up."""
        return self._real.get(uri) or path_of(uri)

    def forget(self, uri: str) -> None:
        """The editor has opened or closed the document: what was known of it no longer holds."""
        self._real.pop(uri, None)
        self._removed.pop(uri, None)
        self._unchanged.pop(uri, None)

    # --- the disk's alone ----------------------------------------------------------------------

    async def locate(self, path: Path, *, follow: bool) -> Path:
        """Where the path leads now, no symbolic link in it; its last name only with `follow`."""
        return await self._disk.locate(path, follow=follow)

    async def facts(self, path: Path) -> FileFacts | None:
        """What is known of the file, or `None` if there is none."""
        return await self._disk.facts(path)

    async def set_mode(self, path: Path, mode: int) -> None:
        """Give the file these permission bits."""
        await self._disk.set_mode(path, mode)

    async def overwrite(self, path: Path, text: str) -> None:
        """Write an existing file in place, which takes no room but for what it grows."""
        if await self._document(path) is None:
            await self._disk.overwrite(path, text)
        else:
            await self.write(path, text)

    async def make_folders(self, path: Path) -> Sequence[Path]:
        """Make the directories that the file would need; returns those made, outermost first."""
        return await self._disk.make_folders(path)

    async def remove_folder(self, path: Path) -> None:
        """Remove an empty directory."""
        await self._disk.remove_folder(path)


def _refusal(reason: str) -> OSError:
    return OSError(errno.EPERM, reason)
