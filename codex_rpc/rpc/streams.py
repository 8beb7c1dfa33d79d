"""The byte streams a connection runs over, as ports.

Memory object streams of `bytes` and byte streams of anyio fit them as they are; `stdio` makes them
of file descriptors.
"""

from typing import Protocol


class ByteReader(Protocol):
    """The incoming half of a byte stream."""

    async def receive(self) -> bytes:
        """The next bytes, at least one.

        Raises:
            anyio.EndOfStream: the peer has said all it will say.
            anyio.BrokenResourceError: the stream is gone.
        """
        ...


class ByteWriter(Protocol):
    """The outgoing half of a byte stream."""

    async def send(self, data: bytes, /) -> None:
        """Return when all of `data` has been written.

        Raises:
            anyio.BrokenResourceError: the peer is gone.
        """
        ...
