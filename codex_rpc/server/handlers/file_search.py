"""`fuzzyFileSearch` and its sessions."""

from codex_rpc.errors import EmptyParamError
from codex_rpc.protocol.file_search import (
    FuzzyFileSearchParams,
    FuzzyFileSearchResponse,
    FuzzyFileSearchSessionStartParams,
    FuzzyFileSearchSessionStartResponse,
    FuzzyFileSearchSessionStopParams,
    FuzzyFileSearchSessionStopResponse,
    FuzzyFileSearchSessionUpdateParams,
    FuzzyFileSearchSessionUpdateResponse,
)
from codex_rpc.server.connection_resources import search_result
from codex_rpc.server.context import RequestContext


async def search(context: RequestContext, params: FuzzyFileSearchParams) -> FuzzyFileSearchResponse:
    found = await context.client.resources.searches.once(
        params.query, params.roots, _search_path(context), params.cancellation_token
    )
    return FuzzyFileSearchResponse(files=[search_result(ranked) for ranked in found])


async def start(
    context: RequestContext, params: FuzzyFileSearchSessionStartParams
) -> FuzzyFileSearchSessionStartResponse:
    if not params.session_id:
        raise EmptyParamError("sessionId")
    searches = context.client.resources.searches
    searches.start(params.session_id, params.roots, _search_path(context))
    return FuzzyFileSearchSessionStartResponse()


async def update(
    context: RequestContext, params: FuzzyFileSearchSessionUpdateParams
) -> FuzzyFileSearchSessionUpdateResponse:
    context.client.resources.searches.update(params.session_id, params.query)
    return FuzzyFileSearchSessionUpdateResponse()


async def stop(
    context: RequestContext, params: FuzzyFileSearchSessionStopParams
) -> FuzzyFileSearchSessionStopResponse:
    context.client.resources.searches.stop(params.session_id)
    return FuzzyFileSearchSessionStopResponse()


def _search_path(context: RequestContext) -> str | None:
    return context.server.environ.get("PATH")
