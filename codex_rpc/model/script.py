"""A model that is a file: plays scripted responses, with no key and no network.

The format is `codex_rpc.protocol.script`'s, reading it `script_file`'s, and what each part of a
step streams `script_outputs`'. This owns which step is played, and when its events come.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import assert_never

import anyio
import anyio.lowlevel
import anyio.to_thread

from codex_rpc.errors import ModelError, ModelStreamError, ScriptError
from codex_rpc.model.events import ModelEvent, OutputItemDone, ResponseCompleted, ResponseStarted
from codex_rpc.model.port import ModelRequest
from codex_rpc.model.script_file import read_script
from codex_rpc.model.script_outputs import ScriptIds, beats, error_of
from codex_rpc.model.script_usage import estimated_usage, usage_of
from codex_rpc.protocol.response_items import MessageItem, ResponseItem
from codex_rpc.protocol.script import ScriptCut, ScriptStall, ScriptStep
from codex_rpc.protocol.script import ScriptError as ScriptFailure

LARGEST_BATCH = 64
"""Events that come without a pause between them are handed over in batches of this size."""


class ScriptClient:
    """A `ModelClient` for one thread: it remembers which steps were played.

    Ids are made up the same way each time, and go on from what the conversation already holds, so
    that a resumed thread has none twice.
    """

    def __init__(self, path: Path, idle_timeout: float = 300.0) -> None:
        self._path = path
        self._idle_timeout = idle_timeout
        self._steps: list[ScriptStep] | None = None
        self._played: set[int] = set()
        self._ids = ScriptIds()

    @asynccontextmanager
    async def stream(
        self, request: ModelRequest
    ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
        if self._steps is None:
            self._steps = await anyio.to_thread.run_sync(read_script, self._path)
        step = self._take(self._steps, _last_user_text(request.input))
        if step.output and isinstance(step.output[0], ScriptFailure):
            raise error_of(step.output[0])
        self._ids.go_on_from(request.input)
        async with aclosing(self._play(step, request)) as batches:
            yield batches

    async def prepare(self) -> None:
        """Nothing: the file is read when the first request comes, so that its errors are told."""

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _take(self, steps: Sequence[ScriptStep], said: str) -> ScriptStep:
        for number, step in enumerate(steps):
            if number not in self._played and (step.when is None or step.when in said):
                self._played.add(number)
                return step
        shown = said if len(said) <= 80 else said[:80] + "…"
        raise ScriptError(
            f"the model script {self._path} has no step for this request: "
            f"{len(self._played)} of {len(steps)} steps were played, "
            f"and the last user input is {shown!r}"
        )

    async def _play(
        self, step: ScriptStep, request: ModelRequest
    ) -> AsyncGenerator[Sequence[ModelEvent]]:
        response_id = self._ids.response()
        batch: list[ModelEvent] = [ResponseStarted(response_id)]
        done: list[ResponseItem] = []
        for output in step.output:
            for delay_ms, events in beats(output, self._ids):
                if batch and (delay_ms or len(batch) >= LARGEST_BATCH):
                    await anyio.lowlevel.checkpoint()
                    yield batch
                    batch = []
                if delay_ms:
                    await anyio.sleep(delay_ms / 1000)
                batch.extend(events)
                done += [event.item for event in events if isinstance(event, OutputItemDone)]
            if isinstance(output, ScriptFailure | ScriptCut | ScriptStall):
                if batch:
                    yield batch
                raise await self._end(output)
        usage = usage_of(step.usage) if step.usage else estimated_usage(request, done)
        await anyio.lowlevel.checkpoint()
        yield [*batch, ResponseCompleted(response_id, usage)]

    async def _end(self, output: ScriptFailure | ScriptCut | ScriptStall) -> ModelError:
        """Wait as long as this end takes, and return what it is."""
        match output:
            case ScriptFailure():
                return error_of(output)
            case ScriptCut():
                return ModelStreamError("stream closed before response.completed")
            case ScriptStall():
                await anyio.sleep(self._idle_timeout)
                return ModelStreamError("idle timeout waiting for SSE")
            case _:
                assert_never(output)


def _last_user_text(items: Sequence[ResponseItem]) -> str:
    for item in reversed(items):
        if isinstance(item, MessageItem) and item.role == "user":
            return item.text
    return ""
