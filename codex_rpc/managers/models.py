"""ModelsManager: which models there are, and what is known of each. It never uses the network.

What the user says of a model in the configuration counts more than the catalogue.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from codex_rpc.config.effective import Config
from codex_rpc.config.model_overrides import ModelOverrides
from codex_rpc.config.providers import ModelProvider
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.managers.catalogue import CATALOGUE, FAMILIES, SCRIPTED
from codex_rpc.managers.model_info import ModelInfo, fallback_model

_ENDS_OF_NAMES = ("-", ".", ":", "@")
"""What may follow the name of a family in the name of one of its models."""


class ModelsManager:
    """Looks models up by provider and name."""

    def list_models(
        self, provider: ModelProvider, *, with_hidden: bool = False
    ) -> Sequence[ModelInfo]:
        """The models to offer for `provider`, the default one first.

        Of a provider whose models the user has described, these; of any other, the catalogue.
        """
        if provider.wire_api == "script":
            return (SCRIPTED,)
        described = [_described(slug, provider) for slug in provider.models]
        if described and provider.id != "openai":
            return described
        listed = {model.slug: model for model in CATALOGUE if with_hidden or not model.hidden}
        return tuple((listed | {model.slug: model for model in described}).values())

    def default_model(self, config: Config, provider: ModelProvider) -> str:
        """The configured model, else the first one of the provider."""
        return config.model or self.list_models(provider)[0].slug

    def find(self, settings: ThreadSettings, provider: ModelProvider | None = None) -> ModelInfo:
        """The model of `settings`, as far as it is known, with what the user knows better."""
        slug = settings.model
        if provider is None:
            model = _catalogued(slug)
        elif provider.wire_api == "script":
            model = replace(SCRIPTED, slug=slug)
        else:
            model = _described(slug, provider)
        return replace(
            model,
            context_window=_chosen_window(settings.context_window, model),
            auto_compact_limit=settings.auto_compact_limit or model.auto_compact_limit,
        )


def _chosen_window(chosen: int | None, model: ModelInfo) -> int:
    """The user's choice, as far as the model can follow it."""
    if chosen is None:
        return model.context_window
    return chosen if model.max_context_window is None else min(chosen, model.max_context_window)


def _described(slug: str, provider: ModelProvider) -> ModelInfo:
    overrides = provider.models.get(slug)
    model = _catalogued(slug)
    return model if overrides is None else _overridden(model, overrides)


def _overridden(model: ModelInfo, overrides: ModelOverrides) -> ModelInfo:
    said: dict[str, Any] = {
        "context_window": overrides.context_window,
        "max_context_window": overrides.context_window,
        "auto_compact_limit": overrides.auto_compact_token_limit,
        "supports_reasoning": overrides.supports_reasoning,
        "modalities": overrides.modalities,
        "freeform_patches": overrides.apply_patch_freeform,
        "parallel_tool_calls": overrides.parallel_tool_calls,
        "extra_tools": overrides.extra_tools,
    }
    facts = {name: fact for name, fact in said.items() if fact is not None}
    return replace(model, **facts, known=model.known or overrides.context_window is not None)


def _catalogued(slug: str) -> ModelInfo:
    """What is known of a model by its name: its own entry, else that of its family, else guesses.

    A router's prefix, as in `openai/gpt-5.5`, is no part of the name.
    """
    name = slug.rpartition("/")[2]
    model = _nearest(name, (*CATALOGUE, SCRIPTED)) or _nearest(name, FAMILIES)
    if model is None:
        return fallback_model(slug)
    shown = model.display_name if model.slug == name else slug
    return replace(model, slug=slug, display_name=shown, hidden=model.hidden and shown != slug)


def _nearest(name: str, models: Iterable[ModelInfo]) -> ModelInfo | None:
    """The model of that name, else the one with the longest name that it is a variant of."""
    family = [model for model in models if _is_variant(name, model.slug)]
    return max(family, key=lambda model: len(model.slug), default=None)


def _is_variant(name: str, slug: str) -> bool:
    return name == slug or name.startswith(tuple(slug + end for end in _ENDS_OF_NAMES))
