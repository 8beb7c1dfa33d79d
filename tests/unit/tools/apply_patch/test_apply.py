"""Carrying a plan out: whole, or not at all."""

import resource
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.apply import apply_plan
from codex_rpc.tools.apply_patch.parser import parse_patch
from codex_rpc.tools.apply_patch.places import find_places
from codex_rpc.tools.apply_patch.plan import PatchPlan, plan_patch
from codex_rpc.tools.workspace.disk import DiskWorkspace


async def plan(cwd: Path, *lines: str) -> PatchPlan:
    text = "\n".join(["*** Begin Patch", *lines, "*** End Patch"])
    return await plan_patch(parse_patch(text), cwd, DiskWorkspace())


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Text and permissions of every file."""
    return {
        path.relative_to(root).as_posix(): (path.read_text(), path.stat().st_mode & 0o777)
        for path in root.rglob("*")
        if path.is_file()
    }


def names(root: Path) -> list[str]:
    """Every name below it, hidden ones too."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


class BrokenWorkspace(DiskWorkspace):
    """A disk that refuses to write, or to remove, files of certain names."""

    def __init__(self, *, writes: str = "", removals: str = "") -> None:
        self._writes = writes
        self._removals = removals

    async def write(self, path: Path, text: str) -> None:
        if path.name == self._writes:
            raise PermissionError(13, "Permission denied", str(path))
        await super().write(path, text)

    async def rename(self, source: Path, target: Path) -> None:
        if source.name == self._removals:
            raise PermissionError(13, "Permission denied", str(source))
        await super().rename(source, target)


class GatedWorkspace(DiskWorkspace):
    """A disk whose writes wait at a gate."""

    def __init__(self) -> None:
        self.writing = anyio.Event()
        self.gate = anyio.Event()

    async def write(self, path: Path, text: str) -> None:
        self.writing.set()
        await self.gate.wait()
        await super().write(path, text)


@contextmanager
def largest_file(size: int) -> Generator[None]:
    """Let writes beyond `size` bytes fail, as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


async def test_a_plan_changes_exactly_its_files(tmp_path: Path):
    for name in ("u", "d", "m", "other"):
        (tmp_path / name).write_text("a\n")
    (tmp_path / "m").chmod(0o755)
    (tmp_path / "u").chmod(0o640)
    made = await plan(
        tmp_path,
        *("*** Add File: x/y/n", "+new", "*** Delete File: d", "*** Update File: u", "-a", "+b"),
        *("*** Update File: m", "*** Move to: x/m", "-a", "+c"),
    )
    await apply_plan(made, DiskWorkspace())
    (tmp_path / "plain").touch()
    usual = (tmp_path / "plain").stat().st_mode & 0o777
    assert tree(tmp_path) == {
        "plain": ("", usual),
        "other": ("a\n", usual),
        "u": ("b\n", 0o640),
        "x/m": ("c\n", 0o755),
        "x/y/n": ("new\n", usual),
    }


EVERYTHING = (
    *("*** Update File: u", "-a", "+b", "*** Add File: n", "+new"),
    *("*** Update File: m", "*** Move to: m2", "-a", "+b", "*** Delete File: d"),
    *("*** Update File: last", "-a", "+b", "*** Delete File: last_d"),
)


@pytest.mark.parametrize(
    "workspace", [BrokenWorkspace(writes="last"), BrokenWorkspace(removals="last_d")]
)
async def test_a_failure_midway_undoes_everything(tmp_path: Path, workspace: BrokenWorkspace):
    for name in ("u", "d", "m", "last", "last_d"):
        (tmp_path / name).write_text("a\n")
        (tmp_path / name).chmod(0o750)
    before = tree(tmp_path)
    with pytest.raises(PatchError, match=r"^Failed to write file .*/last(_d)?: Permission denied$"):
        await apply_plan(await plan(tmp_path, *EVERYTHING), workspace)
    assert tree(tmp_path) == before


async def test_a_disk_that_fills_up_leaves_the_old_files(tmp_path: Path):
    (tmp_path / "a").write_text("a\n")
    (tmp_path / "b").write_text("b\n")
    (tmp_path / "b2").hardlink_to(tmp_path / "b")
    before = tree(tmp_path)
    long = f"+{'x' * 100_000}"
    hunks = ("*** Update File: a", "-a", "+A", "*** Update File: b", "-b", long)
    made = await plan(tmp_path, *hunks)
    with largest_file(50_000), pytest.raises(PatchError, match=r"/b: File too large$"):
        await apply_plan(made, DiskWorkspace())
    assert tree(tmp_path) == before


async def test_what_cannot_be_restored_is_named(tmp_path: Path):
    (tmp_path / "a").write_text("a\n")
    (tmp_path / "b").write_text("b\n")

    class Breaking(DiskWorkspace):
        async def write(self, path: Path, text: str) -> None:
            if text != "A\n":
                raise PermissionError(13, "Permission denied")
            await super().write(path, text)

    hunks = ("*** Update File: a", "-a", "+A", "*** Update File: b", "-b", "+B")
    with pytest.raises(PatchError) as caught:
        await apply_plan(await plan(tmp_path, *hunks), Breaking())
    assert str(caught.value) == (
        f"Failed to write file {tmp_path / 'b'}: Permission denied\n"
        f"Could not restore {tmp_path / 'a'}: Permission denied; it has the patch's text"
    )


async def test_a_file_changed_since_the_plan_is_not_overwritten(tmp_path: Path):
    (tmp_path / "a").write_text("a\n")
    (tmp_path / "b").write_text("b\n")
    hunks = ("*** Update File: a", "-a", "+A", "*** Update File: b", "-b", "+B")
    made = await plan(tmp_path, *hunks)
    (tmp_path / "b").write_text("mine\n")
    before = tree(tmp_path)
    with pytest.raises(PatchError, match=r"/b has changed since the patch was checked"):
        await apply_plan(made, DiskWorkspace())
    assert tree(tmp_path) == before


async def test_a_file_that_appeared_since_the_plan_is_not_overwritten(tmp_path: Path):
    made = await plan(tmp_path, "*** Add File: n", "+x")
    (tmp_path / "n").write_text("mine\n")
    with pytest.raises(PatchError, match="has changed"):
        await apply_plan(made, DiskWorkspace())
    assert (tmp_path / "n").read_text() == "mine\n"


async def test_a_directory_that_became_a_file_stops_the_patch(tmp_path: Path):
    made = await plan(tmp_path, "*** Add File: a", "+x", "*** Add File: sub/n", "+x")
    (tmp_path / "sub").write_text("mine\n")
    with pytest.raises(PatchError, match=r"/sub/n: Not a directory"):
        await apply_plan(made, DiskWorkspace())
    assert list(tree(tmp_path)) == ["sub"]


async def test_two_names_of_one_file_cannot_undo_each_other(tmp_path: Path):
    (tmp_path / "f").write_text("a\nb\n")
    (tmp_path / "link").symlink_to("f")
    hunks = ("*** Update File: f", "-a", "+A", "*** Update File: link", "-b", "+B")
    with pytest.raises(PatchError, match="/link has changed"):
        await apply_plan(await plan(tmp_path, *hunks), DiskWorkspace())
    assert (tmp_path / "f").read_text() == "a\nb\n"


async def test_cancelling_while_it_writes_lets_it_finish(tmp_path: Path):
    """An interrupt in the middle of a patch must not leave half of it."""
    workspace = GatedWorkspace()
    hunks = ("*** Add File: a", "+x", "*** Add File: b", "+x")
    made = await plan(tmp_path, *hunks)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(apply_plan, made, workspace)
            await workspace.writing.wait()
            group.cancel_scope.cancel()
            workspace.gate.set()
    assert sorted(tree(tmp_path)) == ["a", "b"]


async def test_a_symbolic_link_is_written_through_and_deleted_as_a_link(tmp_path: Path):
    (tmp_path / "real").write_text("a\n")
    (tmp_path / "link").symlink_to("real")
    await apply_plan(await plan(tmp_path, "*** Update File: link", "-a", "+b"), DiskWorkspace())
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "b\n"
    await apply_plan(await plan(tmp_path, "*** Delete File: link"), DiskWorkspace())
    assert list(tree(tmp_path)) == ["real"]
    assert not (tmp_path / "link").is_symlink()


async def test_a_moved_file_keeps_its_text_where_nothing_but_its_place_changes(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"a\r\nb")
    made = await plan(tmp_path, "*** Update File: f", "*** Move to: g", " a")
    await apply_plan(made, DiskWorkspace())
    assert list(tree(tmp_path)) == ["g"]
    assert (tmp_path / "g").read_bytes() == b"a\r\nb"


async def test_a_moved_text_is_at_its_new_place_before_it_leaves_the_old(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")

    class Watched(DiskWorkspace):
        async def rename(self, source: Path, target: Path) -> None:
            assert await self.read(tmp_path / "g") == "b\n"
            await super().rename(source, target)

    made = await plan(tmp_path, "*** Update File: f", "*** Move to: g", "-a", "+b")
    await apply_plan(made, Watched())
    assert list(tree(tmp_path)) == ["g"]


async def test_a_workspace_without_permissions_will_do(tmp_path: Path):
    class Buffers:
        def __init__(self) -> None:
            self.files = {tmp_path / "f": "a\n"}

        async def read(self, path: Path) -> str | None:
            return self.files.get(path)

        async def write(self, path: Path, text: str) -> None:
            self.files[path] = text

        async def remove(self, path: Path) -> None:
            del self.files[path]

    buffers = Buffers()
    text = "*** Begin Patch\n*** Update File: f\n*** Move to: g\n-a\n+b\n*** End Patch"
    await apply_plan(await plan_patch(parse_patch(text), tmp_path, buffers), buffers)
    assert buffers.files == {tmp_path / "g": "b\n"}


async def test_folders_made_for_a_patch_that_fails_are_gone_again(tmp_path: Path):
    (tmp_path / "last").write_text("a\n")
    (tmp_path / "kept").mkdir()
    hunks = ("*** Add File: new/er/n", "+x", "*** Add File: kept/n", "+x")
    made = await plan(tmp_path, *hunks, "*** Update File: last", "-a", "+b")
    with pytest.raises(PatchError, match=r"Permission denied$"):
        await apply_plan(made, BrokenWorkspace(writes="last"))
    assert names(tmp_path) == ["kept", "last"]


async def test_a_folder_that_somebody_else_has_used_stays(tmp_path: Path):
    (tmp_path / "last").write_text("a\n")

    class Busy(BrokenWorkspace):
        async def write(self, path: Path, text: str) -> None:
            if path.name == "last":
                (tmp_path / "new/mine").write_text("mine\n")
            await super().write(path, text)

    made = await plan(tmp_path, "*** Add File: new/n", "+x", "*** Update File: last", "-a", "+b")
    with pytest.raises(PatchError, match=r"Permission denied$"):
        await apply_plan(made, Busy(writes="last"))
    assert list(tree(tmp_path)) == ["last", "new/mine"]


async def test_what_was_removed_comes_back_as_it_was_in_all(tmp_path: Path):
    """A symbolic link as a link, a file with its other names, permissions and times."""
    (tmp_path / "real").write_text("a\n")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "other").hardlink_to(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "last").write_text("a\n")
    before = (tmp_path / "real").stat()
    hunks = ("*** Delete File: link", "*** Delete File: real", "*** Delete File: last")
    with pytest.raises(PatchError, match=r"Permission denied$"):
        await apply_plan(await plan(tmp_path, *hunks), BrokenWorkspace(removals="last"))
    assert (tmp_path / "link").readlink() == Path("real")
    after = (tmp_path / "real").stat()
    assert (after.st_ino, after.st_mode, after.st_nlink) == (before.st_ino, before.st_mode, 2)
    assert names(tmp_path) == ["last", "link", "other", "real"]


async def test_nothing_is_left_over_beside_the_files(tmp_path: Path):
    for name in ("u", "d", "m"):
        (tmp_path / name).write_text("a\n")
    hunks = ("*** Delete File: d", "*** Update File: u", "-a", "+b")
    made = await plan(tmp_path, *hunks, "*** Update File: m", "*** Move to: x/m", "-a", "+b")
    await apply_plan(made, DiskWorkspace())
    assert names(tmp_path) == ["u", "x", "x/m"]


async def test_a_directory_exchanged_for_a_link_after_the_check_is_not_written_through(
    tmp_path: Path,
):
    """What was agreed to is what is written to: here the time of the question passes."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "f").write_text("a\n")
    made = await plan(tmp_path, "*** Update File: inside/f", "-a", "+b")
    places = await find_places(made, DiskWorkspace())
    inside.rename(tmp_path / "away")
    inside.symlink_to(outside)
    with pytest.raises(PatchError, match=r"/inside/f: a symbolic link stands in the way$"):
        await apply_plan(made, DiskWorkspace(), places)
    assert (outside / "f").read_text() == (tmp_path / "away/f").read_text() == "a\n"


async def test_a_file_exchanged_for_a_link_after_the_check_is_not_written_through(tmp_path: Path):
    (tmp_path / "f").write_text("a\n")
    (tmp_path / "outside").write_text("a\n")
    made = await plan(tmp_path, "*** Update File: f", "-a", "+b")
    places = await find_places(made, DiskWorkspace())
    (tmp_path / "f").unlink()
    (tmp_path / "f").symlink_to("outside")
    with pytest.raises(PatchError, match="a symbolic link stands in the way"):
        await apply_plan(made, DiskWorkspace(), places)
    assert (tmp_path / "outside").read_text() == "a\n"


async def test_odd_bytes_beside_an_edit_stay_as_they_are(tmp_path: Path):
    data = b"caf\xe9 = 1\r\nx = 1\r\nna\xefve\r\n"
    (tmp_path / "f").write_bytes(data)
    made = await plan(tmp_path, "*** Update File: f", " caf\ufffd = 1", "-x = 1", "+x = 2")
    await apply_plan(made, DiskWorkspace())
    assert (tmp_path / "f").read_bytes() == data.replace(b"x = 1\r", b"x = 2\r")
    (tmp_path / "f").chmod(0o600)
    made = await plan(tmp_path, "*** Update File: f", "*** Move to: g", "-na\ufffdve", "+naive")
    await apply_plan(made, DiskWorkspace())
    assert (tmp_path / "g").read_bytes() == b"caf\xe9 = 1\r\nx = 2\r\nnaive\r\n"
