"""A thread as a session runs it, as far as its rollout can tell: history, events, recorder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.history.fragments import environment_context
from codex_rpc.history.store import HistoryStore
from codex_rpc.history.truncation import DEFAULT_POLICY, TruncationPolicy
from codex_rpc.protocol.ids import ItemId, ThreadId, TurnId
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.protocol.items import AgentMessageItem, ThreadItem, UserMessageItem
from codex_rpc.protocol.notifications import (
    AccountRateLimitsUpdatedNotification,
    ItemCompletedNotification,
    Notification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.protocol.policies import WorkspaceWritePolicy
from codex_rpc.protocol.response_items import (
    InputText,
    MessageItem,
    OutputText,
    ResponseItem,
    user_message,
)
from codex_rpc.protocol.turn import Turn, TurnError
from codex_rpc.protocol.usage import RateLimitSnapshot, ThreadTokenUsage, TokenUsageBreakdown
from codex_rpc.rollout.recorder import RolloutRecorder
from codex_rpc.rollout.session_meta import SessionMeta

THREAD_ID = ThreadId("0199a213-81c0-7800-8aa1-bbab2a035a53")

SETTINGS = ThreadSettings(
    model="gpt-5.2",
    model_provider="openai",
    cwd=Path("/tmp/project"),
    approval_policy="on-request",
    approvals_reviewer="user",
    sandbox_policy=WorkspaceWritePolicy(writable_roots=["/tmp/more"], network_access=True),
    effort="high",
    summary="concise",
    service_tier="fast",
    developer_instructions="Be brief.",
)

META = SessionMeta(
    thread_id=THREAD_ID,
    timestamp=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    cwd=SETTINGS.cwd,
    originator="a client",
    cli_version="0.1.0",
    source="vscode",
    model_provider="openai",
)


def said(text: str) -> MessageItem:
    return MessageItem(role="assistant", content=[OutputText(text=text)])


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn, and what there was before it."""

    turn_id: TurnId
    history: Sequence[ResponseItem]
    heard: int


@dataclass(slots=True)
class LiveThread:
    """What it does goes into memory and to the recorder alike; `close` brings it to the file."""

    path: Path
    resumed: bool = False
    history: HistoryStore = field(default_factory=HistoryStore)
    turns: list[Turn] = field(default_factory=list[Turn])
    recorder: RolloutRecorder = field(init=False)
    _count: int = 0
    _heard: list[Sequence[ResponseItem]] = field(default_factory=list[Sequence[ResponseItem]])
    """The history as it was right after each thing the user said."""
    begun: list[Begun] = field(default_factory=list[Begun])
    """The turns that nothing has taken back."""

    def __post_init__(self) -> None:
        recorder = RolloutRecorder.resumed if self.resumed else RolloutRecorder
        self.recorder = recorder(self.path, META)

    def after_crash(self) -> "LiveThread":
        """The same thread in a process that has resumed it."""
        return LiveThread(
            self.path,
            resumed=True,
            history=self.history,
            turns=self.turns,
            _heard=self._heard,
            begun=self.begun,
            _count=self._count,
        )

    async def write(self) -> None:
        await self.recorder.write_pending()

    def record(self, *items: ResponseItem, policy: TruncationPolicy = DEFAULT_POLICY) -> None:
        self.recorder.record_items(self.history.record(items, policy))

    def emit(self, event: Notification) -> None:
        self.recorder.record_event(event)

    def begin_turn(self, settings: ThreadSettings = SETTINGS) -> Turn:
        self._count += 1
        turn = Turn(id=TurnId(f"turn-{self._count}"), items=[], status="inProgress", started_at=100)
        self.begun.append(Begun(turn.id, self.history.snapshot(), len(self._heard)))
        self.recorder.start()
        self.emit(TurnStartedNotification(thread_id=THREAD_ID, turn=turn))
        self.recorder.record_turn_context(turn.id, settings)
        if self._count == 1:
            self.record(environment_context(cwd=settings.cwd, shell="bash"))
        self.turns.append(turn)
        return turn

    def show(self, item: ThreadItem) -> None:
        turn = self.turns[-1]
        self.turns[-1] = turn.model_copy(update={"items": [*turn.items, item]})
        self.emit(
            ItemCompletedNotification(
                thread_id=THREAD_ID, turn_id=turn.id, item=item, completed_at_ms=100_500
            )
        )

    def hear(self, text: str) -> None:
        self.record(user_message(text))
        self._heard.append(self.history.snapshot())
        self.show(UserMessageItem(id=self._item_id(), content=[TextInput(text=text)]))

    def say(self, text: str) -> None:
        self.record(said(text))
        self.show(AgentMessageItem(id=self._item_id(), text=text))

    def end_turn(self, error: TurnError | None = None, *, interrupted: bool = False) -> None:
        status = "failed" if error else "interrupted" if interrupted else "completed"
        turn = self.turns[-1].model_copy(
            update={"status": status, "error": error, "completed_at": 101, "duration_ms": 1000}
        )
        self.turns[-1] = turn
        shown = turn.model_copy(update={"items": turn.items[-1:], "items_view": "summary"})
        self.emit(TurnCompletedNotification(thread_id=THREAD_ID, turn=shown))

    def talk(self, question: str, answer: str) -> None:
        """A whole turn."""
        self.begin_turn()
        self.hear(question)
        self.say(answer)
        self.end_turn()

    def compact(self, summary: str, kept: Sequence[ResponseItem] = ()) -> None:
        replacement = [*kept, user_message(summary)]
        self.history.replace(replacement)
        self.recorder.record_compaction(summary, replacement)

    def roll_back(self, num_turns: int) -> None:
        """Take back what the user said last, and compactions that came after it."""
        self.recorder.record_rollback(num_turns)
        if num_turns and self._heard:
            first_taken = self._heard[-num_turns:][0]
            del self._heard[-num_turns:]
            self.history.replace(first_taken)
            self.history.drop_last_n_user_turns(1)
            left = len(self._heard)
            last = [at for at, turn in enumerate(self.begun) if turn.heard <= left][-1]
            del self.begun[last + (self.begun[last].heard < left) :]

    def revert(self, at: int) -> None:
        """Take back a turn and all that followed, as a session does it."""
        turn = self.begun[at]
        del self.begun[at:]
        self.recorder.record_rollback(len(self._heard) - turn.heard, turn.turn_id)
        self.history.drop_last_n_user_turns(len(self._heard) - turn.heard)
        del self._heard[turn.heard :]
        if self.history.snapshot() != turn.history:
            self.history.replace(turn.history)
            self.recorder.record_compaction("", turn.history)

    def use(self, total: int, last: int, limits: RateLimitSnapshot | None = None) -> None:
        usage = ThreadTokenUsage(total=_breakdown(total), last=_breakdown(last))
        self.emit(
            ThreadTokenUsageUpdatedNotification(
                thread_id=THREAD_ID, turn_id=self.turns[-1].id, token_usage=usage
            )
        )
        self.emit(AccountRateLimitsUpdatedNotification(rate_limits=limits or RateLimitSnapshot()))

    def _item_id(self) -> ItemId:
        return ItemId(f"item-{sum(len(turn.items) for turn in self.turns)}-{self._count}")


def developer(text: str) -> MessageItem:
    return MessageItem(role="developer", content=[InputText(text=text)])


def _breakdown(tokens: int) -> TokenUsageBreakdown:
    return TokenUsageBreakdown(
        total_tokens=tokens,
        input_tokens=tokens - 1,
        cached_input_tokens=0,
        output_tokens=1,
        reasoning_output_tokens=0,
    )
