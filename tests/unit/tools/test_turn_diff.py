"""The turn's net diff, checked with git itself."""

import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_rpc.tools.apply_patch.changes import PlannedChange
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.turn_diff import TurnDiffTracker

ROOT = Path("/repo")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CEILING_DIRECTORIES": "/",
}


def git(root: Path, *arguments: str, stdin: str = "") -> str:
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    run = subprocess.run(
        command, cwd=root, input=stdin.encode(), capture_output=True, check=False, env=ENVIRONMENT
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode()


def change(
    path: str, before: str | None, after: str | None, move_to: str | None = None
) -> PlannedChange:
    return PlannedChange(ROOT / path, ROOT / move_to if move_to else None, before, after)


def recorded(*changes: PlannedChange) -> TurnDiffTracker:
    """A tracker that was told of each change as a patch of its own."""
    tracker = TurnDiffTracker()
    for one in changes:
        tracker.record(PatchPlan((one,)))
    return tracker


def diff(*changes: PlannedChange) -> str:
    return recorded(*changes).unified_diff(ROOT)


def make_tree(root: Path, files: dict[str, str]) -> None:
    git(root, "init", "-q")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def read_tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_nothing_changed_is_an_empty_diff():
    assert TurnDiffTracker().unified_diff(ROOT) == ""
    assert diff(change("a", None, "x\n"), change("a", "x\n", None)) == ""
    assert diff(change("a", "x\n", "y\n"), change("a", "y\n", "x\n")) == ""
    assert diff(change("a", "x\n", "x\n", "b"), change("b", "x\n", "x\n", "a")) == ""


def test_the_diff_is_the_text_git_prints(tmp_path: Path):
    before = {"m": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "gone": "x\n", "empty": "", "tail": "a\nb"}
    make_tree(tmp_path, before)
    git(tmp_path, "add", "-A")
    after = before["m"].replace("5", "five")
    (tmp_path / "m").write_text(after)
    (tmp_path / "gone").unlink()
    (tmp_path / "empty").unlink()
    (tmp_path / "tail").write_text("a\nb\nc")
    (tmp_path / "new").write_text("n\n")
    (tmp_path / "void").write_text("")
    git(tmp_path, "add", "--intent-to-add", "new", "void")
    ours = diff(
        change("m", before["m"], after),
        change("gone", "x\n", None),
        change("empty", "", None),
        change("tail", "a\nb", "a\nb\nc"),
        change("new", None, "n\n"),
        change("void", None, ""),
    )
    theirs = git(tmp_path, "diff", "--full-index", "--no-renames")
    # Git knows that the mode stays; a tracker of texts cannot say so.
    theirs = re.sub(r"^(index .*) 100644$", r"\1", theirs, flags=re.MULTILINE)
    assert ours == theirs


def test_a_rename_is_shown_as_one_pair(tmp_path: Path):
    git(tmp_path, "init", "-q")
    ids = [git(tmp_path, "hash-object", "--stdin", stdin=t).strip() for t in ("x\ny\n", "x\nz\n")]
    text = diff(change("a b", "x\ny\n", "x\nz\n", "sub/c"))
    assert text == (
        "diff --git a/a b b/sub/c\n"
        "rename from a b\n"
        "rename to sub/c\n"
        f"index {ids[0]}..{ids[1]}\n"
        "--- a/a b\t\n"
        "+++ b/sub/c\n"
        "@@ -1,2 +1,2 @@\n x\n-y\n+z\n"
    )


def test_a_rename_of_a_rename_has_the_first_name():
    tracker = recorded(change("a", "x\n", "y\n", "b"), change("b", "y\n", "z\n", "c"))
    text = tracker.unified_diff(ROOT)
    assert "rename from a\nrename to c\n" in text
    assert "b/b" not in text


def test_an_added_file_that_moves_is_added_where_it_ends():
    text = diff(change("a", None, "x\n"), change("a", "x\n", "x\n", "b"))
    assert text.startswith("diff --git a/b b/b\nnew file mode 100644\n")


def test_an_origin_that_exists_again_makes_no_rename():
    text = diff(change("a", "x\n", "x\n", "b"), change("a", None, "y\n"))
    assert "rename" not in text
    assert text.count("diff --git") == 2


def test_a_destination_that_was_there_before_makes_no_rename():
    text = diff(change("b", "old\n", None), change("a", "x\n", "x\n", "b"))
    assert "rename" not in text
    assert "-old\n+x\n" in text


def test_files_are_sorted_by_the_path_shown_and_outsiders_are_absolute():
    outside = PlannedChange(Path("/else/f"), None, None, "x\n")
    text = diff(change("z", None, "1\n"), outside, change("b", "2\n", "2\n", "y"))
    headers = [line for line in text.split("\n") if line.startswith("diff")]
    assert headers == [
        "diff --git a//else/f b//else/f",
        "diff --git a/b b/y",
        "diff --git a/z b/z",
    ]


def test_the_diff_follows_each_patch_and_each_root():
    tracker = recorded(change("d/a", "x\n", "y\n"))
    assert "-x\n+y\n" in tracker.unified_diff(ROOT)
    assert tracker.unified_diff(ROOT) == tracker.unified_diff(ROOT)
    assert "a/a b/a" in tracker.unified_diff(ROOT / "d")
    tracker.record(PatchPlan((change("d/a", "y\n", "z\n"),)))
    assert "-x\n+z\n" in tracker.unified_diff(ROOT)


def test_the_baseline_is_the_first_text_seen_whatever_a_command_did_since():
    text = diff(change("a", "x\n", "y\n"), change("a", "by a command\n", "z\n"))
    assert "-x\n+z\n" in text


def test_blob_ids_are_those_of_git(tmp_path: Path):
    text = "h\u00e9llo\r\nno newline"
    git(tmp_path, "init", "-q")
    expected = git(tmp_path, "hash-object", "--stdin", stdin=text).strip()
    assert f"index {'0' * 40}..{expected}\n" in diff(change("a", None, text))


AWKWARD = [
    "a b",
    " lead",
    "tab\there",
    "new\nline",
    'quo"te',
    "back\\slash",
    "\u00e9\u4e2d",
    "b/c d",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_git_applies_diffs_of_awkward_names(tmp_path: Path, name: str):
    for before, after in (("x\n", "y\n"), ("x\n", None), (None, "y\n"), (None, ""), ("", None)):
        with TemporaryDirectory(dir=tmp_path) as directory:
            root = Path(directory)
            make_tree(root, {} if before is None else {name: before})
            git(root, "apply", "-", stdin=diff(change(name, before, after)))
            assert read_tree(root) == ({} if after is None else {name: after})


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("after", ["x\ny\n", "x\nz\n"])
def test_git_applies_renames_of_awkward_names(tmp_path: Path, name: str, after: str):
    make_tree(tmp_path, {name: "x\ny\n"})
    git(tmp_path, "apply", "-", stdin=diff(change(name, "x\ny\n", after, f"to/{name}")))
    assert read_tree(tmp_path) == {f"to/{name}": after}


TEXT = st.lists(
    st.sampled_from(["a", "b", "", "c\r", "-- x", "++ y", "\u00e9"]), max_size=9
).flatmap(lambda lines: st.sampled_from(["\n".join(lines), "".join(f"{line}\n" for line in lines)]))
TREE = st.dictionaries(st.sampled_from(["a", "b", "sub/c"]), TEXT)


@settings(max_examples=30, deadline=None)
@given(TREE, TREE)
def test_git_makes_any_tree_of_any_other_with_our_diff(
    before: dict[str, str], after: dict[str, str]
):
    changes = [
        change(name, before.get(name), after.get(name))
        for name in sorted(before | after)
        if before.get(name) != after.get(name)
    ]
    with TemporaryDirectory() as directory:
        root = Path(directory)
        make_tree(root, before)
        if changes:
            git(root, "apply", "-", stdin=diff(*changes))
        assert read_tree(root) == after


def test_bytes_that_are_not_utf8_are_shown_as_unknown_and_binary_files_not_at_all() -> None:
    tracker = TurnDiffTracker()
    latin, image = "caf\udce9\na\n", "\udc89PNG\0"
    tracker.record(
        PatchPlan(
            (
                PlannedChange(ROOT / "latin", None, latin, latin.replace("a\n", "b\n")),
                PlannedChange(ROOT / "image", None, image, None),
            )
        )
    )
    diff = tracker.unified_diff(ROOT)
    diff.encode()
    assert "Binary files a/image and /dev/null differ\n" in diff
    assert " caf\ufffd\n-a\n+b\n" in diff
