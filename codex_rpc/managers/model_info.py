"""What is known of one model, and the bundled catalogue.

The catalogue holds facts about models that the OpenAI provider offers: names, efforts, modalities
and windows. Any other model works too, with `fallback_model`.
"""

from dataclasses import dataclass
from typing import Literal

ShellTool = Literal["shell", "shell_command", "exec_command"]

EFFORTS: dict[str, str] = {
    "minimal": "Answers almost at once, with hardly any reasoning",
    "low": "Little reasoning, quick answers",
    "medium": "A balance of reasoning and speed for everyday work",
    "high": "More reasoning, for problems with several parts",
    "xhigh": "Much more reasoning, for hard problems",
    "max": "All the reasoning the model has",
    "ultra": "All the reasoning the model has, with delegation of parts",
}
"""Reasoning efforts, weakest first, with what a user may expect of each."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model. `context_window` in tokens; 95 % of it is offered to a conversation."""

    slug: str
    display_name: str
    description: str = ""
    context_window: int = 272_000
    efforts: tuple[str, ...] = ()
    default_effort: str = "medium"
    modalities: tuple[Literal["text", "image", "audio"], ...] = ("text", "image")
    shell_tool: ShellTool = "shell_command"
    freeform_patches: bool = True
    parallel_tool_calls: bool = True
    supports_reasoning: bool = True
    upgrade: str | None = None
    auto_compact_limit: int | None = None
    """After how many tokens a conversation is summed up; 90 % of the window, if not given."""
    known: bool = True
    """Whether the catalogue has this model; if not, everything but the slug is a guess."""

    @property
    def usable_window(self) -> int:
        """Tokens a conversation may fill before the model refuses it."""
        return self.context_window * 95 // 100

    @property
    def compact_at(self) -> int:
        """After how many tokens a conversation is summed up."""
        default = self.context_window * 90 // 100
        return default if self.auto_compact_limit is None else self.auto_compact_limit


_ALL = ("low", "medium", "high", "xhigh", "max", "ultra")
_TO_MAX = _ALL[:-1]

CATALOGUE: tuple[ModelInfo, ...] = (
    ModelInfo("gpt-6.1-sol", "GPT-6.1-Sol", "For daily coding", 272_000, _ALL, "low"),
    ModelInfo("gpt-6-astra", "GPT-6-Astra", "The most capable", 272_000, _ALL, "low"),
    ModelInfo("gpt-6-sol", "GPT-6-Sol", "For daily coding", 272_000, _ALL),
    ModelInfo("gpt-6-luna", "GPT-6-Luna", "Small and quick", 272_000, _TO_MAX),
    ModelInfo(
        "gpt-5.6-sol", "GPT-5.6-Sol", "Earlier model", 272_000, _ALL, "low", upgrade="gpt-6-sol"
    ),
    ModelInfo("gpt-6.1-terra", "GPT-6.1 Terra", "Mid-sized", 272_000, _ALL, "low"),
    ModelInfo(
        "gpt-5.6-terra", "GPT-5.6-Terra", "Earlier model", 272_000, _ALL, upgrade="gpt-6-sol"
    ),
    ModelInfo(
        "gpt-5.6-luna",
        "GPT-5.6-Luna",
        "Earlier small model",
        272_000,
        _TO_MAX,
        upgrade="gpt-6-luna",
    ),
    ModelInfo("gpt-5.5", "GPT-5.5", "Earlier model", 272_000, _ALL[:4], upgrade="gpt-6-sol"),
)
"""In the order a client should offer them; the first is the default."""

SCRIPTED = ModelInfo(
    "scripted",
    "Scripted model",
    "Plays a file of model turns",
    supports_reasoning=True,
    efforts=("medium",),
)
"""The model behind the `script` provider."""


def fallback_model(slug: str) -> ModelInfo:
    """Cautious guesses for a model the catalogue does not have."""
    return ModelInfo(
        slug,
        slug,
        context_window=128_000,
        modalities=("text",),
        freeform_patches=False,
        parallel_tool_calls=False,
        supports_reasoning=False,
        known=False,
    )
