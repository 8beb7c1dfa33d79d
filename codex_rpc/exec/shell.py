"""The user's shell: which one it is, and how a script is given to it.

What a script does is read in `command_parsing`; running it is `process`'s part.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

ShellKind = Literal["bash", "zsh", "sh"]

SHELL_KINDS: dict[str, ShellKind] = {"bash": "bash", "zsh": "zsh", "sh": "sh"}
"""The shells whose scripts are understood, by the name of their executable."""


class Shell(Struct, frozen=True):
    kind: ShellKind
    path: str

    def argv(self, script: str, *, login: bool) -> list[str]:
        """The command that runs `script`; a login shell reads the user's profile first."""
        return [self.path, "-lc" if login else "-c", script]


def default_shell() -> Shell:
    """The login shell of the user this process runs as, or the nearest one that is supported."""
    fallbacks = ("zsh", "bash") if sys.platform == "darwin" else ("bash", "zsh")
    return choose_shell(_passwd_shell(), fallbacks)


def choose_shell(preferred: str, fallbacks: Sequence[ShellKind]) -> Shell:
    """`preferred` if that is a supported shell that exists, else the first installed fallback."""
    kind = shell_kind(preferred)
    if kind and _is_executable(preferred):
        return Shell(kind, preferred)
    for name in (kind, *fallbacks):
        if name and (path := shutil.which(name) or _in_bin(name)):
            return Shell(name, path)
    return Shell("sh", "/bin/sh")


def chosen_shell(name: str | None, default: Shell) -> Shell:
    """The shell of that name or path, if it is a supported one, else `default`."""
    if name is None or shell_kind(name) is None:
        return default
    return default if name in (default.path, default.kind) else choose_shell(name, ())


def shell_kind(program: str) -> ShellKind | None:
    """Which supported shell a program is, going by its name."""
    return SHELL_KINDS.get(Path(program).name)


def display(argv: Sequence[str]) -> str:
    """The command as a user would type it, such as `/bin/bash -lc 'echo hi'`."""
    return shlex.join(argv)


def _passwd_shell() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return ""


def _in_bin(name: str) -> str | None:
    path = f"/bin/{name}"
    return path if _is_executable(path) else None


def _is_executable(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.X_OK)
