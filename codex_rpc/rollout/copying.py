"""(interim, to be replaced by its owner)"""
from pathlib import Path

from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import ThreadLog


def copy_log(log: ThreadLog, path: Path, meta: SessionMeta, interrupted: str | None) -> None:
    raise NotImplementedError
