"""Connections over a unix socket: accepting them, and who is at the other end.

Where the socket lies is left to `socket_file`; what is said over a connection, to `connection`.
"""

import errno
import logging
import os
import socket
import struct
import sys

import anyio
from anyio.abc import SocketStream, UNIXSocketStream

logger = logging.getLogger(__name__)

_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_PAUSE_SECONDS = 0.5
"""How long nobody is accepted once the system has no descriptor left."""

# Of macOS, for which Python has no names.
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1


async def accept(listener: socket.socket) -> SocketStream:
    """The next connection of this process's own user; those of others are closed."""
    while True:
        await anyio.wait_readable(listener)
        try:
            peer, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            continue
        except OSError as error:
            if error.errno not in _OUT_OF_RESOURCES:
                raise
            logger.warning("cannot accept a connection for now: %s", error.strerror)
            await anyio.sleep(_PAUSE_SECONDS)
            continue
        if _is_own_user(peer):
            peer.setblocking(False)
            return await UNIXSocketStream.from_socket(peer)
        peer.close()


def _is_own_user(peer: socket.socket) -> bool:
    try:
        user = peer_user(peer)
    except OSError as error:
        logger.warning("a connection was refused, its user is unknown: %s", error.strerror)
        return False
    if user != os.geteuid():
        logger.warning("a connection of user %d was refused", user)
        return False
    return True


def peer_user(peer: socket.socket) -> int:
    """The id of the user whose process is at the other end.

    Raises:
        OSError: if the system does not say.
    """
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        _, user, _ = struct.unpack(
            "3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
        return user
    # A `struct xucred`: its version, the user, and groups that do not matter here.
    credentials = peer.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 128)
    _, user = struct.unpack_from("2I", credentials)
    return user
