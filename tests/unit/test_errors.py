"""The texts and details that clients of the Codex server know."""

from codex_rpc.errors import (
    EmptyParamError,
    ErrorKind,
    InvalidParamsError,
    NoActiveTurnError,
    SteerMismatchError,
    TurnMismatchError,
    TurnNotSteerableError,
)


def test_an_empty_parameter_is_named_by_its_last_part() -> None:
    error = EmptyParamError("target", "branch")
    assert isinstance(error, InvalidParamsError)
    assert (str(error), error.path) == ("branch must not be empty", ("target", "branch"))


def test_steering_another_turn_names_both() -> None:
    error = SteerMismatchError("a", "b")
    assert isinstance(error, TurnMismatchError)
    assert (str(error), error.path) == (
        "expected active turn id `a` but found `b`",
        ("expectedTurnId",),
    )


def test_a_turn_that_takes_no_input_says_which_kind_it_is() -> None:
    error = TurnNotSteerableError("review")
    assert str(error) == "cannot steer a review turn"
    assert error.kind is ErrorKind.ACTIVE_TURN_NOT_STEERABLE
    assert error.details == {
        "message": "cannot steer a review turn",
        "codexErrorInfo": {"activeTurnNotSteerable": {"turnKind": "review"}},
        "additionalDetails": None,
    }


def test_other_errors_have_no_further_details() -> None:
    error = NoActiveTurnError("steer")
    assert (str(error), error.details) == ("no active turn to steer", {})
