"""The pipes, or the terminal, between this process and one command.

`Channels` owns the ends on this side, none of which ever blocks, and until `close_remote` those of
the command. When to wait for what is the running process's decision.
"""

import contextlib
import os
import sys
import termios
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from codex_rpc.exec.process_spec import Output, OutputStream, ProcessSpec, TerminalSize

READ_SIZE = 64 * 1024
_END_OF_TRANSMISSION = b"\x04"


class Channels:
    """One command's stdin, stdout and stderr; a context manager that closes all of them."""

    def __init__(self) -> None:
        self.remote: dict[int, int] = {}
        """The command's descriptors beside where they are here."""
        self.terminal: str | None = None
        """The path of the command's terminal, which then is all of its first three."""
        self.stdin: int | None = None
        self.outputs: dict[int, OutputStream] = {}
        """What has not ended yet."""

    @classmethod
    def open(cls, spec: ProcessSpec) -> "Channels":
        """Those that `spec` asks for.

        Raises:
            OSError: this process has too many files open, or the system too many terminals.
        """
        channels = cls()
        try:
            if spec.stdin == "terminal":
                channels._open_terminal(spec.terminal_size)
            else:
                channels._open_pipes(spec)
            channels._hand(spec.handed_files)
        except BaseException:
            channels.close()
            raise
        return channels

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_terminal(self) -> bool:
        return self.terminal is not None

    def read(self) -> Output | None:
        """What is there by now, without waiting; streams that ended are taken off `outputs`."""
        for descriptor, stream in list(self.outputs.items()):
            try:
                data = os.read(descriptor, READ_SIZE)
            except BlockingIOError:
                continue
            except OSError:  # what a terminal says once nobody has it open any more
                data = b""
            if data:
                # The other stream is first next time.
                self.outputs[descriptor] = self.outputs.pop(descriptor)
                return Output(stream, data)
            self._end(descriptor)
        return None

    def write(self, data: memoryview) -> int:
        """Write as much as there is room for.

        Raises:
            BlockingIOError: there is none.
            OSError: nobody can read it any more.
        """
        assert self.stdin is not None
        return os.write(self.stdin, data)

    def close_stdin(self) -> None:
        """Have the command read the end of its input."""
        if self.stdin is None:
            return
        if self.is_terminal:
            with contextlib.suppress(OSError):
                os.write(self.stdin, _END_OF_TRANSMISSION)
        else:
            os.close(self.stdin)
            self.stdin = None

    def resize(self, size: TerminalSize) -> None:
        """Tell the terminal's programs how large it is now."""
        if self.is_terminal and self.stdin is not None:
            termios.tcsetwinsize(self.stdin, (size.rows, size.columns))

    def close_remote(self) -> None:
        """Give up the command's ends, which it has by now."""
        for descriptor in set(self.remote.values()):
            os.close(descriptor)
        self.remote = {}

    def close(self) -> None:
        """Close everything; nothing can be read or written any more."""
        self.close_remote()
        ours = set(self.outputs)
        if self.stdin is not None:
            ours.add(self.stdin)
        for descriptor in ours:
            os.close(descriptor)
        self.stdin, self.outputs = None, {}

    def _open_terminal(self, size: TerminalSize) -> None:
        ours, theirs = os.openpty()
        self.stdin = ours
        self.outputs = {ours: "stdout"}
        self.remote = {0: theirs, 1: theirs, 2: theirs}
        self.terminal = os.ttyname(theirs)
        self.resize(size)
        os.set_blocking(ours, False)

    def _open_pipes(self, spec: ProcessSpec) -> None:
        if spec.stdin == "pipe":
            self.remote[0], self.stdin = os.pipe()
            os.set_blocking(self.stdin, False)
        self._open_output("stdout", 1)
        if spec.split_output:
            self._open_output("stderr", 2)
        else:
            self.remote[2] = self.remote[1]

    def _open_output(self, stream: OutputStream, number: int) -> None:
        ours, self.remote[number] = os.pipe()
        os.set_blocking(ours, False)
        self.outputs[ours] = stream

    def _hand(self, files: Mapping[int, bytes]) -> None:
        for number, content in files.items():
            self.remote[number] = descriptor = _anonymous_file()
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content)
            os.lseek(descriptor, 0, os.SEEK_SET)

    def _end(self, descriptor: int) -> None:
        del self.outputs[descriptor]
        if descriptor != self.stdin:
            os.close(descriptor)


def _anonymous_file() -> int:
    if sys.platform == "linux":
        return os.memfd_create("handed")
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        return os.dup(file.fileno())
