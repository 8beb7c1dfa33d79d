"""`approval/*`: answering questions, and seeing which are open."""

from codex_rpc.protocol.approvals import (
    ApprovalListParams,
    ApprovalListResponse,
    ApprovalRespondParams,
    ApprovalRespondResponse,
)
from codex_rpc.server.context import RequestContext


async def respond(
    context: RequestContext, params: ApprovalRespondParams
) -> ApprovalRespondResponse:
    thread = context.server.desk.thread_of(params.approval_id)
    context.answer_first(thread.thread_id)
    thread.respond_to_approval(params.approval_id, params.decision)
    return ApprovalRespondResponse()


async def list_pending(context: RequestContext, params: ApprovalListParams) -> ApprovalListResponse:
    if params.thread_id is not None:
        context.server.threads.get_thread(params.thread_id)
    return ApprovalListResponse(data=list(context.server.desk.pending(params.thread_id)))
