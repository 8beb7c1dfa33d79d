"""SandboxProbe: what holds commands on this machine, found out once, beside everything else."""

from collections.abc import Mapping
from pathlib import Path

import anyio
import anyio.to_thread

from codex_rpc.exec.sandbox.port import NoSandbox, Sandbox


class SandboxProbe:
    """The one answer for the whole process. `run` finds it; others wait for that."""

    def __init__(
        self, environ: Mapping[str, str], codex_home: Path, known: Sandbox | None = None
    ) -> None:
        """With `known`, nothing has to be found out."""
        self._environ = environ
        self._codex_home = codex_home
        self._found: Sandbox = NoSandbox() if known is None else known
        self._ready = anyio.Event()
        if known is not None:
            self._ready.set()

    async def run(self) -> None:
        """Find out, unless it is known."""
        if not self._ready.is_set():
            self._found = await anyio.to_thread.run_sync(self._detect)
            self._ready.set()

    async def sandbox(self) -> Sandbox:
        await self._ready.wait()
        return self._found

    def _detect(self) -> Sandbox:
        # It takes some time to load, which the main thread has better uses for.
        from codex_rpc.exec.sandbox.preflight import detect_sandbox

        return detect_sandbox(self._environ, self._codex_home)
