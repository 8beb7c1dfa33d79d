"""The model's output, as items a client can watch and as history the model gets back."""

from functools import partial
from typing import Literal, assert_never, cast, get_args

from codex_rpc.model.events import (
    ModelEvent,
    OutputItemDone,
    OutputItemStarted,
    ReasoningDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartStarted,
    TextDelta,
)
from codex_rpc.protocol import items as wire
from codex_rpc.protocol.ids import ItemId, new_item_id
from codex_rpc.protocol.notifications import (
    AgentMessageDeltaNotification,
    Notification,
    ReasoningSummaryPartAddedNotification,
    ReasoningSummaryTextDeltaNotification,
    ReasoningTextDeltaNotification,
)
from codex_rpc.protocol.response_items import (
    MessageItem,
    ReasoningItem,
    ResponseItem,
    ToolCallItem,
    WebSearchCallItem,
)
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.tools.web_search import web_search_item

Phase = Literal["commentary", "partial_answer", "final_answer"]
_Shown = wire.AgentMessageItem | wire.ReasoningItem | wire.WebSearchItem
_Section = tuple[Literal["summary", "content"], int]


class OutputItems:
    """Follows one response. At most one message, reasoning or search is open at a time."""

    def __init__(self, turn: TurnContext) -> None:
        self._turn = turn
        self._open: _Shown | None = None
        self._text: list[str] = []
        self._reasoning: dict[_Section, list[str]] = {}

    def handle(self, event: ModelEvent) -> ToolCallItem | None:
        """Show one event; a finished tool call is returned for the caller to run."""
        match event:
            case TextDelta(delta=delta):
                self._text_delta(delta)
            case OutputItemStarted(item=item):
                self._start(item)
            case OutputItemDone(item=item):
                return self._finish(item)
            case ReasoningSummaryDelta() | ReasoningDelta() | ReasoningSummaryPartStarted():
                self._reasoning_event(event)
            case _:
                pass
        return None

    def close(self) -> None:
        """Complete an item that the model left open, with what there is of it."""
        if self._open is not None:
            self._complete(self._so_far(self._open))

    def _so_far(self, item: _Shown) -> _Shown:
        """The open item with what has been shown of it."""
        if isinstance(item, wire.WebSearchItem):
            return item
        if isinstance(item, wire.AgentMessageItem):
            return item.model_copy(update={"text": "".join(self._text)})
        shown = {"summary": self._sections("summary"), "content": self._sections("content")}
        return item.model_copy(update=shown)

    def _start(self, item: ResponseItem) -> None:
        self.close()
        shown = _shown(item)
        if shown is not None:
            self._open = shown
            self._text = []
            self._reasoning = {}
            self._turn.item_started(shown, partial(self._so_far, shown))

    def _text_delta(self, delta: str) -> None:
        if not isinstance(self._open, wire.AgentMessageItem):
            self._start(MessageItem(role="assistant", content=[]))
        self._text.append(delta)
        self._turn.emit(
            AgentMessageDeltaNotification(
                thread_id=self._turn.thread_id,
                turn_id=self._turn.turn_id,
                item_id=self._open_id(),
                delta=delta,
            )
        )

    def _reasoning_event(
        self, event: ReasoningSummaryDelta | ReasoningDelta | ReasoningSummaryPartStarted
    ) -> None:
        if not isinstance(self._open, wire.ReasoningItem):
            self._start(ReasoningItem())
        match event:
            case ReasoningSummaryDelta():
                self._section("summary", event.summary_index).append(event.delta)
            case ReasoningDelta():
                self._section("content", event.content_index).append(event.delta)
            case ReasoningSummaryPartStarted():
                self._section("summary", event.summary_index)
        self._turn.emit(self._reasoning_notification(event))

    def _section(self, kind: Literal["summary", "content"], index: int) -> list[str]:
        return self._reasoning.setdefault((kind, index), [])

    def _sections(self, kind: Literal["summary", "content"]) -> list[str]:
        """What has been shown of the open reasoning item, section by section."""
        shown = sorted(self._reasoning.items())
        return ["".join(text) for (section, _), text in shown if section == kind]

    def _reasoning_notification(
        self, event: ReasoningSummaryDelta | ReasoningDelta | ReasoningSummaryPartStarted
    ) -> Notification:
        thread_id, turn_id = self._turn.thread_id, self._turn.turn_id
        match event:
            case ReasoningSummaryDelta():
                return ReasoningSummaryTextDeltaNotification(
                    thread_id=thread_id,
                    turn_id=turn_id,
                    item_id=self._open_id(),
                    delta=event.delta,
                    summary_index=event.summary_index,
                )
            case ReasoningSummaryPartStarted():
                return ReasoningSummaryPartAddedNotification(
                    thread_id=thread_id,
                    turn_id=turn_id,
                    item_id=self._open_id(),
                    summary_index=event.summary_index,
                )
            case ReasoningDelta():
                return ReasoningTextDeltaNotification(
                    thread_id=thread_id,
                    turn_id=turn_id,
                    item_id=self._open_id(),
                    delta=event.delta,
                    content_index=event.content_index,
                )
            case _:
                assert_never(event)

    def _finish(self, item: ResponseItem) -> ToolCallItem | None:
        if isinstance(item, ToolCallItem):
            self.close()
            return item
        shown = _shown(item)
        if shown is not None:
            if self._open is None or self._open.type != shown.type:
                self._start(item)
            shown = shown.model_copy(update={"id": self._open_id()})
            self._complete(shown)
            if isinstance(shown, wire.AgentMessageItem):
                self._turn.state.last_agent_message = shown
        self._turn.record([item])
        return None

    def _complete(self, item: _Shown) -> None:
        self._open = None
        self._turn.item_completed(item)

    def _open_id(self) -> ItemId:
        return self._open.id if self._open is not None else new_item_id()


def _shown(item: ResponseItem) -> _Shown | None:
    match item:
        case WebSearchCallItem():
            return web_search_item(item)
        case MessageItem(role="assistant"):
            phase = cast("Phase", item.phase) if item.phase in get_args(Phase) else None
            return wire.AgentMessageItem(id=_item_id(item), text=item.text, phase=phase)
        case ReasoningItem():
            return wire.ReasoningItem(
                id=_item_id(item),
                summary=[part.text for part in item.summary],
                content=[part.text for part in item.content or ()],
            )
        case _:
            return None


def _item_id(item: MessageItem | ReasoningItem) -> ItemId:
    return ItemId(item.id) if item.id else new_item_id()
