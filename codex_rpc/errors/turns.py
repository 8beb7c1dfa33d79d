"""Turns and questions that are not, or no longer, what a request takes them for."""

from collections.abc import Mapping
from typing import Literal

from codex_rpc.errors.base import ErrorKind, InvalidRequestError


class NoActiveTurnError(InvalidRequestError):
    """The thread is idle, so there is nothing to steer or interrupt."""

    kind = ErrorKind.NO_ACTIVE_TURN

    def __init__(self, verb: str) -> None:
        super().__init__(f"no active turn to {verb}")


class TurnMismatchError(InvalidRequestError):
    """Another turn than the named one is running."""

    kind = ErrorKind.TURN_MISMATCH


class SteerMismatchError(TurnMismatchError):
    """Another turn than the one to steer is running."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"expected active turn id `{expected}` but found `{found}`", path=("expectedTurnId",)
        )


class TurnNotSteerableError(InvalidRequestError):
    """The running turn is of a kind that takes no further input."""

    kind = ErrorKind.ACTIVE_TURN_NOT_STEERABLE

    def __init__(self, turn_kind: Literal["review", "compact"]) -> None:
        super().__init__(f"cannot steer a {turn_kind} turn")
        self.turn_kind = turn_kind

    @property
    def details(self) -> Mapping[str, object]:
        """The failure in the form that a failed turn's error has."""
        info = {"activeTurnNotSteerable": {"turnKind": self.turn_kind}}
        return {"message": str(self), "codexErrorInfo": info, "additionalDetails": None}


class ApprovalNotFoundError(InvalidRequestError):
    """No approval with that id was ever asked."""

    kind = ErrorKind.APPROVAL_NOT_FOUND

    def __init__(self, approval_id: str) -> None:
        super().__init__(f"approval not found: {approval_id}", path=("approvalId",))


class ApprovalResolvedError(InvalidRequestError):
    """The approval was answered or cancelled before this answer came."""

    kind = ErrorKind.APPROVAL_RESOLVED

    def __init__(self, approval_id: str) -> None:
        super().__init__(f"approval already resolved: {approval_id}", path=("approvalId",))
