"""Taking stdin and stdout for ourselves. Light, because it is done before anything is loaded."""

import fcntl
import os

_FIRST_FREE_FD = 3


def claim_stdout() -> tuple[int, int]:
    """Take the process's real stdin and stdout away, and return them as `(stdin, stdout)`.

    The new descriptors are not inherited by children. Descriptor 0 becomes the null device and 1
    goes where stderr goes, so that neither stray output nor a child can pollute the channel or eat
    from it.
    """
    stdin = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
    stdout = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without a stderr
        os.dup2(null, 1)
    os.close(null)
    return stdin, stdout
