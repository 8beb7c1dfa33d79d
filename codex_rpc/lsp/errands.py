"""Errands: what the face does beside requests, for as long as the connection lives."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVarTuple, Unpack

from anyio.abc import TaskGroup

logger = logging.getLogger(__name__)

Arguments = TypeVarTuple("Arguments")


class Errands:
    """Runs them in the connection's task group. One that fails harms nobody else."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks

    def start(
        self, work: Callable[[Unpack[Arguments]], Awaitable[object]], *args: *Arguments
    ) -> None:
        """Begin to do something."""

        async def run() -> None:
            try:
                await work(*args)
            except Exception:
                logger.exception("something for the editor could not be done")

        self._tasks.start_soon(run)
