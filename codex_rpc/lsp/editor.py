"""The editor as the face sees it: what it can do, and what it is asked to do."""

import logging
from collections.abc import Sequence

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from codex_rpc.errors import EditRefusedError

logger = logging.getLogger(__name__)


class Editor:
    """Asks the editor for things it may lack, and says whether it did them."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server

    def can(self, capability: str) -> bool:
        """Whether the client has declared the capability at that path, such as `window.x`."""
        return bool(get_capability(self._server.client_capabilities, capability))

    async def apply(
        self, label: str, document: TextDocument, edits: Sequence[types.TextEdit]
    ) -> None:
        """Have the editor change a document as one step that the user can undo.

        Raises:
            EditRefusedError: if it does not.
        """
        params = types.ApplyWorkspaceEditParams(edit=self._edit(document, edits), label=label)
        try:
            result = await self._server.workspace_apply_edit_async(params)
        except JsonRpcException as error:
            raise EditRefusedError(error.message) from error
        if not result.applied:
            raise EditRefusedError(result.failure_reason)

    def _edit(self, document: TextDocument, edits: Sequence[types.TextEdit]) -> types.WorkspaceEdit:
        declared = "workspace.workspace_edit"
        if not (
            self.can(f"{declared}.document_changes")
            # Some declare only this, which cannot be said without the other.
            or self.can(f"{declared}.resource_operations")
        ):
            return types.WorkspaceEdit(changes={document.uri: edits})
        name = types.OptionalVersionedTextDocumentIdentifier(
            uri=document.uri, version=document.version
        )
        change = types.TextDocumentEdit(text_document=name, edits=edits)
        return types.WorkspaceEdit(document_changes=[change])

    def show(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Show a message."""
        self._server.window_show_message(types.ShowMessageParams(type=kind, message=message))

    async def choose(self, message: str, titles: Sequence[str]) -> str | None:
        """Let the user choose; `None` if no choice was made."""
        params = types.ShowMessageRequestParams(
            type=types.MessageType.Info,
            message=message,
            actions=[types.MessageActionItem(title=title) for title in titles],
        )
        try:
            chosen = await self._server.window_show_message_request_async(params)
        except JsonRpcException as error:
            logger.warning("the editor cannot ask: %s", error.message)
            return None
        return None if chosen is None else chosen.title

    async def open(self, uri: str) -> bool:
        """Show a document; `False` if the editor cannot, or does not."""
        if not self.can("window.show_document.support"):
            return False
        params = types.ShowDocumentParams(uri=uri, take_focus=True)
        try:
            return (await self._server.window_show_document_async(params)).success
        except JsonRpcException as error:
            logger.warning("the editor cannot show a document: %s", error.message)
            return False

    async def refresh_lenses(self) -> None:
        """Have the editor ask for code lenses again, if it can be told to."""
        if not self.can("workspace.code_lens.refresh_support"):
            return
        try:
            await self._server.workspace_code_lens_refresh_async(None)
        except JsonRpcException as error:
            logger.info("the editor did not refresh its code lenses: %s", error.message)
