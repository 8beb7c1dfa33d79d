"""Why a turn failed, in the wire's words."""

from codex_rpc.errors import ModelError
from codex_rpc.protocol.turn import TurnError, error_info_of


def turn_error(error: ModelError, *, message: str | None = None) -> TurnError:
    """The wire form of `error`; a `message` of our own pushes the provider's into the details."""
    return TurnError(
        message=message or str(error),
        codex_error_info=error_info_of(error.info, error.http_status),
        additional_details=str(error) if message else None,
    )


def internal_turn_error() -> TurnError:
    """For a failure that is our own fault; what it was is in the log, not on the wire."""
    return TurnError(
        message="The turn failed because of an internal error.", codex_error_info="other"
    )
