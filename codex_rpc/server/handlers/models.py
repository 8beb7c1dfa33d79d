"""`model/list`."""

from codex_rpc.protocol.models import ModelListParams, ModelListResponse
from codex_rpc.server.context import RequestContext
from codex_rpc.server.paging import page
from codex_rpc.server.views import model_view


async def list_models(context: RequestContext, params: ModelListParams) -> ModelListResponse:
    threads = context.server.threads
    config = threads.config.load()
    provider = config.provider(params.model_provider or config.model_provider)
    default = threads.models.default_model(config, provider)
    models = [
        model_view(model, is_default=model.slug == default)
        for model in threads.models.list_models(provider)
    ]
    data, next_cursor = page(models, lambda model: model.id, params.cursor, params.limit)
    return ModelListResponse(data=data, next_cursor=next_cursor)
