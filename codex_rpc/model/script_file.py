"""Reading a model script, and telling its author where it is wrong. `script` plays it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from codex_rpc.errors import ScriptError
from codex_rpc.protocol.script import ScriptStep


def read_script(path: Path) -> list[ScriptStep]:
    """The steps of the file, one per line that is not blank.

    Raises:
        ScriptError: naming the file, and the line and field if one is at fault.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScriptError(f"cannot read the model script {path}: {error.strerror}") from None
    steps: list[ScriptStep] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            try:
                steps.append(ScriptStep.model_validate_json(line))
            except ValidationError as error:
                fault = _fault(error.errors(include_url=False)[0])
                raise ScriptError(f"model script {path}, line {number}: {fault}") from None
    return steps


def _fault(details: ErrorDetails) -> str:
    problem = _problem(details["type"], details["msg"], details.get("ctx", {}))
    field = _field(details["loc"])
    return f"{field}: {problem}" if field else problem


def _problem(kind: str, message: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "json_invalid":
            return f"not JSON: {context['error']}"
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a field of the format"
        case "union_tag_not_found":
            return "its `type` is missing"
        case "union_tag_invalid":
            expected = str(context["expected_tags"]).replace("'", "")
            return f"unknown type `{context['tag']}`, expected one of {expected}"
        case "value_error":
            return str(context["error"])
        case _:
            return message.removeprefix("Input ")


def _field(location: tuple[int | str, ...]) -> str:
    """`("output", 0, "text", "chunkSize")` as `output[0].chunkSize`: a kind is no field."""
    if location[:1] == ("output",):
        location = (*location[:2], *location[3:])
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return dotted.removeprefix(".")
