"""What a patch would do to the files, worked out before anything is written."""

import os
from pathlib import Path

import pytest

from codex_rpc.errors import PatchError
from codex_rpc.protocol.items import FileUpdateChange, PatchAdd, PatchDelete, PatchUpdate
from codex_rpc.tools.apply_patch.changes import PlannedChange
from codex_rpc.tools.apply_patch.parser import parse_patch
from codex_rpc.tools.apply_patch.plan import PatchPlan, plan_patch, summary
from codex_rpc.tools.apply_patch.wire import file_update_changes
from codex_rpc.tools.workspace.disk import DiskWorkspace


async def plan(cwd: Path, *lines: str) -> PatchPlan:
    text = "\n".join(["*** Begin Patch", *lines, "*** End Patch"])
    return await plan_patch(parse_patch(text), cwd, DiskWorkspace())


async def refusal(cwd: Path, *lines: str) -> str:
    with pytest.raises(PatchError) as caught:
        await plan(cwd, *lines)
    return str(caught.value)


async def test_changes_have_absolute_paths_and_both_texts(tmp_path: Path):
    (tmp_path / "u").write_text("a\nb\n")
    (tmp_path / "d").write_text("gone\n")
    made = await plan(
        tmp_path,
        *("*** Add File: sub/n", "+new", "*** Delete File: d"),
        *("*** Update File: u", "-a", "+c"),
    )
    assert made.changes == (
        PlannedChange(tmp_path / "sub/n", None, None, "new\n"),
        PlannedChange(tmp_path / "d", None, "gone\n", None),
        PlannedChange(tmp_path / "u", None, "a\nb\n", "c\nb\n"),
    )
    assert [change.kind for change in made.changes] == ["add", "delete", "update"]
    assert not (tmp_path / "sub").exists()


async def test_hunks_on_one_file_compose(tmp_path: Path):
    (tmp_path / "f").write_text("a\nb\n")
    made = await plan(
        tmp_path,
        *("*** Update File: f", "-a", "+c", "*** Update File: ./f", "-c", "+d"),
        *("*** Add File: n", "+x", "*** Update File: n", "-x", "+y"),
    )
    assert made.changes == (
        PlannedChange(tmp_path / "f", None, "a\nb\n", "d\nb\n"),
        PlannedChange(tmp_path / "n", None, None, "y\n"),
    )


async def test_a_move_keeps_both_places(tmp_path: Path):
    """Session core 13: a move is a change of its destination."""
    (tmp_path / "f").write_text("a\n")
    moved = ("*** Update File: f", "*** Move to: sub/g", "-a", "+b")
    made = await plan(tmp_path, *moved)
    change = PlannedChange(tmp_path / "f", tmp_path / "sub/g", "a\n", "b\n")
    assert made.changes == (change,)
    assert made.paths == (tmp_path / "f", tmp_path / "sub/g")
    again = ("*** Update File: sub/g", "*** Move to: h", "-b", "+c")
    made = await plan(tmp_path, *moved, *again)
    assert made.changes == (PlannedChange(tmp_path / "f", tmp_path / "h", "a\n", "c\n"),)


async def test_a_move_over_an_existing_file_shows_what_is_lost(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    (tmp_path / "g").write_text("lost\n")
    made = await plan(tmp_path, "*** Update File: f", "*** Move to: g", "-a", "+b")
    assert made.changes == (
        PlannedChange(tmp_path / "f", None, "a\n", None),
        PlannedChange(tmp_path / "g", None, "lost\n", "b\n"),
    )


async def test_a_file_made_again_after_its_move_is_no_source(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    made = await plan(
        tmp_path,
        *("*** Update File: f", "*** Move to: g", "-a", "+b", "*** Add File: f", "+again"),
    )
    assert made.changes == (
        PlannedChange(tmp_path / "f", None, "a\n", "again\n"),
        PlannedChange(tmp_path / "g", None, None, "b\n"),
    )


async def test_one_file_can_be_moved_to_one_place_only(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    made = await plan(
        tmp_path,
        *("*** Update File: f", "*** Move to: g", " a", "*** Add File: f", "+a"),
        *("*** Update File: f", "*** Move to: h", " a"),
    )
    assert made.changes == (
        PlannedChange(tmp_path / "f", tmp_path / "g", "a\n", "a\n"),
        PlannedChange(tmp_path / "h", None, None, "a\n"),
    )


async def test_files_can_swap_places(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    (tmp_path / "g").write_text("b\n")
    made = await plan(
        tmp_path,
        *("*** Update File: f", "*** Move to: t", " a", "*** Update File: g", "*** Move to: f"),
        *(" b", "*** Update File: t", "*** Move to: g", " a"),
    )
    assert made.changes == (
        PlannedChange(tmp_path / "f", None, "a\n", "b\n"),
        PlannedChange(tmp_path / "g", None, "b\n", "a\n"),
    )


async def test_a_move_onto_itself_is_refused(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    text = await refusal(tmp_path, "*** Update File: f", "*** Move to: x/../f", "-a", "+b")
    assert text == f"Cannot move {tmp_path / 'f'} onto itself"


async def test_a_move_onto_another_name_of_the_file_is_refused(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    (tmp_path / "link").symlink_to("f")
    text = await refusal(tmp_path, "*** Update File: f", "*** Move to: link", " a")
    expected = f"Cannot move {tmp_path / 'f'}: {tmp_path / 'link'} exists, with the same text"
    assert text == expected


async def test_an_add_over_an_existing_file_is_an_update(tmp_path: Path):
    """Session core 13, rule 4: it overwrites."""
    (tmp_path / "f").write_text("a\n")
    made = await plan(tmp_path, "*** Add File: f", "+b")
    assert made.changes == (PlannedChange(tmp_path / "f", None, "a\n", "b\n"),)
    assert summary(made, tmp_path).endswith("\nM f\n")


async def test_missing_files_are_neither_deleted_nor_updated(tmp_path: Path):
    """Session core 13: deleting what is missing fails."""
    missing = tmp_path / "f"
    text = await refusal(tmp_path, "*** Delete File: f")
    assert text == f"Failed to delete file {missing}: No such file or directory"
    text = await refusal(tmp_path, "*** Update File: f", "-a", "+b")
    assert text == f"Failed to read file to update {missing}: No such file or directory"
    (tmp_path / "f").write_text("a\n")
    text = await refusal(tmp_path, "*** Delete File: f", "*** Delete File: f")
    assert text == f"Failed to delete file {missing}: No such file or directory"


@pytest.mark.parametrize("hunk", [("Add File: d", "+x"), ("Delete File: d",), ("Delete File: .",)])
async def test_a_directory_in_the_way_is_refused(tmp_path: Path, hunk: tuple[str, ...]):
    (tmp_path / "d").mkdir()
    header, *body = hunk
    assert (await refusal(tmp_path, f"*** {header}", *body)).endswith(": Is a directory")


async def test_a_file_in_place_of_a_directory_is_refused(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    text = await refusal(tmp_path, "*** Add File: f/g", "+x")
    assert text == f"Failed to read {tmp_path / 'f/g'}: Not a directory"
    text = await refusal(tmp_path, "*** Add File: n/g", "+x", "*** Add File: n", "+x")
    expected = f"{tmp_path / 'n'} would be a file, not a directory"
    assert text == f"Cannot write {tmp_path / 'n/g'}: {expected}"


async def test_a_file_that_is_not_utf8_can_be_deleted_and_replaced(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"caf\xe9\n")
    for header in ("*** Delete File: f", "*** Add File: f"):
        assert (await plan(tmp_path, header)).changes[0].before == "caf\udce9\n"
    (tmp_path / "f").write_bytes(b"\0\n")
    assert (await plan(tmp_path, "*** Delete File: f")).changes[0].before == "\0\n"


async def test_what_cannot_be_shown_as_text_is_shown_in_another_way(tmp_path: Path):
    (tmp_path / "text").write_bytes(b"caf\xe9\n")
    (tmp_path / "image").write_bytes(b"\x89PNG\0")
    (tmp_path / "long").write_text("x" * 300_000)
    (tmp_path / "u").write_bytes(b"\xe9\na\n")
    made = await plan(
        tmp_path,
        *("*** Delete File: text", "*** Delete File: image", "*** Delete File: long"),
        *("*** Update File: u", "-a", "+b"),
    )
    text, image, long, updated = (change.diff for change in file_update_changes(made))
    assert text == "caf\ufffd\n"
    assert image == "[binary file of 5 bytes]\n"
    assert long.endswith("xxx\n[37856 more characters]\n")
    assert updated == "@@ -1,2 +1,2 @@\n \ufffd\n-a\n+b\n"


async def test_a_pipe_is_refused_instead_of_read_for_ever(tmp_path: Path):
    os.mkfifo(tmp_path / "p")
    text = await refusal(tmp_path, "*** Update File: p", "-a", "+b")
    assert text == f"Failed to read {tmp_path / 'p'}: Not a regular file"


async def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path):
    assert "name too long" in await refusal(tmp_path, f"*** Add File: {'x' * 300}", "+x")


async def test_paths_may_be_absolute_or_lead_out_of_the_directory(tmp_path: Path):
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    hunks = (f"*** Add File: {tmp_path}/a", "+x", "*** Add File: ../b", "+y")
    made = await plan(cwd, *hunks, f"*** Add File: /{cwd}//./c", "+z")
    assert made.paths == (tmp_path / "a", tmp_path / "b", cwd / "c")
    assert summary(made, cwd) == (
        f"Success. Updated the following files:\nA {tmp_path}/a\nA {tmp_path}/b\nA c\n"
    )


async def test_a_patch_without_effect_is_refused(tmp_path: Path):
    """Session core 13, rule 9."""
    (tmp_path / "f").write_text("a\n")
    assert await refusal(tmp_path) == "No files were modified."
    for hunk in (
        ("*** Update File: f", " a"),
        ("*** Add File: n", "+x", "*** Delete File: n"),
        ("*** Delete File: f", "*** Add File: f", "+a"),
    ):
        assert await refusal(tmp_path, *hunk) == "No files were modified."


async def test_the_summary_groups_added_modified_and_deleted_files(tmp_path: Path):
    """Session core 13: A, M, D."""
    for name in ("u", "d", "m"):
        (tmp_path / name).write_text("a\n")
    made = await plan(
        tmp_path,
        *("*** Delete File: d", "*** Update File: u", "-a", "+b"),
        *("*** Update File: m", "*** Move to: sub/m2", "-a", "+b", "*** Add File: n"),
    )
    assert summary(made, tmp_path) == (
        "Success. Updated the following files:\nA n\nM u\nM sub/m2\nD d\n"
    )


async def test_clients_see_contents_hunks_and_moves(tmp_path: Path):
    (tmp_path / "u").write_text("1\n2\n3\n4\n5\n")
    (tmp_path / "d").write_text("gone\n")
    (tmp_path / "m").write_text("a\n")
    made = await plan(
        tmp_path,
        *("*** Add File: n", "+new", "*** Delete File: d", "*** Update File: u", "-3", "+three"),
        *("*** Update File: m", "*** Move to: m2", "-a", "+b"),
    )
    target = str(tmp_path / "m2")
    assert file_update_changes(made) == [
        FileUpdateChange(path=str(tmp_path / "n"), kind=PatchAdd(), diff="new\n"),
        FileUpdateChange(path=str(tmp_path / "d"), kind=PatchDelete(), diff="gone\n"),
        FileUpdateChange(
            path=str(tmp_path / "u"),
            kind=PatchUpdate(),
            diff="@@ -2,3 +2,3 @@\n 2\n-3\n+three\n 4\n",
        ),
        FileUpdateChange(
            path=str(tmp_path / "m"),
            kind=PatchUpdate(move_path=target),
            diff=f"@@ -1 +1 @@\n-a\n+b\n\n\nMoved to: {target}",
        ),
    ]
    moved = file_update_changes(made)[3].model_dump(mode="json")
    assert moved["kind"] == {"type": "update", "move_path": target}
