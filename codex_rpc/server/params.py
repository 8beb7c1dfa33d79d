"""Checking a request's parameters, and saying what is wrong in the reference server's words."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from codex_rpc.errors import ExperimentalRequiredError, InvalidParamsError, InvalidRequestError
from codex_rpc.protocol.base import EXPERIMENTAL, WireModel
from codex_rpc.protocol.requests import Method

logger = logging.getLogger(__name__)


def parse_params(method: Method, params: object) -> WireModel | None:
    """Read `params` as what `method` takes.

    Unknown fields are accepted and logged.

    Raises:
        InvalidRequestError: if they are missing or no object.
        InvalidParamsError: if a field is missing or has a wrong value.
    """
    if method.params is None:
        return None
    if params is None and not method.params_optional:
        raise InvalidRequestError("Invalid request: missing field `params`")
    if isinstance(params, list):
        raise InvalidRequestError("Invalid request: invalid type: sequence, expected a map")
    fields = cast("Mapping[str, Any]", params or {})
    if unknown := fields.keys() - _aliases(method.params).keys():
        logger.info("%s: unknown parameters: %s", method.name, ", ".join(sorted(unknown)))
    try:
        return method.params.model_validate(fields, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise _invalid_params(_clearest(details), fields) from None


def validated(model: type[WireModel], value: object, path: tuple[str | int, ...]) -> WireModel:
    """The parameter at `path` read as what its method wants there.

    Raises:
        InvalidParamsError: if a field is missing or has a wrong value.
    """
    try:
        return model.model_validate(value, by_name=False)
    except ValidationError as error:
        fields: Mapping[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        problem = _invalid_params(_clearest(error.errors(include_url=False)), fields)
        raise InvalidParamsError(str(problem), path=(*path, *(problem.path or ()))) from None


def require_no_experiments(method: Method, params: object) -> None:
    """Refuse an experimental method, or an experimental field or value that is given.

    Raises:
        ExperimentalRequiredError: naming it.
    """
    if method.experimental:
        raise ExperimentalRequiredError(method.name)
    if method.params is None or not isinstance(params, dict):
        return
    for name, field in _aliases(method.params).items():
        value = cast("dict[str, Any]", params).get(name)
        if value is not None and field.json_schema_extra == EXPERIMENTAL:
            raise ExperimentalRequiredError(f"{method.name}.{name}")
        if name == "approvalPolicy" and isinstance(value, dict):
            raise ExperimentalRequiredError("askForApproval.granular")


def _aliases(model: type[WireModel]) -> Mapping[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _clearest(problems: Sequence[ErrorDetails]) -> ErrorDetails:
    """Of all that is wrong with the first wrong field, what lies deepest.

    A value that fits no member of a union has a problem with each of them; the deepest one is about
    the member that was meant.
    """
    field = problems[0]["loc"][:1]
    found = (problem for problem in problems if problem["loc"][:1] == field)
    return max(found, key=lambda problem: len(problem["loc"]))


def _invalid_params(problem: ErrorDetails, fields: Mapping[str, Any]) -> InvalidParamsError:
    path = tuple(_wire_path(problem["loc"], fields))
    return InvalidParamsError(f"Invalid request: {_sentence(problem, path)}", path=path)


def _wire_path(location: tuple[str | int, ...], fields: Mapping[str, Any]) -> Iterator[str | int]:
    """The part of pydantic's location that leads through the request itself.

    Members of unions add their own names to a location; those do not occur in the data. The last
    part is kept where a field is missing.
    """
    value: Any = fields
    for index, part in enumerate(location):
        if isinstance(value, dict) and part in value:
            value = cast("dict[Any, Any]", value)[part]
        elif isinstance(value, list) and isinstance(part, int):
            value = cast("list[Any]", value)[part]
        elif index < len(location) - 1 or not isinstance(value, dict):
            continue
        yield part


def _sentence(problem: ErrorDetails, path: tuple[str | int, ...]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    given = problem["input"]
    match kind:
        case "missing":
            return f"missing field `{problem['loc'][-1]}`"
        case "union_tag_not_found":
            return f"missing field `{str(context['discriminator']).strip(chr(39))}`"
        case "union_tag_invalid":
            return _unknown_variant(str(context["tag"]), str(context["expected_tags"]))
        case "literal_error" if isinstance(given, str):
            return _unknown_variant(given, str(context["expected"]))
        case _:
            expected = _EXPECTED.get(kind)
            if expected is not None:
                return f"invalid type: {_described(given)}, expected {expected}"
            where = ".".join(map(str, path)) or "params"
            return f"invalid value for `{where}`: {_described(given)}"


_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "a boolean",
    "float_type": "a number",
    "list_type": "a sequence",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "literal_error": "a string",
}
"""What a value should have been, by pydantic's name of the error."""


def _unknown_variant(given: str, expected: str) -> str:
    names = expected.replace(" or ", ", ").split(", ")
    quoted = ", ".join(f"`{name.strip(chr(39))}`" for name in names)
    return f"unknown variant `{given}`, expected one of {quoted}"


def _described(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return f"string {json.dumps(value[:200], ensure_ascii=False)}"
        case list():
            return "sequence"
        case _:
            return "map"
