"""`fs/*`: what a client does with files. The texts are those of the Codex app-server."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.peer import Peer, RefusedError


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def refusal(peer: Peer, method: str, **params: Any) -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        await peer.call(method, params)
    return refused.value.code, refused.value.message


def system(text: str, number: int) -> tuple[int, str]:
    return -32603, f"{text} (os error {number})"


MISSING = system("No such file or directory", 2)
EXISTS = system("File exists", 17)
NO_DIRECTORY = system("Not a directory", 20)


async def test_what_is_written_is_read(app: App) -> None:
    peer = await app.connect()
    path = str(app.project / "a.bin")
    for data in (b"", b"one", bytes(range(256)) * 20_000):
        assert await peer.call("fs/writeFile", {"path": path, "dataBase64": encoded(data)}) == {}
        assert await peer.call("fs/readFile", {"path": path}) == {"dataBase64": encoded(data)}


async def test_a_file_that_is_written_stays_the_same_file(app: App) -> None:
    """Its mode is kept, and a link still leads to it."""
    peer = await app.connect()
    file, link = app.project / "file", app.project / "link"
    file.write_text("a longer text than the new one")
    file.chmod(0o750)
    link.symlink_to("file")
    await peer.call("fs/writeFile", {"path": str(link), "dataBase64": encoded(b"new")})
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o750
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("@@@", "Invalid symbol 64, offset 0."),
        ("YW\nJj", "Invalid symbol 10, offset 2."),
        ("YQ", "Invalid padding"),
        ("YQ==YQ==", "Invalid symbol 61, offset 2."),
        ("YWJjZ", "Invalid input length: 5"),
        ("-_-_", "Invalid symbol 45, offset 0."),
    ],
)
async def test_what_is_no_base64_is_refused_and_nothing_written(
    app: App, text: str, problem: str
) -> None:
    peer = await app.connect()
    (app.project / "file").write_text("old")
    said = await refusal(peer, "fs/writeFile", path=str(app.project / "file"), dataBase64=text)
    assert said == (-32600, f"fs/writeFile requires valid base64 dataBase64: {problem}")
    assert (app.project / "file").read_text() == "old"


async def test_what_cannot_be_read_or_written_is_refused_in_the_words_of_the_system(
    app: App,
) -> None:
    peer = await app.connect()
    project = app.project
    (project / "file").touch()
    os.mkfifo(project / "pipe")
    for path, said in {
        "none": MISSING,
        "file/x": NO_DIRECTORY,
        ".": (-32600, f"path `{project}` is not a file"),
        "pipe": (-32600, f"path `{project}/pipe` is not a file"),
    }.items():
        assert await refusal(peer, "fs/readFile", path=f"{project}/{path}") == said
    for path, said in {
        "none/x": MISSING,
        "file/x": NO_DIRECTORY,
        ".": system("Is a directory", 21),
    }.items():
        refused = await refusal(peer, "fs/writeFile", path=f"{project}/{path}", dataBase64="")
        assert refused == said


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("fs/readFile", {}),
        ("fs/writeFile", {"dataBase64": ""}),
        ("fs/createDirectory", {}),
        ("fs/getMetadata", {}),
        ("fs/readDirectory", {}),
        ("fs/remove", {}),
        ("fs/watch", {"watchId": "w"}),
    ],
)
@pytest.mark.parametrize("path", ["", "a", "~/a", "file:///a", "./a"])
async def test_a_path_must_be_absolute(
    app: App, method: str, params: dict[str, Any], path: str
) -> None:
    peer = await app.connect()
    said = await refusal(peer, method, path=path, **params)
    assert said == (-32600, "Invalid request: AbsolutePathBuf deserialized without a base path")


async def test_a_zero_byte_in_a_path_is_refused(app: App) -> None:
    peer = await app.connect()
    said = await refusal(peer, "fs/readFile", path="/a\0b")
    assert said == (-32600, "file name contained an unexpected NUL byte")


async def test_too_large_a_file_is_refused_before_it_is_read(app: App) -> None:
    peer = await app.connect()
    with (app.project / "large").open("wb") as file:
        file.truncate(1 << 40)
    said = await refusal(peer, "fs/readFile", path=str(app.project / "large"))
    assert said == (-32600, "file is too large to read: limit is 134217728 bytes")


async def test_metadata_is_that_of_what_a_link_leads_to(app: App) -> None:
    peer = await app.connect()
    file = app.project / "file"
    file.touch()
    os.utime(file, ns=(0, 1_234_567_890_123_456_789))
    (app.project / "link").symlink_to("file")
    (app.project / "lost").symlink_to("nowhere")
    described = await peer.call("fs/getMetadata", {"path": str(app.project / "link")})
    assert described.pop("createdAtMs") >= 0
    assert described == {
        "isDirectory": False,
        "isFile": True,
        "isSymlink": True,
        "modifiedAtMs": 1_234_567_890_123,
    }
    directory = await peer.call("fs/getMetadata", {"path": str(app.project)})
    assert (directory["isDirectory"], directory["isFile"], directory["isSymlink"]) == (1, 0, 0)
    assert await refusal(peer, "fs/getMetadata", path=str(app.project / "lost")) == MISSING


async def test_a_directory_is_listed_by_name(app: App) -> None:
    peer = await app.connect()
    for name in ("b", "a", "ü"):
        (app.project / name).touch()
    (app.project / "dir").mkdir()
    (app.project / "to_dir").symlink_to("dir")
    (app.project / "lost").symlink_to("nowhere")
    (app.project / os.fsdecode(b"\xff")).touch()
    listed = (await peer.call("fs/readDirectory", {"path": str(app.project)}))["entries"]
    assert [(e["fileName"], e["isDirectory"], e["isFile"]) for e in listed] == [
        ("a", False, True),
        ("b", False, True),
        ("dir", True, False),
        ("to_dir", True, False),
        ("ü", False, True),
        ("\ufffd", False, True),
    ]
    assert await refusal(peer, "fs/readDirectory", path=f"{app.project}/a") == NO_DIRECTORY


async def test_directories_are_made_with_those_above_them_unless_asked_otherwise(app: App) -> None:
    peer = await app.connect()
    path = str(app.project / "a" / "b")
    said = await refusal(peer, "fs/createDirectory", path=path, recursive=False)
    assert said == MISSING
    for _ in range(2):
        assert await peer.call("fs/createDirectory", {"path": path}) == {}
    assert await refusal(peer, "fs/createDirectory", path=path, recursive=False) == EXISTS
    (app.project / "file").touch()
    assert await refusal(peer, "fs/createDirectory", path=f"{app.project}/file") == EXISTS


async def test_a_path_is_read_without_going_there(app: App) -> None:
    peer = await app.connect()
    await peer.call("fs/createDirectory", {"path": f"{app.project}/none/../made//"})
    assert [path.name for path in app.project.iterdir()] == ["made"]


# --- removing ------------------------------------------------------------------------------------


async def test_trees_are_removed_and_what_links_in_them_lead_to_is_not(app: App) -> None:
    peer = await app.connect()
    kept, tree = app.folder / "kept", app.project / "tree"
    kept.mkdir()
    (kept / "file").touch()
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "to_kept").symlink_to(kept)
    (tree / "to_file").symlink_to(kept / "file")
    assert await peer.call("fs/remove", {"path": str(tree)}) == {}
    assert not tree.exists()
    (app.project / "link").symlink_to(kept)
    await peer.call("fs/remove", {"path": f"{app.project}/link/"})
    assert list(app.project.iterdir()) == []
    assert [path.name for path in kept.iterdir()] == ["file"]


async def test_without_recursion_a_directory_must_be_empty(app: App) -> None:
    peer = await app.connect()
    (app.project / "a" / "b").mkdir(parents=True)
    path = f"{app.project}/a"
    said = await refusal(peer, "fs/remove", path=path, recursive=False)
    assert said == system("Directory not empty", 39)
    await peer.call("fs/remove", {"path": f"{path}/b", "recursive": False})
    await peer.call("fs/remove", {"path": path, "recursive": False})


async def test_something_must_be_there_only_without_force(app: App) -> None:
    peer = await app.connect()
    path = f"{app.project}/none"
    assert await peer.call("fs/remove", {"path": path}) == {}
    assert await refusal(peer, "fs/remove", path=path, force=False) == MISSING


async def test_the_root_of_all_is_not_removed(app: App) -> None:
    peer = await app.connect()
    for path in ("/", "//", "/..", "/tmp/.."):
        assert (await refusal(peer, "fs/remove", path=path))[0] == -32600


# --- copying -------------------------------------------------------------------------------------


async def copy(peer: Peer, source: Path, destination: Path, **params: Any) -> dict[str, Any]:
    paths = {"sourcePath": str(source), "destinationPath": str(destination)}
    return await peer.call("fs/copy", {**paths, **params})


async def refused_copy(peer: Peer, source: Path, to: Path, **params: Any) -> tuple[int, str]:
    return await refusal(peer, "fs/copy", sourcePath=str(source), destinationPath=str(to), **params)


async def test_a_tree_is_copied_with_its_modes_and_links(app: App) -> None:
    peer = await app.connect()
    source, copied = app.project / "source", app.project / "new" / "copy"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "run").write_text("run")
    (source / "sub" / "run").chmod(0o751)
    (source / "link").symlink_to("sub/run")
    (source / "lost").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    (source / "sub").chmod(0o500)
    assert await copy(peer, source, copied, recursive=True) == {}
    assert (copied / "sub" / "run").read_text() == "run"
    assert (copied / "sub" / "run").stat().st_mode & 0o777 == 0o751
    assert (copied / "sub").stat().st_mode & 0o777 == 0o500
    assert (copied / "link").readlink() == Path("sub/run")
    assert sorted(path.name for path in copied.iterdir()) == ["link", "lost", "sub"]
    for tree in (source, copied):
        (tree / "sub").chmod(0o700)


async def test_a_tree_is_added_to_the_one_that_is_there(app: App) -> None:
    peer = await app.connect()
    for name, file in (("source", "new"), ("there", "old")):
        (app.project / name).mkdir()
        (app.project / name / file).write_text(file)
        (app.project / name / "both").write_text(f"of {name}, as long as it is")
    await copy(peer, app.project / "source", app.project / "there", recursive=True)
    there = {path.name: path.read_text() for path in (app.project / "there").iterdir()}
    assert there == {"new": "new", "old": "old", "both": "of source, as long as it is"}


async def test_a_file_copied_onto_itself_is_still_there(app: App) -> None:
    """The `codex` command empties it."""
    peer = await app.connect()
    file = app.project / "file"
    file.write_text("text")
    (app.project / "link").symlink_to("file")
    for name in ("file", "link"):
        assert await copy(peer, file, app.project / name) == {}
    assert file.read_text() == "text"


async def test_what_cannot_be_copied_is_refused(app: App) -> None:
    peer = await app.connect()
    folder, file = app.project / "folder", app.project / "file"
    folder.mkdir()
    file.touch()
    (app.project / "to_folder").symlink_to("folder")
    needs = (-32600, "fs/copy requires recursive: true when sourcePath is a directory")
    itself = (-32600, "fs/copy cannot copy a directory to itself or one of its descendants")
    kinds = (-32600, "fs/copy only supports regular files, directories, and symlinks")
    assert await refused_copy(peer, folder, app.project / "x") == needs
    assert await refused_copy(peer, folder, folder, recursive=True) == itself
    inside = app.project / "to_folder" / "x"
    assert await refused_copy(peer, folder, inside, recursive=True) == itself
    assert await refused_copy(peer, Path("/dev/null"), app.project / "x") == kinds
    assert await refused_copy(peer, app.project / "none", file) == MISSING
    assert await refused_copy(peer, file, app.project / "none" / "x") == MISSING
    assert await refused_copy(peer, folder, file, recursive=True) == EXISTS
    assert list(folder.iterdir()) == []
    assert not (app.project / "x").exists()


async def test_a_copy_that_is_cancelled_stops(app: App) -> None:
    peer = await app.connect()
    source = app.project / "source"
    source.mkdir()
    for number in range(300):
        (source / str(number)).write_bytes(b"x" * 300_000)
    paths = {"sourcePath": str(source), "destinationPath": str(app.project / "copy")}
    asked = await peer.request("fs/copy", {**paths, "recursive": True})
    await peer.notify("$/cancelRequest", {"id": asked})
    with pytest.raises(RefusedError) as refused:
        await peer.response(asked)
    assert refused.value.code == -32800
    copied = app.project / "copy"
    count = len(list(copied.iterdir())) if copied.exists() else 0
    await peer.call("fs/readDirectory", {"path": str(source)})
    assert count < 300
    assert (len(list(copied.iterdir())) if copied.exists() else 0) == count
