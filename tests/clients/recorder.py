"""A `codex` command that keeps what passes: `recorder.py SENT RECEIVED COMMAND…`.

It ends when its command does, and ends that when it is to end itself, as if it were the command.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO


def copy(source: IO[bytes], target: IO[bytes], log: Path) -> None:
    """Pass lines on until there are no more, or nobody takes them."""
    with log.open("ab", buffering=0) as kept, target:
        for line in source:
            kept.write(line)
            try:
                target.write(line)
                target.flush()
            except BrokenPipeError:
                return


def main(sent: str, received: str, *command: str) -> int:
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None

    def end(number: int, frame: object) -> None:
        server.terminate()

    signal.signal(signal.SIGTERM, end)
    inward = (sys.stdin.buffer, server.stdin, Path(sent))
    threading.Thread(target=copy, args=inward, daemon=True).start()
    copy(server.stdout, sys.stdout.buffer, Path(received))
    return server.wait()


if __name__ == "__main__":
    # Leaves the other thread where it is: it may be reading what never comes.
    os._exit(main(*sys.argv[1:]))
