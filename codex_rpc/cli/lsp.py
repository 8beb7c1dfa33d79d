"""`codex-rpc lsp`: one editor on stdin and stdout, as with any language server."""

from collections.abc import Sequence
from typing import NoReturn

from codex_rpc.cli.app_server import Override, serve_and_exit, take_stdio
from codex_rpc.cli.introduction import Introduction


def run(*, overrides: Sequence[Override]) -> NoReturn:
    """Serve until the editor leaves or a signal comes, and end the process."""
    stdin, stdout = take_stdio()
    introduction = Introduction(None, b"", has_headers=True)
    serve_and_exit(stdin, stdout, introduction, drain=False, overrides=overrides)
