"""The answer to `initialize`.

Made with the standard library alone, and fast, so that a client can be answered before the rest of
the server is loaded.
"""

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from codex_rpc import __version__
from codex_rpc.config.home import codex_home
from codex_rpc.server.version import PROTOCOL_VERSION


def initialize_response(environ: Mapping[str, str], name: str, version: str) -> dict[str, str]:
    """The result for a client of that name and version, as `InitializeResponse` has it."""
    terminal = environ.get("TERM_PROGRAM") or environ.get("TERM") or "unknown"
    return {
        "userAgent": (
            f"codex-rpc/{PROTOCOL_VERSION} ({_operating_system()}; {platform.machine()}) "
            f"{terminal} (codex-rpc {__version__}; {name}; {version})"
        ),
        "codexHome": str(codex_home(environ)),
        "platformFamily": "windows" if os.name == "nt" else "unix",
        "platformOs": {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform),
    }


@cache
def _operating_system() -> str:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.system()} {platform.release()}"
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    parts = (fields.get("NAME", "Linux"), fields.get("VERSION_ID", ""))
    return " ".join(part.strip('"') for part in parts if part)
