"""`fs/watch`: what is told of changes, and when it ends."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from threading import enumerate as all_threads

import anyio
import pytest

from tests.support.app import App
from tests.support.peer import WAIT_SECONDS, Peer, RefusedError


async def watch(peer: Peer, watch_id: str, path: Path | str) -> str:
    return (await peer.call("fs/watch", {"watchId": watch_id, "path": str(path)}))["path"]


async def told(peer: Peer, *expected: Path, watch_id: str = "w") -> None:
    """Wait until exactly these paths have been told, in one notification or several."""
    seen = set[str]()
    wanted = {str(path) for path in expected}
    while seen != wanted:
        params = (await peer.next("fs/changed"))["params"]
        assert params["changedPaths"] == sorted(set(params["changedPaths"]))
        if params["watchId"] == watch_id:
            seen.update(params["changedPaths"])
            assert seen <= wanted


async def test_what_happens_directly_in_a_directory_is_told(app: App) -> None:
    peer = await app.connect()
    sub = app.project / "sub"
    sub.mkdir()
    assert await watch(peer, "w", f"{app.project}/sub/..") == str(app.project)
    new, renamed = app.project / "new", app.project / "renamed"
    (sub / "not told").touch()
    new.touch()
    await told(peer, new)
    new.write_text("more")
    await told(peer, new)
    new.rename(renamed)
    await told(peer, new, renamed)
    renamed.unlink()
    await told(peer, renamed)


async def test_a_watched_file_may_be_replaced_removed_and_made_again(app: App) -> None:
    peer = await app.connect()
    file = app.project / "file"
    file.write_text("one")
    await watch(peer, "w", file)
    (app.project / "other").write_text("two")
    (app.project / "other").rename(file)
    await told(peer, file)
    file.write_text("three")
    await told(peer, file)
    file.unlink()
    await told(peer, file)
    file.touch()
    await told(peer, file)


async def test_a_path_can_be_watched_before_it_is_there(app: App) -> None:
    peer = await app.connect()
    path = app.project / "not" / "yet"
    await watch(peer, "w", path)
    path.parent.mkdir()
    path.mkdir()
    await told(peer, path)
    (path / "file").touch()
    await told(peer, path / "file")
    shutil.rmtree(path)
    await told(peer, path, path / "file")
    path.mkdir()
    await told(peer, path)


async def test_changes_are_told_under_the_name_that_was_given(app: App) -> None:
    peer = await app.connect()
    (app.project / "real").mkdir()
    (app.project / "file").touch()
    for name, target in (("to_dir", "real"), ("to_file", "file")):
        (app.project / name).symlink_to(target)
        await watch(peer, name, app.project / name)
    (app.project / "real" / "x").touch()
    await told(peer, app.project / "to_dir" / "x", watch_id="to_dir")
    (app.project / "file").write_text("x")
    await told(peer, app.project / "to_file", watch_id="to_file")


async def test_many_changes_come_together(app: App) -> None:
    peer = await app.connect()
    await watch(peer, "w", app.project)
    paths = [app.project / str(number) for number in range(500)]
    for path in paths:
        path.touch()
    await told(peer, *paths)
    changes = [m for m in peer.messages if m.get("method") == "fs/changed"]
    assert len(changes) < 50


async def test_an_id_is_for_one_watch_until_it_is_ended(app: App) -> None:
    peer, other = await app.connect(), await app.connect()
    await watch(peer, "w", app.project)
    with pytest.raises(RefusedError, match=r"^watchId already exists: w$") as refused:
        await watch(peer, "w", app.project)
    assert refused.value.code == -32600
    await watch(other, "w", app.project)
    assert await peer.call("fs/unwatch", {"watchId": "w"}) == {}
    assert await peer.call("fs/unwatch", {"watchId": "none"}) == {}
    await watch(peer, "again", app.project)
    (app.project / "new").touch()
    await told(other, app.project / "new")
    await told(peer, app.project / "new", watch_id="again")
    told_of = {m["params"]["watchId"] for m in peer.messages if m.get("method") == "fs/changed"}
    assert told_of == {"again"}


async def test_watches_are_bounded(app: App) -> None:
    peer = await app.connect()
    for number in range(64):
        await watch(peer, str(number), app.project)
    with pytest.raises(RefusedError, match="too many watches"):
        await watch(peer, "one more", app.project)
    await peer.call("fs/unwatch", {"watchId": "0"})
    await watch(peer, "one more", app.project)


async def test_a_client_that_leaves_leaves_nothing_behind(app: App) -> None:
    peer = await app.connect()
    for number in range(5):
        await watch(peer, str(number), app.project)
    assert inotify_descriptors()
    peer.sending.close()
    await peer.rest()
    with anyio.fail_after(WAIT_SECONDS):
        while inotify_descriptors():
            (app.project / "nudge").touch()
            await anyio.sleep(0.01)
    assert not [thread for thread in all_threads() if thread.name.startswith("notify")]


def inotify_descriptors() -> Iterable[str]:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("descriptors can be seen only on Linux")
    links: list[str] = []
    for entry in folder.iterdir():
        try:
            links.append(os.readlink(entry))  # noqa: PTH115 - it is no path
        except OSError:
            continue
    return [link for link in links if "inotify" in link]
