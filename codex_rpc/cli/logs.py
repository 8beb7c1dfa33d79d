"""Logging of the command: to stderr, warnings and worse unless asked for more."""

import logging
from collections.abc import Mapping

LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 1,
}


def log_to_stderr(environ: Mapping[str, str]) -> None:
    """Send our logs to stderr, from the level in `CODEX_RPC_LOG` (else `RUST_LOG`) on."""
    wanted = environ.get("CODEX_RPC_LOG") or environ.get("RUST_LOG") or "warn"
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("codex_rpc")
    logger.addHandler(handler)
    logger.setLevel(LEVELS.get(wanted.lower(), logging.WARNING))
    logger.propagate = False
