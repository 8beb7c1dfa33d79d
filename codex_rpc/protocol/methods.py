"""The METHODS table: every method of the contract, once.

Dispatch, the schema, the TypeScript types and the contract tests are all driven by it. A method
that is not in it does not exist; everything in it works. Who handles a method is said in `server`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from codex_rpc.protocol import (
    account,
    approvals,
    command_exec,
    config,
    file_search,
    files,
    handshake,
    mcp,
    model_providers,
    models,
    notifications,
    questions,
    review,
    settings,
    skills,
    stored_threads,
    terminals,
    thread,
    thread_history,
    turn,
)
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


@dataclass(frozen=True, slots=True)
class Method:
    """One method. `params` is `None` if it has none, `result` if it is not answered."""

    name: str
    direction: Direction
    params: type[WireModel] | None
    result: type[WireModel] | None
    order: Order
    experimental: bool = False
    params_optional: bool = False


def _request(
    name: str,
    params: type[WireModel],
    result: type[WireModel],
    order: Order = Order.FREE,
    *,
    experimental: bool = False,
    params_optional: bool = False,
) -> Method:
    return Method(
        name, Direction.CLIENT_REQUEST, params, result, order, experimental, params_optional
    )


def _server_request(name: str, params: type[WireModel], result: type[WireModel]) -> Method:
    return Method(name, Direction.SERVER_REQUEST, params, result, Order.FREE)


_CLIENT_REQUESTS = (
    _request("initialize", handshake.InitializeParams, handshake.InitializeResponse, Order.FIRST),
    _request("thread/start", thread.ThreadStartParams, thread.ThreadStartResponse, Order.CREATES),
    _request(
        "thread/resume",
        thread_history.ThreadResumeParams,
        thread_history.ThreadResumeResponse,
        Order.THREAD,
    ),
    _request(
        "thread/fork",
        thread_history.ThreadForkParams,
        thread_history.ThreadForkResponse,
        Order.THREAD,
    ),
    _request(
        "thread/revert",
        thread_history.ThreadRevertParams,
        thread_history.ThreadRevertResponse,
        Order.THREAD,
    ),
    _request(
        "thread/rollback",
        thread_history.ThreadRollbackParams,
        thread_history.ThreadRollbackResponse,
        Order.THREAD,
    ),
    _request("thread/loaded/list", thread.ThreadLoadedListParams, thread.ThreadLoadedListResponse),
    _request("thread/list", stored_threads.ThreadListParams, stored_threads.ThreadListResponse),
    _request(
        "thread/search",
        stored_threads.ThreadSearchParams,
        stored_threads.ThreadSearchResponse,
        experimental=True,
    ),
    _request(
        "thread/archive",
        stored_threads.ThreadArchiveParams,
        stored_threads.ThreadArchiveResponse,
        Order.THREAD,
    ),
    _request(
        "thread/unarchive",
        stored_threads.ThreadUnarchiveParams,
        stored_threads.ThreadUnarchiveResponse,
        Order.THREAD,
    ),
    _request(
        "thread/delete",
        stored_threads.ThreadDeleteParams,
        stored_threads.ThreadDeleteResponse,
        Order.THREAD,
    ),
    _request(
        "thread/name/set",
        stored_threads.ThreadSetNameParams,
        stored_threads.ThreadSetNameResponse,
        Order.THREAD,
    ),
    _request(
        "thread/metadata/update",
        stored_threads.ThreadMetadataUpdateParams,
        stored_threads.ThreadMetadataUpdateResponse,
        Order.THREAD,
    ),
    _request(
        "thread/read",
        stored_threads.ThreadReadParams,
        stored_threads.ThreadReadResponse,
        Order.THREAD,
    ),
    _request(
        "thread/turns/list",
        stored_threads.ThreadTurnsListParams,
        stored_threads.ThreadTurnsListResponse,
        Order.THREAD,
    ),
    _request(
        "thread/items/list",
        stored_threads.ThreadItemsListParams,
        stored_threads.ThreadItemsListResponse,
        Order.THREAD,
    ),
    _request(
        "thread/items/read",
        stored_threads.ThreadItemsReadParams,
        stored_threads.ThreadItemsReadResponse,
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/unsubscribe",
        thread.ThreadUnsubscribeParams,
        thread.ThreadUnsubscribeResponse,
        Order.THREAD,
    ),
    _request(
        "thread/settings/update",
        settings.ThreadSettingsUpdateParams,
        settings.ThreadSettingsUpdateResponse,
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/inject_items",
        thread.ThreadInjectItemsParams,
        thread.ThreadInjectItemsResponse,
        Order.THREAD,
    ),
    _request(
        "thread/compact/start",
        thread.ThreadCompactStartParams,
        thread.ThreadCompactStartResponse,
        Order.THREAD,
    ),
    _request(
        "thread/shellCommand",
        thread.ThreadShellCommandParams,
        thread.ThreadShellCommandResponse,
        Order.THREAD,
    ),
    _request(
        "thread/backgroundTerminals/list",
        terminals.ThreadBackgroundTerminalsListParams,
        terminals.ThreadBackgroundTerminalsListResponse,
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/backgroundTerminals/terminate",
        terminals.ThreadBackgroundTerminalsTerminateParams,
        terminals.ThreadBackgroundTerminalsTerminateResponse,
        Order.THREAD,
        experimental=True,
    ),
    _request(
        "thread/backgroundTerminals/clean",
        terminals.ThreadBackgroundTerminalsCleanParams,
        terminals.ThreadBackgroundTerminalsCleanResponse,
        Order.THREAD,
        experimental=True,
    ),
    _request("review/start", review.ReviewStartParams, review.ReviewStartResponse, Order.THREAD),
    _request("turn/steer", turn.TurnSteerParams, turn.TurnSteerResponse, Order.THREAD),
    _request("turn/start", turn.TurnStartParams, turn.TurnStartResponse, Order.THREAD),
    _request("turn/submit", turn.TurnSubmitParams, turn.TurnSubmitResponse, Order.THREAD),
    _request(
        "turn/interrupt", turn.TurnInterruptParams, turn.TurnInterruptResponse, Order.OVERTAKES
    ),
    _request(
        "approval/respond",
        approvals.ApprovalRespondParams,
        approvals.ApprovalRespondResponse,
        Order.OVERTAKES,
    ),
    _request(
        "approval/list",
        approvals.ApprovalListParams,
        approvals.ApprovalListResponse,
        Order.OVERTAKES,
    ),
    _request("model/list", models.ModelListParams, models.ModelListResponse),
    _request("skills/list", skills.SkillsListParams, skills.SkillsListResponse),
    _request(
        "skills/extraRoots/set",
        skills.SkillsExtraRootsSetParams,
        skills.SkillsExtraRootsSetResponse,
    ),
    _request(
        "skills/config/write", skills.SkillsConfigWriteParams, skills.SkillsConfigWriteResponse
    ),
    _request(
        "modelProvider/list",
        model_providers.ModelProviderListParams,
        model_providers.ModelProviderListResponse,
    ),
    _request("config/read", config.ConfigReadParams, config.ConfigReadResponse),
    _request("config/value/write", config.ConfigValueWriteParams, config.ConfigWriteResponse),
    _request("config/batchWrite", config.ConfigBatchWriteParams, config.ConfigWriteResponse),
    _request(
        "configRequirements/read",
        config.ConfigRequirementsReadParams,
        config.ConfigRequirementsReadResponse,
        params_optional=True,
    ),
    _request(
        "mcpServerStatus/list", mcp.ListMcpServerStatusParams, mcp.ListMcpServerStatusResponse
    ),
    _request(
        "mcpServer/tool/call",
        mcp.McpServerToolCallParams,
        mcp.McpServerToolCallResponse,
    ),
    _request("mcpServer/resource/read", mcp.McpResourceReadParams, mcp.McpResourceReadResponse),
    _request(
        "mcpServer/oauth/login", mcp.McpServerOauthLoginParams, mcp.McpServerOauthLoginResponse
    ),
    _request(
        "config/mcpServer/reload",
        mcp.McpServerRefreshParams,
        mcp.McpServerRefreshResponse,
        params_optional=True,
    ),
    _request("command/exec", command_exec.CommandExecParams, command_exec.CommandExecResponse),
    _request(
        "command/exec/write",
        command_exec.CommandExecWriteParams,
        command_exec.CommandExecWriteResponse,
    ),
    _request(
        "command/exec/resize",
        command_exec.CommandExecResizeParams,
        command_exec.CommandExecResizeResponse,
    ),
    _request(
        "command/exec/terminate",
        command_exec.CommandExecTerminateParams,
        command_exec.CommandExecTerminateResponse,
    ),
    _request("account/read", account.GetAccountParams, account.GetAccountResponse),
    _request("account/login/start", account.LoginAccountParams, account.LoginAccountResponse),
    _request(
        "account/logout",
        account.LogoutAccountParams,
        account.LogoutAccountResponse,
        params_optional=True,
    ),
    _request(
        "account/rateLimits/read",
        account.GetAccountRateLimitsParams,
        account.GetAccountRateLimitsResponse,
        params_optional=True,
    ),
    _request("getAuthStatus", account.GetAuthStatusParams, account.GetAuthStatusResponse),
    _request("fs/readFile", files.FsReadFileParams, files.FsReadFileResponse),
    _request("fs/writeFile", files.FsWriteFileParams, files.FsWriteFileResponse),
    _request("fs/createDirectory", files.FsCreateDirectoryParams, files.FsCreateDirectoryResponse),
    _request("fs/getMetadata", files.FsGetMetadataParams, files.FsGetMetadataResponse),
    _request("fs/readDirectory", files.FsReadDirectoryParams, files.FsReadDirectoryResponse),
    _request("fs/remove", files.FsRemoveParams, files.FsRemoveResponse),
    _request("fs/copy", files.FsCopyParams, files.FsCopyResponse),
    _request("fs/watch", files.FsWatchParams, files.FsWatchResponse),
    _request("fs/unwatch", files.FsUnwatchParams, files.FsUnwatchResponse),
    _request(
        "fuzzyFileSearch", file_search.FuzzyFileSearchParams, file_search.FuzzyFileSearchResponse
    ),
    _request(
        "fuzzyFileSearch/sessionStart",
        file_search.FuzzyFileSearchSessionStartParams,
        file_search.FuzzyFileSearchSessionStartResponse,
        experimental=True,
    ),
    _request(
        "fuzzyFileSearch/sessionUpdate",
        file_search.FuzzyFileSearchSessionUpdateParams,
        file_search.FuzzyFileSearchSessionUpdateResponse,
        experimental=True,
    ),
    _request(
        "fuzzyFileSearch/sessionStop",
        file_search.FuzzyFileSearchSessionStopParams,
        file_search.FuzzyFileSearchSessionStopResponse,
        experimental=True,
    ),
)

_CLIENT_NOTIFICATIONS = (
    Method(
        "initialized",
        Direction.CLIENT_NOTIFICATION,
        params=None,
        result=None,
        order=Order.FREE,
        params_optional=True,
    ),
    Method(
        "$/cancelRequest",
        Direction.CLIENT_NOTIFICATION,
        params=handshake.CancelRequestParams,
        result=None,
        order=Order.OVERTAKES,
    ),
)

_SERVER_REQUESTS = (
    _server_request(
        "item/commandExecution/requestApproval",
        approvals.CommandExecutionRequestApprovalParams,
        approvals.CommandExecutionRequestApprovalResponse,
    ),
    _server_request(
        "item/fileChange/requestApproval",
        approvals.FileChangeRequestApprovalParams,
        approvals.FileChangeRequestApprovalResponse,
    ),
    _server_request(
        "item/permissions/requestApproval",
        questions.PermissionsRequestApprovalParams,
        questions.PermissionsRequestApprovalResponse,
    ),
    _server_request(
        "item/tool/requestUserInput",
        questions.ToolRequestUserInputParams,
        questions.ToolRequestUserInputResponse,
    ),
    _server_request(
        "item/tool/call", questions.DynamicToolCallParams, questions.DynamicToolCallResponse
    ),
    _server_request(
        "mcpServer/elicitation/request",
        questions.McpServerElicitationRequestParams,
        questions.McpServerElicitationRequestResponse,
    ),
)

NOTIFICATIONS: tuple[type[notifications.Notification], ...] = (
    notifications.ErrorNotification,
    notifications.WarningNotification,
    notifications.ConfigWarningNotification,
    notifications.DeprecationNoticeNotification,
    notifications.AccountRateLimitsUpdatedNotification,
    notifications.AccountLoginCompletedNotification,
    notifications.AccountUpdatedNotification,
    notifications.ThreadStartedNotification,
    notifications.ThreadStatusChangedNotification,
    notifications.ThreadClosedNotification,
    stored_threads.ThreadArchivedNotification,
    stored_threads.ThreadUnarchivedNotification,
    stored_threads.ThreadDeletedNotification,
    stored_threads.ThreadNameUpdatedNotification,
    notifications.ThreadRevertedNotification,
    settings.ThreadSettingsUpdatedNotification,
    skills.SkillsChangedNotification,
    files.FsChangedNotification,
    file_search.FuzzyFileSearchSessionUpdatedNotification,
    file_search.FuzzyFileSearchSessionCompletedNotification,
    notifications.ThreadTokenUsageUpdatedNotification,
    notifications.TurnStartedNotification,
    notifications.TurnCompletedNotification,
    notifications.TurnDiffUpdatedNotification,
    notifications.TurnPlanUpdatedNotification,
    notifications.ItemStartedNotification,
    notifications.ItemCompletedNotification,
    notifications.AgentMessageDeltaNotification,
    notifications.ReasoningSummaryPartAddedNotification,
    notifications.ReasoningSummaryTextDeltaNotification,
    notifications.ReasoningTextDeltaNotification,
    notifications.CommandExecutionOutputDeltaNotification,
    notifications.TerminalInteractionNotification,
    command_exec.CommandExecOutputDeltaNotification,
    mcp.McpToolCallProgressNotification,
    mcp.McpServerStatusUpdatedNotification,
    mcp.McpServerOauthLoginCompletedNotification,
    notifications.ApprovalRequestedNotification,
    notifications.ServerRequestResolvedNotification,
)


def _all_methods() -> Iterator[Method]:
    yield from _CLIENT_REQUESTS
    yield from _CLIENT_NOTIFICATIONS
    yield from _SERVER_REQUESTS
    for model in NOTIFICATIONS:
        yield Method(model.METHOD, Direction.SERVER_NOTIFICATION, model, None, Order.FREE)


METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _all_methods()})
