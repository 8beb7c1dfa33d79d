"""Patches that try to get out of the workspace, and those that may."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import adds_file, patches, says
from tests.support.outline import items
from tests.support.peer import Peer
from tests.support.rollout import outputs, read_rollout

QUESTION = "item/fileChange/requestApproval"
NARROW = {
    "sandbox": "workspace-write",
    "config": {
        "sandbox_workspace_write.exclude_slash_tmp": True,
        "sandbox_workspace_write.exclude_tmpdir_env_var": True,
    },
}
"""The tests' own folders lie below /tmp, which can be written otherwise."""


async def tried(app: App, patch: dict[str, Any], policy: str) -> tuple[Peer, dict[str, Any]]:
    peer = await app.connect()
    thread = await peer.start_thread([[patch], [says("Done")]], approvalPolicy=policy, **NARROW)
    await peer.say(thread)
    return peer, thread


def add(name: str) -> dict[str, Any]:
    return adds_file(name, "evil")


def prepare(app: App) -> None:
    """Ways out of the project."""
    outside = app.folder / "outside"
    outside.mkdir()
    (outside / "f").write_text("one\n")
    (app.project / "link").symlink_to(outside)
    (app.project / "file_link").symlink_to(outside / "f")
    (outside / "g").write_text("one\n")
    (app.project / "hard").hardlink_to(outside / "g")
    (app.project / "pointed").mkdir()


OUTWARDS = [
    add("../outside/new"),
    add("{folder}/outside/new"),
    add("link/new"),
    add(".GIT/hooks/pre-commit"),
    add("sub/.git/config"),
    add(".git"),
    add("deep/.codex/config.toml"),
    patches("*** Update File: file_link\n@@\n-one\n+evil\n"),
    patches("*** Update File: hard\n@@\n-one\n+evil\n"),
    patches("*** Update File: inner\n*** Move to: link/new\n@@\n-one\n+evil\n"),
]


def resolved(app: App, patch: dict[str, Any]) -> dict[str, Any]:
    return {**patch, "input": patch["input"].replace("{folder}", str(app.folder))}


@pytest.mark.parametrize(
    "patch",
    [*OUTWARDS, add("/proc/self/cwd/new")],
    ids=lambda patch: patch["input"].split("\n")[1],
)
async def test_a_way_out_of_the_workspace_is_refused_where_nobody_is_asked(
    app: App, patch: dict[str, Any]
) -> None:
    prepare(app)
    (app.project / "inner").write_text("one\n")
    before = sorted(app.folder.glob("outside/*")), sorted(app.project.iterdir())
    peer, thread = await tried(app, resolved(app, patch), "never")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "fileChange")] == ["declined"]
    [output] = outputs(read_rollout(Path(thread["path"])))
    assert output.startswith("patch refused: writing outside of the project")
    assert (sorted(app.folder.glob("outside/*")), sorted(app.project.iterdir())) == before
    assert [(app.folder / "outside" / name).read_text() for name in "fg"] == ["one\n"] * 2


@pytest.mark.parametrize("patch", OUTWARDS, ids=lambda patch: patch["input"].split("\n")[1])
async def test_a_way_out_of_the_workspace_is_asked_for(app: App, patch: dict[str, Any]) -> None:
    """And is taken once the user has agreed."""
    prepare(app)
    (app.project / "inner").write_text("one\n")
    peer, _ = await tried(app, resolved(app, patch), "on-request")
    question = await peer.next(QUESTION)
    about_links = "hard links, whose other names may be outside of the workspace: "
    expected = f"{about_links}{app.project}/hard" if "hard" in patch["input"] else None
    assert question["params"]["reason"] == expected
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "fileChange")] == ["completed"]


async def test_both_names_of_a_hard_link_change_once_that_is_accepted(app: App) -> None:
    prepare(app)
    peer, _ = await tried(app, patches("*** Update File: hard\n@@\n-one\n+two\n"), "on-request")
    await peer.answer(await peer.next(QUESTION), "accept")
    await peer.until("turn/completed")
    assert (app.folder / "outside/g").read_text() == "two\n"
    assert (app.project / "hard").samefile(app.folder / "outside/g")


async def test_deleting_one_name_of_a_hard_link_is_nobody_elses_business(app: App) -> None:
    prepare(app)
    peer, _ = await tried(app, patches("*** Delete File: hard\n"), "never")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "fileChange")] == ["completed"]
    assert (app.folder / "outside/g").read_text() == "one\n"
    assert not (app.project / "hard").exists()


async def test_a_repository_elsewhere_that_a_pointer_names_is_protected(app: App) -> None:
    (app.project / "store").mkdir()
    (app.project / ".git").write_text("gitdir: store\n")
    peer, _ = await tried(app, add("store/config"), "never")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "fileChange")] == ["declined"]


async def test_a_link_put_in_place_of_a_directory_while_the_user_thinks_is_not_followed(
    app: App,
) -> None:
    """The answer was about the place that was shown."""
    prepare(app)
    (app.project / "sub").mkdir()
    peer = await app.connect()
    patch = patches("*** Add File: sub/new\n+x\n*** Add File: other\n+x\n")
    settings = {**NARROW, "approvalPolicy": "untrusted"}
    thread = await peer.start_thread([[patch], [says("Done")]], **settings)
    await peer.say(thread)
    question = await peer.next(QUESTION)
    (app.project / "sub").rmdir()
    (app.project / "sub").symlink_to(app.folder / "outside")
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "fileChange")] == ["failed"]
    assert not (app.folder / "outside/new").exists()
    assert not (app.project / "other").exists()
    [output] = outputs(read_rollout(Path(thread["path"])))
    assert output.endswith("/sub/new: a symbolic link stands in the way")


@pytest.mark.parametrize("name", ["pipe", "/dev/null", "/proc/self/environ", "folder"])
async def test_what_is_no_file_is_neither_read_nor_written(app: App, name: str) -> None:
    os.mkfifo(app.project / "pipe")
    (app.project / "folder").mkdir()
    peer = await app.connect()
    change = patches(f"*** Update File: {name}\n@@\n-a\n+b\n")
    thread = await peer.start_thread([[change], [add(name)], [says("Done")]])
    told = await peer.turn(thread)
    assert [item["status"] for item in items(told, "fileChange")] == ["failed", "failed"]
    reason = "Is a directory" if name == "folder" else "Not a regular file"
    for output in outputs(read_rollout(Path(thread["path"]))):
        assert output.startswith("apply_patch verification failed: Failed to read ")
        assert output.endswith(reason)
