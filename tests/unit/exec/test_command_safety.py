"""Commands that only read, and commands that destroy."""

import shlex

import pytest

from codex_rpc.exec.command_safety import is_dangerous, is_known_safe, risk_of

SAFE = [
    *("cat a", "/bin/cat a", "/usr/bin/cat a", "ls -la", "grep -r x .", "true", "tail -f x"),
    *("base64 -d x", "find . -name x", "rg -n foo src", "rg --pre-glob x y"),
    *("sed -n 3p", "sed -n 1,20p f", "uniq -c", "uniq f"),
    *("bash -lc 'ls && cat a | wc -l'", "/bin/bash -c 'cd x; pwd'"),
]
UNSAFE = [
    *("./cat a", "bin/cat a", "/tmp/cat a", "/usr/bin/../../tmp/cat", "python x", "git status"),
    *("base64 -o y x", "base64 --output=y x", "base64 -doy x", "uniq a b", "sort -o x"),
    *(
        "find . -exec ls",
        "find . -delete",
        "find . -fprintf x y",
        "find . -okdir x",
        "find . -fls x",
    ),
    *(
        "rg --pre=x y",
        "rg --pre x y",
        "rg -z x",
        "rg -nz x",
        "rg --search-zip x",
        "rg --hostname-bin x",
    ),
    *("sed -i s/a/b/ f", "sed -n 1p f g", "sed -n 1p -i", "sed -n wx f", "sed 1p"),
    *("bash -lc 'ls; python x'", "./bash -c ls", "/tmp/bash -c ls", "bash -c 'ls *'", "bash x"),
    *("env ls", "sudo ls", "bash -c ''"),
]
DANGEROUS = [
    *("rm -f x", "rm -rf x", "rm -r -f x", "rm x --force", "/bin/rm -fr x", "./rm -f x"),
    *("sudo rm -f x", "sudo -u a rm -rf x", "sudo sudo rm -f x", "env A=1 nohup rm -f x"),
    *("bash -c 'rm -f x'", "bash -lc 'ls && sudo rm -rf x'", "bash -xc 'rm -f x'", "xargs rm -f"),
    *("find . -exec rm -f {} +", "sudo bash -c 'rm -f x'", "timeout 3 sh -c 'rm -f x'"),
    """bash -c "bash -c 'rm -f x'" """,
]
HARMLESS = ["rm x", "rm -r x", "sudo ls", "echo rm -f x", "git rm -f x", "ls -f", "find . -name rm"]


@pytest.mark.parametrize("command", SAFE)
def test_reading_commands_are_safe(command: str) -> None:
    assert is_known_safe(shlex.split(command))
    assert risk_of(shlex.split(command)) == "safe"


@pytest.mark.parametrize("command", UNSAFE)
def test_all_others_are_not(command: str) -> None:
    assert not is_known_safe(shlex.split(command))


def test_no_command_is_not_safe() -> None:
    assert not is_known_safe([])
    assert not is_dangerous([])


def test_the_users_own_shell_is_trusted_wherever_it_is() -> None:
    assert is_known_safe(["/opt/bin/zsh", "-lc", "ls"], shell="/opt/bin/zsh")
    assert not is_known_safe(["/opt/bin/cat", "x"], shell="/opt/bin/zsh")


@pytest.mark.parametrize("command", DANGEROUS)
def test_forced_removal_is_dangerous_however_deep(command: str) -> None:
    assert is_dangerous(shlex.split(command))
    assert risk_of(shlex.split(command)) == "dangerous"


@pytest.mark.parametrize("command", HARMLESS)
def test_what_only_looks_like_it_is_not(command: str) -> None:
    assert not is_dangerous(shlex.split(command))


def test_nested_wrappers_are_judged_in_reasonable_time() -> None:
    assert is_dangerous(["sudo"] * 2000 + ["bash", "-c", "rm -f x"])
