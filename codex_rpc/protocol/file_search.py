"""Finding files by a few letters of their paths.

Hidden files are found, those that git ignores are not, nor is anything in a `.git`. A query is
matched without regard to case, and in order, with anything between its letters. Words apart must
all occur; `'word` stands for just these letters in a row, `^word` and `word$` for those at the
beginning and the end of the path, `!word` for paths without them, and a backslash takes the
meaning from the next character.
"""

from typing import Literal

from pydantic import ConfigDict
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.notifications import Notification

FuzzyFileSearchMatchType = TypeAliasType("FuzzyFileSearchMatchType", Literal["file", "directory"])


def _as_it_is(name: str) -> str:
    return name


class FuzzyFileSearchResult(WireModel):
    """A file or directory that matches. Its fields are written in snake_case."""

    model_config = ConfigDict(alias_generator=_as_it_is)

    root: str
    """The one of the searched directories that it was found in, as it was given."""
    path: str
    """Below `root`."""
    match_type: FuzzyFileSearchMatchType
    file_name: str
    score: int
    """The higher the better; what is in the name itself counts more than what is above it."""
    indices: list[int] | None = None
    """Where in `path` the query was found, in characters."""


class FuzzyFileSearchParams(WireModel):
    """Search once."""

    query: str
    """An empty one finds nothing."""
    roots: list[str]
    """Absolute. Those that do not exist are passed over."""
    cancellation_token: str | None = None
    """A later search of the connection with the same token ends this one, which finds nothing."""


class FuzzyFileSearchResponse(WireModel):
    files: list[FuzzyFileSearchResult]
    """The best ones, at most 50, those with equal scores by path."""


class FuzzyFileSearchSessionStartParams(WireModel):
    """Begin to look for files, for queries that follow one another, as while somebody types."""

    session_id: str
    """Chosen by the client. A session of that name on this connection is replaced."""
    roots: list[str]


class FuzzyFileSearchSessionStartResponse(WireModel):
    pass


class FuzzyFileSearchSessionUpdateParams(WireModel):
    """Ask a session for something else. Earlier queries are not answered any more."""

    session_id: str
    query: str


class FuzzyFileSearchSessionUpdateResponse(WireModel):
    pass


class FuzzyFileSearchSessionStopParams(WireModel):
    """End a session of this connection, if there is one of that name."""

    session_id: str


class FuzzyFileSearchSessionStopResponse(WireModel):
    pass


class FuzzyFileSearchSessionUpdatedNotification(Notification):
    """The best that was found for the session's newest query so far."""

    METHOD = "fuzzyFileSearch/sessionUpdated"
    session_id: str
    query: str
    files: list[FuzzyFileSearchResult]


class FuzzyFileSearchSessionCompletedNotification(Notification):
    """The session's newest query has been answered in full; there may be others."""

    METHOD = "fuzzyFileSearch/sessionCompleted"
    session_id: str
