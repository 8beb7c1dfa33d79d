"""What a session emits: the wire's notifications, and what becomes something else at the edge."""

from collections.abc import Callable
from pathlib import Path

import anyio
from msgspec import Struct, field

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.settings import ThreadSettingsUpdatedNotification


class SessionConfigured(Struct, frozen=True):
    """The first event of every session. At the edge: the response that made the thread."""

    thread_id: ThreadId
    settings: ThreadSettings
    rollout_path: Path | None


class ApprovalRequested(Struct, frozen=True):
    """The client is asked something. At the edge: a server request, or `approval/requested`."""

    approval: PendingApproval


class ApprovalResolved(Struct, frozen=True):
    """A question is closed, answered or not. At the edge: `serverRequest/resolved`."""

    thread_id: ThreadId
    approval_id: ApprovalId


class SettingsChanged(Struct, frozen=True):
    """The next turn runs with other settings. At the edge: `thread/settings/updated`.

    `told` is set when the clients have been sent it, for the request that waits with its answer.
    """

    notification: ThreadSettingsUpdatedNotification
    told: anyio.Event = field(default_factory=anyio.Event)


class Mark(Struct, frozen=True):
    """A place between events, for whoever begins to watch there. It is never sent.

    `reached` is called when everything before it has been passed on, and nothing after it.
    """

    reached: Callable[[], None]


Event = (
    SessionConfigured | ApprovalRequested | ApprovalResolved | SettingsChanged | Mark | Notification
)
