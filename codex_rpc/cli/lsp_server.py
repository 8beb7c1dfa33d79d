"""The language server on two file descriptors, with signals. Imported when an editor is there."""

import os
from collections.abc import Sequence

from codex_rpc.cli.introduction import Introduction
from codex_rpc.cli.stop_signals import stop_signals
from codex_rpc.config.home import codex_home
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.lsp.serving import serve_editor
from codex_rpc.rpc.stdio import FdReader, FdWriter
from codex_rpc.server.app import running_server


async def serve_lsp(
    stdin: int,
    stdout: int,
    introduction: Introduction,
    drain: bool,
    overrides: Sequence[tuple[str, object]],
) -> int:
    """Serve one editor; returns the exit code."""
    config = ConfigLoader(codex_home(os.environ), overrides)
    code = 0
    async with stop_signals() as signals, running_server(config, os.environ) as server:
        code = await serve_editor(
            server,
            FdReader(stdin, introduction.unread),
            FdWriter(stdout),
            drain=drain,
            stop=signals.stop,
        )
    return signals.exit_code if signals.received else code
