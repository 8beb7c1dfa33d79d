"""ModelsManager: which models there are, and what is known of each. It never uses the network."""

from collections.abc import Sequence

from codex_rpc.config.loader import Config
from codex_rpc.config.providers import ModelProvider
from codex_rpc.managers.model_info import CATALOGUE, SCRIPTED, ModelInfo, fallback_model


class ModelsManager:
    """Looks models up by provider and name."""

    def list_models(self, provider: ModelProvider) -> Sequence[ModelInfo]:
        """The models to offer for `provider`, the default one first."""
        return (SCRIPTED,) if provider.wire_api == "script" else CATALOGUE

    def default_model(self, config: Config, provider: ModelProvider) -> str:
        """The configured model, else the first one of the provider."""
        return config.model or self.list_models(provider)[0].slug

    def find(self, slug: str) -> ModelInfo:
        """The catalogue's entry for `slug`, or guesses for a model it does not have."""
        for model in (*CATALOGUE, SCRIPTED):
            if model.slug == slug:
                return model
        return fallback_model(slug)
