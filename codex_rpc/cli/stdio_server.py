"""The server on two file descriptors, with signals. Imported when the first line has been read."""

import os
from collections.abc import Sequence

from codex_rpc.cli.introduction import Introduction
from codex_rpc.cli.stop_signals import stop_signals
from codex_rpc.config.home import codex_home
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.protocol.handshake import InitializeParams
from codex_rpc.rpc.stdio import FdReader, FdWriter
from codex_rpc.server.app import running_server, serve


async def serve_stdio(
    stdin: int,
    stdout: int,
    introduction: Introduction,
    drain: bool,
    overrides: Sequence[tuple[str, object]],
) -> int:
    """Serve one client; returns the exit code."""
    config = ConfigLoader(codex_home(os.environ), overrides)
    introduced = (
        None
        if introduction.params is None
        else InitializeParams.model_validate(introduction.params, by_name=False)
    )
    async with stop_signals() as signals, running_server(config, os.environ) as server:
        await serve(
            server,
            FdReader(stdin, introduction.unread),
            FdWriter(stdout),
            drain=drain,
            introduced=introduced,
            stop=signals.stop,
        )
    return signals.exit_code
