"""How commands are described to users."""

from pathlib import Path
from typing import Any

import pytest

from codex_rpc.exec.command_actions import command_actions


def read(command: str, path: str) -> dict[str, Any]:
    return {"type": "read", "command": command, "name": Path(path).name, "path": path}


def search(command: str, query: str, path: str | None) -> dict[str, Any]:
    return {"type": "search", "command": command, "query": query, "path": path}


def listing(command: str, path: str | None) -> dict[str, Any]:
    return {"type": "listFiles", "command": command, "path": path}


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        ("cat a.py", [read("cat a.py", "/w/a.py")]),
        ("cd src && cat ../b", [read("cat ../b", "/w/b")]),
        ("cat a /x/b", [read("cat a /x/b", "/w/a"), read("cat a /x/b", "/x/b")]),
        ("head -n 5 a; tail -3 b", [read("head -n 5 a", "/w/a"), read("tail -3 b", "/w/b")]),
        ("nl -ba a | sed -n 1,9p", [read("nl -ba a", "/w/a")]),
        ("sed -n '1,$p' a", [read("sed -n '1,$p' a", "/w/a")]),
        ("ls -la", [listing("ls -la", None)]),
        ("echo in; ls -I x src", [listing("ls -I x src", "src")]),
        ("rg --files src | head -5", [listing("rg --files src", "src")]),
        ("git ls-files", [listing("git ls-files", None)]),
        ("find src -type f", [listing("find src -type f", "src")]),
        ("fd", [listing("fd", None)]),
        ("rg -g x -n foo src | wc -l", [search("rg -g x -n foo src", "foo", "src")]),
        ("grep -e foo -- -x", [search("grep -e foo -- -x", "foo", "-x")]),
        ("git grep foo", [search("git grep foo", "foo", None)]),
        ("find . -name a.py", [search("find . -name a.py", "a.py", ".")]),
        ("fd -t f foo src", [search("fd -t f foo src", "foo", "src")]),
    ],
)
def test_known_programs_are_described(script: str, actions: list[dict[str, Any]]) -> None:
    found = command_actions(["bash", "-lc", script], Path("/w"))

    assert [action.model_dump() for action in found] == actions


@pytest.mark.parametrize(
    "script",
    [
        *("make", "cat a && make", "cat $x", "cat *.py", "cat ~/x", "sed -i s/a/b/ x", "sed 1d x"),
        *("echo hi", "cd x", "cat", "rg", "git", "git status", "find . -delete", "ls > x"),
    ],
)
def test_anything_else_is_unknown_as_a_whole(script: str) -> None:
    found = command_actions(["bash", "-lc", script], Path("/w"))

    assert [action.model_dump() for action in found] == [{"type": "unknown", "command": script}]


def test_commands_without_a_shell_are_described_too() -> None:
    assert [a.model_dump() for a in command_actions(["cat", "a b"], Path("/w"))] == [
        read("cat 'a b'", "/w/a b")
    ]
    assert command_actions(["make", "a b"], Path("/w"))[0].command == "make 'a b'"
