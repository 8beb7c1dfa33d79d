"""What is known of one model. Which models are known is in `managers.catalogue`."""

from typing import Literal

from msgspec import Struct

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


class ModelInfo(Struct, frozen=True):
    """One model. `context_window` in tokens; 95 % of it is offered to a conversation."""

    slug: str
    display_name: str
    description: str = ""
    hidden: bool = False
    """Not to be offered, but usable by name."""
    context_window: int = 128_000
    max_context_window: int | None = None
    """The largest window that a user can choose; `None` if nobody knows."""
    efforts: tuple[str, ...] = ()
    default_effort: str = "medium"
    modalities: tuple[Literal["text", "image", "audio"], ...] = ("text", "image")
    shell_tool: ShellTool = "shell_command"
    freeform_patches: bool = True
    namespaces: bool = True
    """Whether it can be offered tools in groups."""
    web_search: tuple[Literal["text", "image"], ...] = ()
    """What it can find on the web, if its provider searches for it."""
    extra_tools: tuple[str, ...] = ()
    """Tools that are offered only to models that were made for them."""
    parallel_tool_calls: bool = True
    supports_reasoning: bool = True
    fast: str | None = None
    """What a user may expect of its faster service, if it has one."""
    default_fast: bool = False
    """Whether the faster service is the one to take."""
    specialty: str | None = None
    agents: Literal["v1", "v2"] | None = None
    """The way of working with other agents that the model was made for."""
    upgrade: str | None = None
    """The model that takes this one's place."""
    auto_compact_limit: int | None = None
    """After how many tokens a conversation is summed up; 90 % of the window, if not given."""
    known: bool = True
    """Whether these are facts; if not, everything but the slug is a guess."""

    @property
    def usable_window(self) -> int:
        """Tokens a conversation may fill before the model refuses it."""
        return self.context_window * 95 // 100

    @property
    def compact_at(self) -> int:
        """After how many tokens a conversation is summed up."""
        default = self.context_window * 90 // 100
        return default if self.auto_compact_limit is None else self.auto_compact_limit


def fallback_model(slug: str) -> ModelInfo:
    """Cautious guesses for a model that nothing is known of."""
    return ModelInfo(
        slug,
        slug,
        modalities=("text",),
        freeform_patches=False,
        namespaces=False,
        parallel_tool_calls=False,
        supports_reasoning=False,
        known=False,
    )
