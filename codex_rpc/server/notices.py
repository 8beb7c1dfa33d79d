"""What a client is told of a thread that was just loaded, beside the answer."""

from codex_rpc.protocol.notifications import ConfigWarningNotification, WarningNotification
from codex_rpc.server.client import Client
from codex_rpc.server.views import sandbox_enforcement
from codex_rpc.threads.codex_thread import NewThread

NO_SANDBOX = (
    "No sandbox is available, so nothing holds commands to this thread's sandbox policy. Commands "
    "that do more than read are run only after approval."
)


def tell_warnings(client: Client, new: NewThread) -> None:
    """What is odd about the configuration, and what does not hold the thread's commands."""
    if new.was_loaded:
        return
    for warning in new.warnings:
        client.notify(ConfigWarningNotification(summary=warning))
    if sandbox_enforcement(new.thread) == "none":
        reason = new.thread.snapshot().sandbox_reason
        message = NO_SANDBOX if reason is None else f"{NO_SANDBOX} Why: {reason}."
        client.notify(WarningNotification(message=message, thread_id=new.thread_id))
