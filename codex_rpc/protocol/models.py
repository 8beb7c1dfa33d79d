"""The models that a client can offer its user."""

from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.policies import ReasoningEffort

InputModality = TypeAliasType("InputModality", Literal["text", "image", "audio"])
MultiAgentVersion = TypeAliasType("MultiAgentVersion", Literal["disabled", "v1", "v2"])


class ReasoningEffortOption(WireModel):
    reasoning_effort: ReasoningEffort
    description: str


class ModelServiceTier(WireModel):
    id: str
    name: str
    description: str


class ModelUpgradeInfo(WireModel):
    """The model that takes another one's place, and what to tell the user of it."""

    model: str
    upgrade_copy: str | None = None
    model_link: str | None = None
    migration_markdown: str | None = None
    retirement_at: int | None = None


class Model(WireModel):
    id: str
    model: str
    """What `thread/start` and `turn/start` call it."""
    display_name: str
    description: str
    hidden: bool
    """Not to be offered, but usable by name."""
    is_default: bool
    supported_reasoning_efforts: list[ReasoningEffortOption]
    default_reasoning_effort: ReasoningEffort
    input_modalities: list[InputModality] = Field(
        default_factory=lambda: list[InputModality](("text", "image"))
    )
    supports_personality: bool = False
    additional_speed_tiers: list[str] = Field(default_factory=list[str])
    service_tiers: list[ModelServiceTier] = Field(default_factory=list[ModelServiceTier])
    default_service_tier: str | None = None
    model_specialty: str | None = None
    """What the model was made for, if that is something special."""
    multi_agent_version: MultiAgentVersion | None = None
    available_access_programs: dict[str, list[str]] | None = None
    """Always `null`: nothing is known of them."""
    availability_nux: dict[str, str] | None = None
    """Always `null`: there is no news to tell."""
    upgrade: str | None = None
    """The model that takes this one's place."""
    upgrade_info: ModelUpgradeInfo | None = None


class ModelListParams(WireModel):
    """List the models of a provider."""

    cursor: str | None = None
    limit: int | None = Field(default=None, ge=0)
    include_hidden: bool | None = None
    model_provider: str | None = None
    """Without it, the configured provider is meant."""


class ModelListResponse(WireModel):
    data: list[Model]
    next_cursor: str | None = None
