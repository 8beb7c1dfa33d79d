"""Which commands are known to only read, and which are known to destroy.

Pure: nothing is looked up on the disk, so a name is trusted only where the name alone says which
program runs. What follows from the answers is decided in `approval_policy`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from codex_rpc.exec.command_parsing import all_commands, plain_commands, script_of
from codex_rpc.exec.shell import shell_kind

CommandRisk = Literal["safe", "dangerous", "other"]

_TRUSTED_DIRECTORIES = ("/bin", "/usr/bin")

_READ_ONLY = frozenset({
    "cat", "cd", "cut", "echo", "expr", "false", "grep", "head", "id", "ls", "nl", "numfmt",
    "paste", "pwd", "rev", "seq", "stat", "tac", "tail", "tr", "true", "uname", "wc", "which",
    "whoami",
})  # fmt: skip
WRAPPERS = frozenset({
    "builtin", "command", "doas", "env", "exec", "find", "ionice", "nice", "nohup", "setsid",
    "stdbuf", "sudo", "time", "timeout", "xargs",
})  # fmt: skip
"""Commands that run another one, which stands somewhere among their arguments."""

_FIND_ACTIONS = re.compile(r"-(exec|execdir|ok|okdir|delete|fls|fprint.*)")
_RG_RUNS_PROGRAMS = re.compile(r"--(pre|hostname-bin|search-zip)(=.*)?|-[^-]*z.*")
_BASE64_OUTPUT = re.compile(r"--o.*|-[^-]*o.*")
_SED_LINES = re.compile(r"\d+(,\d+)?p")


def risk_of(argv: Sequence[str], *, shell: str | None = None) -> CommandRisk:
    """The command's place in the approval matrix; `shell` as in `is_known_safe`."""
    if is_dangerous(argv):
        return "dangerous"
    return "safe" if is_known_safe(argv, shell=shell) else "other"


def is_known_safe(argv: Sequence[str], *, shell: str | None = None) -> bool:
    """Whether everything the command runs only reads.

    Programs must be named bare or by their path in a system directory; `shell` is one more path
    that may be trusted to be a shell, namely the user's own.
    """
    if script_of(argv) is not None and not is_trusted_shell(argv[0], shell):
        return False
    commands = plain_commands(argv)
    return commands is not None and all(map(_only_reads, commands))


def is_trusted_shell(program: str, shell: str | None) -> bool:
    """Whether a shell that is named so is the one its name says; `shell` as in `is_known_safe`."""
    return program == shell or _trusted_name(program) is not None


def is_dangerous(argv: Sequence[str]) -> bool:
    """Whether the command, or one nested in it, deletes without asking (`rm -f`)."""
    return any(map(_destroys, all_commands(argv)))


def _only_reads(command: Sequence[str]) -> bool:
    name = _trusted_name(command[0])
    if name is None:
        return False
    if name in _READ_ONLY:
        return True
    check = _CONDITIONS.get(name)
    return check is not None and check(command[1:])


def _trusted_name(program: str) -> str | None:
    directory, slash, name = program.rpartition("/")
    return name if not slash or directory in _TRUSTED_DIRECTORIES else None


def _base_name(program: str) -> str:
    return program.rpartition("/")[2]


def _no_argument_like(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], bool]:
    return lambda arguments: not any(map(pattern.fullmatch, arguments))


def _uniq_writes_nothing(arguments: Sequence[str]) -> bool:
    # A second operand is the output file. Values of options are counted along: better safe.
    return sum(not argument.startswith("-") for argument in arguments) < 2


def _sed_prints_lines(arguments: Sequence[str]) -> bool:
    match arguments:
        case ["-n", lines]:
            return _SED_LINES.fullmatch(lines) is not None
        case ["-n", lines, file]:
            return _SED_LINES.fullmatch(lines) is not None and not file.startswith("-")
        case _:
            return False


_CONDITIONS: dict[str, Callable[[Sequence[str]], bool]] = {
    "base64": _no_argument_like(_BASE64_OUTPUT),
    "find": _no_argument_like(_FIND_ACTIONS),
    "rg": _no_argument_like(_RG_RUNS_PROGRAMS),
    "sed": _sed_prints_lines,
    "uniq": _uniq_writes_nothing,
}


def _destroys(command: Sequence[str]) -> bool:
    if not command:
        return False
    name = _base_name(command[0])
    if name == "rm":
        return _is_forced(command[1:])
    return name in WRAPPERS and _destroys_wrapped(command[1:])


def _destroys_wrapped(words: Sequence[str]) -> bool:
    """The same for words somewhere among which a command begins."""
    for start, word in enumerate(words):
        if _base_name(word) == "rm" and _is_forced(words[start + 1 :]):
            return True
        if shell_kind(word):
            return is_dangerous(words[start:])
    return False


def _is_forced(arguments: Sequence[str]) -> bool:
    return any(
        argument == "--force" or re.fullmatch(r"-\w*f\w*", argument) is not None
        for argument in arguments
    )
