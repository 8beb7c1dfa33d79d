"""The review task: another pair of eyes on changes, in a conversation of its own.

The reviewer has its own instructions and history, and the thread's tools but no leave to change
files. What it runs is shown; what it says is not, until its findings are there. The thread's own
history gets the findings alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.config.web_search import WebSearchSettings
from codex_rpc.history.fragments import review_interrupted, review_results
from codex_rpc.history.store import HistoryStore
from codex_rpc.protocol.ids import TurnId, new_item_id
from codex_rpc.protocol.items import (
    AgentMessageItem,
    EnteredReviewModeItem,
    ExitedReviewModeItem,
)
from codex_rpc.protocol.notifications import (
    AgentMessageDeltaNotification,
    ItemCompletedNotification,
    ItemStartedNotification,
    ThreadTokenUsageUpdatedNotification,
)
from codex_rpc.protocol.response_items import (
    MessageItem,
    OutputText,
    ResponseItem,
    user_message,
)
from codex_rpc.session.context import introduce
from codex_rpc.session.events import Event
from codex_rpc.session.review_output import parse_review, render_review
from codex_rpc.session.review_target import ReviewRequest
from codex_rpc.session.sampling import sample
from codex_rpc.session.turn_context import TurnContext, TurnJournal
from codex_rpc.session.usage import announce_usage
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import ReviewState
from codex_rpc.tools.agents.agent_tools import AGENT_TOOLS

INTERRUPTED = "The review was interrupted."
FAILED = "The review failed before it had a result."

NOT_FOR_REVIEWERS = ("apply_patch", "update_plan", "request_user_input", "request_permissions")
"""A review changes nothing, and nobody follows it who could be asked."""

REVIEWER_INSTRUCTIONS = """\
You review code that somebody else has changed. Your job is to find what its author would want to
know before it ships: wrong behaviour, lost data, security holes, broken contracts, races, and tests
that prove nothing. Leave taste, formatting and what was there before alone.

Work in the folder you are given. Read the change first, then whatever code you need to be sure.
Run what helps you, but change nothing.

Report a finding only if you can say how it goes wrong, with which input, and where. None is a good
answer. Answer with one JSON object and nothing else:
{
  "findings": [
    {
      "title": "<at most 80 characters, imperative>",
      "body": "<one paragraph: what goes wrong, when, and why>",
      "confidence_score": <0.0 to 1.0>,
      "priority": <0 cannot wait, 1 next, 2 normal, 3 minor>,
      "code_location": {
        "absolute_file_path": "<path>",
        "line_range": {"start": <line>, "end": <line>}
      }
    }
  ],
  "overall_correctness": "patch is correct" or "patch is incorrect",
  "overall_explanation": "<one to three sentences>",
  "overall_confidence_score": <0.0 to 1.0>
}
"""


@dataclass(slots=True)
class _ReviewJournal:
    """Lets pass what the reviewer does, and keeps to itself what it says and how much it holds."""

    outer: TurnJournal
    history: HistoryStore

    def emit(self, event: Event) -> None:
        match event:
            case AgentMessageDeltaNotification() | ThreadTokenUsageUpdatedNotification():
                return
            case ItemStartedNotification() | ItemCompletedNotification() if isinstance(
                event.item, AgentMessageItem
            ):
                return
            case _:
                self.outer.emit(event)

    def record(self, items: Sequence[ResponseItem]) -> None:
        self.history.record(items)

    def replace_history(self, items: Sequence[ResponseItem], summary: str) -> None:
        """The reviewer's own history; there is no record of it."""
        self.history.replace(items)

    def record_settings(self, turn_id: TurnId, settings: ThreadSettings) -> None:
        """The turn's own settings are on record; the reviewer's differ in nothing that lasts."""

    async def room(self) -> None:
        await self.outer.room()


class ReviewTask(Struct, frozen=True):
    """Has `request` reviewed."""

    request: ReviewRequest
    kind: Literal["review"] = "review"

    async def run(self, turn: TurnContext) -> None:
        """Review until the reviewer has nothing left to look at."""
        item = EnteredReviewModeItem(id=new_item_id(), review=self.request.hint)
        turn.state.review = ReviewState()
        turn.item_started(item)
        turn.item_completed(item)
        reviewer = self._reviewer(turn)
        introduce(reviewer)
        reviewer.record([user_message(self.request.prompt)])
        try:
            while (await sample(reviewer)).needs_follow_up:
                pass
        finally:
            _account(turn, reviewer.session_state)
        last = turn.state.last_agent_message
        turn.state.review = ReviewState("" if last is None else last.text)

    def _reviewer(self, turn: TurnContext) -> TurnContext:
        settings = replace(
            turn.settings,
            base_instructions=REVIEWER_INSTRUCTIONS,
            developer_instructions=None,
            web_search=WebSearchSettings("disabled"),
        )
        state = SessionState(
            settings,
            approved_commands=turn.session_state.approved_commands,
            rate_limits=turn.session_state.rate_limits,
        )
        tools = turn.services.tools.without(*NOT_FOR_REVIEWERS, *AGENT_TOOLS)
        return replace(
            turn,
            settings=settings,
            session_state=state,
            services=replace(turn.services, tools=tools),
            journal=_ReviewJournal(turn.journal, state.history),
            output_schema=None,
        )

    def close(self, turn: TurnContext) -> None:
        """Say what was found, or that nobody will know."""
        review, turn.state.review = turn.state.review, None
        if review is None:
            return
        turn.state.last_agent_message = None
        if review.answer is None:
            stopped = turn.turn.stopping
            _leave(turn, INTERRUPTED if stopped else FAILED)
            turn.record([review_interrupted() if stopped else review_results(FAILED)])
            return
        results = render_review(parse_review(review.answer))
        _leave(turn, results)
        message = AgentMessageItem(id=new_item_id(), text=results)
        turn.item_started(message)
        turn.item_completed(message)
        turn.state.last_agent_message = message
        turn.record(
            [
                review_results(results),
                MessageItem(role="assistant", content=[OutputText(text=results)]),
            ]
        )


def _account(turn: TurnContext, reviewer: SessionState) -> None:
    """Put what the review has cost on the thread's bill; its window holds nothing of it."""
    turn.session_state.rate_limits = reviewer.rate_limits
    if reviewer.total_usage.total_tokens:
        turn.session_state.add_usage(reviewer.total_usage)
        announce_usage(turn)


def _leave(turn: TurnContext, results: str) -> None:
    item = ExitedReviewModeItem(id=new_item_id(), review=results)
    turn.item_started(item)
    turn.item_completed(item)
