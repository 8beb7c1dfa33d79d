"""The tools that look at files: what the model is told, and what the client sees."""

import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from codex_rpc.tools.files.view_image import MAX_BYTES
from tests.support.app import App, running_app
from tests.support.model_script import Output, calls, says
from tests.support.outline import items
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout
from tests.unit.tools.files.test_image_kind import JPEG, PNG

NOTHING = {"approvalPolicy": "never", "sandbox": "read-only"}
"""A thread that may write nothing and ask nothing: reading needs neither."""


async def told(app: App, *asked: Output, **settings: Any) -> list[Any]:
    """What the model is told of its calls."""
    peer = await app.connect()
    steps = [*([call] for call in asked), [says("Done")]]
    thread = await peer.start_thread(steps, **{**NOTHING, **settings})
    await peer.turn(thread)
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    return outputs(lines)


def reads(name: str, **arguments: Any) -> Output:
    return calls("read_file", file_path=name, **arguments)


# --- read_file ---------------------------------------------------------------------------------


async def test_lines_of_a_file_are_read_with_their_numbers(app: App) -> None:
    path = app.project / "f.txt"
    path.write_bytes(b"one\r\ncaf\xe9\nthree\nfour")
    assert await told(
        app,
        reads(str(path)),
        reads("f.txt", offset=2, limit=2),
        reads("f.txt", offset=4),
        reads("f.txt", offset=5),
        reads("f.txt", offset=0),
    ) == [
        "L1: one\nL2: caf\ufffd\nL3: three\nL4: four",
        "L2: caf\ufffd\nL3: three\n[1 more line below; go on with offset 4]",
        "L4: four",
        "line 5 is behind the end of the file, which has 4",
        "failed to parse function arguments: offset: Input should be greater than or equal to 1",
    ]


async def test_a_block_of_code_is_read_around_a_line(app: App) -> None:
    (app.project / "f.py").write_text("x = 1\n\n# F.\ndef f():\n    if x:\n        y\n    z\n\nw\n")
    block = {"mode": "indentation", "offset": 6}
    below = "[2 more lines below; go on with offset 8]"
    body = f"L4: def f():\nL5:     if x:\nL6:         y\nL7:     z\n{below}"
    assert await told(
        app,
        reads("f.py", **block),
        reads("f.py", **block, indentation={"max_levels": 1}),
        reads("f.py", **block, indentation={"anchor_line": 7, "include_header": False}),
        reads("f.py", **block, indentation={"max_lines": 1}),
    ) == [
        f"L3: # F.\n{body}",
        "L5:     if x:\nL6:         y\n[3 more lines below; go on with offset 7]",
        body,
        "L6:         y\n[3 more lines below; go on with offset 7]",
    ]


async def test_what_is_no_text_file_is_refused_in_words(app: App) -> None:
    project = app.project
    os.mkfifo(project / "pipe")
    (project / "binary").write_bytes(b"\0\xff\n")
    (project / "empty").touch()
    with (project / "huge").open("wb") as file:
        file.truncate(2**40)
    names = ["missing", ".", "pipe", "/dev/zero", "/proc/self/environ", "huge", "binary", "empty"]
    found = await told(app, *(reads(name) for name in names), reads("a\0b"), reads(""))
    assert found == [
        f"unable to read `{project}/missing`: No such file or directory",
        f"unable to read `{project}`: Is a directory",
        f"unable to read `{project}/pipe`: Not a regular file",
        "unable to read `/dev/zero`: Not a regular file",
        "unable to read `/proc/self/environ`: Not a regular file",
        f"unable to read `{project}/huge`: The file is too large (1048576 MiB, at most 128 MiB)",
        "the file is binary, so it has no lines to read",
        "[the file is empty]",
        "not a path: 'a\\x00b'",
        "not a path: ''",
    ]


# --- list_dir ----------------------------------------------------------------------------------


async def test_a_directory_is_listed_sorted_with_marks_and_levels(app: App) -> None:
    project = app.project
    (project / "b/c/d").mkdir(parents=True)
    (project / "b/c/d/e").touch()
    (project / "a").touch()
    (project / "link").symlink_to("b")
    (project / "odd\nname").touch()
    os.mkfifo(project / "pipe")

    def lists(**arguments: Any) -> Output:
        return calls("list_dir", dir_path=str(project), **arguments)

    head = f"Absolute path: {project}\n"
    assert await told(
        app,
        lists(),
        lists(depth=1, limit=2),
        lists(offset=3, limit=1),
        lists(offset=99),
        lists(depth=9, offset=2, limit=4),
        calls("list_dir", dir_path="b/c/d"),
        calls("list_dir", dir_path="missing"),
        calls("list_dir", dir_path="a"),
    ) == [
        f"{head}a\nb/\n  c/\nlink@\nodd\\nname\npipe?",
        f"{head}a\nb/\n[there are more; go on with offset 3]",
        f"{head}  c/\n[there are more; go on with offset 4]",
        f"{head}[nothing behind the end of the directory, which has 6 entries]",
        f"{head}b/\n  c/\n    d/\n      e\n[there are more; go on with offset 6]",
        f"Absolute path: {project}/b/c/d\ne",
        f"unable to list `{project}/missing`: No such file or directory",
        f"unable to list `{project}/a`: Not a directory",
    ]


# --- grep_files --------------------------------------------------------------------------------


@pytest.fixture(params=["ripgrep", "without"])
async def searching_app(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A server that finds ripgrep, and one that does not."""
    path = "/usr/local/bin:/usr/bin:/bin" if request.param == "ripgrep" else str(tmp_path)
    async with running_app(tmp_path, PATH=path) as app:
        yield app


async def test_files_that_match_are_listed_the_last_changed_first(searching_app: App) -> None:
    project = searching_app.project
    for age, name in enumerate(["new.py", "old.py", "other.txt", "sub/mid.py", ".hidden"]):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(f"first\nneedle {age}\n")
        os.utime(project / name, (1_000_000 - age, 1_000_000 - age))
    os.utime(project / "old.py", (1, 1))
    (project / "none.py").write_text("nothing\n")
    (project / "binary.py").write_bytes(b"\0needle\n")

    def greps(**arguments: Any) -> Output:
        return calls("grep_files", **arguments)

    answers = await told(
        searching_app,
        greps(pattern=r"^needle \d"),
        greps(pattern="needle", include="*.{py,rs}", limit=2),
        greps(pattern="needle", path="sub"),
        greps(pattern="needle", path=str(project / "new.py")),
        greps(pattern="absent"),
        greps(pattern="("),
        greps(pattern="x", path="missing"),
        greps(pattern="-e"),
    )
    found = [answer.split("\n[ripgrep is not")[0] for answer in answers]
    paths = [str(project / name) for name in ("new.py", "other.txt", "sub/mid.py", "old.py")]
    assert found[0].split("\n") == paths
    assert found[1].split("\n") == [paths[0], paths[2], "[there are more]"]
    assert found[2] == paths[2]
    assert found[3] == paths[0]
    assert found[4] == found[7] == "No matches found."
    assert found[5].startswith("the search failed: ")
    assert "regex parse error" in found[5]
    assert found[6] == f"unable to search `{project}/missing`: No such file or directory"


async def test_a_search_says_what_it_did_without_ripgrep(tmp_path: Path) -> None:
    async with running_app(tmp_path, PATH=str(tmp_path)) as app:
        (app.project / "f").write_text("x\n")
        [answer] = await told(app, calls("grep_files", pattern="x"))
    assert "files that git ignores were searched too" in answer


async def test_a_projects_own_ripgrep_is_not_run(tmp_path: Path) -> None:
    """Nobody has agreed to that; a search is never asked about."""
    (tmp_path / "project").mkdir()
    planted = tmp_path / "project/rg"
    planted.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    planted.chmod(0o755)
    async with running_app(tmp_path, PATH=str(planted.parent)) as app:
        (app.project / "f").write_text("needle\n")
        [answer] = await told(app, calls("grep_files", pattern="needle", include="f"))
    assert answer.startswith(str(app.project / "f"))
    assert not (tmp_path / "ran").exists()


# --- view_image --------------------------------------------------------------------------------


async def test_an_image_is_shown_to_the_model_and_named_to_the_client(app: App) -> None:
    (app.project / "dot.png").write_bytes(PNG)
    (app.project / "photo").write_bytes(JPEG)
    peer = await app.connect()
    looks = [calls("view_image", path=name) for name in ("dot.png", str(app.project / "photo"))]
    thread = await peer.start_thread([*([call] for call in looks), [says("Nice")]], **NOTHING)
    shown = await peer.turn(thread)
    paths = [item["path"] for item in items(shown, "imageView")]
    assert paths == [str(app.project / "dot.png"), str(app.project / "photo")]
    answers: list[Any] = list(outputs(read_rollout(Path(thread["path"]))))
    for [part], kind, data in zip(answers, ("png", "jpeg"), (PNG, JPEG), strict=True):
        assert part["type"] == "input_image"
        head, encoded = part["image_url"].split(",")
        assert head == f"data:image/{kind};base64"
        assert b64decode(encoded) == data


async def test_what_is_no_image_is_not_shown(app: App) -> None:
    project = app.project
    (project / "text.png").write_text("hello\n")
    (project / "torn.png").write_bytes(PNG[:-12])
    with (project / "huge.png").open("wb") as file:
        file.write(PNG)
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(project / "pipe.png")
    names = ["text.png", "torn.png", "huge.png", "pipe.png", "missing.png", "."]
    found = await told(app, *(calls("view_image", path=name) for name in names))
    not_whole = "is not a whole image of a kind that is understood"
    unable = "unable to read the image at"
    assert found == [
        f"`{project}/text.png` {not_whole}",
        f"`{project}/torn.png` {not_whole}",
        f"{unable} `{project}/huge.png`: The file is too large (10 MiB, at most 10 MiB)",
        f"{unable} `{project}/pipe.png`: Not a regular file",
        f"{unable} `{project}/missing.png`: No such file or directory",
        f"{unable} `{project}`: Is a directory",
    ]
