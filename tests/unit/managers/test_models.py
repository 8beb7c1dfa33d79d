"""What is known of a model, from the catalogue, from its family, and from the user."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from codex_rpc.config.effective import config_from_table
from codex_rpc.config.providers import ModelProvider
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.managers.models import ModelsManager
from tests.support.session import SETTINGS

OPENAI = ModelProvider(id="openai", name="OpenAI")
LOCAL = {"context_window": 32_768, "modalities": ["text", "image"], "supports_reasoning": True}


def find(slug: str, provider: ModelProvider = OPENAI, **settings: Any) -> ModelInfo:
    return ModelsManager().find(replace(SETTINGS, model=slug, **settings), provider)


def provider_with(models: dict[str, dict[str, Any]], provider_id: str = "local") -> ModelProvider:
    """A provider whose models the user has described."""
    table = {"model_providers": {provider_id: {"models": models}}}
    return config_from_table(Path("/home"), table).provider(provider_id)


@pytest.mark.parametrize(
    ("slug", "usable"),
    [
        ("gpt-6.1-sol", 258_400),
        ("gpt-6.1-terra", 475_000),
        ("gpt-5.5", 258_400),
        ("gpt-daybreak-red-latest", 353_400),
        ("openai/gpt-6.1-terra", 475_000),
        ("gpt-5.5-2026-01-01", 258_400),
    ],
)
def test_windows_are_those_of_the_models(slug: str, usable: int) -> None:
    """As the `codex` command tells them in `modelContextWindow`."""
    assert find(slug).usable_window == usable


@pytest.mark.parametrize(
    ("slug", "chosen", "window"),
    [
        ("gpt-5.5", 1_000_000, 272_000),
        ("gpt-6-sol", 1_000_000, 872_000),
        ("gpt-6-sol", 100_000, 100_000),
        ("qwen3", 1_000_000, 1_000_000),
    ],
)
def test_a_user_can_choose_a_window_that_the_model_has(slug: str, chosen: int, window: int) -> None:
    assert find(slug, context_window=chosen).context_window == window


def test_a_variant_has_the_facts_of_its_family_under_its_own_name() -> None:
    variant = find("gpt-5.1-codex-max")
    assert (variant.slug, variant.known, variant.supports_reasoning) == (
        "gpt-5.1-codex-max",
        True,
        True,
    )
    assert find("openai/gpt-oss:20b").context_window == 131_072
    assert not find("gpt-4.1").supports_reasoning


@pytest.mark.parametrize("slug", ["qwen3", "gpt-5x", "gpt", "my-gpt-5.5", ""])
def test_a_name_that_only_looks_alike_is_not_known(slug: str) -> None:
    guessed = find(slug)
    assert (guessed.slug, guessed.known, guessed.context_window) == (slug, False, 128_000)
    assert not guessed.supports_reasoning
    assert not guessed.freeform_patches


def test_what_the_user_says_of_a_model_counts_more_than_the_catalogue() -> None:
    described = find("qwen3", provider_with({"qwen3": LOCAL}))
    assert (described.known, described.context_window) == (True, 32_768)
    assert (described.modalities, described.supports_reasoning) == (("text", "image"), True)
    assert not described.freeform_patches
    known = find("gpt-5.5", provider_with({"gpt-5.5": {"context_window": 500_000}}))
    assert known.context_window == 500_000
    assert known.efforts == find("gpt-5.5").efforts


def test_a_providers_own_models_are_offered_and_the_first_one_is_the_default() -> None:
    models, provider = ModelsManager(), provider_with({"qwen3": LOCAL, "llama": {}})
    assert [model.slug for model in models.list_models(provider)] == ["qwen3", "llama"]
    assert models.default_model(config_from_table(Path("/home"), {}), provider) == "qwen3"


def test_a_described_model_joins_those_of_the_catalogue() -> None:
    openai = provider_with({"next": {"context_window": 1_000}}, "openai")
    slugs = [model.slug for model in ModelsManager().list_models(openai)]
    assert slugs == [*(model.slug for model in ModelsManager().list_models(OPENAI)), "next"]


def test_hidden_models_are_usable_but_offered_only_on_request() -> None:
    models = ModelsManager()
    offered = {model.slug for model in models.list_models(OPENAI)}
    hidden = {model.slug for model in models.list_models(OPENAI, with_hidden=True)} - offered
    assert "codex-auto-review" in hidden
    assert all(find(slug).known for slug in hidden)


def test_a_script_plays_under_any_name() -> None:
    script = ModelProvider(id="script", name="Script", wire_api="script")
    assert find("anything", script).known
