"""Files on the real disk: what survives a write, and what is refused."""

import os
from pathlib import Path

import pytest

from codex_rpc.tools.workspace.disk import MAX_BYTES, DiskWorkspace
from codex_rpc.tools.workspace.port import FileFacts, FileSystem, Workspace

not_root = pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")


def names_in(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


async def test_text_is_read_and_written_byte_for_byte(tmp_path: Path):
    workspace: Workspace = DiskWorkspace()
    path = tmp_path / "deep/er/f"
    text = "\ufeffa\r\nb\rc\n\u2028\U0001f600"
    await workspace.write(path, text)
    assert path.read_bytes() == text.encode()
    assert await workspace.read(path) == text
    await workspace.remove(path)
    assert await workspace.read(path) is None


async def test_what_is_no_text_file_is_refused(tmp_path: Path):
    workspace = DiskWorkspace()
    (tmp_path / "binary").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError):
        await workspace.read(tmp_path)
    with pytest.raises(IsADirectoryError):
        await workspace.write(tmp_path, "x")
    with pytest.raises(OSError, match="Not a regular file"):
        await workspace.read(tmp_path / "pipe")
    with pytest.raises(NotADirectoryError):
        await workspace.read(tmp_path / "binary/f")
    with pytest.raises(FileNotFoundError):
        await workspace.remove(tmp_path / "missing")


async def test_a_replaced_file_is_never_seen_half_written(tmp_path: Path):
    path = tmp_path / "f"
    path.write_text("old")
    with path.open() as reader:
        await DiskWorkspace().write(path, "new, and longer")
        assert reader.read() == "old"
    assert path.read_text() == "new, and longer"
    assert names_in(tmp_path) == ["f"]


async def test_permissions_survive_a_write_and_new_files_follow_the_umask(tmp_path: Path):
    path = tmp_path / "f"
    before = os.umask(0o027)
    try:
        await DiskWorkspace().write(path, "x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    await DiskWorkspace().set_mode(path, 0o755)
    await DiskWorkspace().write(path, "y")
    assert path.stat().st_mode & 0o777 == 0o755
    assert await DiskWorkspace().facts(path) == FileFacts(mode=0o755, names=1)
    assert await DiskWorkspace().facts(tmp_path / "missing") is None


async def test_links_of_both_kinds_survive_a_write(tmp_path: Path):
    real, hard, soft = tmp_path / "real/f", tmp_path / "hard", tmp_path / "soft"
    real.parent.mkdir()
    real.write_text("old")
    soft.symlink_to("real/f")
    await DiskWorkspace().write(await DiskWorkspace().locate(soft, follow=True), "one")
    assert soft.is_symlink()
    assert real.read_text() == "one"
    hard.hardlink_to(real)
    await DiskWorkspace().write(real, "two")
    assert hard.read_text() == real.read_text() == "two"
    assert hard.samefile(real)


async def test_a_link_to_nothing_is_written_through(tmp_path: Path):
    (tmp_path / "soft").symlink_to("new/f")
    assert await DiskWorkspace().read(tmp_path / "soft") is None
    target = await DiskWorkspace().locate(tmp_path / "soft", follow=True)
    await DiskWorkspace().write(target, "x")
    assert (tmp_path / "soft").is_symlink()
    assert (tmp_path / "new/f").read_text() == "x"


async def test_extended_attributes_survive_a_write(tmp_path: Path):
    path = tmp_path / "f"
    path.write_text("old")
    try:
        os.setxattr(path, "user.origin", b"test")
    except (AttributeError, OSError):
        pytest.skip("the file system keeps no extended attributes")
    await DiskWorkspace().write(path, "new")
    assert path.read_text() == "new"
    assert os.getxattr(path, "user.origin") == b"test"


@not_root
async def test_a_read_only_file_is_not_replaced(tmp_path: Path):
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        await DiskWorkspace().write(path, "new")
    assert path.read_text() == "old"


@not_root
async def test_a_file_in_a_read_only_directory_is_written_in_place(tmp_path: Path):
    path = tmp_path / "d/f"
    path.parent.mkdir()
    path.write_text("old")
    path.parent.chmod(0o555)
    try:
        await DiskWorkspace().write(path, "new")
        with pytest.raises(PermissionError):
            await DiskWorkspace().write(path.with_name("g"), "new")
    finally:
        path.parent.chmod(0o755)
    assert path.read_text() == "new"


async def test_bytes_that_are_not_utf8_come_back_as_they_were(tmp_path: Path):
    path, data = tmp_path / "f", bytes(range(256)) + "é\ud7ff".encode() + b"\xed\xa0\x80\xc3"
    path.write_bytes(data)
    text = await DiskWorkspace().read(path)
    assert text is not None
    await DiskWorkspace().write(tmp_path / "g", text)
    assert (tmp_path / "g").read_bytes() == data


async def test_a_file_too_large_to_hold_is_refused(tmp_path: Path):
    path = tmp_path / "f"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(OSError, match=r"too large \(128 MiB, at most 128 MiB\)"):
        await DiskWorkspace().read(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the system has no /proc")
@pytest.mark.parametrize("name", ["/proc/self/environ", "/proc/self/mem", "/proc/1/../self/maps"])
async def test_the_servers_own_memory_is_no_file(name: str):
    """Its environment may hold credentials, which no model is to see."""
    with pytest.raises(OSError, match="Not a regular file"):
        await DiskWorkspace().read(Path(name))


async def test_a_link_put_into_the_path_is_never_written_through(tmp_path: Path):
    """Between a look at a path and the write, a directory may be exchanged for a link."""
    disk: FileSystem = DiskWorkspace()
    workspace = DiskWorkspace()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/f").write_text("old")
    (tmp_path / "inside").symlink_to("outside")
    (tmp_path / "outside/link").symlink_to("f")
    for name in ("inside/f", "inside/new", "inside/sub/new", "outside/link"):
        with pytest.raises(OSError, match="a symbolic link stands in the way"):
            await workspace.write(tmp_path / name, "new")
    with pytest.raises(OSError, match="a symbolic link stands in the way"):
        await workspace.remove(tmp_path / "inside/f")
    with pytest.raises(OSError, match="a symbolic link stands in the way"):
        await disk.rename(tmp_path / "inside/f", tmp_path / "g")
    with pytest.raises(OSError, match="a symbolic link stands in the way"):
        await disk.make_folders(tmp_path / "inside/a/b")
    assert sorted(names_in(tmp_path / "outside")) == ["f", "link"]
    assert (tmp_path / "outside/f").read_text() == "old"


async def test_a_path_leads_through_links_to_one_place(tmp_path: Path):
    disk: FileSystem = DiskWorkspace()
    (tmp_path / "real").mkdir()
    (tmp_path / "soft").symlink_to("real")
    (tmp_path / "real/link").symlink_to("f")
    assert await disk.locate(tmp_path / "soft/link", follow=True) == tmp_path / "real/f"
    assert await disk.locate(tmp_path / "soft/link", follow=False) == tmp_path / "real/link"


async def test_folders_are_made_all_or_none_and_renaming_replaces_nothing(tmp_path: Path):
    disk: FileSystem = DiskWorkspace()
    assert await disk.make_folders(tmp_path / "a/b/f") == [tmp_path / "a", tmp_path / "a/b"]
    assert await disk.make_folders(tmp_path / "a/b/f") == []
    with pytest.raises(OSError, match="File name too long"):
        await disk.make_folders(tmp_path / f"new/{'x' * 300}/f")
    assert names_in(tmp_path) == ["a"]
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError):
        await disk.rename(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_text() == "two"


async def test_overwriting_keeps_the_file_and_shortens_it(tmp_path: Path):
    path = tmp_path / "f"
    path.write_text("a long text")
    before = path.stat().st_ino
    await DiskWorkspace().overwrite(path, "short")
    assert (path.read_text(), path.stat().st_ino) == ("short", before)
