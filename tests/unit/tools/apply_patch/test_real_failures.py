"""Patches on disks that really fail, in a process of its own that may not write everywhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
APPLY = """
import os, sys, anyio, anyio.to_thread, anyio._backends._asyncio
from pathlib import Path
from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.apply import apply_plan
from codex_rpc.tools.apply_patch.parser import parse_patch
from codex_rpc.tools.apply_patch.plan import plan_patch
from codex_rpc.tools.workspace.disk import DiskWorkspace

class Crowded(DiskWorkspace):
    "While the file named `small` is written, somebody else fills the disk."

    async def write(self, path, text):
        if path.name == "small":
            try:
                with open("filler", "wb", buffering=0) as file:
                    while file.write(bytes(4096)):
                        pass
            except OSError:
                pass
        await super().write(path, text)

async def main():
    workspace = Crowded() if "crowded" in sys.argv else DiskWorkspace()
    plan = await plan_patch(parse_patch(sys.stdin.read()), Path.cwd(), workspace)
    await apply_plan(plan, workspace)

if sys.argv[1:] and sys.argv[1].isdigit():
    os.setresuid(*3 * [int(sys.argv[1])])
try:
    anyio.run(main)
except PatchError as error:
    sys.exit(str(error))
"""
SMALL_DISK = 'mount -t tmpfs -o size=256k none "$1" && cd "$1" && cp "$2"/* . && shift 2 && '
SHOW_AFTER = '"$@"; code=$?; rm -f filler; ls -A; cksum *; exit $code'


def patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


def run(argv: list[str], text: str, cwd: Path) -> tuple[str, str]:
    """What it says, and how it failed: "" if it did not."""
    source = {"PYTHONPATH": str(Path(__file__).parents[4]), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        argv,
        input=text,
        cwd=cwd,
        env={**source, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout, done.stderr.strip()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A directory that an unprivileged user may work in."""
    for folder in (tmp_path, *tmp_path.parents):
        if os.geteuid() == 0 and folder.is_relative_to(tmp_path.parents[1]):
            folder.chmod(0o777)
    return tmp_path


def as_nobody(text: str, cwd: Path) -> str:
    """Permissions do not stop root, so it becomes another once all is imported."""
    user = [str(NOBODY)] if os.geteuid() == 0 else []
    return run([sys.executable, "-c", APPLY, *user], text, cwd)[1]


def own(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_a_directory_that_takes_no_files_undoes_what_was_written(shared: Path) -> None:
    (shared / "a").write_text("a\n")
    (shared / "a").chmod(0o640)
    own(shared / "a")
    (shared / "closed").mkdir(0o555)
    text = patch("*** Update File: a", "-a", "+b", "*** Add File: n/n", "+x")
    failed = as_nobody(f"{text[:-13]}*** Add File: closed/f\n+x\n*** End Patch", shared)
    assert failed == f"Failed to write file {shared}/closed/f: Permission denied"
    assert names(shared) == ["a", "closed"]
    assert ((shared / "a").read_text(), (shared / "a").stat().st_mode & 0o777) == ("a\n", 0o640)


def test_a_file_in_a_directory_that_takes_none_is_written_in_place(shared: Path) -> None:
    (shared / "closed").mkdir()
    (shared / "closed/f").write_text("a\n")
    own(shared / "closed/f")
    (shared / "closed").chmod(0o555)
    assert as_nobody(patch("*** Update File: closed/f", "-a", "+b"), shared) == ""
    assert (shared / "closed/f").read_text() == "b\n"
    failed = as_nobody(patch("*** Delete File: closed/f"), shared)
    assert failed == f"Failed to write file {shared}/closed/f: Permission denied"
    assert names(shared) == ["closed", "closed/f"]


def test_a_file_that_may_not_be_written_is_not_replaced(shared: Path) -> None:
    (shared / "f").write_text("a\n")
    (shared / "f").chmod(0o444)
    failed = as_nobody(patch("*** Update File: f", "-a", "+b"), shared)
    assert failed == f"Failed to write file {shared}/f: Permission denied"
    assert (shared / "f").read_text() == "a\n"


@pytest.mark.parametrize("crowded", [False, True], ids=["full", "filled meanwhile"])
def test_a_full_disk_is_left_as_it_was(tmp_path: Path, *, crowded: bool) -> None:
    """Even where there is no room to write the old text beside the new one again."""
    unshare = shutil.which("unshare")
    mountable = unshare and subprocess.run(
        [unshare, "-rm", "mount", "-t", "tmpfs", "none", str(tmp_path)], check=False
    )
    if not mountable or mountable.returncode:
        pytest.skip("no file system can be mounted here")
    disk, files = tmp_path / "disk", tmp_path / "files"
    disk.mkdir()
    files.mkdir()
    (files / "big").write_text("a\n" + "x" * 100_000 + "\n")
    (files / "gone").write_text("gone\n")
    (files / "small").write_text("b\n")
    long = f"+{'y' * 200_000}"
    text = patch(
        *("*** Delete File: gone", "*** Update File: big", "-a", "+A"),
        *("*** Add File: new/n", "+x", "*** Update File: small", "-b", long),
    )
    shell = ["sh", "-c", SMALL_DISK + SHOW_AFTER, "sh", str(disk), str(files)]
    program = [sys.executable, "-c", APPLY, *(["crowded"] if crowded else [])]
    stdout, failed = run([str(unshare), "-rm", *shell, *program], text, tmp_path)
    assert failed == f"Failed to write file {disk}/small: No space left on device"
    sums = run(["sh", "-c", "ls -A; cksum *"], "", files)[0]
    assert stdout == sums
