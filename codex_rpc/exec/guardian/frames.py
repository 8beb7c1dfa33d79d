"""The messages between the server and the guardian, and their encoding.

A message is a tuple that begins with its kind and the command's tag; a frame is its length, in four
bytes, and its encoding by `marshal`, since both sides are the same interpreter. The descriptors
that come with a message travel with the first byte of its frame.

To the guardian:

- `(START, tag, argv, env, cwd, targets, terminal)`: all text as bytes; `targets` says which
  descriptors the command gets for those that are sent along.
- `(END, tag)`: the command has exited and its output was read; kill what is left of its group.
- `(KILL, tag)`: kill the command and all its descendants.

From the guardian:

- `(STARTED, tag, pid)`, or `(REFUSED, tag, errno, unusable)`, where `unusable` is `CWD` or
  `PROGRAM`.
- `(EXITED, tag, returncode)`: as in `subprocess`, negative for a signal.
- `(GONE, tag)`: the answer to `END` and to `KILL`.
"""

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing `typing` would take the guardian as long as everything else
    from typing import Any

START, END, KILL = "start", "end", "kill"
STARTED, REFUSED, EXITED, GONE = "started", "refused", "exited", "gone"
CWD, PROGRAM, GUARDIAN = "cwd", "program", "guardian"
"""What a command can fail to start for."""

HEADER_SIZE = 4
MOST_DESCRIPTORS = 250
"""Linux passes on no more than 253 at a time."""


def encode(*message: "Any") -> bytes:
    """The frame of one message."""
    body = marshal.dumps(message)
    return len(body).to_bytes(HEADER_SIZE, "big") + body


def body_size(header: bytes | bytearray) -> int:
    return int.from_bytes(header, "big")


def decode(body: bytes) -> "tuple[Any, ...]":
    return marshal.loads(body)
