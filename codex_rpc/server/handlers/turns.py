"""`turn/*`: giving the agent input, and stopping it."""

from codex_rpc.errors import EmptyParamError
from codex_rpc.protocol.turn import (
    TurnInterruptParams,
    TurnInterruptResponse,
    TurnStartParams,
    TurnStartResponse,
    TurnSteerParams,
    TurnSteerResponse,
    TurnSubmitParams,
    TurnSubmitResponse,
)
from codex_rpc.server.context import RequestContext
from codex_rpc.server.overrides import settings_overrides
from codex_rpc.server.views import accepted_turn
from codex_rpc.session.ops import Steer, SubmitInput, Submitted


async def start(context: RequestContext, params: TurnStartParams) -> TurnStartResponse:
    return TurnStartResponse(turn=accepted_turn(await _submit(context, params)))


async def submit(context: RequestContext, params: TurnSubmitParams) -> TurnSubmitResponse:
    if not params.input:
        raise EmptyParamError("input")
    submitted = await _submit(context, params)
    return TurnSubmitResponse(
        turn=accepted_turn(submitted),
        disposition="steered" if submitted.disposition == "steered" else "started",
    )


async def steer(context: RequestContext, params: TurnSteerParams) -> TurnSteerResponse:
    thread = context.thread(params.thread_id)
    submitted = await context.submit(
        thread, Steer(params.input, params.expected_turn_id, params.client_user_message_id)
    )
    return TurnSteerResponse(turn_id=accepted_turn(submitted).id)


async def interrupt(context: RequestContext, params: TurnInterruptParams) -> TurnInterruptResponse:
    thread = context.server.threads.get_thread(params.thread_id)
    context.answer_first(thread.thread_id)
    thread.interrupt(params.turn_id or None)
    return TurnInterruptResponse()


async def _submit(context: RequestContext, params: TurnStartParams | TurnSubmitParams) -> Submitted:
    thread = context.thread(params.thread_id)
    return await context.submit(
        thread,
        SubmitInput(
            parts=params.input,
            client_id=params.client_user_message_id,
            overrides=settings_overrides(params, thread),
            output_schema=params.output_schema,
        ),
    )
