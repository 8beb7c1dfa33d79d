"""Files as a client reads, writes and watches them.

All of it is done with the rights of the server's process, at once and without asking: approvals and
sandboxes are for what a model does, and these are requests of the user's own program. A client that
passes on what others ask for has to decide itself what it lets them do.
"""

from codex_rpc.protocol.base import UnixMillis, WireModel
from codex_rpc.protocol.notifications import Notification


class FsReadFileParams(WireModel):
    """Read a whole file."""

    path: str
    """Absolute."""


class FsReadFileResponse(WireModel):
    data_base64: str


class FsWriteFileParams(WireModel):
    """Write a whole file. One that exists keeps its mode; a link is followed."""

    path: str
    """Absolute. The directory it is in must exist."""
    data_base64: str


class FsWriteFileResponse(WireModel):
    pass


class FsCreateDirectoryParams(WireModel):
    path: str
    """Absolute."""
    recursive: bool | None = None
    """Create the directories above it too, and accept one that exists. The default is true."""


class FsCreateDirectoryResponse(WireModel):
    pass


class FsGetMetadataParams(WireModel):
    path: str
    """Absolute."""


class FsGetMetadataResponse(WireModel):
    """What is at a path. All but `isSymlink` is about what a link leads to."""

    is_directory: bool
    is_file: bool
    """Whether it is a regular file."""
    is_symlink: bool
    created_at_ms: UnixMillis
    """0 where the system does not say."""
    modified_at_ms: UnixMillis


class FsReadDirectoryParams(WireModel):
    """List what is directly in a directory."""

    path: str
    """Absolute."""


class FsReadDirectoryEntry(WireModel):
    """Of a link, what it leads to; links that lead nowhere are not listed."""

    file_name: str
    is_directory: bool
    is_file: bool


class FsReadDirectoryResponse(WireModel):
    entries: list[FsReadDirectoryEntry]
    """By name."""


class FsRemoveParams(WireModel):
    """Remove a file, or a directory and all that is in it. Links are removed, not followed."""

    path: str
    """Absolute."""
    recursive: bool | None = None
    """Whether a directory need not be empty. The default is true."""
    force: bool | None = None
    """Whether nothing need be there. The default is true."""


class FsRemoveResponse(WireModel):
    pass


class FsCopyParams(WireModel):
    """Copy a file or a directory with its modes. Links are copied as links.

    A directory is added to the one that is at the destination. What is neither file, directory nor
    link is left out of it.
    """

    source_path: str
    """Absolute."""
    destination_path: str
    """Absolute: of the copy itself. A file that is there is replaced."""
    recursive: bool = False
    """Required for directories."""


class FsCopyResponse(WireModel):
    pass


class FsWatchParams(WireModel):
    """Tell this connection when a file changes, or a directory or something directly in it."""

    watch_id: str
    """Chosen by the client; unique on this connection."""
    path: str
    """Absolute. Nothing need be there yet."""


class FsWatchResponse(WireModel):
    path: str
    """What is watched: the path without `.` and `..`."""


class FsUnwatchParams(WireModel):
    """End a watch of this connection, if there is one of that name."""

    watch_id: str


class FsUnwatchResponse(WireModel):
    pass


class FsChangedNotification(Notification):
    """Something has happened at or directly below a watched path. Several changes come as one."""

    METHOD = "fs/changed"
    watch_id: str
    changed_paths: list[str]
    """Below the watched path as it was given; what was made, changed, or is gone."""
