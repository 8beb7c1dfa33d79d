"""What a session emits: the wire's notifications, and what becomes something else at the edge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.settings import ThreadSettingsUpdatedNotification


@dataclass(frozen=True, slots=True)
class SessionConfigured:
    """The first event of every session. At the edge: the response that made the thread."""

    thread_id: ThreadId
    settings: ThreadSettings
    rollout_path: Path | None


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """The client is asked something. At the edge: a server request, or `approval/requested`."""

    approval: PendingApproval


@dataclass(frozen=True, slots=True)
class ApprovalResolved:
    """A question is closed, answered or not. At the edge: `serverRequest/resolved`."""

    thread_id: ThreadId
    approval_id: ApprovalId


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The next turn runs with other settings. At the edge: `thread/settings/updated`.

    `told` is set when the clients have been sent it, for the request that waits with its answer.
    """

    notification: ThreadSettingsUpdatedNotification
    told: anyio.Event = field(default_factory=anyio.Event)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between events, for whoever begins to watch there. It is never sent.

    `reached` is called when everything before it has been passed on, and nothing after it.
    """

    reached: Callable[[], None]


Event = (
    SessionConfigured | ApprovalRequested | ApprovalResolved | SettingsChanged | Mark | Notification
)
