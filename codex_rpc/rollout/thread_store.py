"""(interim, to be replaced by its owner)"""
from pathlib import Path
from typing import Self

import anyio.to_thread

from codex_rpc.errors import ThreadNotStoredError
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.reconstruct import read_head
from codex_rpc.rollout.stored_thread import StoredThread


class ThreadStore:
    def __init__(self, codex_home: Path) -> None:
        self._home = codex_home

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def find(self, thread_id: str) -> StoredThread:
        for path in (self._home / "sessions").rglob(f"*{thread_id}.jsonl"):
            return await self.at(path)
        raise ThreadNotStoredError(thread_id)

    async def at(self, path: Path) -> StoredThread:
        head = await anyio.to_thread.run_sync(read_head, path)
        return StoredThread(
            ThreadId(head.meta.thread_id), path, False, head.meta,
            int(head.meta.timestamp.timestamp()), int(path.stat().st_mtime), head.preview,
        )
