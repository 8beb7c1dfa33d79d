"""`permissionProfile/list`."""

from codex_rpc.config.permission_profiles import BUILTIN_PROFILES
from codex_rpc.protocol.permission_profiles import (
    PermissionProfileListParams,
    PermissionProfileListResponse,
    PermissionProfileSummary,
)
from codex_rpc.server.context import RequestContext
from codex_rpc.server.paging import page


async def list_profiles(
    context: RequestContext, params: PermissionProfileListParams
) -> PermissionProfileListResponse:
    """All of them may be chosen: what an administrator requires is not enforced here."""
    ids, next_cursor = page(
        list(BUILTIN_PROFILES), lambda profile: profile, params.cursor, params.limit
    )
    data = [PermissionProfileSummary(id=profile, allowed=True) for profile in ids]
    return PermissionProfileListResponse(data=data, next_cursor=next_cursor)
