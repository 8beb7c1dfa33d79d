"""What a rollout adds up to: the history, the settings and the turns of its thread.

Reconstructing the rollout of a live thread yields exactly what the thread has in memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codex_rpc.errors import EmptyRolloutError, RolloutMetaMissingError
from codex_rpc.history.store import HistoryStore
from codex_rpc.model.port import RateLimits, TokenUsage
from codex_rpc.model.rate_limits import merge_rate_limits
from codex_rpc.rollout.fields import integer
from codex_rpc.rollout.older_items import OLDER_ITEM_EVENTS
from codex_rpc.rollout.reader import LineCounts, RolloutLine, RolloutReader
from codex_rpc.rollout.recorded_history import RecordedHistory, has_context, spoken_text
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.token_counts import stored_rate_limits, stored_usage
from codex_rpc.rollout.turn_log import RecordedTurn, TurnLog
from codex_rpc.rollout.turn_settings import StoredSettings

ITEM_EVENTS = (OLDER_ITEM_EVENTS | {"item_completed"}) - {"user_message"}
"""Events that matter to those alone who want to see the turns' items."""


@dataclass(frozen=True, slots=True)
class Reconstructed:
    """A thread as its file tells it."""

    meta: SessionMeta
    """If its `history_base` is set, the thread begins in another file, which was not read."""
    history: HistoryStore
    """Whoever has asked for it may go on with it."""
    context_recorded: bool
    """Whether the history tells the model of its surroundings."""
    settings: StoredSettings | None
    """The last that were set; `None` if the file has none."""
    baseline: StoredSettings | None
    """The settings of the last turn, as the model knows them; `None` if it has to be told anew."""
    total_usage: TokenUsage
    last_usage: TokenUsage
    rate_limits: RateLimits
    preview: str
    turns: Sequence[RecordedTurn]
    open_turn: RecordedTurn | None
    """The last turn, if the file does not say how it ended: its process died, or still runs."""
    counts: LineCounts


@dataclass(frozen=True, slots=True)
class RolloutHead:
    """What a list of threads shows of a file."""

    meta: SessionMeta
    preview: str


def load_rollout(path: Path, *, items: bool = True) -> Reconstructed:
    """Read a whole file. Without `items`, turns show no more than what the user said.

    Blocking: for a worker thread.

    Raises:
        OSError: if the file cannot be read.
        RolloutError: if it holds no thread.
    """
    return reconstruct(RolloutReader(path, skip=frozenset() if items else ITEM_EVENTS))


def load_log(log: ThreadLog, *, items: bool = True) -> Reconstructed:
    """Work out what a log adds up to. Without `items`, turns show what the user said at most.

    Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    reader = log.reader(frozenset() if items else ITEM_EVENTS)
    reading = _Reading(log.meta)
    for line in reader:
        reading.take(line)
    return reading.result(reader.counts)


def read_head(path: Path) -> RolloutHead:
    """Read no further than to the user's first words. Blocking: for a worker thread.

    Raises:
        OSError: if the file cannot be read.
        RolloutError: if it holds no thread.
    """
    reader = RolloutReader(path, skip=ITEM_EVENTS)
    meta, preview = None, ""
    for line in reader:
        if line.kind == "session_meta":
            meta = meta or SessionMeta.from_payload(line.payload, line.timestamp)
        elif line.kind == "response_item":
            preview = preview or spoken_text(line.payload)
        if meta is not None and preview:
            break
    return RolloutHead(_required(meta, reader.counts), preview)


def reconstruct(reader: RolloutReader) -> Reconstructed:
    """Work out what the lines of a file add up to. Blocking: for a worker thread.

    Raises:
        OSError: if the file cannot be read.
        RolloutError: if it holds no thread.
    """
    reading = _Reading()
    for line in reader:
        reading.take(line)
    return reading.result(reader.counts)


def _required(meta: SessionMeta | None, counts: LineCounts) -> SessionMeta:
    if meta is not None:
        return meta
    raise RolloutMetaMissingError if counts.lines else EmptyRolloutError


class _Reading:
    """What the lines so far add up to."""

    def __init__(self, meta: SessionMeta | None = None) -> None:
        self._meta = meta
        self._history = RecordedHistory()
        self._turns = TurnLog()
        self._settings: StoredSettings | None = None
        self._usage = (TokenUsage(), TokenUsage())
        self._rate_limits = RateLimits()
        self._preview = ""
        self._invalid = 0

    def take(self, line: RolloutLine) -> None:
        match line.kind:
            case "session_meta":
                self._take_meta(line)
            case "response_item":
                self._preview = self._preview or spoken_text(line.payload)
                self._history.record(line.payload)
            case "compacted":
                self._history.compact(line.payload)
            case "turn_context":
                self._settings = StoredSettings.from_payload(line.payload)
                self._turns.set_context(self._settings)
            case "event_msg":
                self._take_event(line)

    def _take_meta(self, line: RolloutLine) -> None:
        """The first one names the thread; a fork's file has its parent's further on."""
        if self._meta is None:
            self._meta = SessionMeta.from_payload(line.payload, line.timestamp)
            self._invalid += self._meta is None

    def _take_event(self, line: RolloutLine) -> None:
        match line.event:
            case "token_count":
                self._usage = stored_usage(line.payload) or self._usage
                if (limits := stored_rate_limits(line.payload)) is not None:
                    self._rate_limits = merge_rate_limits(self._rate_limits, limits)
            case "thread_rolled_back":
                self._roll_back(integer(line.payload, "num_turns"), line.end)
            case "thread_settings_applied" if self._settings is not None:
                self._settings = self._settings.changed_by(line.payload)
            case "":
                self._invalid += 1
            case _:
                self._turns.event(line)

    def _roll_back(self, num_turns: int | None, end: int) -> None:
        if num_turns is None or num_turns < 0:
            self._invalid += 1
            return
        self._history.drop_last_user_turns(num_turns)
        self._turns.roll_back(num_turns, end)

    def result(self, counts: LineCounts) -> Reconstructed:
        meta = _required(self._meta, counts)
        self._turns.close()
        history = self._history.store()
        context_recorded = has_context(history.snapshot())
        turns = self._turns.turns
        total_usage, last_usage = self._usage
        invalid = self._invalid + self._history.invalid
        return Reconstructed(
            meta=meta,
            history=history,
            context_recorded=context_recorded,
            settings=self._settings,
            baseline=turns[-1].settings if context_recorded and turns else None,
            total_usage=total_usage,
            last_usage=last_usage,
            rate_limits=self._rate_limits,
            preview=self._preview,
            turns=turns,
            open_turn=self._turns.open_turn,
            counts=replace(counts, malformed=counts.malformed + invalid),
        )
