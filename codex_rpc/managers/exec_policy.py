"""ExecPolicyManager: which exec rules hold for a thread, and saving new ones.

Rules are read when a thread is loaded, and hold for it as they were then, plus whatever the user
has had saved since, in any thread of this process. What a file says is the business of
`codex_rpc.exec.rules`, which folders count that of `codex_rpc.config`.
"""

import errno
import fcntl
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING
from weakref import WeakSet

import anyio.to_thread

from codex_rpc.errors import ConfigError
from codex_rpc.exec.rules.rule import PrefixRule, RuleSet, joined

if TYPE_CHECKING:
    from codex_rpc.exec.rules.parsing import RulesText

LARGEST_BYTES = 1024 * 1024
"""A file that is larger holds no rules."""
MOST_FILES = 256
"""How many parsed files are remembered."""
SAVED_IN = "default.rules"

_PATIENCE_S = 5.0
_PAUSE_S = 0.01

_Stamp = tuple[int, int, int]


@dataclass(slots=True, eq=False, weakref_slot=True)
class ThreadRules:
    """The rules of one thread; `warnings` are sentences for the user about files that are odd."""

    rules: RuleSet = field(default_factory=RuleSet)
    warnings: tuple[str, ...] = ()
    manager: "ExecPolicyManager | None" = None

    async def save(self, prefix: Sequence[str]) -> None:
        """Allow commands that begin with `prefix`: in all loaded threads, and in those to come.

        Raises:
            ConfigError: if that cannot be written down; then nothing has changed.
        """
        if self.manager is None:
            raise ConfigError("there is no folder for exec rules")
        from codex_rpc.exec.rules.amendments import allowing

        await anyio.to_thread.run_sync(self.manager.write, prefix)
        self.manager.hold(allowing(prefix))

    def allowed(self) -> Sequence[str]:
        """How commands begin that are allowed, as one would type them; `a|b` means either."""
        rules = (rule for rule in self.rules.rules if rule.decision == "allow")
        return [" ".join("|".join(map(quote, word)) for word in rule.pattern) for rule in rules]

    def hold(self, rule: PrefixRule) -> None:
        """Have one more rule hold here."""
        self.rules = self.rules.with_rule(rule)


class ExecPolicyManager:
    """Reads the files, each once as long as it does not change, and adds to the user's."""

    def __init__(self, codex_home: Path) -> None:
        self._saved_in = codex_home / "rules" / SAVED_IN
        self._parsed: OrderedDict[Path, tuple[_Stamp, RulesText | ConfigError]] = OrderedDict()
        self._threads: WeakSet[ThreadRules] = WeakSet()

    def rules_of(self, folders: Iterable[Path]) -> ThreadRules:
        """The rules in these folders. Blocks. A file that is wrong holds nothing, and is told of.

        They are kept up with what is saved later.
        """
        sets: list[RuleSet] = []
        warnings: list[str] = []
        for folder in folders:
            for file in _rules_files(folder, warnings):
                try:
                    text = self._read(file)
                except ConfigError as error:
                    warnings.append(f"Ignored the exec rules of a file: {error}")
                else:
                    sets.append(text.rules)
                    warnings += text.warnings
        thread = ThreadRules(joined(sets), tuple(warnings), self)
        self._threads.add(thread)
        return thread

    def write(self, prefix: Sequence[str]) -> None:
        """Write down that commands that begin with `prefix` may run. Blocks.

        Raises:
            ConfigError: if the file cannot be written, or holds something else than rules.
        """
        from codex_rpc.exec.rules.amendments import rule_text

        try:
            self._append(rule_text(prefix))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"cannot write {self._saved_in}: {reason}") from error
        except UnicodeError as error:
            raise ConfigError(f"cannot write {self._saved_in}: no valid UTF-8") from error

    def hold(self, rule: PrefixRule) -> None:
        """Have it hold in every loaded thread from now on."""
        for thread in tuple(self._threads):
            thread.hold(rule)

    def _read(self, file: Path) -> "RulesText":
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
                raise ConfigError(f"cannot read {file}: no regular file of a usable size")
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
            known = self._parsed.get(file)
            if known is None or known[0] != stamp:
                known = (stamp, _parsed(file, file.read_bytes()))
                self._remember(file, known)
        except OSError as error:
            raise ConfigError(f"cannot read {file}: {error.strerror or error}") from error
        if isinstance(known[1], ConfigError):
            raise known[1]
        return known[1]

    def _remember(self, file: Path, known: "tuple[_Stamp, RulesText | ConfigError]") -> None:
        self._parsed[file] = known
        while len(self._parsed) > MOST_FILES:
            self._parsed.popitem(last=False)

    def _append(self, line: str) -> None:
        from codex_rpc.exec.rules.parsing import parse_rules

        self._saved_in.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked_file(self._saved_in) as fd:
            text = _text_of(fd).decode()
            if line in text.splitlines():
                return
            parse_rules(self._saved_in, f"{text}\n{line}\n")
            begin = "" if not text or text.endswith("\n") else "\n"
            _write(fd, f"{begin}{line}\n".encode())


def _rules_files(folder: Path, warnings: list[str]) -> Sequence[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".rules")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        warnings.append(f"Ignored the exec rules in {folder}: {error.strerror or error}")
        return ()


def _parsed(file: Path, content: bytes) -> "RulesText | ConfigError":
    # Most users have no such file.
    from codex_rpc.exec.rules.parsing import parse_rules

    try:
        return parse_rules(file, content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return ConfigError(f"{file}: no valid UTF-8")
    except ConfigError as error:
        return error


@contextmanager
def _locked_file(file: Path) -> Generator[int]:
    """The file, made if there is none, while no other process appends to it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    fd = os.open(file, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ConfigError(f"cannot write {file}: no regular file")
        _lock(fd)
        yield fd
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    """Wait for the lock, not for ever. Some file systems have none."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds on to it") from None
            time.sleep(_PAUSE_S)
        except OSError:
            return
        else:
            return


def _text_of(fd: int) -> bytes:
    return b"".join(_pieces(fd))


def _pieces(fd: int) -> Iterator[bytes]:
    while piece := os.read(fd, LARGEST_BYTES):
        yield piece


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
