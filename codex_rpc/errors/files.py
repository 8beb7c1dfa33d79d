"""Files that a client asked for, and searches among them."""

import os

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidParamsError, InvalidRequestError


class FileSystemError(CodexRpcError):
    """The system refused to do something with a file; the words are the system's."""

    kind = ErrorKind.IO

    def __init__(self, error: OSError) -> None:
        number = error.errno
        text = str(error) if number is None else f"{os.strerror(number)} (os error {number})"
        super().__init__(text)
        self.number = number


class FileRequestError(InvalidRequestError):
    """What is asked for does not suit the kind of file that is there."""


class NotAFileError(FileRequestError):
    """A directory, or something that is no file on a disk."""

    def __init__(self, path: str) -> None:
        super().__init__(f"path `{path}` is not a file", path=("path",))


class FileTooLargeError(FileRequestError):
    """More than one answer may carry; the limit is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"file is too large to read: limit is {limit} bytes", path=("path",))


class RelativePathError(InvalidParamsError):
    """A path must be absolute, and is not."""

    def __init__(self, *where: str | int) -> None:
        super().__init__(
            "Invalid request: AbsolutePathBuf deserialized without a base path", path=where
        )


class FileWatchError(InvalidRequestError):
    """The connection cannot have this watch."""


class SearchNotFoundError(InvalidRequestError):
    """The connection has started no search of that name, or has stopped it."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"fuzzy file search session not found: {session_id}", path=("sessionId",))


class SearchStartError(CodexRpcError):
    """There is nothing to search."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"failed to start fuzzy file search session: {reason}", path=("roots",))


class SearchEndedError(CodexRpcError):
    """Nobody wants the result of a search any more. Never reaches a client."""

    def __init__(self) -> None:
        super().__init__("the search has been ended")


class SearchLimitError(InvalidRequestError):
    """As many searches are open as one connection may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"too many fuzzy file search sessions: stop some of the {limit} first")
