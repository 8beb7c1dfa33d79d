import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from codex_rpc.lsp.answer_folder import AnswerFolder

WRITE_AND_DIE = """
import os, signal
from codex_rpc.lsp.answer_folder import AnswerFolder
print(AnswerFolder().write("Never removed."), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders are, here and in child processes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_documents_go_with_their_folder(temporary: Path) -> None:
    folder = AnswerFolder()
    first, second = folder.write("# One\n\n"), folder.write("Two")
    assert (first.read_text(), second.read_text()) == ("# One\n", "Two\n")
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_a_folder_that_was_never_needed_is_not_made(temporary: Path) -> None:
    AnswerFolder().remove()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_has_left_is_removed_and_nothing_else(temporary: Path) -> None:
    others = AnswerFolder()
    in_use = others.write("Still read.")
    unrelated = temporary / "codex-rpc-other"
    unrelated.mkdir()
    killed = subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE], capture_output=True, text=True, check=False
    )
    left = Path(killed.stdout.strip())
    assert left.is_file()
    folder = AnswerFolder()
    folder.write("The next.")
    assert not left.parent.exists()
    assert in_use.is_file()
    assert unrelated.is_dir()
    folder.remove()
    others.remove()
    assert list(temporary.iterdir()) == [unrelated]
