"""Which exec rules hold, and how new ones are saved."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from codex_rpc.errors import ConfigError
from codex_rpc.exec.rules.rule import PrefixRule
from codex_rpc.managers.exec_policy import LARGEST_BYTES, ExecPolicyManager, ThreadRules

A = 'prefix_rule(pattern=["a"], decision="allow")'
B = 'prefix_rule(pattern=["b"], decision="allow")'


@pytest.fixture
def manager(tmp_path: Path) -> ExecPolicyManager:
    return ExecPolicyManager(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def first_words(rules: ThreadRules) -> Sequence[str]:
    return [rule.pattern[0][0] for rule in rules.rules.rules]


def test_files_count_in_the_order_of_folders_and_names(
    manager: ExecPolicyManager, folder: Path, tmp_path: Path
) -> None:
    above = tmp_path / "system"
    above.mkdir()
    (above / "z.rules").write_text('prefix_rule(["first"])')
    (folder / "b.rules").write_text('prefix_rule(["third"])')
    (folder / "a.rules").write_text('prefix_rule(["second"])')
    (folder / "a.rules.bak").write_text("nonsense")
    (folder / "README").write_text("nonsense")
    rules = manager.rules_of([above, folder, tmp_path / "missing", folder / "a.rules"])
    assert first_words(rules) == ["first", "second", "third"]
    assert rules.warnings == ()


def test_a_wrong_file_holds_nothing_and_is_told_of(
    manager: ExecPolicyManager, folder: Path
) -> None:
    (folder / "a.rules").write_text('prefix_rule(["a"])\nprefix_rule(["b"], "maybe")')
    (folder / "b.rules").write_text('prefix_rule(["c"])')
    for _ in range(2):  # the second time it is remembered
        rules = manager.rules_of([folder])
        assert first_words(rules) == ["c"]
        assert rules.warnings == (
            f"Ignored the exec rules of a file: {folder}/a.rules:2:1: invalid decision: maybe",
        )


def test_what_is_no_readable_file_is_told_of(manager: ExecPolicyManager, folder: Path) -> None:
    (folder / "dir.rules").mkdir()
    os.mkfifo(folder / "fifo.rules")
    (folder / "gone.rules").symlink_to("nowhere")
    (folder / "huge.rules").write_text("#" * (LARGEST_BYTES + 1))
    (folder / "latin.rules").write_bytes(b"# \xff")
    warnings = manager.rules_of([folder]).warnings
    assert [warning.removeprefix("Ignored the exec rules of a file: ") for warning in warnings] == [
        f"cannot read {folder}/dir.rules: no regular file of a usable size",
        f"cannot read {folder}/fifo.rules: no regular file of a usable size",
        f"cannot read {folder}/gone.rules: No such file or directory",
        f"cannot read {folder}/huge.rules: no regular file of a usable size",
        f"{folder}/latin.rules: no valid UTF-8",
    ]


def test_a_changed_file_is_read_again(manager: ExecPolicyManager, folder: Path) -> None:
    file = folder / "a.rules"
    file.write_text('prefix_rule(["a"])')
    before = manager.rules_of([folder])
    file.write_text('prefix_rule(["bb"])')
    assert first_words(manager.rules_of([folder])) == ["bb"]
    assert first_words(before) == ["a"], "a loaded thread keeps its rules"


async def test_a_saved_rule_holds_at_once_in_every_thread(
    manager: ExecPolicyManager, tmp_path: Path
) -> None:
    one, other = manager.rules_of([]), manager.rules_of([tmp_path / "rules"])
    await one.save(["npm", "install"])
    await other.save(["npm", "install"])
    for rules in (one, other, manager.rules_of([tmp_path / "rules"])):
        assert rules.rules.rules == (PrefixRule((("npm",), ("install",))),)
    file = tmp_path / "rules" / "default.rules"
    assert file.read_text() == 'prefix_rule(pattern=["npm", "install"], decision="allow")\n'
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("before", ["# mine", "# mine\n", f"{A}\n# mine"])
def test_a_rule_is_added_below_what_is_there(
    manager: ExecPolicyManager, folder: Path, before: str
) -> None:
    file = folder / "default.rules"
    file.write_text(before)
    manager.write(["b"])
    manager.write(["b"])
    assert file.read_text() == f"{before.rstrip()}\n{B}\n"


@pytest.mark.parametrize("content", [b"x = 1", b"\xff", None])
async def test_a_rule_that_cannot_be_saved_changes_nothing(
    manager: ExecPolicyManager, folder: Path, content: bytes | None
) -> None:
    """It would not hold tomorrow: a wrong file holds nothing."""
    file = folder / "default.rules"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    rules = manager.rules_of([])
    with pytest.raises(ConfigError, match=r"default\.rules"):
        await rules.save(["a"])
    assert not rules.rules
    assert content is None or file.read_bytes() == content


async def test_words_that_no_file_can_hold_are_not_saved(manager: ExecPolicyManager) -> None:
    with pytest.raises(ConfigError, match=r"default\.rules"):
        await manager.rules_of([]).save(["\ud800"])


SAVES = """
import sys
from pathlib import Path
from codex_rpc.managers.exec_policy import ExecPolicyManager
manager = ExecPolicyManager(Path(sys.argv[1]))
for number in range(50):
    manager.write(["word", sys.argv[2] if number % 2 else "same", str(number)])
"""


def test_processes_that_save_at_once_lose_nothing(manager: ExecPolicyManager, folder: Path) -> None:
    """Each line is whole, and none is there twice."""
    command = [sys.executable, "-c", SAVES, str(folder.parent)]
    writers = [subprocess.Popen([*command, name]) for name in ("one", "two", "three")]
    assert [writer.wait(timeout=30) for writer in writers] == [0, 0, 0]
    rules = manager.rules_of([folder])
    assert rules.warnings == ()
    assert len(rules.rules.rules) == len(set(rules.rules.rules)) == 25 + 3 * 25
