"""Request handlers, one file per resource, and the table that finds them.

A handler reads models, calls one method of the core, and returns a model. What it raises is turned
into an error elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

from codex_rpc.protocol.base import WireModel
from codex_rpc.server.context import Answer, RequestContext

Handler = Callable[[RequestContext, Any], Awaitable[WireModel | Answer]]
"""The second argument is the method's parameter model."""

HANDLERS: Mapping[str, str] = {
    "initialize": "handshake.initialize",
    "thread/start": "threads.start",
    "thread/resume": "thread_history.resume",
    "thread/fork": "thread_history.fork",
    "thread/revert": "thread_history.revert",
    "thread/rollback": "thread_history.rollback",
    "thread/loaded/list": "threads.list_loaded",
    "thread/list": "stored_threads.list_threads",
    "thread/search": "stored_threads.search",
    "thread/archive": "thread_records.archive",
    "thread/unarchive": "thread_records.unarchive",
    "thread/delete": "thread_records.delete",
    "thread/name/set": "thread_records.set_name",
    "thread/metadata/update": "thread_records.update_metadata",
    "thread/read": "stored_threads.read",
    "thread/turns/list": "stored_threads.list_turns",
    "thread/items/list": "stored_threads.list_items",
    "thread/items/read": "stored_threads.read_items",
    "thread/unsubscribe": "threads.unsubscribe",
    "thread/settings/update": "threads.update_settings",
    "thread/inject_items": "threads.inject_items",
    "thread/compact/start": "threads.compact",
    "thread/shellCommand": "threads.run_shell_command",
    "thread/backgroundTerminals/list": "terminals.list_terminals",
    "thread/backgroundTerminals/terminate": "terminals.terminate",
    "thread/backgroundTerminals/clean": "terminals.clean",
    "review/start": "reviews.start",
    "turn/steer": "turns.steer",
    "turn/start": "turns.start",
    "turn/submit": "turns.submit",
    "turn/interrupt": "turns.interrupt",
    "approval/respond": "approvals.respond",
    "approval/list": "approvals.list_pending",
    "model/list": "models.list_models",
    "skills/list": "skills.list_skills",
    "skills/extraRoots/set": "skills.set_extra_roots",
    "skills/config/write": "skills.write_config",
    "modelProvider/list": "model_providers.list_providers",
    "permissionProfile/list": "permission_profiles.list_profiles",
    "config/read": "config.read",
    "config/value/write": "config.write_value",
    "config/batchWrite": "config.write_batch",
    "configRequirements/read": "config.read_requirements",
    "mcpServerStatus/list": "mcp.list_statuses",
    "mcpServer/tool/call": "mcp.call_tool",
    "mcpServer/resource/read": "mcp.read_resource",
    "mcpServer/oauth/login": "mcp_login.log_in",
    "config/mcpServer/reload": "mcp.reload",
    "command/exec": "command_exec.run",
    "command/exec/write": "command_exec.write",
    "command/exec/resize": "command_exec.resize",
    "command/exec/terminate": "command_exec.terminate",
    "account/read": "account.read",
    "account/login/start": "account.start_login",
    "account/logout": "account.log_out",
    "account/rateLimits/read": "account.read_rate_limits",
    "getAuthStatus": "account.auth_status",
    "fs/readFile": "files.read_file",
    "fs/writeFile": "files.write_file",
    "fs/createDirectory": "files.create_directory",
    "fs/getMetadata": "files.get_metadata",
    "fs/readDirectory": "files.read_directory",
    "fs/remove": "files.remove",
    "fs/copy": "files.copy",
    "fs/watch": "file_watches.watch",
    "fs/unwatch": "file_watches.unwatch",
    "fuzzyFileSearch": "file_search.search",
    "fuzzyFileSearch/sessionStart": "file_search.start",
    "fuzzyFileSearch/sessionUpdate": "file_search.update",
    "fuzzyFileSearch/sessionStop": "file_search.stop",
}
"""The module and the function; a module is loaded when one of its methods is first called."""


def handler_of(method: str) -> Handler:
    """What handles the requests of a method in `HANDLERS`."""
    module, _, function = HANDLERS[method].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), function)
