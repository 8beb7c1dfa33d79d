"""TurnLog: cuts the events of a rollout into turns, and tells what was visible in each.

Items stay as they were stored until somebody asks for them. An older event and the `item_completed`
line that follows it are one item.
"""

from dataclasses import dataclass, field

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.turn import Turn, TurnError, TurnStatus
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import integer, table, text
from codex_rpc.rollout.older_items import continued_reasoning, older_item
from codex_rpc.rollout.reader import RawLine, RolloutLine
from codex_rpc.rollout.stored_items import item_kind, thread_item
from codex_rpc.rollout.turn_settings import StoredSettings


@dataclass(slots=True)
class _StoredItem:
    """An item as stored; `provisional` if only older events told of it so far."""

    payload: Payload
    provisional: bool

    @property
    def kind(self) -> str:
        return item_kind(self.payload)


@dataclass(slots=True, eq=False)
class RecordedTurn:
    """A turn as its file tells it. Nothing of it changes once the file is read."""

    turn_id: TurnId
    start: int
    """Where in the log the turn begins, in bytes."""
    end: int | None = None
    """Where all that tells of it as it now is has been said; `None` if there is no end on record.

    What ends later, as a command in the background may, lies beyond.
    """
    explicit: bool = True
    """Whether the file says where the turn begins and ends; the oldest files do not."""
    status: TurnStatus = "inProgress"
    error: TurnError | None = None
    started_at: int | None = None
    completed_at: int | None = None
    duration_ms: int | None = None
    context: RawLine | None = None
    """The line that has its settings, if there is one."""
    _items: list[_StoredItem] = field(default_factory=list[_StoredItem])

    def items(self) -> list[ThreadItem]:
        """What was visible of the turn; an item that makes no sense is left out."""
        built = (thread_item(item.payload) for item in self._items)
        return [item for item in built if item is not None]

    @property
    def last_item_id(self) -> str | None:
        """That of the last item, which is not looked at otherwise."""
        return text(self._items[-1].payload, "id") if self._items else None

    @property
    def settings(self) -> StoredSettings | None:
        """What the turn ran with; `None` if the log does not say."""
        line = self.context and self.context.parsed()
        return StoredSettings.from_payload(line.payload) if line else None

    def turn(self) -> Turn:
        """The turn as the wire shows it."""
        return Turn(
            id=self.turn_id,
            items=self.items(),
            status=self.status,
            error=self.error,
            started_at=self.started_at,
            completed_at=self.completed_at,
            duration_ms=self.duration_ms,
        )

    # --- while the file is read ----------------------------------------------------------------

    def add(self, payload: Payload, *, provisional: bool) -> None:
        item = _StoredItem(payload, provisional)
        last = self._items[-1] if self._items else None
        if last is not None and last.provisional and last.kind == item.kind:
            if not provisional:
                self._items.pop()
            elif item.kind == "reasoning":
                self._items.pop()
                item = _StoredItem(continued_reasoning(last.payload, payload), provisional=True)
        self._items.append(item)

    def finish(self, status: TurnStatus, end: int | None, payload: Payload | None = None) -> None:
        """The turn is over, where the log has got to `end`; `payload` is the event that said so."""
        self.status = status
        self.end = end
        if payload is not None:
            self.completed_at = integer(payload, "completed_at")
            self.duration_ms = integer(payload, "duration_ms")
            self.started_at = self.started_at or integer(payload, "started_at")

    def user_messages(self) -> list[int]:
        """The places of what the user said."""
        return [at for at, item in enumerate(self._items) if item.kind == "userMessage"]

    def cut(self, place: int) -> None:
        del self._items[place:]


class TurnLog:
    """Fed with events in order; `turns` are those that no rollback has taken away."""

    def __init__(self) -> None:
        self.turns: list[RecordedTurn] = []
        self._open: RecordedTurn | None = None
        self._context: RawLine | None = None
        """Said between turns, for the next one."""
        self.overreached = False
        """Whether a rollback may have gone back to where there were no turns, or beyond."""
        self._turn_count = 0

    @property
    def open_turn(self) -> RecordedTurn | None:
        """The turn that the file does not end, because it runs, or its process died."""
        return self._open if self._open is not None and self._open.explicit else None

    def close(self) -> None:
        """The file is read. What has no end in a file that marks none is complete."""
        if self._open is not None and not self._open.explicit:
            self._open.finish("completed", None)
            self._open = None

    def set_context(self, line: RawLine) -> None:
        """Take note of what the running turn runs with, or the next one."""
        if self._open is not None and self._open.explicit:
            self._open.context = line
        else:
            self._context = line

    def event(self, line: RolloutLine) -> None:
        """Take note of an event; most kinds mean nothing here."""
        payload = line.payload
        match line.event:
            case "task_started" | "turn_started":
                self._start(line)
            case "task_complete" | "turn_complete":
                self._complete(line)
            case "turn_aborted":
                self._finish("interrupted", line)
            case "thread_rolled_back":
                self._roll_back(line)
            case "item_completed":
                item = table(payload, "wire_item") or table(payload, "item")
                self._item(line, item, provisional=False)
            case event:
                item = older_item(event, payload, f"item-{line.start}")
                if item is not None:
                    self._item(line, item, provisional=True)

    def _roll_back(self, line: RolloutLine) -> None:
        """Take back the turn that is named and all that came after."""
        named = text(line.payload, "before_turn_id")
        places = [at for at, turn in enumerate(self.turns) if turn.turn_id == named]
        if places:
            del self.turns[places[-1] :]
            self.overreached |= not self.turns
        else:
            self.overreached |= named is not None
            self._take_back(max(integer(line.payload, "num_turns") or 0, 0), line.end)
        if self._open not in self.turns:
            self._open = None

    def _take_back(self, num_turns: int, end: int) -> None:
        """Take back the last `num_turns` things the user said, and all that came after.

        The log has got to `end` where it says so. History is cut by the same rule. A turn that was
        steered may lose its end only.
        """
        while num_turns > 0 and any(turn.user_messages() for turn in self.turns):
            places = self.turns[-1].user_messages()
            if len(places) > num_turns:
                self.turns[-1].cut(places[-num_turns])
                self.turns[-1].end = end
                break
            num_turns -= len(places)
            self.turns.pop()
        else:
            self.overreached |= num_turns > 0 or not self.turns

    def _start(self, line: RolloutLine) -> None:
        turn = self._begin(line, explicit=True)
        turn.started_at = integer(line.payload, "started_at")

    def _begin(self, line: RolloutLine, *, explicit: bool) -> RecordedTurn:
        self._break_off(line.start)
        self._turn_count += 1
        turn_id = TurnId(text(line.payload, "turn_id") or f"turn-{self._turn_count}")
        self._open = RecordedTurn(turn_id, line.start, explicit=explicit, context=self._context)
        self._context = None
        self.turns.append(self._open)
        return self._open

    def _break_off(self, end: int) -> None:
        """Another turn begins, and the open one has no end on record."""
        if self._open is not None:
            self._open.finish("interrupted" if self._open.explicit else "completed", end)
            self._open = None

    def _complete(self, line: RolloutLine) -> None:
        error = table(line.payload, "error")
        turn = self._finish("failed" if error else "completed", line)
        if turn is not None and error:
            turn.error = _turn_error(error)

    def _finish(self, status: TurnStatus, line: RolloutLine) -> RecordedTurn | None:
        turn, turn_id = self._open, text(line.payload, "turn_id")
        if turn is None or (turn.explicit and turn_id not in (None, turn.turn_id)):
            return None
        turn.finish(status, line.end, line.payload)
        self._open = None
        return turn

    def _item(self, line: RolloutLine, item: Payload, *, provisional: bool) -> None:
        turn = self._turn_of(line.payload)
        if item_kind(item) == "userMessage" and (turn is None or not turn.explicit):
            turn = self._begin(line, explicit=False)
        if turn is not None:
            turn.add(item, provisional=provisional)

    def _turn_of(self, payload: Payload) -> RecordedTurn | None:
        """The running turn, or an earlier one: a background command may outlive its turn."""
        turn_id = text(payload, "turn_id")
        if turn_id is None or (self._open is not None and self._open.turn_id == turn_id):
            return self._open
        named = (turn for turn in reversed(self.turns) if turn.turn_id == turn_id)
        return next(named, self._open)


def _turn_error(stored: Payload) -> TurnError:
    info = stored.get("codexErrorInfo", stored.get("codex_error_info"))
    message = text(stored, "message") or ""
    try:
        return TurnError.model_validate(
            {
                "message": message,
                "codexErrorInfo": to_camel(info) if isinstance(info, str) else info,
                "additionalDetails": stored.get("additionalDetails"),
            }
        )
    except ValidationError:
        return TurnError(message=message)
