"""Every request of the contract, and what clients notify of: its names, models and order.

Models are loaded one by one, as requests come: a server starts without most of them. What the
server notifies of is added in `methods`.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib import import_module

from msgspec import Struct

from codex_rpc.protocol.base import WireModel


class Direction(StrEnum):
    """Who sends a message, and whether it is answered."""

    CLIENT_REQUEST = "clientRequest"
    CLIENT_NOTIFICATION = "clientNotification"
    SERVER_REQUEST = "serverRequest"
    SERVER_NOTIFICATION = "serverNotification"


class Order(StrEnum):
    """When a client request may begin, relative to earlier ones of its connection."""

    FIRST = "first"
    """Before everything else, and nothing else before it is answered."""
    CREATES = "creates"
    """At once; requests that name no thread wait until the new thread is there."""
    THREAD = "thread"
    """After the earlier ones for the same thread: the one in `threadId`, or else the newest."""
    OVERTAKES = "overtakes"
    """At once, even if earlier ones for the same thread still wait."""
    FREE = "free"
    """At once: it concerns no thread."""


class Method(Struct, frozen=True):
    """One method. Its models are named by module and class, and loaded when they are wanted."""

    name: str
    direction: Direction
    params_model: str | None
    result_model: str | None
    order: Order
    experimental: bool = False
    params_optional: bool = False

    @property
    def params(self) -> type[WireModel] | None:
        """`None` if it has none."""
        return None if self.params_model is None else _model(self.params_model)

    @property
    def result(self) -> type[WireModel] | None:
        """`None` if it is not answered."""
        return None if self.result_model is None else _model(self.result_model)


@cache
def _model(name: str) -> type[WireModel]:
    module, _, model = name.partition(".")
    return getattr(import_module(f"codex_rpc.protocol.{module}"), model)


def _request(
    name: str,
    params: str,
    result: str,
    order: Order = Order.FREE,
    *,
    experimental: bool = False,
    params_optional: bool = False,
) -> Method:
    return Method(
        name, Direction.CLIENT_REQUEST, params, result, order, experimental, params_optional
    )


def _server_request(name: str, params: str, result: str) -> Method:
    return Method(name, Direction.SERVER_REQUEST, params, result, Order.FREE)


CLIENT_REQUESTS: Sequence[Method] = (
    _request(
        "initialize", "handshake.InitializeParams", "handshake.InitializeResponse", Order.FIRST
    ),
    _request(
        "thread/start", "thread.ThreadStartParams", "thread.ThreadStartResponse", Order.CREATES
    ),
    _request(
        "thread/resume",
        "thread_history.ThreadResumeParams",
        "thread_history.ThreadResumeResponse",
        Order.THREAD,
    ),
    _request(
        "thread/fork",
        "thread_history.ThreadForkParams",
        "thread_history.ThreadForkResponse",
        Order.THREAD,
    ),
    _request(
        "thread/revert",
        "thread_history.ThreadRevertParams",
        "thread_history.ThreadRevertResponse",
        Order.THREAD,
    ),
    _request(
        "thread/rollback",
        "thread_history.ThreadRollbackParams",
        "thread_history.ThreadRollbackResponse",
        Order.THREAD,
    ),
    _request(
        "thread/loaded/list", "thread.ThreadLoadedListParams", "thread.ThreadLoadedListResponse"
    ),
    _request("thread/list", "stored_threads.ThreadListParams", "stored_threads.ThreadListResponse"),
    _request(
        "thread/search",
        "stored_threads.ThreadSearchParams",
        "stored_threads.ThreadSearchResponse",
        experimental=True,
    ),
    _request(
        "thread/archive",
        "stored_threads.ThreadArchiveParams",
        "stored_threads.ThreadArchiveResponse",
        Order.THREAD,
    ),
    _request(
        "thread/unarchive",
        "stored_threads.ThreadUnarchiveParams",
        "stored_threads.ThreadUnarchiveResponse",
        Order.THREAD,
    ),
    _request(
        "thread/delete",
        "stored_threads.ThreadDeleteParams",
        "stored_threads.ThreadDeleteResponse",
        Order.THREAD,
    ),
    _request(
        "thread/name/set",
        "stored_threads.ThreadSetNameParams",
        "stored_threads.ThreadSetNameResponse",
        Order.THREAD,
    ),
    _request(
        "thread/metadata/update",
        "stored_threads.ThreadMetadataUpdateParams",
        "stored_threads.ThreadMetadataUpdateResponse",
        Order.THREAD,
    ),
    _request(
        "thread/read",
        "stored_threads.ThreadReadParams",
        "stored_threads.ThreadReadResponse",
        Order.THREAD,
    ),
    _request(
        "thread/turns/list",
        "stored_threads.ThreadTurnsListParams",
        "stored_threads.ThreadTurnsListResponse",
        Order.THREAD,
    ),
    _request(
        "thread/items/list",
        "stored_threads.ThreadItemsListParams",
        "stored_threads.ThreadItemsListResponse",
        Order.THREAD,
    ),
    _request(
        "thread/items/read",
        "stored_threads.ThreadItemsReadParams",
        "stored_threads.ThreadItemsReadResponse",
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/unsubscribe",
        "thread.ThreadUnsubscribeParams",
        "thread.ThreadUnsubscribeResponse",
        Order.THREAD,
    ),
    _request(
        "thread/settings/update",
        "settings.ThreadSettingsUpdateParams",
        "settings.ThreadSettingsUpdateResponse",
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/inject_items",
        "thread.ThreadInjectItemsParams",
        "thread.ThreadInjectItemsResponse",
        Order.THREAD,
    ),
    _request(
        "thread/compact/start",
        "thread.ThreadCompactStartParams",
        "thread.ThreadCompactStartResponse",
        Order.THREAD,
    ),
    _request(
        "thread/shellCommand",
        "thread.ThreadShellCommandParams",
        "thread.ThreadShellCommandResponse",
        Order.THREAD,
    ),
    _request(
        "thread/backgroundTerminals/list",
        "terminals.ThreadBackgroundTerminalsListParams",
        "terminals.ThreadBackgroundTerminalsListResponse",
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/backgroundTerminals/terminate",
        "terminals.ThreadBackgroundTerminalsTerminateParams",
        "terminals.ThreadBackgroundTerminalsTerminateResponse",
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/backgroundTerminals/clean",
        "terminals.ThreadBackgroundTerminalsCleanParams",
        "terminals.ThreadBackgroundTerminalsCleanResponse",
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "review/start", "review.ReviewStartParams", "review.ReviewStartResponse", Order.THREAD
    ),
    _request("turn/steer", "turn.TurnSteerParams", "turn.TurnSteerResponse", Order.THREAD),
    _request("turn/start", "turn.TurnStartParams", "turn.TurnStartResponse", Order.THREAD),
    _request("turn/submit", "turn.TurnSubmitParams", "turn.TurnSubmitResponse", Order.THREAD),
    _request(
        "turn/interrupt", "turn.TurnInterruptParams", "turn.TurnInterruptResponse", Order.OVERTAKES
    ),
    _request(
        "approval/respond",
        "approvals.ApprovalRespondParams",
        "approvals.ApprovalRespondResponse",
        Order.OVERTAKES,
    ),
    _request(
        "approval/list",
        "approvals.ApprovalListParams",
        "approvals.ApprovalListResponse",
        Order.OVERTAKES,
    ),
    _request("model/list", "models.ModelListParams", "models.ModelListResponse"),
    _request("skills/list", "skills.SkillsListParams", "skills.SkillsListResponse"),
    _request(
        "skills/extraRoots/set",
        "skills.SkillsExtraRootsSetParams",
        "skills.SkillsExtraRootsSetResponse",
    ),
    _request(
        "skills/config/write", "skills.SkillsConfigWriteParams", "skills.SkillsConfigWriteResponse"
    ),
    _request(
        "modelProvider/list",
        "model_providers.ModelProviderListParams",
        "model_providers.ModelProviderListResponse",
    ),
    _request(
        "permissionProfile/list",
        "permission_profiles.PermissionProfileListParams",
        "permission_profiles.PermissionProfileListResponse",
    ),
    _request("config/read", "config.ConfigReadParams", "config.ConfigReadResponse"),
    _request("config/value/write", "config.ConfigValueWriteParams", "config.ConfigWriteResponse"),
    _request("config/batchWrite", "config.ConfigBatchWriteParams", "config.ConfigWriteResponse"),
    _request(
        "configRequirements/read",
        "config.ConfigRequirementsReadParams",
        "config.ConfigRequirementsReadResponse",
        params_optional=True,
    ),
    _request(
        "mcpServerStatus/list", "mcp.ListMcpServerStatusParams", "mcp.ListMcpServerStatusResponse"
    ),
    _request(
        "mcpServer/tool/call",
        "mcp.McpServerToolCallParams",
        "mcp.McpServerToolCallResponse",
    ),
    _request("mcpServer/resource/read", "mcp.McpResourceReadParams", "mcp.McpResourceReadResponse"),
    _request(
        "mcpServer/oauth/login", "mcp.McpServerOauthLoginParams", "mcp.McpServerOauthLoginResponse"
    ),
    _request(
        "config/mcpServer/reload",
        "mcp.McpServerRefreshParams",
        "mcp.McpServerRefreshResponse",
        params_optional=True,
    ),
    _request("command/exec", "command_exec.CommandExecParams", "command_exec.CommandExecResponse"),
    _request(
        "command/exec/write",
        "command_exec.CommandExecWriteParams",
        "command_exec.CommandExecWriteResponse",
    ),
    _request(
        "command/exec/resize",
        "command_exec.CommandExecResizeParams",
        "command_exec.CommandExecResizeResponse",
    ),
    _request(
        "command/exec/terminate",
        "command_exec.CommandExecTerminateParams",
        "command_exec.CommandExecTerminateResponse",
    ),
    _request("account/read", "account.GetAccountParams", "account.GetAccountResponse"),
    _request("account/login/start", "account.LoginAccountParams", "account.LoginAccountResponse"),
    _request(
        "account/logout",
        "account.LogoutAccountParams",
        "account.LogoutAccountResponse",
        params_optional=True,
    ),
    _request(
        "account/rateLimits/read",
        "account.GetAccountRateLimitsParams",
        "account.GetAccountRateLimitsResponse",
        params_optional=True,
    ),
    _request("getAuthStatus", "account.GetAuthStatusParams", "account.GetAuthStatusResponse"),
    _request("fs/readFile", "files.FsReadFileParams", "files.FsReadFileResponse"),
    _request("fs/writeFile", "files.FsWriteFileParams", "files.FsWriteFileResponse"),
    _request(
        "fs/createDirectory", "files.FsCreateDirectoryParams", "files.FsCreateDirectoryResponse"
    ),
    _request("fs/getMetadata", "files.FsGetMetadataParams", "files.FsGetMetadataResponse"),
    _request("fs/readDirectory", "files.FsReadDirectoryParams", "files.FsReadDirectoryResponse"),
    _request("fs/remove", "files.FsRemoveParams", "files.FsRemoveResponse"),
    _request("fs/copy", "files.FsCopyParams", "files.FsCopyResponse"),
    _request("fs/watch", "files.FsWatchParams", "files.FsWatchResponse"),
    _request("fs/unwatch", "files.FsUnwatchParams", "files.FsUnwatchResponse"),
    _request(
        "fuzzyFileSearch",
        "file_search.FuzzyFileSearchParams",
        "file_search.FuzzyFileSearchResponse",
    ),
    _request(
        "fuzzyFileSearch/sessionStart",
        "file_search.FuzzyFileSearchSessionStartParams",
        "file_search.FuzzyFileSearchSessionStartResponse",
        experimental=True,
    ),
    _request(
        "fuzzyFileSearch/sessionUpdate",
        "file_search.FuzzyFileSearchSessionUpdateParams",
        "file_search.FuzzyFileSearchSessionUpdateResponse",
        experimental=True,
    ),
    _request(
        "fuzzyFileSearch/sessionStop",
        "file_search.FuzzyFileSearchSessionStopParams",
        "file_search.FuzzyFileSearchSessionStopResponse",
        experimental=True,
    ),
)

CLIENT_NOTIFICATIONS: Sequence[Method] = (
    Method(
        "initialized",
        Direction.CLIENT_NOTIFICATION,
        params_model=None,
        result_model=None,
        order=Order.FREE,
        params_optional=True,
    ),
    Method(
        "$/cancelRequest",
        Direction.CLIENT_NOTIFICATION,
        params_model="handshake.CancelRequestParams",
        result_model=None,
        order=Order.OVERTAKES,
    ),
)

SERVER_REQUESTS: Sequence[Method] = (
    _server_request(
        "item/commandExecution/requestApproval",
        "approvals.CommandExecutionRequestApprovalParams",
        "approvals.CommandExecutionRequestApprovalResponse",
    ),
    _server_request(
        "item/fileChange/requestApproval",
        "approvals.FileChangeRequestApprovalParams",
        "approvals.FileChangeRequestApprovalResponse",
    ),
    _server_request(
        "item/permissions/requestApproval",
        "questions.PermissionsRequestApprovalParams",
        "questions.PermissionsRequestApprovalResponse",
    ),
    _server_request(
        "item/tool/requestUserInput",
        "questions.ToolRequestUserInputParams",
        "questions.ToolRequestUserInputResponse",
    ),
    _server_request(
        "item/tool/call", "questions.DynamicToolCallParams", "questions.DynamicToolCallResponse"
    ),
    _server_request(
        "mcpServer/elicitation/request",
        "questions.McpServerElicitationRequestParams",
        "questions.McpServerElicitationRequestResponse",
    ),
)
