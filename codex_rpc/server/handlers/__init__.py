"""Request handlers, one file per resource, and the table that finds them.

A handler reads models, calls one method of the core, and returns a model. What it raises is turned
into an error elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from codex_rpc.protocol.base import WireModel
from codex_rpc.server.context import Answer, RequestContext
from codex_rpc.server.handlers import (
    account,
    approvals,
    config,
    handshake,
    model_providers,
    models,
    reviews,
    thread_history,
    threads,
    turns,
)

Handler = Callable[[RequestContext, Any], Awaitable[WireModel | Answer]]
"""The second argument is the method's parameter model."""

HANDLERS: Mapping[str, Handler] = {
    "initialize": handshake.initialize,
    "thread/start": threads.start,
    "thread/resume": thread_history.resume,
    "thread/fork": thread_history.fork,
    "thread/revert": thread_history.revert,
    "thread/rollback": thread_history.rollback,
    "thread/loaded/list": threads.list_loaded,
    "thread/unsubscribe": threads.unsubscribe,
    "thread/settings/update": threads.update_settings,
    "thread/inject_items": threads.inject_items,
    "thread/compact/start": threads.compact,
    "thread/shellCommand": threads.run_shell_command,
    "review/start": reviews.start,
    "turn/steer": turns.steer,
    "turn/start": turns.start,
    "turn/submit": turns.submit,
    "turn/interrupt": turns.interrupt,
    "approval/respond": approvals.respond,
    "approval/list": approvals.list_pending,
    "model/list": models.list_models,
    "modelProvider/list": model_providers.list_providers,
    "config/read": config.read,
    "config/value/write": config.write_value,
    "config/batchWrite": config.write_batch,
    "configRequirements/read": config.read_requirements,
    "account/read": account.read,
}
