"""ModelsManager: which models there are, and what is known of each. It never uses the network."""

from collections.abc import Sequence
from dataclasses import replace

from codex_rpc.config.loader import Config
from codex_rpc.config.providers import ModelProvider
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.managers.model_info import CATALOGUE, SCRIPTED, ModelInfo, fallback_model


class ModelsManager:
    """Looks models up by provider and name."""

    def list_models(self, provider: ModelProvider) -> Sequence[ModelInfo]:
        """The models to offer for `provider`, the default one first."""
        return (SCRIPTED,) if provider.wire_api == "script" else CATALOGUE

    def default_model(self, config: Config, provider: ModelProvider) -> str:
        """The configured model, else the first one of the provider."""
        return config.model or self.list_models(provider)[0].slug

    def find(self, settings: ThreadSettings) -> ModelInfo:
        """The model of `settings`: the catalogue's entry, or guesses for one it does not have."""
        slug = settings.model
        known = (model for model in (*CATALOGUE, SCRIPTED) if model.slug == slug)
        model = next(known, None) or fallback_model(slug)
        return replace(
            model,
            context_window=settings.context_window or model.context_window,
            auto_compact_limit=settings.auto_compact_limit or model.auto_compact_limit,
        )
