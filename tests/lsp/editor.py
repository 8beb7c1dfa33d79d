"""An editor for the tests: pytest-lsp's client, with buffers that take edits as an editor does.

`editor` starts the real server and introduces the client. Everything that the server sends is in
`seen`, in order; `until` reads on in it. All waits are bounded.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
from cattrs import Converter
from lsprotocol import types
from pygls.protocol import default_converter
from pygls.workspace import PositionCodec
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

from tests.e2e.server_process import COMMAND, PATIENCE, Place

ALLOW = "Allow"


@dataclass(slots=True)
class Buffer:
    """A document as the editor has it, with the texts that undoing goes back to."""

    uri: str
    text: str
    version: int = 1
    undo: list[str] = field(default_factory=list[str])


class RecordingProtocol(LanguageClientProtocol):
    """Keeps what the server notifies of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType]
        self.seen: list[tuple[str, Any]] = []
        self.news = anyio.Event()

    def _handle_notification(self, method_name: str, params: Any) -> None:
        self.tell(method_name, params)
        super()._handle_notification(method_name, params)

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:
        self.tell(method_name, params)
        super()._handle_request(msg_id, method_name, params)

    def tell(self, method: str, params: Any) -> None:
        self.seen.append((method, params))
        news, self.news = self.news, anyio.Event()
        news.set()


class EditorClient(LanguageClient):
    """The editor, and the user in front of it."""

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            protocol_cls=RecordingProtocol, converter_factory=_converter
        )
        self.buffers: dict[str, Buffer] = {}
        self.refuses_edits: str | None = None
        self.drops_edits = False
        """As Neovim does with those that come too late, and says that it has made them."""
        self.choice: str | None = ALLOW
        """The button that the user presses; without one, the message is closed."""
        self._read = 0
        register_lsp_features(self)
        self._add_features()

    def _add_features(self) -> None:
        # Not the methods themselves: pygls puts its marks on what it is given.
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            return self._apply(params)

        def choose(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            return self._choose(params)

        def refresh(_params: None) -> None:
            pass

        self.feature(types.WORKSPACE_APPLY_EDIT)(apply)
        self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)(choose)
        self.feature(types.WORKSPACE_CODE_LENS_REFRESH)(refresh)

    async def end(self) -> None:
        """Have nothing of the client left, and no process."""
        server = self._server
        if server is not None and server.returncode is None:
            server.kill()
            await server.wait()
        with anyio.move_on_after(PATIENCE, shield=True):
            await self.stop()

    @property
    def recording(self) -> RecordingProtocol:
        assert isinstance(self.protocol, RecordingProtocol)
        return self.protocol

    async def until(self, method: str) -> Any:
        """Read on to a message of that name; its parameters."""
        with anyio.fail_after(PATIENCE):
            while True:
                while self._read < len(self.recording.seen):
                    found, params = self.recording.seen[self._read]
                    self._read += 1
                    if found == method:
                        return params
                await self.recording.news.wait()

    def seen(self, method: str) -> list[Any]:
        return [params for found, params in self.recording.seen if found == method]

    async def ask(self, method: str, params: Any = None) -> Any:
        """The result of a request of the app-server's own."""
        with anyio.fail_after(PATIENCE):
            return await self.protocol.send_request_async(method, params)

    async def execute(self, command: str, *arguments: Any) -> Any:
        with anyio.fail_after(PATIENCE):
            return await self.workspace_execute_command_async(
                types.ExecuteCommandParams(command, list(arguments))
            )

    async def turn(self, text: str = "Go") -> Any:
        """Play a turn on the newest thread; how it ended."""
        await self.ask("turn/submit", {"input": [{"type": "text", "text": text}]})
        return (await self.until("turn/completed")).turn

    # --- buffers -------------------------------------------------------------------------------

    def open(self, path: Path, text: str | None = None) -> Buffer:
        """Open a file; with a text, that is what is in the buffer instead of the file's."""
        buffer = Buffer(path.as_uri(), path.read_text() if text is None else text)
        self.buffers[buffer.uri] = buffer
        item = types.TextDocumentItem(buffer.uri, "python", buffer.version, buffer.text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return buffer

    def type(self, buffer: Buffer, text: str) -> None:
        """Have another text in the buffer, and tell of it."""
        buffer.undo.append(buffer.text)
        self._set(buffer, text)

    def undo(self, buffer: Buffer) -> None:
        self._set(buffer, buffer.undo.pop())

    def _set(self, buffer: Buffer, text: str) -> None:
        buffer.text = text
        buffer.version += 1
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(buffer.version, buffer.uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        if self.refuses_edits is not None:
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason=self.refuses_edits)
        assert params.edit.document_changes is not None
        if self.drops_edits:
            (buffer,) = self.buffers.values()
            self.type(buffer, f"{buffer.text}typed\n")
            return types.ApplyWorkspaceEditResult(applied=True)
        (change,) = params.edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        buffer = self.buffers[change.text_document.uri]
        if change.text_document.version != buffer.version:
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason="stale")
        self.type(buffer, edited(buffer.text, [e for e in change.edits if _is_plain(e)]))
        return types.ApplyWorkspaceEditResult(applied=True)

    def _choose(self, params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
        titles = [action.title for action in params.actions or ()]
        if self.choice is None:
            return None
        assert self.choice in titles, titles
        return types.MessageActionItem(self.choice)


def _converter() -> Converter:
    """That of pygls, which takes every code action with a command for a command."""
    converter = default_converter()

    def action(found: Any, _form: Any) -> types.Command | types.CodeAction:
        is_command = isinstance(found.get("command"), str)
        return converter.structure(found, types.Command if is_command else types.CodeAction)

    converter.register_structure_hook(types.Command | types.CodeAction, action)
    return converter


def _is_plain(edit: Any) -> bool:
    assert isinstance(edit, types.TextEdit)
    return True


def edited(text: str, edits: Sequence[Any], codec: PositionCodec | None = None) -> str:
    """The text after the edits, by the rules of the protocol."""
    codec = codec or PositionCodec()
    lines = [*text.split("\n")]

    def offset(position: types.Position) -> int:
        if position.line >= len(lines):
            return len(text)
        start = sum(len(line) + 1 for line in lines[: position.line])
        line = lines[position.line]
        at = codec.position_from_client_units([line], types.Position(0, position.character))
        return start + min(at.character, len(line))

    for edit in sorted(edits, key=lambda each: offset(each.range.start), reverse=True):
        start, end = offset(edit.range.start), offset(edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text


def capabilities() -> types.ClientCapabilities:
    """Those of a Neovim, with what it lacks, and positions counted as everybody can."""
    found = client_capabilities("neovim")
    assert found.workspace is not None
    assert found.window is not None
    assert found.general is not None
    found.general.position_encodings = None
    found.workspace.code_lens = types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    found.window.show_document = types.ShowDocumentClientCapabilities(support=True)
    return found


@asynccontextmanager
async def editor(
    place: Place,
    command: str = "lsp",
    declared: types.ClientCapabilities | None = None,
    **options: Any,
) -> AsyncGenerator[EditorClient]:
    """A server in `place` with an editor; `options` are the initialization options."""
    client = EditorClient()
    arguments = [*COMMAND, command, *place.arguments]
    start = cast("Any", client).start_io
    await start(*arguments, env=place.environ, cwd=place.root)
    try:
        with anyio.fail_after(PATIENCE):
            await client.initialize_session(
                types.InitializeParams(
                    capabilities=declared or capabilities(),
                    root_uri=place.project.as_uri(),
                    initialization_options=options,
                    workspace_folders=[types.WorkspaceFolder(place.project.as_uri(), "project")],
                )
            )
        yield client
        with anyio.fail_after(PATIENCE):
            await client.shutdown_session()
        assert client.error is None
    finally:
        await client.end()
