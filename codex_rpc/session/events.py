"""What a session emits: the wire's notifications, and what becomes something else at the edge."""

from dataclasses import dataclass
from pathlib import Path

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId
from codex_rpc.protocol.notifications import Notification


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


Event = SessionConfigured | ApprovalRequested | ApprovalResolved | Notification
