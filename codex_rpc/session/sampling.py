"""One answer of the model: asked for, followed to its end, asked for again when it breaks off."""

from functools import partial

from msgspec import Struct

from codex_rpc.errors import ModelError
from codex_rpc.model.events import ModelEvent, RateLimitsReported, ResponseCompleted
from codex_rpc.session.output_items import OutputItems
from codex_rpc.session.prompt import build_request
from codex_rpc.session.retries import with_retries
from codex_rpc.session.tool_calls import ToolCalls
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.usage import report_usage


class Sampled(Struct, frozen=True):
    """What came of a response. After a tool call the model has to hear the outputs."""

    needs_follow_up: bool


async def sample(turn: TurnContext) -> Sampled:
    """Ask the model once more, with all that history holds now.

    What was said and done before a response broke off stays on record.

    Raises:
        ModelError: if the model cannot be had.
    """
    return await with_retries(turn, partial(_sample_once, turn))


async def _sample_once(turn: TurnContext) -> Sampled:
    failure: ModelError | None = None
    response = _Response(turn)
    try:
        async with ToolCalls(turn) as calls:
            try:
                await response.follow(calls)
            except ModelError as error:
                # Calls that were made before the break run to their end before it is reported.
                failure = error
    finally:
        response.account()
    if failure is not None:
        raise failure
    return Sampled(needs_follow_up=calls.started > 0)


class _Response:
    """One response, from the request to the accounting."""

    def __init__(self, turn: TurnContext) -> None:
        self._turn = turn
        self._completed: ResponseCompleted | None = None
        self._heard = len(turn.session_state.history)

    async def follow(self, calls: ToolCalls) -> None:
        """Show the model's output as it comes, and start its tool calls.

        Raises:
            ModelError: if there is no response, or it breaks off.
        """
        turn = self._turn
        output = OutputItems(turn)
        try:
            async with turn.services.model.stream(build_request(turn)) as batches:
                turn.services.exec.processes.prepare()
                async for batch in batches:
                    for event in batch:
                        call = output.handle(event)
                        if call is not None:
                            calls.start(call)
                        else:
                            self._take_note(event)
                    await turn.room()
        finally:
            output.close()

    def _take_note(self, event: ModelEvent) -> None:
        match event:
            case RateLimitsReported(rate_limits=rate_limits):
                self._turn.session_state.record_rate_limits(rate_limits)
            case ResponseCompleted():
                self._completed = event
            case _:
                pass

    def account(self) -> None:
        """Announce what the response has cost, if it was completed."""
        if self._completed is not None:
            report_usage(self._turn, self._completed.usage, self._heard)
