"""Which commands are nothing but a call of `apply_patch`, and which only look like one."""

from collections.abc import Sequence

import pytest

from codex_rpc.exec.patch_script import PatchScript, is_bare_patch, patch_script

PATCH = "*** Begin Patch\n*** Add File: a\n+$x `y` \\n 'z' {}\n*** End Patch\n"
PLAIN = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"


def found(script: str, shell: Sequence[str] = ("bash", "-lc")) -> PatchScript | None:
    return patch_script([*shell, script])


@pytest.mark.parametrize("name", ["apply_patch", "applypatch"])
def test_an_argument_vector_is_recognised(name: str) -> None:
    """Session core 12.4: direct argv."""
    assert patch_script([name, PATCH]) == PatchScript(PATCH)
    assert patch_script([name, "no patch"]) == PatchScript("no patch")
    assert patch_script([name]) is patch_script([name, PATCH, "more"]) is None


@pytest.mark.parametrize(
    "shell", [["bash", "-lc"], ["bash", "-c"], ["/bin/zsh", "-lc"], ["sh", "-c"]], ids=str
)
def test_a_here_document_is_recognised_in_every_shell(shell: list[str]) -> None:
    assert found(f"apply_patch <<'EOF'\n{PATCH}EOF\n", shell) == PatchScript(PATCH)


@pytest.mark.parametrize("start", ["<<EOF", '<<"EOF"', "<< 'EOF'"])
def test_its_text_is_taken_as_it_stands(start: str) -> None:
    """Quoted or not: nobody means a patch to be expanded."""
    assert found(f"applypatch {start}\n{PATCH}EOF") == PatchScript(PATCH)


def test_the_patch_may_be_an_argument() -> None:
    assert found(f"apply_patch '{PLAIN}'") == PatchScript(PLAIN)
    assert found(f'apply_patch "{PLAIN}"') == PatchScript(PLAIN)
    assert found(f'apply_patch "{PLAIN} $HOME"') is None


@pytest.mark.parametrize(("word", "folder"), [("sub", "sub"), ("'a b'", "a b"), ("/x/..", "/x/..")])
def test_one_change_of_directory_may_come_before_it(word: str, folder: str) -> None:
    assert found(f"cd {word} && apply_patch <<'EOF'\n{PATCH}EOF") == PatchScript(PATCH, folder)


@pytest.mark.parametrize(
    "script",
    [
        f"apply_patch <<'EOF' && ls\n{PATCH}EOF\n",
        f"apply_patch <<'EOF'\n{PATCH}EOF\nls",
        f"ls; apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"apply_patch <<'EOF' | cat\n{PATCH}EOF\n",
        f"cat <<'EOF' | apply_patch\n{PATCH}EOF\n",
        f"apply_patch <<'EOF' > out\n{PATCH}EOF\n",
        f"apply_patch --help <<'EOF'\n{PATCH}EOF\n",
        f"X=1 apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd a; apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd a || apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd a && cd b && apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd $HOME && apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd ~ && apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd - && apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"cd && apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"rm -r x && apply_patch <<'EOF'\n{PATCH}EOF\n",
        f"(apply_patch <<'EOF'\n{PATCH}EOF\n)",
        f"echo apply_patch <<'EOF'\n{PATCH}EOF\n",
        "apply_patch <<< x",
        "apply_patch < patch.txt",
        "apply_patch",
        "echo apply_patch",
        "apply_patch <<'EOF",
    ],
)
def test_a_script_that_does_anything_else_is_no_patch(script: str) -> None:
    assert found(script) is None


def test_a_patch_with_nobody_to_apply_it_is_told_apart() -> None:
    """Session core 12.4: implicit invocation."""
    assert is_bare_patch([f"  {PLAIN}"])
    assert is_bare_patch(["bash", "-lc", PLAIN])
    assert not is_bare_patch(["apply_patch", PLAIN])
    assert not is_bare_patch(["bash", "-lc", f"apply_patch '{PLAIN}'"])
    assert not is_bare_patch(["echo", PLAIN])
