"""The agent sees what is in buffers, and changes it there."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from lsprotocol import types
from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]

from tests.e2e.server_process import PATIENCE, Message, Place, patch, run_command, say
from tests.lsp.editor import EditorClient, capabilities, editor

FULL = {"sandbox": "danger-full-access", "approvalPolicy": "never"}


def replacing(old: str, new: str, name: str = "a.py") -> Message:
    return patch(f"*** Begin Patch\n*** Update File: {name}\n@@\n-{old}\n+{new}\n*** End Patch\n")


def reading(path: Path) -> Message:
    return {"type": "functionCall", "name": "read_file", "arguments": {"file_path": str(path)}}


async def start(client: EditorClient, place: Place) -> None:
    await client.ask("thread/start", {"cwd": str(place.project), **FULL})


def told_the_model(place: Place) -> list[str]:
    """The outputs of the tools, in order."""
    (path,) = place.rollouts()
    payloads = [json.loads(line)["payload"] for line in path.read_text().rstrip().split("\n")]
    kinds = ("function_call_output", "custom_tool_call_output")
    return [payload["output"] for payload in payloads if payload.get("type") in kinds]


async def file_says(path: Path, text: str) -> None:
    with anyio.fail_after(PATIENCE):
        async for _ in awatch(path.parent, rust_timeout=50, yield_on_timeout=True):
            if await anyio.Path(path).read_text() == text:
                return


async def test_the_agent_reads_what_has_not_been_saved(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("saved\n")
    place.play([reading(path)], [reading(path)], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path)
        client.type(buffer, "typed ☃ \U0001f600\n")
        change = types.TextDocumentContentChangePartial(
            range=types.Range(types.Position(0, 6), types.Position(0, 10)), text="x"
        )
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(7, buffer.uri), [change]
            )
        )
        await start(client, place)
        await client.turn()
    assert told_the_model(place)[0] == "L1: typed x"


async def test_a_closed_file_is_read_from_the_disk_again(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("saved\n")
    place.play([reading(path)], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path, "typed\n")
        identifier = types.TextDocumentIdentifier(buffer.uri)
        client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
        await start(client, place)
        await client.turn()
    assert told_the_model(place) == ["L1: saved"]


async def test_lines_end_where_the_protocol_says(place: Place) -> None:
    """A form feed and Unicode's separators are content, or every later edit would be misplaced."""
    path = place.project / "a.py"
    path.write_text("")
    place.play([reading(path)], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path, "a\x0c\u2028\x85b\nc\rd\r\ne\n")
        change = types.TextDocumentContentChangePartial(
            range=types.Range(types.Position(3, 0), types.Position(3, 1)), text="E"
        )
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(2, buffer.uri), [change]
            )
        )
        await start(client, place)
        await client.turn()
    assert told_the_model(place)[0].endswith("E")
    assert "e" not in told_the_model(place)[0]


async def test_a_patch_to_an_open_file_is_an_edit_and_its_file_follows(place: Place) -> None:
    """Commands see only the disk: what was saved before stays so, and undoing undoes both."""
    path = place.project / "a.py"
    path.write_text("one\ntwo\n")
    place.play([replacing("two", "three")], [run_command("cat a.py")], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path)
        await start(client, place)
        await client.turn()
        (applied,) = client.seen(types.WORKSPACE_APPLY_EDIT)
        (change,) = applied.edit.document_changes
        assert change.text_document.version == 1
        (edit,) = change.edits
        assert (edit.range.start, edit.range.end) == (types.Position(1, 0), types.Position(2, 0))
        assert edit.new_text == "three\n"
        assert path.read_text() == buffer.text == "one\nthree\n"
        client.undo(buffer)
        await file_says(path, "one\ntwo\n")
        client.type(buffer, "one\nthree\n")
        await file_says(path, "one\nthree\n")
    assert "one\nthree\n" in told_the_model(place)[1]


async def test_a_file_is_never_changed_behind_an_editor_that_has_saved_it(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("one\n")
    place.play([replacing("one", "two")], [say("Done.")], [reading(path)], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path)
        await start(client, place)
        await client.turn()
        identifier = types.TextDocumentIdentifier(buffer.uri)
        client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        client.undo(buffer)
        await client.turn()
        assert path.read_text() == "two\n"
    assert told_the_model(place)[1] == "L1: one"


async def test_a_buffer_with_changes_is_edited_and_not_saved(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("one\n")
    place.play([replacing("typed", "patched")], [reading(path)], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path, "typed\n")
        await start(client, place)
        await client.turn()
        assert buffer.text == "patched\n"
        assert path.read_text() == "one\n"
    assert told_the_model(place)[1] == "L1: patched"


async def test_a_client_may_keep_patches_in_buffers_alone(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("one\n")
    place.play([replacing("one", "two")], [say("Done.")])
    async with editor(place, writeThrough=False) as client:
        buffer = client.open(path)
        await start(client, place)
        await client.turn()
        assert buffer.text == "two\n"
        assert path.read_text() == "one\n"


async def test_a_patch_that_the_editor_refuses_fails_with_its_reason(place: Place) -> None:
    """All or nothing: the other file of the patch is as it was, too."""
    path, other = place.project / "a.py", place.project / "b.py"
    path.write_text("one\n")
    other.write_text("uno\n")
    both = (
        "*** Begin Patch\n*** Update File: b.py\n@@\n-uno\n+dos\n"
        "*** Update File: a.py\n@@\n-one\n+two\n*** End Patch\n"
    )
    place.play([patch(both)], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path)
        client.refuses_edits = "the buffer is read-only"
        await start(client, place)
        await client.turn()
        assert buffer.text == path.read_text() == "one\n"
        assert other.read_text() == "uno\n"
    (told,) = told_the_model(place)
    assert "the editor refused the edit: the buffer is read-only" in told


async def test_a_stale_edit_is_refused_by_the_editor_and_harms_nothing(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("one\n")
    place.play([replacing("one", "two")], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path)
        buffer.version = 9  # as if the user had typed at this very moment
        await start(client, place)
        await client.turn()
        assert buffer.text == path.read_text() == "one\n"
    assert "refused the edit: stale" in told_the_model(place)[0]


async def test_an_edit_that_the_editor_has_silently_dropped_fails(place: Place) -> None:
    """What the user has typed in its place is not taken back."""
    path = place.project / "a.py"
    path.write_text("one\n")
    place.play([replacing("one", "two")], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(path)
        client.drops_edits = True
        await start(client, place)
        await client.turn()
        assert buffer.text == "one\ntyped\n"
        assert path.read_text() == "one\n"
        assert len(client.seen(types.WORKSPACE_APPLY_EDIT)) == 1
    assert "has not made the change" in told_the_model(place)[0]


async def test_a_file_opened_by_another_name_is_found(place: Place) -> None:
    path, link = place.project / "a.py", place.root / "link.py"
    path.write_text("one\n")
    link.symlink_to(path)
    place.play([replacing("typed", "patched")], [say("Done.")])
    async with editor(place) as client:
        buffer = client.open(link, "typed\n")
        await start(client, place)
        await client.turn()
        assert buffer.text == "patched\n"


async def test_a_deleted_file_is_gone_for_the_agent_though_it_is_open(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("one\n")
    gone = patch("*** Begin Patch\n*** Delete File: a.py\n*** End Patch\n")
    again = patch("*** Begin Patch\n*** Add File: a.py\n+new\n*** End Patch\n")
    place.play([gone], [reading(path)], [again], [say("Done.")])
    async with editor(place) as client:
        client.open(path)
        await start(client, place)
        await client.turn()
        assert path.read_text() == "new\n"
    assert "No such file" in told_the_model(place)[1]


@pytest.mark.parametrize("typed", [False, True])
async def test_an_editor_that_takes_no_edits_keeps_what_is_unsaved(
    place: Place, *, typed: bool
) -> None:
    path = place.project / "a.py"
    path.write_text("one\n")
    place.play([replacing("one", "two")], [say("Done.")])
    declared: Any = capabilities()
    declared.workspace.apply_edit = False
    async with editor(place, declared=declared) as client:
        client.open(path, "one\nmore\n" if typed else None)
        await start(client, place)
        await client.turn()
        assert path.read_text() == ("one\n" if typed else "two\n")
        assert not client.seen(types.WORKSPACE_APPLY_EDIT)
    assert ("unsaved changes" in told_the_model(place)[0]) is typed


async def test_an_exact_encoding_is_agreed_on(place: Place) -> None:
    path = place.project / "a.py"
    path.write_text("x\n")
    place.play([replacing("\U0001f600 one", "two")], [say("Done.")])
    declared: Any = capabilities()
    declared.general.position_encodings = [types.PositionEncodingKind.Utf8]
    async with editor(place, declared=declared) as client:
        client.open(path, "\U0001f600 one")
        await start(client, place)
        await client.turn()
        ((change,),) = [each.edit.document_changes for each in client.seen("workspace/applyEdit")]
        assert change.edits[0].range.end == types.Position(0, 8)
