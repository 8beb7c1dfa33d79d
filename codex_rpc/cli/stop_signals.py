"""The signals that end a server on stdin and stdout, and the exit code they mean."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio


@dataclass(slots=True, eq=False)
class StopSignals:
    """Sets `stop` when one comes."""

    stop: anyio.Event = field(default_factory=anyio.Event)
    received: list[signal.Signals] = field(default_factory=list[signal.Signals])

    async def watch(self) -> None:
        """Wait for signals until cancelled."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for number in signals:
                self.received.append(number)
                self.stop.set()

    @property
    def exit_code(self) -> int:
        return 130 if signal.SIGINT in self.received else 0


@asynccontextmanager
async def stop_signals() -> AsyncGenerator[StopSignals]:
    """Listen for them as long as the context lasts."""
    signals = StopSignals()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(signals.watch)
        yield signals
        tasks.cancel_scope.cancel()
