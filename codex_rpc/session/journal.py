"""Journal: where everything a session does is put down, for the model, the disk and the client.

What is recorded goes into the history and the rollout; what is emitted goes into the rollout, if it
is of a kind that is stored, and to the one reader of events. An event reaches the reader only after
all that was put down before it has been written.
"""

import logging
from collections.abc import Sequence

import anyio

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.notifications import WarningNotification
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.recorder import RolloutRecorder
from codex_rpc.session.event_channel import EventChannel
from codex_rpc.session.events import Event
from codex_rpc.state.session_state import SessionState

logger = logging.getLogger(__name__)


class Journal:
    """One session's. `run` must be running for anything to get out."""

    def __init__(
        self, thread_id: ThreadId, state: SessionState, recorder: RolloutRecorder | None
    ) -> None:
        self.thread_id = thread_id
        self._state = state
        self._recorder = recorder
        self._events = EventChannel(self._persist)
        self._save_failed = False

    def emit(self, event: Event) -> None:
        """Put an event down and pass it on; never waits."""
        if self._recorder is not None:
            self._recorder.record_event(event)
        self._events.put(event)

    def record(self, items: Sequence[ResponseItem]) -> None:
        """Add to what the model will hear; never waits."""
        kept = self._state.history.record(items)
        if self._recorder is not None:
            self._recorder.record_items(kept)

    def keep(self, items: Sequence[ResponseItem]) -> None:
        """Put down what the history has and the record has not."""
        if self._recorder is not None:
            self._recorder.record_items(items)

    def replace_history(self, items: Sequence[ResponseItem], summary: str) -> None:
        """Put a compacted history in the place of what the model has heard."""
        self._state.history.replace(items)
        if self._recorder is not None:
            self._recorder.record_compaction(summary, items)

    def roll_back(
        self, num_turns: int, before_turn: TurnId | None, history: Sequence[ResponseItem]
    ) -> None:
        """Take back the last turns, so that `history` is what the model has heard.

        Where turns are taken back that were summed up, or in which the user said nothing, the
        record is told what is left.
        """
        self._state.history.drop_last_n_user_turns(num_turns)
        if self._recorder is not None:
            self._recorder.record_rollback(num_turns, before_turn)
        if tuple(self._state.history.snapshot()) != tuple(history):
            self.replace_history(history, summary="")

    def start(self) -> None:
        """There is something to keep from now on: the rollout file may come into being."""
        if self._recorder is not None:
            self._recorder.start()

    def record_settings(self, turn_id: TurnId, settings: ThreadSettings) -> None:
        """Put down what a turn runs with."""
        if self._recorder is not None:
            self._recorder.record_turn_context(turn_id, settings)

    def record_meta(self, payload: Payload) -> None:
        """Put down what is on record about the thread as a whole."""
        if self._recorder is not None:
            self._recorder.record_meta(payload)

    async def room(self) -> None:
        """Wait while the reader is too slow for more."""
        await self._events.room()

    async def next_events(self) -> Sequence[Event]:
        """The events since the last call, at least one. There is one reader.

        Raises:
            EventChannelClosedError: when the journal is closed and read to its end.
        """
        return await self._events.next_batch()

    async def run(self) -> None:
        """Write and pass on until the journal is closed."""
        await self._events.run()

    def close(self) -> None:
        """Nothing more will be put down."""
        self._events.close()

    async def flush(self) -> None:
        """Write what is left, whatever else is going on."""
        with anyio.CancelScope(shield=True):
            await self._persist()

    async def end(self) -> None:
        """Write what is left, and let others have the file."""
        with anyio.CancelScope(shield=True):
            await self._persist()
            if self._recorder is not None:
                await self._recorder.close()

    async def _persist(self) -> None:
        if self._recorder is None:
            return
        try:
            await self._recorder.write_pending()
        except OSError as error:
            self._warn_unsaved(error)
        else:
            self._save_failed = False

    def _warn_unsaved(self, error: OSError) -> None:
        if self._save_failed:
            return
        self._save_failed = True
        logger.error("cannot save thread %s: %s", self.thread_id, error)
        self._events.put(
            WarningNotification(
                thread_id=self.thread_id,
                message=f"The conversation cannot be saved ({error.strerror}). "
                "Work goes on, and saving is tried again with each step.",
            )
        )
