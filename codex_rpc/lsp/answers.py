"""Answers: what the agent says at the end of turns that an editor's commands began.

They are shown in a message, or in a document of their own if they are longer than one.
"""

import logging
from collections.abc import Callable
from enum import Enum, auto

import anyio
import anyio.to_thread
from lsprotocol.types import MessageType

from codex_rpc.lsp.answer_folder import AnswerFolder
from codex_rpc.lsp.editor import Editor
from codex_rpc.lsp.errands import Errands
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.items import AgentMessageItem
from codex_rpc.protocol.notifications import (
    ItemCompletedNotification,
    Notification,
    TurnCompletedNotification,
)

logger = logging.getLogger(__name__)

LONGEST_MESSAGE = 300

_CLEANING_SECONDS = 1.0


class Purpose(Enum):
    """What a turn is for."""

    CHANGE = auto()
    """To change files: how it went is a message."""
    ANSWER = auto()
    """To answer a question: the answer is a message or a document."""
    EXPLANATION = auto()
    """The answer is a document, whatever its length, and its thread is left behind."""


class Answers:
    """Waits for the ends of turns and shows what was said last in them."""

    def __init__(self, editor: Editor, errands: Errands, leave: Callable[[ThreadId], None]) -> None:
        """`leave` is called with a thread that nobody will go on with."""
        self._editor = editor
        self._errands = errands
        self._leave = leave
        self._expected: dict[TurnId, Purpose] = {}
        self._said: dict[TurnId, str] = {}
        self._folder = AnswerFolder()

    def expect(self, turn_id: TurnId, purpose: Purpose) -> None:
        """Show the answer of that turn when it ends."""
        self._expected[turn_id] = purpose

    def observe(self, event: Notification) -> None:
        """Take note of an event, in order."""
        match event:
            case ItemCompletedNotification(turn_id=turn_id, item=AgentMessageItem(text=text)):
                if turn_id in self._expected:
                    self._said[turn_id] = text
            case TurnCompletedNotification(thread_id=thread_id, turn=turn):
                purpose = self._expected.pop(turn.id, None)
                said = self._said.pop(turn.id, "")
                if purpose is Purpose.EXPLANATION:
                    self._leave(thread_id)
                if purpose is None or turn.status == "interrupted":
                    return
                if turn.error is not None:
                    self._editor.show(turn.error.message, MessageType.Error)
                elif said.strip():
                    self._errands.start(self._show, said, purpose)
            case _:
                pass

    async def aclose(self) -> None:
        """Remove the documents."""
        with anyio.move_on_after(_CLEANING_SECONDS, shield=True):
            await anyio.to_thread.run_sync(self._folder.remove, abandon_on_cancel=True)

    async def _show(self, said: str, purpose: Purpose) -> None:
        short = len(said) <= LONGEST_MESSAGE and "\n" not in said.strip()
        if purpose is Purpose.EXPLANATION or (purpose is Purpose.ANSWER and not short):
            try:
                path = await anyio.to_thread.run_sync(self._folder.write, said)
                if await self._editor.open(path.as_uri()):
                    return
            except OSError as error:
                logger.warning("an answer could not be written: %s", error.strerror)
        message = said if purpose is not Purpose.CHANGE else said.strip()[:LONGEST_MESSAGE]
        self._editor.show(message)
