"""`codex-rpc app-server`: one client on stdin and stdout, or many on a unix socket."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from codex_rpc.cli.introduction import Introduction, introduce
from codex_rpc.rpc.descriptors import claim_stdout

GC_THRESHOLD = (50_000, 20, 20)
"""Long histories are many objects and no garbage: with the usual numbers, half of the time that it
takes to load one goes into looking for some."""

Override = tuple[str, object]

UNIX = "unix://"


def run(*, listen: str, drain: bool, overrides: Sequence[Override]) -> int:
    """Serve until the client closes the pipe or a signal comes; returns the exit code.

    Raises:
        ListenError: if there is no listening where `listen` says.
    """
    if listen.startswith(UNIX):
        if drain:
            print("codex-rpc: --drain is for stdio:// only", file=sys.stderr)
            return 2
        return _serve_socket(listen.removeprefix(UNIX), overrides)
    if listen != "stdio://":
        print(
            f"codex-rpc: --listen {listen} is not supported, only stdio://, unix:// and "
            "unix://PATH",
            file=sys.stderr,
        )
        return 2
    if sys.stdin is not None and sys.stdin.isatty():
        print("codex-rpc: waiting for JSON-RPC on stdin, one object a line", file=sys.stderr)
    stdin, stdout = take_stdio()
    try:
        introduction = introduce(stdin, stdout, os.environ)
    except BrokenPipeError:
        return 0
    return serve_and_exit(stdin, stdout, introduction, drain=drain, overrides=overrides)


def take_stdio() -> tuple[int, int]:
    """Stdin and stdout for ourselves; until there is a server, signals end the process at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit_at_once)
    return claim_stdout()


def _exit_at_once(number: int, _frame: object) -> NoReturn:
    """Nothing has been started yet, so there is nothing to end."""
    os._exit(_code_of(number))


def _code_of(number: int) -> int:
    return 0 if number == signal.SIGTERM else 128 + number


def serve_and_exit(
    stdin: int,
    stdout: int,
    introduction: Introduction,
    *,
    drain: bool,
    overrides: Sequence[Override],
) -> NoReturn:
    """Serve the client that has introduced itself like that, and end the process."""
    # Nothing that is loaded here ever becomes garbage, so looking for some only takes time.
    gc.disable()
    import anyio

    from codex_rpc.cli.logs import log_to_stderr
    from codex_rpc.exec.own_secrets import hide_own_secrets

    if introduction.has_headers:
        from codex_rpc.cli.lsp_server import serve_lsp as serve
    else:
        from codex_rpc.cli.stdio_server import serve_stdio as serve

    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    gc.enable()
    log_to_stderr(os.environ)
    hide_own_secrets()
    _leave(anyio.run(serve, stdin, stdout, introduction, drain, overrides))


def _serve_socket(path: str, overrides: Sequence[Override]) -> int:
    import anyio

    from codex_rpc.cli.logs import log_to_stderr
    from codex_rpc.cli.socket_server import serve_socket
    from codex_rpc.exec.own_secrets import hide_own_secrets

    log_to_stderr(os.environ)
    hide_own_secrets()
    return _leave(anyio.run(serve_socket, Path(path) if path else None, overrides))


def _leave(code: int) -> NoReturn:
    """End the process now: all is flushed, and tearing the interpreter down takes a while."""
    sys.stderr.flush()
    os._exit(code)
