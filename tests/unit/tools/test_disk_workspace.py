"""Files on the real disk: what survives a write, and what is refused."""

import os
from pathlib import Path

import pytest

from codex_rpc.tools.disk_workspace import DiskWorkspace
from codex_rpc.tools.workspace import Workspace

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
    with pytest.raises(UnicodeDecodeError):
        await workspace.read(tmp_path / "binary")
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
    assert await DiskWorkspace().mode(path) == 0o640
    await DiskWorkspace().set_mode(path, 0o755)
    await DiskWorkspace().write(path, "y")
    assert path.stat().st_mode & 0o777 == 0o755
    assert await DiskWorkspace().mode(tmp_path / "missing") is None


async def test_links_of_both_kinds_survive_a_write(tmp_path: Path):
    real, hard, soft = tmp_path / "real/f", tmp_path / "hard", tmp_path / "soft"
    real.parent.mkdir()
    real.write_text("old")
    soft.symlink_to("real/f")
    await DiskWorkspace().write(soft, "one")
    assert soft.is_symlink()
    assert real.read_text() == "one"
    hard.hardlink_to(real)
    await DiskWorkspace().write(soft, "two")
    assert hard.read_text() == real.read_text() == "two"
    assert hard.samefile(real)


async def test_a_link_to_nothing_is_written_through(tmp_path: Path):
    (tmp_path / "soft").symlink_to("new/f")
    assert await DiskWorkspace().read(tmp_path / "soft") is None
    await DiskWorkspace().write(tmp_path / "soft", "x")
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
