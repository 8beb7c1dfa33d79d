"""`codex-rpc demo`: a client, a project with a bug and a scripted model, to see the server work."""

from codex_rpc.cli.demo.play import run

__all__ = ["run"]
