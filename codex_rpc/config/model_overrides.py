"""What the user says about single models: `[model_providers.<id>.models."<name>"]`.

This is for models that no catalogue knows, such as those of a local server. What is left out is as
the catalogue has it, or as is assumed of an unknown model.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from codex_rpc.config.values import boolean_at, size_at, table_at, texts_at
from codex_rpc.errors import ConfigValueError

MODALITIES = ("text", "image", "audio")


class ModelOverrides(Struct, frozen=True):
    """The facts about one model that the user gives; `None` is not given. Sizes in tokens."""

    context_window: int | None = None
    auto_compact_token_limit: int | None = None
    supports_reasoning: bool | None = None
    modalities: tuple[str, ...] | None = None
    """What it can be shown, of `MODALITIES`."""
    apply_patch_freeform: bool | None = None
    """Whether it takes patches as plain text, rather than in the arguments of a function."""
    parallel_tool_calls: bool | None = None
    extra_tools: tuple[str, ...] | None = None
    """Tools to offer to it that others are not offered, such as `read_file`."""


def model_overrides_from_toml(
    provider: Mapping[str, Any], where: tuple[str, ...]
) -> Mapping[str, ModelOverrides]:
    """Read the `models` of a provider's table, which is at `where`.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    models = table_at(provider, "models", *where)
    at = (*where, "models")
    return {name: _overrides(table_at(models, name, *at), (*at, name)) for name in models}


def _overrides(table: Mapping[str, Any], where: tuple[str, ...]) -> ModelOverrides:
    modalities = texts_at(table, "modalities", *where)
    for modality in modalities or ():
        if modality not in MODALITIES:
            raise ConfigValueError(
                (*where, "modalities"),
                f"unknown value `{modality}`, expected some of {', '.join(MODALITIES)}",
            )
    return ModelOverrides(
        context_window=size_at(table, "context_window", *where, least=1),
        auto_compact_token_limit=size_at(table, "auto_compact_token_limit", *where, least=1),
        supports_reasoning=boolean_at(table, "supports_reasoning", *where),
        modalities=modalities,
        apply_patch_freeform=boolean_at(table, "apply_patch_freeform", *where),
        parallel_tool_calls=boolean_at(table, "parallel_tool_calls", *where),
        extra_tools=texts_at(table, "extra_tools", *where),
    )
