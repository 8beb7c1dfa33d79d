"""`turn/*`: giving the agent input, and stopping it."""

from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.errors import InvalidParamsError
from codex_rpc.protocol.turn import (
    TurnInterruptParams,
    TurnInterruptResponse,
    TurnStartParams,
    TurnStartResponse,
    TurnSubmitParams,
    TurnSubmitResponse,
)
from codex_rpc.server.context import RequestContext
from codex_rpc.server.views import accepted_turn
from codex_rpc.session.ops import SubmitInput, Submitted
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.spawn import existing_directory


async def start(context: RequestContext, params: TurnStartParams) -> TurnStartResponse:
    submitted = await _submit(context, params)
    return TurnStartResponse(turn=accepted_turn(submitted.turn_id))


async def submit(context: RequestContext, params: TurnSubmitParams) -> TurnSubmitResponse:
    if not params.input:
        raise InvalidParamsError("input must not be empty", path=("input",))
    submitted = await _submit(context, params)
    return TurnSubmitResponse(
        turn=accepted_turn(submitted.turn_id), disposition=submitted.disposition
    )


async def interrupt(context: RequestContext, params: TurnInterruptParams) -> TurnInterruptResponse:
    thread = context.server.threads.get_thread(params.thread_id)
    context.answer_first(thread.thread_id)
    thread.interrupt(params.turn_id or None)
    return TurnInterruptResponse()


async def _submit(context: RequestContext, params: TurnStartParams | TurnSubmitParams) -> Submitted:
    thread = context.thread(params.thread_id)
    context.answer_first(thread.thread_id)
    return await thread.submit(
        SubmitInput(
            parts=params.input,
            client_id=params.client_user_message_id,
            overrides=_overrides(params, thread),
            output_schema=params.output_schema,
        )
    )


def _overrides(
    params: TurnStartParams | TurnSubmitParams, thread: CodexThread
) -> SettingsOverrides:
    cwd = params.cwd and existing_directory(thread.snapshot().settings.cwd, params.cwd)
    return SettingsOverrides(
        model=params.model,
        cwd=cwd or None,
        approval_policy=params.approval_policy,
        approvals_reviewer=params.approvals_reviewer,
        sandbox_policy=params.sandbox_policy,
        effort=params.effort,
        summary=params.summary,
        service_tier=params.service_tier,
    )
