"""`initialize`."""

from codex_rpc.protocol.handshake import InitializeParams, InitializeResponse
from codex_rpc.server.context import RequestContext
from codex_rpc.server.handshake import initialize_response


async def initialize(context: RequestContext, params: InitializeParams) -> InitializeResponse:
    context.client.initialize(params)
    info = params.client_info
    return InitializeResponse.model_validate(
        initialize_response(context.server.environ, info.name, info.version)
    )
