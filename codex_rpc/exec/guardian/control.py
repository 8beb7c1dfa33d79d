"""The guardian's end of the control socket: messages with the descriptors that come along."""
# `socket` would double the time it takes to start; this is what it is made of.

import os
import sys
from _socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET, socket

from codex_rpc.exec.guardian import frames

_DESCRIPTOR_SIZE = 4
_ROOM = CMSG_SPACE(frames.MOST_DESCRIPTORS * _DESCRIPTOR_SIZE)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

if sys.platform == "linux":
    from _socket import MSG_CMSG_CLOEXEC as _FLAGS
else:
    _FLAGS = 0


class Control:
    """A connected stream socket. Reading waits for a whole message."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # no command may have it
        self._socket = socket(fileno=descriptor)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> "tuple[tuple[Any, ...], list[int]]":
        """The next message, and its descriptors, which are the caller's to close.

        Raises:
            EOFError: there will be no more.
        """
        data, ancillary, _, _ = self._socket.recvmsg(frames.HEADER_SIZE, _ROOM, _FLAGS)
        descriptors: list[int] = []
        for level, kind, content in ancillary:
            if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
                whole = len(content) - len(content) % _DESCRIPTOR_SIZE
                descriptors.extend(memoryview(content)[:whole].cast("i"))
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if not data:
            raise EOFError
        header = data + self._receive(frames.HEADER_SIZE - len(data))
        return frames.decode(self._receive(frames.body_size(header))), descriptors

    def send(self, *message: object) -> None:
        """Send a message, if somebody is there to read it."""
        try:
            self._socket.sendall(frames.encode(*message))
        except OSError:
            return  # that nobody is there is also what is read next

    def dismiss(self) -> None:
        """From now on, drop messages that nobody takes."""
        self._socket.setblocking(False)

    def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            chunk = self._socket.recv(size - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)
