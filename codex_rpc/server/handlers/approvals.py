"""`approval/*`: answering questions, and seeing which are open."""

from codex_rpc.errors import InvalidParamsError
from codex_rpc.protocol.approvals import (
    ApprovalListParams,
    ApprovalListResponse,
    ApprovalRespondParams,
    ApprovalRespondResponse,
    DecisionResponse,
)
from codex_rpc.protocol.base import WireModel
from codex_rpc.server.approval_desk import answer_model
from codex_rpc.server.context import RequestContext
from codex_rpc.server.params import validated


async def respond(
    context: RequestContext, params: ApprovalRespondParams
) -> ApprovalRespondResponse:
    thread, approval = context.server.desk.question(params.approval_id)
    answer = _answer(params, answer_model(approval.method))
    context.answer_first(thread.thread_id)
    thread.answer(params.approval_id, answer)
    return ApprovalRespondResponse()


def _answer(params: ApprovalRespondParams, model: type[WireModel]) -> WireModel:
    """The answer in the form that its question wants.

    Raises:
        InvalidParamsError: if it has another, or is missing.
    """
    if issubclass(model, DecisionResponse):
        if params.decision is None:
            raise InvalidParamsError(
                "Invalid request: missing field `decision`", path=("decision",)
            )
        return validated(model, {"decision": params.decision}, ())
    if params.response is None:
        raise InvalidParamsError("Invalid request: missing field `response`", path=("response",))
    return validated(model, params.response, ("response",))


async def list_pending(context: RequestContext, params: ApprovalListParams) -> ApprovalListResponse:
    if params.thread_id is not None:
        context.server.threads.get_thread(params.thread_id)
    return ApprovalListResponse(data=list(context.server.desk.pending(params.thread_id)))
