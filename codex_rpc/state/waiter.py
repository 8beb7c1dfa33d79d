"""A value somebody waits for and somebody else provides, once."""

from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class WaiterCancelledError(Exception):
    """The waiter was dropped: nobody will provide the value any more."""


class Waiter(Generic[T]):
    """One value, provided at most once; later attempts are no-ops that say so."""

    __slots__ = ("_cancelled", "_done", "_value")

    def __init__(self) -> None:
        self._done = anyio.Event()
        self._cancelled = False
        self._value: T | None = None

    @property
    def pending(self) -> bool:
        return not self._done.is_set()

    def resolve(self, value: T) -> bool:
        """Provide the value; `False` if the waiter was already resolved or cancelled."""
        if not self.pending:
            return False
        self._value = value
        self._done.set()
        return True

    def cancel(self) -> bool:
        """Give up on the value; `False` if the waiter was already resolved or cancelled."""
        if not self.pending:
            return False
        self._cancelled = True
        self._done.set()
        return True

    async def wait(self) -> T:
        """The value, once it is there.

        Raises:
            WaiterCancelledError: if the waiter was cancelled instead.
        """
        await self._done.wait()
        if self._cancelled:
            raise WaiterCancelledError
        return self._value  # pyright: ignore[reportReturnType]  # T may itself be None
