"""Skills: documents that teach an agent one kind of task, listed and switched on and off."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import SparseWireModel, WireModel
from codex_rpc.protocol.notifications import Notification

SkillScope = TypeAliasType("SkillScope", Literal["user", "repo", "system", "admin"])


class SkillInterface(WireModel):
    """How a client may show a skill. Icons are absolute paths inside the skill's folder."""

    display_name: str | None = None
    short_description: str | None = None
    icon_small: str | None = None
    icon_large: str | None = None
    icon_small_url: str | None = None
    icon_large_url: str | None = None
    brand_color: str | None = None
    """As `#rrggbb`."""
    default_prompt: str | None = None
    """What to begin with, if the user only picks the skill."""


class SkillToolDependency(SparseWireModel):
    """Something outside the skill that it needs, such as an MCP server."""

    type: str
    value: str
    description: str | None = None
    transport: str | None = None
    command: str | None = None
    url: str | None = None


class SkillDependencies(WireModel):
    tools: list[SkillToolDependency]


class SkillMetadata(WireModel):
    """One skill. Its document is read only when it is used."""

    name: str
    description: str
    short_description: str | None = None
    interface: SkillInterface | None = None
    dependencies: SkillDependencies | None = None
    path: str
    """Of its `SKILL.md`."""
    scope: SkillScope
    enabled: bool
    plugin_id: str | None = None
    """Always `null`: plugins are not supported."""

    @model_serializer(mode="wrap")
    def _leave_out_what_it_does_not_say(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        shown: dict[str, Any] = serialize(self)
        for name in ("shortDescription", "interface", "dependencies"):
            if shown[name] is None:
                shown.pop(name)
        return shown


class SkillErrorInfo(WireModel):
    """A document that is no skill, and why."""

    path: str
    message: str


class SkillsListEntry(WireModel):
    """The skills for work in one folder, those of the nearest scope first."""

    cwd: str
    """As it was asked for."""
    skills: list[SkillMetadata]
    errors: list[SkillErrorInfo]


class SkillsListParams(WireModel):
    """List the skills for work in each of some folders."""

    cwds: list[str] = Field(default_factory=list[str])
    """Without any, the server's own working directory is meant."""
    force_reload: bool = False
    """Read everything again. Changes are noticed without it."""


class SkillsListResponse(WireModel):
    data: list[SkillsListEntry]


class SkillsExtraRootsSetParams(WireModel):
    """Set the folders in which skills are looked for beside the usual ones, for all threads."""

    extra_roots: list[str]
    """Absolute. They need not exist, and count until the server ends."""


class SkillsExtraRootsSetResponse(WireModel):
    pass


class SkillsConfigWriteParams(WireModel):
    """Switch a skill on or off, by exactly one of its path and its name."""

    path: str | None = None
    """Absolute: of its `SKILL.md`."""
    name: str | None = None
    enabled: bool


class SkillsConfigWriteResponse(WireModel):
    effective_enabled: bool
    """What holds now, if another layer of the configuration says something as well."""


class SkillsChangedNotification(Notification):
    """Some list of skills is no longer what it was. Sent once a client has asked for one."""

    METHOD = "skills/changed"
