"""The METHODS table: every method of the contract, once.

The schema, the TypeScript types and the contract tests are driven by it, and dispatch by the part
of it that is in `requests`. A method that is not in it does not exist; everything in it works. Who
handles a method is said in `server`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from codex_rpc.protocol import (
    command_exec,
    file_search,
    files,
    mcp,
    notifications,
    settings,
    skills,
    stored_threads,
)
from codex_rpc.protocol.requests import (
    CLIENT_NOTIFICATIONS,
    CLIENT_REQUESTS,
    SERVER_REQUESTS,
    Direction,
    Method,
    Order,
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
    yield from CLIENT_REQUESTS
    yield from CLIENT_NOTIFICATIONS
    yield from SERVER_REQUESTS
    for model in NOTIFICATIONS:
        name = f"{model.__module__.rpartition('.')[2]}.{model.__name__}"
        yield Method(model.METHOD, Direction.SERVER_NOTIFICATION, name, None, Order.FREE)


METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _all_methods()})
