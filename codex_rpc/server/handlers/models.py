"""`model/list`."""

import anyio.to_thread

from codex_rpc.errors import InvalidCursorError, InvalidParamsError
from codex_rpc.managers.model_info import EFFORTS, ModelInfo
from codex_rpc.protocol.models import (
    Model,
    ModelListParams,
    ModelListResponse,
    ModelServiceTier,
    ModelUpgradeInfo,
    ReasoningEffortOption,
)
from codex_rpc.server.context import RequestContext

FAST_TIER = "priority"
"""The faster service, as requests name it."""


async def list_models(context: RequestContext, params: ModelListParams) -> ModelListResponse:
    threads = context.server.threads
    config = await anyio.to_thread.run_sync(threads.config.load)
    provider = config.provider(params.model_provider or config.model_provider)
    models = threads.models.list_models(provider, with_hidden=bool(params.include_hidden))
    default = next((model.slug for model in models if not model.hidden), None)
    start = _offset(params.cursor, len(models))
    end = len(models) if params.limit is None else start + max(1, params.limit)
    return ModelListResponse(
        data=[model_view(model, is_default=model.slug == default) for model in models[start:end]],
        next_cursor=str(end) if end < len(models) else None,
    )


def _offset(cursor: str | None, total: int) -> int:
    """How many models the pages before have shown."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal()):
        raise InvalidCursorError(cursor)
    if len(cursor) > len(str(total)) or int(cursor) > total:
        raise InvalidParamsError(
            f"cursor {cursor[:20]} exceeds total models {total}", path=("cursor",)
        )
    return int(cursor)


def model_view(model: ModelInfo, *, is_default: bool) -> Model:
    """How a model is shown to clients."""
    return Model(
        id=model.slug,
        model=model.slug,
        display_name=model.display_name,
        description=model.description,
        hidden=model.hidden,
        is_default=is_default,
        supported_reasoning_efforts=[
            ReasoningEffortOption(reasoning_effort=effort, description=EFFORTS[effort])
            for effort in model.efforts
        ],
        default_reasoning_effort=model.default_effort,
        input_modalities=list(model.modalities),
        additional_speed_tiers=["fast"] if model.fast else [],
        service_tiers=_service_tiers(model),
        default_service_tier=FAST_TIER if model.default_fast else None,
        model_specialty=model.specialty,
        multi_agent_version=model.agents,
        upgrade=model.upgrade,
        upgrade_info=None if model.upgrade is None else ModelUpgradeInfo(model=model.upgrade),
    )


def _service_tiers(model: ModelInfo) -> list[ModelServiceTier]:
    if model.fast is None:
        return []
    return [ModelServiceTier(id=FAST_TIER, name="Fast", description=model.fast)]
