"""PendingChanges: the patches that wait for the user's consent, as code lenses over their files."""

import re
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from msgspec import Struct

from codex_rpc.lsp.commands import ACCEPT, DECLINE
from codex_rpc.lsp.documents import path_of
from codex_rpc.lsp.editor import Editor
from codex_rpc.lsp.errands import Errands
from codex_rpc.protocol.approvals import FileChangeRequestApprovalParams
from codex_rpc.protocol.ids import ApprovalId
from codex_rpc.protocol.items import FileUpdateChange
from codex_rpc.protocol.notifications import (
    ApprovalRequestedNotification,
    Notification,
    ServerRequestResolvedNotification,
)

_HUNK = re.compile(r"^@@ -(\d+)", re.MULTILINE)


class _Pending(Struct, frozen=True):
    path: Path
    line: int
    """Where the change begins, counted from 0."""


class PendingChanges:
    def __init__(self, editor: Editor, errands: Errands) -> None:
        self._editor = editor
        self._errands = errands
        self._pending: dict[ApprovalId, list[_Pending]] = {}

    def observe(self, event: Notification) -> None:
        """Take note of an event, in order."""
        match event:
            case ApprovalRequestedNotification(approval=approval):
                if isinstance(approval.params, FileChangeRequestApprovalParams):
                    changes = approval.params.changes
                    self._pending[approval.approval_id] = [_pending(each) for each in changes]
                    self._errands.start(self._editor.refresh_lenses)
            case ServerRequestResolvedNotification(approval_id=approval_id) if approval_id:
                if self._pending.pop(approval_id, None) is not None:
                    self._errands.start(self._editor.refresh_lenses)
            case _:
                pass

    def lenses(self, uri: str) -> Sequence[types.CodeLens]:
        """The lenses of one document."""
        path = path_of(uri)
        return [
            _lens(each.line, title, command, approval_id)
            for approval_id, pending in self._pending.items()
            for each in pending
            if each.path == path
            for title, command in (
                ("Accept the agent's change", ACCEPT),
                ("Decline the agent's change", DECLINE),
            )
        ]


def _pending(change: FileUpdateChange) -> _Pending:
    hunk = _HUNK.search(change.diff)
    return _Pending(Path(change.path), max(int(hunk[1]) - 1, 0) if hunk else 0)


def _lens(line: int, title: str, command: str, approval_id: ApprovalId) -> types.CodeLens:
    return types.CodeLens(
        range=types.Range(types.Position(line, 0), types.Position(line, 0)),
        command=types.Command(title=title, command=command, arguments=[approval_id]),
    )
