"""The committed JSON Schema of the contract, and values that it does not allow."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from codex_rpc.protocol.methods import METHODS, Direction

SCHEMA_FILE = Path(__file__).parents[2] / "schema" / "codex-rpc.schema.json"

Schema = dict[str, Any]


@cache
def bundle() -> Schema:
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def assert_valid(value: object, definition: str) -> None:
    """Fail unless `value` is what the schema calls by that name."""
    errors: Iterable[ValidationError] = _validator(definition).iter_errors(value)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def is_valid(value: object, definition: str) -> bool:
    return _validator(definition).is_valid(value)


@cache
def _validator(definition: str) -> Any:
    # Its own stubs are typed in part only.
    schema = {"$ref": f"#/$defs/{definition}", "$defs": bundle()["$defs"]}
    return Draft202012Validator(schema)


def params_of(method: str) -> str | None:
    """The name of the method's parameters in the schema."""
    return _name(bundle()["x-methods"][method].get("params"))


def result_of(method: str) -> str:
    name = _name(bundle()["x-methods"][method]["result"])
    assert name is not None
    return name


def _name(reference: Schema | None) -> str | None:
    return None if reference is None else reference["$ref"].removeprefix("#/$defs/")


def methods_of(direction: Direction) -> list[str]:
    return [name for name, method in METHODS.items() if method.direction is direction]


def properties_of(method: str) -> Iterator[tuple[str, Schema, bool]]:
    """Name, schema and whether it is required, of each parameter of the method."""
    name = params_of(method)
    definition: Schema = bundle()["$defs"][name] if name else {}
    for field, schema in definition.get("properties", {}).items():
        yield field, schema, field in definition.get("required", ())


def types_of(schema: Schema) -> set[str]:
    """The JSON types that a value of this schema can have."""
    if "$ref" in schema:
        return types_of(bundle()["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if branches:
        return set[str]().union(*map(types_of, branches))
    if "type" in schema:
        kinds: str | list[str] = schema["type"]
        return {kinds} if isinstance(kinds, str) else set(kinds)
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return {_TYPES[type(value)] for value in values}


_TYPES = {str: "string", bool: "boolean", int: "integer", type(None): "null"}

SAMPLES: dict[str, object] = {
    "string": "nonsense",
    "integer": 3,
    "boolean": True,
    "array": [],
    "object": {},
}
"""A value of each JSON type."""


def wrong_value(schema: Schema) -> object:
    """A value of a type that the schema does not allow."""
    allowed = types_of(schema)
    return next(value for kind, value in SAMPLES.items() if kind not in allowed)
