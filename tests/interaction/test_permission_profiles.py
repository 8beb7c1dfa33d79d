"""Sandbox policies by name: `permissionProfile/list`, `permissions`, `default_permissions`."""

from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import says
from tests.support.peer import Message, Peer, RefusedError

READ_ONLY: Message = {"type": "readOnly", "networkAccess": False}
WORKSPACE: Message = {
    "type": "workspaceWrite",
    "writableRoots": [],
    "networkAccess": False,
    "excludeTmpdirEnvVar": False,
    "excludeSlashTmp": False,
}
FULL: Message = {"type": "dangerFullAccess"}


async def started(peer: Peer, app: App, **params: Any) -> tuple[Message, Message | None]:
    """The policy of a new thread, and the profile it comes from."""
    made = await peer.call("thread/start", {"cwd": str(app.project), **params})
    return made["sandbox"], made["activePermissionProfile"]


def named(profile: str) -> Message:
    return {"id": profile, "extends": None}


async def refused(peer: Peer, method: str, **params: Any) -> RefusedError:
    with pytest.raises(RefusedError) as refusal:
        await peer.call(method, params)
    return refusal.value


async def test_the_built_in_profiles_are_listed_page_by_page(app: App) -> None:
    peer = await app.connect()
    profiles = [
        {"id": profile, "description": None, "allowed": True}
        for profile in (":read-only", ":workspace", ":danger-full-access")
    ]
    whole = await peer.call("permissionProfile/list", {"cwd": str(app.project)})
    assert whole == {"data": profiles, "nextCursor": None}
    first = await peer.call("permissionProfile/list", {"limit": 2})
    rest = await peer.call("permissionProfile/list", {"cursor": first["nextCursor"]})
    assert (first["data"] + rest["data"], rest["nextCursor"]) == (profiles, None)
    wrong = await refused(peer, "permissionProfile/list", cursor="no such")
    assert wrong.data == {"kind": "invalidParams", "path": "cursor"}


async def test_a_thread_begins_with_a_profile(app: App) -> None:
    """Its meaning is fixed: what the user says of workspace-write changes the mode only."""
    (app.home / "config.toml").write_text("[sandbox_workspace_write]\nnetwork_access = true\n")
    peer = await app.connect(experimentalApi=True)
    for profile, policy in (
        (":read-only", READ_ONLY),
        (":workspace", WORKSPACE),
        (":danger-full-access", FULL),
    ):
        assert await started(peer, app, permissions=profile) == (policy, named(profile))
    by_mode = await started(peer, app, sandbox="workspace-write")
    assert by_mode == ({**WORKSPACE, "networkAccess": True}, None)
    assert await started(peer, app) == (READ_ONLY, named(":read-only"))


async def test_the_profile_in_use_is_told_of(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("")]] * 2)

    async def told(**params: Any) -> tuple[Message, Message | None]:
        await peer.call("thread/settings/update", {"threadId": thread["id"], **params})
        told = (await peer.next("thread/settings/updated"))["params"]["threadSettings"]
        return told["sandboxPolicy"], told["activePermissionProfile"]

    assert await told(permissions=":workspace") == (WORKSPACE, named(":workspace"))
    assert await told(model="other") == (WORKSPACE, named(":workspace"))
    assert await told(sandboxPolicy=FULL) == (FULL, None)
    await peer.turn(thread, permissions=":read-only")
    resumed = await peer.call("thread/resume", {"threadId": thread["id"]})
    assert (resumed["sandbox"], resumed["activePermissionProfile"]) == (
        READ_ONLY,
        named(":read-only"),
    )
    forked = await peer.call(
        "thread/fork", {"threadId": thread["id"], "permissions": ":danger-full-access"}
    )
    assert (forked["sandbox"], forked["activePermissionProfile"]) == (
        FULL,
        named(":danger-full-access"),
    )


async def test_what_makes_no_sense_is_refused(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([])
    twice = await refused(peer, "thread/start", permissions=":workspace", sandbox="read-only")
    assert twice.message == "`permissions` cannot be combined with `sandbox`"
    both = {"permissions": ":workspace", "sandboxPolicy": FULL}
    twice = await refused(peer, "thread/settings/update", threadId=thread["id"], **both)
    assert twice.message == "`permissions` cannot be combined with `sandboxPolicy`"
    assert twice.data == {"kind": "invalidParams", "path": "permissions"}
    unknown = await refused(peer, "thread/start", permissions=":nope")
    assert unknown.message == (
        "failed to load configuration: default_permissions refers to unknown built-in profile "
        "`:nope`"
    )
    assert unknown.data == {"kind": "configInvalid", "path": "permissions"}
    undefined = await refused(peer, "thread/start", permissions="mine")
    assert undefined.message.endswith("refers to undefined profile `mine`")


async def test_stable_clients_do_not_choose_profiles(app: App) -> None:
    peer = await app.connect()
    asked = await refused(peer, "thread/start", permissions=":workspace")
    assert asked.message == "thread/start.permissions requires experimentalApi capability"
    assert (await peer.call("permissionProfile/list", {}))["data"]


async def test_the_configuration_names_the_profile_of_new_threads(app: App) -> None:
    (app.home / "config.toml").write_text(
        'default_permissions = ":read-only"\nsandbox_mode = "danger-full-access"\n'
    )
    peer = await app.connect()
    assert await started(peer, app) == (READ_ONLY, named(":read-only"))
    assert await started(peer, app, sandbox="danger-full-access") == (FULL, None)


async def test_a_profile_of_the_users_own_allows_reading_only(app: App) -> None:
    """It may forbid more than anything this server knows, so nothing is written by its leave."""
    (app.home / "config.toml").write_text(
        'default_permissions = "mine"\nsandbox_mode = "danger-full-access"\n'
        '[permissions.mine]\nextends = ":workspace"\n'
    )
    peer = await app.connect()
    assert await started(peer, app) == (READ_ONLY, named(":read-only"))
    warning = await peer.next("configWarning")
    assert "permission profile `mine` is not known" in str(warning["params"])


async def test_a_profile_that_is_not_described_is_an_error(app: App) -> None:
    (app.home / "config.toml").write_text('default_permissions = "mine"\n')
    peer = await app.connect()
    wrong = await refused(peer, "thread/start", cwd=str(app.project))
    assert "default_permissions: there is no profile `mine`" in wrong.message
