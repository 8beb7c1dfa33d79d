"""`request_permissions`: the model asks the user for more than its sandbox policy allows.

What follows from the answer for commands and patches is worked out in `exec.permission_grants`.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from codex_rpc.errors import ToolError
from codex_rpc.exec.approval_policy import writable_roots
from codex_rpc.exec.permission_grants import Grants
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.policies import AskForApproval, GranularApproval, WorkspaceWritePolicy
from codex_rpc.protocol.questions import (
    AdditionalFileSystemPermissions,
    AdditionalNetworkPermissions,
    FileSystemPathEntry,
    FileSystemSandboxEntry,
    PermissionProfile,
    PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse,
)
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import (
    ClientQuestion,
    QuestionHeader,
    ToolCall,
    ToolContext,
    ToolOutput,
)


class FileSystemWish(ToolArguments):
    read: list[str] | None = None
    write: list[str] | None = None


class NetworkWish(ToolArguments):
    enabled: bool | None = None


class PermissionsWish(ToolArguments):
    file_system: FileSystemWish | None = None
    network: NetworkWish | None = None


class PermissionsArguments(ToolArguments):
    permissions: PermissionsWish
    reason: str | None = None


_PATHS = {"type": "array", "items": {"type": "string"}}

SPEC = FunctionToolSpec(
    name="request_permissions",
    description=(
        "Ask the user to let commands and patches write outside of the workspace, or use the "
        "network, for several commands to come. The user may grant a part of it, for this turn or "
        "for longer. For a single command, ask to run that one without the sandbox instead."
    ),
    parameters={
        "type": "object",
        "properties": {
            "permissions": {
                "type": "object",
                "properties": {
                    "file_system": {
                        "type": "object",
                        "properties": {
                            "write": {
                                **_PATHS,
                                "description": "Folders or files that exist, to write to.",
                            },
                            "read": {
                                **_PATHS,
                                "description": "Not needed: everything can be read.",
                            },
                        },
                        "additionalProperties": False,
                    },
                    "network": {
                        "type": "object",
                        "properties": {"enabled": {"type": "boolean"}},
                        "additionalProperties": False,
                    },
                },
                "additionalProperties": False,
            },
            "reason": {"type": "string", "description": "Why, in a sentence for the user."},
        },
        "required": ["permissions"],
        "additionalProperties": False,
    },
)


class RequestPermissionsTool(Struct, frozen=True):
    tmpdir: str | None
    """`$TMPDIR`, which sandbox policies may let the agent write to."""
    name: str = "request_permissions"
    parallel: bool = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(PermissionsArguments, call.arguments)
        asked = _asked(arguments.permissions, context.settings.cwd)
        missing = asked.beyond(context.sandbox_policy, self._roots(context))
        if not missing:
            return _granted(asked, "turn")
        _check_may_ask(context.settings.approval_policy)
        _check_existing(missing.writable)
        question = _question(call, missing, arguments.reason, context.settings.cwd)
        reply = await context.ask_client(question)
        match reply.response:
            case PermissionsRequestApprovalResponse(permissions=given, scope=scope):
                grants = _given(given).within(missing)
            case _:
                raise ToolError(f"nothing was granted: {reply.reason or 'no answer'}")
        if not grants:
            raise ToolError("nothing was granted: the user declined")
        context.grant(grants, scope)
        return _granted(grants, scope)

    def _roots(self, context: ToolContext) -> Sequence[Path]:
        """Where commands may write already, without links."""
        policy = context.sandbox_policy
        if not isinstance(policy, WorkspaceWritePolicy):
            return ()
        return [_real(root) for root in writable_roots(policy, context.settings.cwd, self.tmpdir)]


def _asked(wish: PermissionsWish, cwd: Path) -> Grants:
    """What the model asks for, apart from reading, which it may.

    Raises:
        ToolError: if it asks for nothing.
    """
    files = wish.file_system or FileSystemWish()
    network = bool(wish.network and wish.network.enabled)
    if not (files.read or files.write or network):
        raise ToolError("request_permissions requires at least one permission")
    return Grants() | Grants(tuple(_real(cwd / name) for name in files.write or ()), network)


def _given(permissions: PermissionProfile) -> Grants:
    """What a client grants, however it says so."""
    files = permissions.file_system or AdditionalFileSystemPermissions()
    entries = files.entries or ()
    named = [
        *(files.write or ()),
        *(
            entry.path.path
            for entry in entries
            if entry.access == "write" and isinstance(entry.path, FileSystemPathEntry)
        ),
    ]
    paths = tuple(_real(Path(name)) for name in named if Path(name).is_absolute())
    return Grants(paths, bool(permissions.network and permissions.network.enabled))


def _real(path: Path) -> Path:
    """Where the path leads: a link would show the user one place and grant another."""
    return Path(os.path.realpath(path))


def _check_may_ask(policy: AskForApproval) -> None:
    """Raise unless the user may be asked for permissions.

    Raises:
        ToolError: with the reason.
    """
    if policy == "never":
        raise ToolError("nothing was granted: the approval policy is never")
    if isinstance(policy, GranularApproval) and not policy.granular.request_permissions:
        raise ToolError("nothing was granted: the approval policy does not allow asking")


def _check_existing(paths: Iterable[Path]) -> None:
    """Raise if one is not there: a sandbox can only open what is.

    Raises:
        ToolError: naming it.
    """
    for path in paths:
        if not path.exists():
            raise ToolError(f"{path} does not exist; ask for the folder it is to be in")


def _question(call: ToolCall, asked: Grants, reason: str | None, cwd: Path) -> ClientQuestion:
    def params(header: QuestionHeader) -> PermissionsRequestApprovalParams:
        return PermissionsRequestApprovalParams(
            thread_id=header.thread_id,
            turn_id=header.turn_id,
            item_id=ItemId(call.call_id),
            approval_id=header.approval_id,
            started_at_ms=header.started_at_ms,
            cwd=str(cwd),
            permissions=_profile(asked),
            reason=reason,
        )

    return ClientQuestion("item/permissions/requestApproval", params, ItemId(call.call_id))


def _profile(grants: Grants) -> PermissionProfile:
    paths = [str(path) for path in grants.writable]
    files = AdditionalFileSystemPermissions(
        write=paths,
        entries=[
            FileSystemSandboxEntry(access="write", path=FileSystemPathEntry(path=path))
            for path in paths
        ],
    )
    return PermissionProfile(
        file_system=files if paths else None,
        network=AdditionalNetworkPermissions(enabled=True) if grants.network else None,
    )


def _granted(grants: Grants, scope: str) -> ToolOutput:
    permissions = {
        "network": {"enabled": True} if grants.network else None,
        "file_system": {"write": list(map(str, grants.writable))} if grants.writable else None,
    }
    return ToolOutput(json.dumps({"permissions": permissions, "scope": scope}))
