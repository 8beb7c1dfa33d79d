"""A command line in the words a user understands: reads a file, lists a directory, searches.

For display only; decisions about what may run are made from `command_safety`.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from codex_rpc.exec.command_parsing import plain_commands, script_of
from codex_rpc.exec.shell import display
from codex_rpc.protocol.items import (
    CommandAction,
    ListFilesAction,
    ReadAction,
    SearchAction,
    UnknownAction,
)

_MUTE = frozenset({"cd", "echo", "printf", "pwd", "true", ":"})
"""Commands that say nothing about what the others beside them are for."""

_FILTERS = frozenset({
    "awk", "column", "cut", "fold", "head", "jq", "less", "more", "nl", "rev", "sed", "sort",
    "tac", "tail", "tr", "uniq", "wc",
})  # fmt: skip
"""Commands that only reshape what they read from a pipe."""

_NAME_TESTS = frozenset({
    "-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex",
    "-lname",
})  # fmt: skip
_OPTIONS_WITH_VALUE = {
    "bat": {"-l", "-r", "--language", "--line-range", "--style", "--color", "--theme"},
    "head": {"-n", "-c", "--lines", "--bytes"},
    "nl": {"-b", "-d", "-f", "-h", "-i", "-l", "-n", "-s", "-v", "-w"},
    "tail": {"-n", "-c", "--lines", "--bytes"},
    "ls": {"-I", "-w", "-T", "--ignore", "--hide", "--width"},
    "tree": {"-I", "-L", "-P", "-o", "--filelimit"},
    "fd": {"-d", "-e", "-E", "-t", "--extension", "--exclude", "--max-depth", "--type"},
    "grep": {"-A", "-B", "-C", "-D", "-d", "-m", "--include", "--exclude", "--exclude-dir"},
    "rg": {"-A", "-B", "-C", "-E", "-g", "-j", "-M", "-m", "-r", "-T", "-t"}
    | {"--glob", "--iglob", "--max-count", "--max-depth", "--type", "--type-not", "--context"},
    "ag": {"-A", "-B", "-C", "-G", "-m", "--ignore", "--depth"},
}
_SAME_OPTIONS = {
    "batcat": "bat",
    "fdfind": "fd",
    "egrep": "grep",
    "fgrep": "grep",
    "ack": "ag",
    "eza": "ls",
    "exa": "ls",
}
_PATTERN_OPTIONS = frozenset({"-e", "--regexp", "-f", "--file"})
_EXPANDED = re.compile(r"^~|[*?\[]")
"""What the shell makes another path of."""
_SED_LINES = re.compile(r"(\d+|\$)(,(\d+|\$))?p")


def command_actions(argv: Sequence[str], cwd: Path) -> list[CommandAction]:
    """What the command does, in order, or one `unknown` if any part of it has no better name.

    The path of a file that is read is made absolute; other paths stay as the command names them.
    """
    script = script_of(argv)
    unknown: list[CommandAction] = [UnknownAction(command=script or display(argv))]
    commands = plain_commands(argv, globs=True)
    if commands is None:
        return unknown
    actions: list[CommandAction] = []
    for command in commands:
        if command[0] == "cd" and len(command) == 2:
            cwd = cwd / command[1]
        if command[0] in _MUTE or (actions and _only_filters(command)):
            continue
        found = _actions_of(command, cwd)
        if not found:
            return unknown
        actions += found
    return actions or unknown


def _actions_of(command: Sequence[str], cwd: Path) -> Sequence[CommandAction]:
    name, arguments = Path(command[0]).name, command[1:]
    if name == "git" and arguments:
        name, arguments = f"git {arguments[0]}", arguments[1:]
    describe = _DESCRIPTIONS.get(name)
    return describe(_Command(display(command), name, arguments, cwd)) if describe else ()


class _Command:
    """One simple command, taken apart by its program's options."""

    def __init__(self, text: str, name: str, arguments: Sequence[str], cwd: Path) -> None:
        self.text = text
        self.arguments = arguments
        self._cwd = cwd
        with_value = _OPTIONS_WITH_VALUE.get(_SAME_OPTIONS.get(name, name), set[str]())
        self.operands, self.patterns = _operands(arguments, with_value)

    def reads(self, files: Sequence[str]) -> Sequence[CommandAction]:
        if any(_EXPANDED.search(file) for file in files):
            return ()
        return [
            ReadAction(
                command=self.text, name=Path(file).name, path=os.path.normpath(self._cwd / file)
            )
            for file in files
        ]

    def lists(self, paths: Sequence[str]) -> Sequence[CommandAction]:
        return [ListFilesAction(command=self.text, path=_first(paths))]

    def searches(self, query: str, paths: Sequence[str]) -> Sequence[CommandAction]:
        return [SearchAction(command=self.text, query=query, path=_first(paths))]


def _operands(arguments: Sequence[str], with_value: set[str]) -> tuple[list[str], list[str]]:
    """What is no option, and what is given as a pattern by option (as in `grep -e`)."""
    operands: list[str] = []
    patterns: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            operands += rest
        elif argument in _PATTERN_OPTIONS:
            patterns += [next(rest, "")]
        elif argument in with_value:
            next(rest, None)
        elif not argument.startswith("-") or argument == "-":
            operands.append(argument)
    return operands, patterns


def _only_filters(command: Sequence[str]) -> bool:
    """Whether the command names no file of its own, so that it works on what came before."""
    name = Path(command[0]).name
    if name not in _FILTERS:
        return False
    operands, _ = _operands(command[1:], _OPTIONS_WITH_VALUE.get(name, set[str]()))
    takes_program = name in ("awk", "jq", "sed", "tr", "cut", "column", "sort", "fold")
    return len(operands) <= (2 if name == "tr" else int(takes_program))


def _first(paths: Sequence[str]) -> str | None:
    return paths[0] if paths else None


def _read(command: _Command) -> Sequence[CommandAction]:
    return command.reads(command.operands)


def _sed(command: _Command) -> Sequence[CommandAction]:
    match command.arguments:
        case ["-n", lines, *files] if _SED_LINES.fullmatch(lines):
            return command.reads(files)
        case _:
            return ()


def _list(command: _Command) -> Sequence[CommandAction]:
    return command.lists(command.operands)


def _search(command: _Command) -> Sequence[CommandAction]:
    if "--files" in command.arguments:
        return command.lists(command.operands)
    if command.patterns:
        return command.searches(command.patterns[0], command.operands)
    if command.operands:
        return command.searches(command.operands[0], command.operands[1:])
    return ()


def _fd(command: _Command) -> Sequence[CommandAction]:
    return _search(command) if command.operands else command.lists(())


def _find(command: _Command) -> Sequence[CommandAction]:
    if any(argument.startswith(("-exec", "-ok", "-delete")) for argument in command.arguments):
        return ()
    paths: list[str] = []
    for argument in command.arguments:
        if argument.startswith(("-", "!", "(")):
            break
        paths.append(argument)
    for test, value in zip(command.arguments, command.arguments[1:], strict=False):
        if test in _NAME_TESTS:
            return command.searches(value, paths)
    return command.lists(paths)


_DESCRIPTIONS: dict[str, Callable[[_Command], Sequence[CommandAction]]] = {
    **dict.fromkeys(("bat", "batcat", "cat", "head", "less", "more", "nl", "tail"), _read),
    **dict.fromkeys(("eza", "exa", "git ls-files", "ls", "tree"), _list),
    **dict.fromkeys(("ack", "ag", "egrep", "fgrep", "git grep", "grep", "rg"), _search),
    **dict.fromkeys(("fd", "fdfind"), _fd),
    "find": _find,
    "sed": _sed,
}
