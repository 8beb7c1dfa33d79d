"""Permission profiles, as clients list them and are told of the one in use."""

from pydantic import Field

from codex_rpc.protocol.base import WireModel


class ActivePermissionProfile(WireModel):
    """The profile that the sandbox policy comes from."""

    id: str
    extends: None = None


class PermissionProfileSummary(WireModel):
    id: str
    """What `permissions` of a request takes."""
    description: str | None = None
    allowed: bool
    """Whether the profile may be chosen."""


class PermissionProfileListParams(WireModel):
    """List the permission profiles."""

    cursor: str | None = None
    limit: int | None = Field(default=None, ge=0)


class PermissionProfileListResponse(WireModel):
    data: list[PermissionProfileSummary]
    next_cursor: str | None = None
