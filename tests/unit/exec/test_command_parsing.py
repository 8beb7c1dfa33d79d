"""Which commands a command line is known to consist of."""

import pytest

from codex_rpc.exec.command_parsing import all_commands, plain_commands


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("ls -la", [["ls", "-la"]]),
        (
            "ls && pwd || id; wc | cat\ncd a;",
            [["ls"], ["pwd"], ["id"], ["wc"], ["cat"], ["cd", "a"]],
        ),
        ("""echo "a b" 'c  d' e"f g"'h' "" """, [["echo", "a b", "c  d", "ef gh", ""]]),
        (r"find . -name \*.py", [["find", ".", "-name", "*.py"]]),
        (r'echo a\ b "c\"d\$e\x" \\', [["echo", "a b", r'c"d$e\x', "\\"]]),
        ("ls \\\n -l", [["ls", "-l"]]),
        ("ls ~/x 12 {} =a", [["ls", "~/x", "12", "{}", "=a"]]),
        ('rg "*.py" "[a]"', [["rg", "*.py", "[a]"]]),
    ],
)
def test_script_of_literal_words_is_taken_apart(script: str, commands: list[list[str]]) -> None:
    for shell in ("bash", "/bin/zsh", "sh"):
        assert plain_commands([shell, "-lc", script]) == commands
        assert plain_commands([shell, "-c", script]) == commands


@pytest.mark.parametrize(
    "script",
    [
        *("ls > x", "cat < x", "cat <<E\na\nE", "ls 2>&1", "cat <(ls)", "cat <<< x"),
        *("echo $x", 'echo "a $x"', "echo `id`", "echo $(id)", "echo $'a'", "echo $((1))"),
        *("ls *.py", "ls ?", "ls [ab]", "ls a{b,c}", "echo {1..3}"),
        *("a=1 ls", "a=1", "(ls)", "{ ls; }", "! ls", "ls &", "ls |& cat", "[[ -f x ]]"),
        *("if a; then b; fi", "for i in a; do b; done", "f() { ls; }", "ls; # why"),
        *("", " \n ", "ls ||", "ls ;; pwd", "echo 'a", 'echo "a'),
        *("ls\r", "ls\x00a", "ls\u00a0-l", "ls \ud800", "ls\x0b-l"),
    ],
)
def test_script_that_says_more_is_not_plain(script: str) -> None:
    assert plain_commands(["bash", "-lc", script]) is None


def test_globs_may_be_kept_for_display() -> None:
    assert plain_commands(["bash", "-c", "ls *.py"], globs=True) == [["ls", "*.py"]]


@pytest.mark.parametrize(
    "argv", [["ls", "a b"], ["bash", "x.sh"], ["bash", "-x", "-c", "ls"], ["fish", "-c", "ls"]]
)
def test_any_other_command_is_itself(argv: list[str]) -> None:
    assert plain_commands(argv) == [argv]


def test_no_command_is_not_plain() -> None:
    assert plain_commands([]) is None


def test_long_chains_do_not_exhaust_the_stack() -> None:
    script = " && ".join(["ls"] * 5000)

    assert plain_commands(["bash", "-c", script]) == [["ls"]] * 5000
    assert len(all_commands(["bash", "-c", script])) == 5001


@pytest.mark.parametrize(
    "script",
    [
        'if x; then rm -f "$y"; fi',
        "a=$(rm -f b)",
        "for i in *; do (a=1 rm -f $i > log) & done",
        "bash -c 'rm -f a'",
        "eval rm -f a",
        "cat <<E\n$(rm -f a)\nE",
        "f() { rm -f a; }",
        "ls; rm -f a; )",
    ],
)
def test_every_nested_command_is_found(script: str) -> None:
    assert any(command[:2] == ["rm", "-f"] for command in all_commands(["bash", "-ec", script]))
