"""Where the files live that are shared with the Codex command."""

from collections.abc import Mapping
from pathlib import Path


def codex_home(environ: Mapping[str, str]) -> Path:
    """`$CODEX_HOME` if set, else `~/.codex`. The folder need not exist."""
    configured = environ.get("CODEX_HOME")
    if configured:
        return Path(configured).expanduser().absolute()
    return Path("~/.codex").expanduser()
