"""The METHODS table holds together."""

import subprocess
import sys

import pytest

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
from codex_rpc.protocol.methods import METHODS, NOTIFICATIONS, Direction, Method, Order


def names_of(direction: Direction) -> set[str]:
    return {name for name, method in METHODS.items() if method.direction is direction}


def test_the_table_has_exactly_the_methods_of_this_version() -> None:
    assert names_of(Direction.CLIENT_REQUEST) == {
        "initialize",
        "thread/start",
        "thread/resume",
        "thread/fork",
        "thread/revert",
        "thread/rollback",
        "thread/loaded/list",
        "thread/list",
        "thread/search",
        "thread/archive",
        "thread/unarchive",
        "thread/delete",
        "thread/name/set",
        "thread/metadata/update",
        "thread/read",
        "thread/turns/list",
        "thread/items/list",
        "thread/items/read",
        "thread/unsubscribe",
        "thread/settings/update",
        "thread/inject_items",
        "thread/compact/start",
        "thread/shellCommand",
        "thread/backgroundTerminals/list",
        "thread/backgroundTerminals/terminate",
        "thread/backgroundTerminals/clean",
        "review/start",
        "turn/steer",
        "turn/start",
        "turn/submit",
        "turn/interrupt",
        "approval/respond",
        "approval/list",
        "model/list",
        "skills/list",
        "skills/extraRoots/set",
        "skills/config/write",
        "modelProvider/list",
        "permissionProfile/list",
        "config/read",
        "config/value/write",
        "config/batchWrite",
        "configRequirements/read",
        "command/exec",
        "command/exec/write",
        "command/exec/resize",
        "command/exec/terminate",
        "mcpServerStatus/list",
        "mcpServer/tool/call",
        "mcpServer/resource/read",
        "mcpServer/oauth/login",
        "config/mcpServer/reload",
        "account/read",
        "account/login/start",
        "account/logout",
        "account/rateLimits/read",
        "getAuthStatus",
        "fs/readFile",
        "fs/writeFile",
        "fs/createDirectory",
        "fs/getMetadata",
        "fs/readDirectory",
        "fs/remove",
        "fs/copy",
        "fs/watch",
        "fs/unwatch",
        "fuzzyFileSearch",
        "fuzzyFileSearch/sessionStart",
        "fuzzyFileSearch/sessionUpdate",
        "fuzzyFileSearch/sessionStop",
    }
    assert names_of(Direction.CLIENT_NOTIFICATION) == {"initialized", "$/cancelRequest"}
    assert names_of(Direction.SERVER_REQUEST) == {
        "item/commandExecution/requestApproval",
        "item/fileChange/requestApproval",
        "item/permissions/requestApproval",
        "item/tool/requestUserInput",
        "item/tool/call",
        "mcpServer/elicitation/request",
    }
    assert names_of(Direction.SERVER_NOTIFICATION) == {model.METHOD for model in NOTIFICATIONS}


def test_every_notification_model_is_in_the_table() -> None:
    bases = {notifications.TurnNotification, notifications.ItemNotification}
    defined = {
        value
        for module in (
            command_exec,
            file_search,
            files,
            mcp,
            notifications,
            settings,
            skills,
            stored_threads,
        )
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, notifications.Notification)
    }

    assert defined - bases - {notifications.Notification} == set(NOTIFICATIONS)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_payloads_are_named_for_what_they_are(method: Method) -> None:
    notification = method.direction is Direction.SERVER_NOTIFICATION
    request = method.direction in (Direction.CLIENT_REQUEST, Direction.SERVER_REQUEST)

    if method.params is None:
        assert method.params_optional
    else:
        assert method.params.__name__.endswith("Notification" if notification else "Params")
    assert (method.result is not None) == request
    assert method.result is None or method.result.__name__.endswith("Response")


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_request_that_waits_for_a_thread_can_name_it(method: Method) -> None:
    if method.order is Order.THREAD:
        assert method.params is not None
        assert "thread_id" in method.params.model_fields


def test_importing_the_table_builds_no_validator() -> None:
    """Cold start is a promise; a validator is built when its method is first used."""
    program = (
        "from codex_rpc.protocol.methods import METHODS\n"
        "models = {m for x in METHODS.values() for m in (x.params, x.result) if m}\n"
        "print([m.__name__ for m in models if m.__pydantic_complete__])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
