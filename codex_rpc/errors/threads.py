"""Threads that are not there, not free or not readable, and sessions that have ended."""

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidParamsError, InvalidRequestError


class ThreadNotFoundError(InvalidRequestError):
    """No loaded thread has that id."""

    kind = ErrorKind.THREAD_NOT_FOUND

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"thread not found: {thread_id}", path=("threadId",))


class InvalidThreadIdError(InvalidRequestError):
    """The string is not a thread id at all."""

    kind = ErrorKind.INVALID_THREAD_ID

    def __init__(self, reason: str) -> None:
        super().__init__(f"invalid thread id: {reason}", path=("threadId",))


class ThreadNotStoredError(InvalidRequestError):
    """No file of that thread exists."""

    kind = ErrorKind.THREAD_NOT_STORED

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"no rollout found for thread id {thread_id}", path=("threadId",))


class ThreadNotArchivedError(InvalidRequestError):
    """No archived file of that thread exists."""

    kind = ErrorKind.THREAD_NOT_STORED

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"no archived rollout found for thread id {thread_id}", path=("threadId",))


class ForkedHistoryError(InvalidRequestError):
    """The thread cannot be deleted: others go on from its files."""

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"cannot delete thread {thread_id}: forked history still references it",
            path=("threadId",),
        )


class ThreadArchivedError(InvalidRequestError):
    """The thread has been put away."""

    kind = ErrorKind.THREAD_ARCHIVED

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"session {thread_id} is archived. Use `thread/unarchive`, or run "
            f"`codex-rpc threads unarchive {thread_id}`, to bring it back first.",
            path=("threadId",),
        )


class ThreadNotLoadedError(InvalidRequestError):
    """The thread is neither in memory nor on disk."""

    kind = ErrorKind.THREAD_NOT_FOUND

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"thread not loaded: {thread_id}", path=("threadId",))


class ThreadBusyError(InvalidRequestError):
    """Another process writes the thread's file."""

    kind = ErrorKind.THREAD_BUSY

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"thread {thread_id} already has an active writer: another process has it open",
            path=("threadId",),
        )


class StalePathError(InvalidRequestError):
    """The thread is loaded, but from another file."""

    def __init__(self, thread_id: str, requested: str, active: str) -> None:
        super().__init__(
            f"cannot resume running thread {thread_id} with stale path: "
            f"requested `{requested}`, active `{active}`",
            path=("path",),
        )


class ThreadNotSavedError(CodexRpcError):
    """A thread's file cannot be written. `reason` is the system's."""

    kind = ErrorKind.ROLLOUT_UNWRITABLE

    def __init__(self, reason: str) -> None:
        super().__init__(f"failed to write the thread's file: {reason}")


class OlderPathError(InvalidRequestError):
    """The thread has gone on in another file since a part of it was taken back."""

    def __init__(self, thread_id: str, requested: str, current: str) -> None:
        super().__init__(
            f"cannot resume paginated thread {thread_id} with stale path: requested {requested}, "
            f"current {current}; omit path and resume by thread id",
            path=("path",),
        )


class TurnNotFoundError(InvalidRequestError):
    """The thread has no such turn, or not any more."""

    kind = ErrorKind.TURN_NOT_FOUND


class UserMessageNotFoundError(InvalidParamsError):
    """The user has not said so much."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"nthUserMessage {number} is out of range: the thread has fewer user messages",
            path=("nthUserMessage",),
        )


class EphemeralThreadError(InvalidRequestError):
    """The request needs a record of the thread, and none is kept."""

    kind = ErrorKind.NOT_SUPPORTED

    def __init__(self, message: str) -> None:
        super().__init__(message, path=("threadId",))


class ThreadChangedError(InvalidRequestError):
    """Something happened in the thread while it was being looked at."""

    def __init__(self) -> None:
        super().__init__("the thread has changed meanwhile; try again", path=("threadId",))


class RolloutError(InvalidRequestError):
    """A file is no record of a thread."""

    kind = ErrorKind.ROLLOUT_UNREADABLE


class EmptyRolloutError(RolloutError):
    """Nothing is in the file."""

    def __init__(self) -> None:
        super().__init__("empty session file")


class RolloutMetaMissingError(RolloutError):
    """No line of the file says which thread it holds."""

    def __init__(self) -> None:
        super().__init__("session file has no session metadata")


class SessionClosedError(InvalidRequestError):
    """The session of the thread has ended; nothing can be submitted to it any more."""

    kind = ErrorKind.SHUTTING_DOWN


class SessionStartError(CodexRpcError):
    """A new session's first event was not its configuration, so it was never registered."""
