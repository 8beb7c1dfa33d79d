"""The bundled catalogue: facts about models that are offered, and about families of earlier ones.

Windows in tokens. What is not said of a model is as `ModelInfo` assumes.
"""

from msgspec.structs import replace

from codex_rpc.managers.model_info import ModelInfo

_WINDOW, _LARGEST_WINDOW = 272_000, 872_000
_TO_ULTRA = ("low", "medium", "high", "xhigh", "max", "ultra")
_TO_MAX = _TO_ULTRA[:-1]
_TO_XHIGH = _TO_ULTRA[:4]
_TO_HIGH = _TO_ULTRA[:3]

_FASTER = "One and a half times as fast"
_FASTER_FOR_MORE = f"{_FASTER}, and counts for more usage"
_TWICE_AS_FAST = "Twice as fast, and counts for more usage"

_MODEL = ModelInfo(
    "",
    "",
    context_window=_WINDOW,
    max_context_window=_LARGEST_WINDOW,
    efforts=_TO_ULTRA,
    shell_tool="exec_command",
    fast=_FASTER,
    web_search=("text", "image"),
)

CATALOGUE: tuple[ModelInfo, ...] = (
    replace(
        _MODEL,
        slug="gpt-6.1-sol",
        display_name="GPT-6.1-Sol",
        description="For daily coding.",
        default_effort="low",
        fast=_TWICE_AS_FAST,
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-6-astra",
        display_name="GPT-6-Astra",
        description="The most capable.",
        default_effort="low",
        fast=_TWICE_AS_FAST,
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-6-sol",
        display_name="GPT-6-Sol",
        description="For daily coding.",
        default_fast=True,
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-6-luna",
        display_name="GPT-6-Luna",
        description="Small and quick.",
        efforts=_TO_MAX,
        default_fast=True,
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-5.6-sol",
        display_name="GPT-5.6-Sol",
        description="Earlier model.",
        default_effort="low",
        fast=_FASTER_FOR_MORE,
        upgrade="gpt-6-sol",
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-6.1-terra",
        display_name="GPT-6.1 Terra",
        description="Mid-sized.",
        context_window=500_000,
        default_effort="low",
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-5.6-terra",
        display_name="GPT-5.6-Terra",
        description="Earlier model.",
        fast=_FASTER_FOR_MORE,
        upgrade="gpt-6-sol",
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-5.6-luna",
        display_name="GPT-5.6-Luna",
        description="Earlier small model.",
        efforts=_TO_MAX,
        fast=_FASTER_FOR_MORE,
        upgrade="gpt-6-luna",
        agents="v1",
    ),
    replace(
        _MODEL,
        slug="gpt-daybreak-blue-latest",
        display_name="Daybreak Blue",
        description="For defending systems.",
        hidden=True,
        default_effort="low",
        fast=None,
        specialty="cyber",
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-daybreak-red-latest",
        display_name="Daybreak Red",
        description="For testing the security of systems.",
        hidden=True,
        context_window=372_000,
        max_context_window=372_000,
        fast=None,
        specialty="cyber",
        agents="v2",
    ),
    replace(
        _MODEL,
        slug="gpt-5.5",
        display_name="GPT-5.5",
        description="Earlier model.",
        max_context_window=_WINDOW,
        efforts=_TO_XHIGH,
        fast=_FASTER_FOR_MORE,
        upgrade="gpt-6-sol",
    ),
    replace(
        _MODEL,
        slug="codex-auto-review",
        display_name="Codex Auto Review",
        description="Reviews what agents ask to be allowed.",
        hidden=True,
        efforts=_TO_MAX,
        fast=_FASTER_FOR_MORE,
        agents="v1",
    ),
)
"""In the order a client should offer them; the first is the default."""

_EARLIER = ModelInfo("", "", context_window=_WINDOW, web_search=("text",))
_WITHOUT_REASONING = replace(
    _EARLIER, supports_reasoning=False, freeform_patches=False, context_window=128_000
)

FAMILIES: tuple[ModelInfo, ...] = (
    replace(_EARLIER, slug="gpt-5", efforts=("minimal", *_TO_HIGH)),
    replace(_EARLIER, slug="o3", efforts=_TO_HIGH, context_window=200_000, freeform_patches=False),
    replace(
        _EARLIER, slug="o4-mini", efforts=_TO_HIGH, context_window=200_000, freeform_patches=False
    ),
    replace(
        _EARLIER,
        slug="gpt-oss",
        efforts=_TO_HIGH,
        context_window=131_072,
        modalities=("text",),
        freeform_patches=False,
        web_search=(),
    ),
    replace(_WITHOUT_REASONING, slug="gpt-4.1", context_window=1_047_576),
    replace(_WITHOUT_REASONING, slug="gpt-4o"),
)
"""Models that are not offered any more, or by other providers: each stands for all of its name."""

SCRIPTED = ModelInfo(
    "scripted",
    "Scripted model",
    "Plays a file of model turns",
    context_window=_WINDOW,
    efforts=("medium",),
)
"""The model behind the `script` provider."""
