"""Which shell is used and how."""

import shutil
from pathlib import Path

import pytest

from codex_rpc.exec.shell import Shell, choose_shell, default_shell, display


def executable(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_users_own_shell_is_taken(tmp_path: Path) -> None:
    zsh = executable(tmp_path / "zsh")

    assert choose_shell(zsh, ("bash",)) == Shell("zsh", zsh)


@pytest.mark.parametrize("preferred", ["/usr/bin/fish", "", "/usr/sbin/nologin"])
def test_unsupported_shell_falls_back(preferred: str) -> None:
    bash = shutil.which("bash")
    assert bash

    assert choose_shell(preferred, ("bash", "zsh")) == Shell("bash", bash)


def test_missing_shell_of_a_supported_kind_is_looked_up_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zsh = executable(tmp_path / "zsh")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert choose_shell("/gone/zsh", ("bash",)) == Shell("zsh", zsh)


def test_sh_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert choose_shell("", ()) == Shell("sh", "/bin/sh")


def test_the_default_shell_exists() -> None:
    assert Path(default_shell().path).exists()


def test_scripts_are_passed_to_a_login_shell_or_not() -> None:
    shell = Shell("bash", "/bin/bash")

    assert shell.argv("echo hi", login=True) == ["/bin/bash", "-lc", "echo hi"]
    assert shell.argv("echo hi", login=False) == ["/bin/bash", "-c", "echo hi"]
    assert display(shell.argv("echo hi", login=True)) == "/bin/bash -lc 'echo hi'"
