"""Reading the JSON arguments that a model gives to a function tool."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from codex_rpc.errors import ToolError


class ToolArguments(BaseModel):
    """Base of tool arguments. Unknown names are ignored: models make some up."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


A = TypeVar("A", bound=ToolArguments)


def parse_arguments(kind: type[A], text: str) -> A:
    """Read `text` as arguments of that kind.

    Raises:
        ToolError: in words from which the model can mend its call.
    """
    try:
        return kind.model_validate_json(text or "{}")
    except ValidationError as error:
        raise argument_error(error) from None


def argument_error(error: ValidationError) -> ToolError:
    """What is wrong with arguments, in words from which the model can mend its call."""
    problems = "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    return ToolError(f"failed to parse function arguments: {problems}")
