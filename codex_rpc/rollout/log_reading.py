"""LogReading: what the lines of a log add up to, as they come.

Which lines are read is decided in `reconstruct`.
"""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import Struct

from codex_rpc.errors import EmptyRolloutError, RolloutMetaMissingError
from codex_rpc.history.store import HistoryStore
from codex_rpc.model.port import RateLimits, TokenUsage
from codex_rpc.rollout.fields import integer
from codex_rpc.rollout.last_said import LastSaid
from codex_rpc.rollout.older_items import OLDER_ITEM_EVENTS
from codex_rpc.rollout.reader import LineCounts, RawLine, RolloutLine
from codex_rpc.rollout.recorded_history import Conversation, RecordedHistory, spoken_text
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.turn_lines import TurnLines
from codex_rpc.rollout.turn_log import RecordedTurn, TurnLog
from codex_rpc.rollout.turn_settings import StoredSettings

ITEM_EVENTS = (OLDER_ITEM_EVENTS | {"item_completed"}) - {"user_message"}
"""Events that matter to those alone who want to see the turns' items.

In the newest generation of files, `item_completed` also tells what the user said, see `lean_lines`.
"""

HEAD = 1 << 22
"""In so many bytes at a log's head the user's first words are looked for."""


class Reconstructed(Struct, frozen=True):
    """A thread as its file tells it."""

    meta: SessionMeta
    """If its `history_base` is set, the thread begins in another file, which was not read."""
    conversation: Conversation
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
    passed: LineCounts
    """What the file consists of, as far as that shows without parsing the conversation."""

    @property
    def history(self) -> HistoryStore:
        """What the model has said and heard; whoever has asked for it may go on with it.

        It is parsed when it is first asked for. Blocking: for a worker thread.
        """
        return self.conversation.store()

    @property
    def counts(self) -> LineCounts:
        """What the file consists of. Parses the conversation."""
        self.conversation.store()
        malformed = self.passed.malformed + self.conversation.invalid
        return replace(self.passed, malformed=malformed)


class LogReading:
    """What the lines so far add up to. The first name of a thread is that of the file's own."""

    def __init__(
        self,
        meta: SessionMeta | None,
        *,
        keep_replaced: bool = False,
        unread: TurnLines | None = None,
    ) -> None:
        self.history = RecordedHistory(keep_replaced=keep_replaced)
        self._meta = meta
        self._turns = TurnLog()
        self._unread = unread
        """What was said of turns, while only the last are wanted and none was taken back."""
        self._said = LastSaid()
        self._preview = ""
        self._invalid = 0

    @property
    def overreached(self) -> bool:
        """Whether something was taken back that lies before the first line that was read."""
        return self.history.overreached or self._turns.overreached

    def look_back(self, log: ThreadLog, start: int) -> None:
        """Take note of what matters of the lines before `start`, where a turn begins."""
        self._said.look_back(log, start)
        for line in log.slice(log.start, min(start, log.start + HEAD)).reader(ITEM_EVENTS):
            if line.kind == "response_item" and (said := spoken_text(line.payload)):
                self._preview = said
                break

    def take(self, line: RawLine) -> None:
        match line.kind:
            case "response_item":
                self._preview = self._preview or self._spoken(line)
                self.history.record(line)
            case "turn_context":
                self._said.settings_are(line)
                if self._unread is None:
                    self._turns.set_context(line)
                else:
                    self._unread.add(line)
            case "event_msg" if line.event == "token_count":
                self._said.count(line)
            case "event_msg" if line.event == "thread_settings_applied":
                self._said.settings_change(line)
            case "event_msg" if self._unread is not None and line.event != "thread_rolled_back":
                self._unread.add(line)
            case _ if (parsed := line.parsed()) is not None:
                self._take(parsed)
            case _:
                self._invalid += 1

    def _take(self, line: RolloutLine) -> None:
        match line.kind:
            case "session_meta" if self._meta is None:
                self._meta = SessionMeta.from_payload(line.payload, line.timestamp)
                self._invalid += self._meta is None
            case "compacted":
                self.history.compact(line.payload)
            case "event_msg" if line.event == "thread_rolled_back":
                self._roll_back(line)
            case "event_msg" if line.event:
                self._turns.event(line)
            case "event_msg":
                self._invalid += 1
            case _:
                pass

    @staticmethod
    def _spoken(line: RawLine) -> str:
        parsed = line.parsed()
        return spoken_text(parsed.payload) if parsed else ""

    def _roll_back(self, line: RolloutLine) -> None:
        num_turns = integer(line.payload, "num_turns")
        if num_turns is None or num_turns < 0:
            self._invalid += 1
            return
        self.history.drop_last_user_turns(num_turns)
        if self._unread is not None:
            self._turns, self._invalid = self._unread.all(), self._invalid + self._unread.malformed
            self._unread = None
        self._turns.event(line)

    def result(self, counts: LineCounts, conversation: Conversation | None = None) -> Reconstructed:
        """What it adds up to; a conversation that is told of elsewhere tells of context."""
        meta = required_meta(self._meta, counts)
        if self._unread is not None:
            self._turns, self._invalid = (
                self._unread.newest(),
                self._invalid + self._unread.malformed,
            )
        self._turns.close()
        context_recorded = conversation is not None or self.history.has_context()
        turns = self._turns.turns
        total_usage, last_usage = self._said.usage()
        return Reconstructed(
            meta=meta,
            conversation=conversation or self.history,
            context_recorded=context_recorded,
            settings=self._said.settings(),
            baseline=turns[-1].settings if context_recorded and turns else None,
            total_usage=total_usage,
            last_usage=last_usage,
            rate_limits=self._said.rate_limits(),
            preview=self._preview,
            turns=turns,
            open_turn=self._turns.open_turn,
            passed=replace(counts, malformed=counts.malformed + self._invalid),
        )


def required_meta(meta: SessionMeta | None, counts: LineCounts) -> SessionMeta:
    if meta is not None:
        return meta
    raise RolloutMetaMissingError if counts.lines else EmptyRolloutError
