"""The composition of the face: one editor's connection to the server."""

from typing import cast

import anyio
from anyio.abc import TaskGroup
from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.lsp.server import LanguageServer

from codex_rpc import __version__
from codex_rpc.lsp.actions import KINDS, as_commands, code_actions
from codex_rpc.lsp.agent import EditorAgent
from codex_rpc.lsp.answers import Answers
from codex_rpc.lsp.asking import Asking
from codex_rpc.lsp.buffers import BufferWorkspace
from codex_rpc.lsp.commands import add_commands
from codex_rpc.lsp.dispatch import LanguageDispatcher
from codex_rpc.lsp.documents import Documents
from codex_rpc.lsp.editor import Editor
from codex_rpc.lsp.errands import Errands
from codex_rpc.lsp.lenses import PendingChanges
from codex_rpc.lsp.mirror import Mirror
from codex_rpc.lsp.options import InitializationOptions
from codex_rpc.lsp.peer import LanguageClient
from codex_rpc.lsp.progress import TurnProgress
from codex_rpc.lsp.protocol import EditorProtocol, make_converter
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rpc.connection import Connection
from codex_rpc.rpc.header_framing import HeaderFraming
from codex_rpc.rpc.streams import ByteReader, ByteWriter
from codex_rpc.server.context import Server
from codex_rpc.server.dispatch import Dispatcher
from codex_rpc.tools.workspace.disk import DiskWorkspace


async def serve_editor(
    server: Server,
    reader: ByteReader,
    writer: ByteWriter,
    *,
    drain: bool = False,
    stop: anyio.Event | None = None,
) -> int:
    """Serve one editor until it leaves, or until `stop` is set; returns the exit code.

    The threads of `server` see files as the editor shows them, so there is one editor per server.
    """
    made: list[Face] = []
    async with anyio.create_task_group() as tasks:

        def make(connection: Connection) -> LanguageDispatcher:
            made.append(Face(server, connection, tasks))
            return made[0].dispatcher

        connection = Connection(reader, writer, make, framing=HeaderFraming())
        try:
            if stop is not None:
                tasks.start_soon(_close_on, stop, connection)
            await connection.run(drain=drain)
            tasks.cancel_scope.cancel()
        finally:
            server.feeds.leave(connection)
            await made[0].aclose()
    return made[0].dispatcher.exit_code


async def _close_on(stop: anyio.Event, connection: Connection) -> None:
    await stop.wait()
    connection.close()


class Face:
    """What belongs to one editor's connection, put together."""

    def __init__(self, server: Server, connection: Connection, tasks: TaskGroup) -> None:
        self._errands = Errands(tasks)
        self._pygls = LanguageServer(
            "codex-rpc", __version__, protocol_cls=EditorProtocol, converter_factory=make_converter
        )
        self._protocol = cast("EditorProtocol", self._pygls.protocol)
        self._protocol.connection = connection
        client = LanguageClient(connection, tasks)
        server.feeds.join(client)
        dispatcher = Dispatcher(server, client)
        self._client = client
        self._documents = Documents()
        self._editor = Editor(self._pygls)
        disk = DiskWorkspace()
        self._mirror = Mirror(disk)
        self._buffers = BufferWorkspace(self._documents, self._editor, disk, self._mirror)
        server.threads.work_in(self._buffers)
        self._agent = EditorAgent(server, dispatcher, self._documents)
        self._changes = PendingChanges(self._editor, self._errands)
        self._progress = TurnProgress(
            self._editor, self._pygls.work_done_progress, self._errands, server.threads
        )
        self._answers = Answers(self._editor, self._errands, self._leave)
        self._agent.answers = self._answers
        self.dispatcher = LanguageDispatcher(
            self._protocol, dispatcher, server.environ, self._introduced
        )
        add_commands(self._pygls, self._agent)
        self._add_features()

    async def aclose(self) -> None:
        """Leave nothing behind."""
        await self._answers.aclose()

    def _leave(self, thread_id: ThreadId) -> None:
        self._errands.start(self._agent.call, "thread/unsubscribe", {"threadId": thread_id})

    def _introduced(self, options: InitializationOptions) -> None:
        self._documents.belong_to(self._protocol.open_workspace())
        self._mirror.enabled = options.write_through
        self._agent.thread_params = options.thread
        observers = [self._changes.observe, self._progress.observe, self._answers.observe]
        if options.approvals == "message":
            observers.append(Asking(self._editor, self._agent, self._errands).observe)
        self._client.observers += observers

    def _add_features(self) -> None:
        server = self._pygls

        @server.feature(
            types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=KINDS)
        )
        def offer(
            params: types.CodeActionParams,
        ) -> list[types.CodeAction] | list[types.Command]:
            actions = code_actions(params)
            literal = "text_document.code_action.code_action_literal_support"
            known = get_capability(server.client_capabilities, literal) is not None
            return actions if known else as_commands(actions)

        @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions())
        def lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
            return list(self._changes.lenses(params.text_document.uri))

        @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
        def cancel(params: types.WorkDoneProgressCancelParams) -> None:
            self._progress.cancel(params.token)

        @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
        def opened(params: types.DidOpenTextDocumentParams) -> None:
            self._buffers.forget(params.text_document.uri)
            self._documents.changed(params.text_document.uri)

        @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
        def changed(params: types.DidChangeTextDocumentParams) -> None:
            self._follow(params.text_document.uri)
            self._documents.changed(params.text_document.uri)

        @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
        def saved(params: types.DidSaveTextDocumentParams) -> None:
            self._settle(params.text_document.uri)

        @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
        def closed(params: types.DidCloseTextDocumentParams) -> None:
            self._settle(params.text_document.uri)
            self._buffers.forget(params.text_document.uri)
            self._documents.changed(params.text_document.uri)

    def _follow(self, uri: str) -> None:
        """Have the file of a buffer follow it, if it must."""
        place, document = self._buffers.place_of(uri), self._documents.get(uri)
        if place and document and self._mirror.knows(place, document.source):
            self._errands.start(self._mirror.follow, place, document.source)

    def _settle(self, uri: str) -> None:
        """The editor's file is its own again."""
        if (place := self._buffers.place_of(uri)) is not None:
            self._mirror.forget(place)
