"""What of a tool's schema the model gets."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from codex_rpc.managers.mcp.schemas import DEEPEST, LARGEST, model_schema

NOTHING: dict[str, Any] = {"type": "object", "properties": {}}


def argument(schema: object) -> Any:
    """What the model gets of one argument's schema."""
    whole = model_schema({"type": "object", "properties": {"a": schema}})
    return whole["properties"]["a"]


@pytest.mark.parametrize("described", [None, {}, [], "object", {"type": "string"}, {"type": 3}])
def test_what_is_no_schema_of_an_object_allows_everything(described: object) -> None:
    assert model_schema(described) == NOTHING


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"type": "integer", "minimum": 1, "title": "T", "default": 3}, {"type": "integer"}),
        ({"type": "string", "description": "D"}, {"type": "string", "description": "D"}),
        ({"enum": ["x", "y"]}, {"type": "string", "enum": ["x", "y"]}),
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"enum": [1, None]}, {"type": ["number", "null"], "enum": [1, None]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        ({"items": {"type": "number"}}, {"type": "array", "items": {"type": "number"}}),
        (
            {"type": "array", "items": [{"type": "null"}]},
            {"type": "array", "items": {"type": "null"}},
        ),
        ({"properties": {"b": {}}}, {"type": "object", "properties": {"b": {}}}),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}},
        ),
        ({"minimum": 3}, {"type": "number"}),
        ({"format": "date"}, {"type": "string"}),
        (
            {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}], "description": "D"},
            {"description": "D", "anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        ({"type": "wild"}, {}),
        ({"not": {"type": "string"}}, {}),
        (True, {}),
        (None, {}),
    ],
)
def test_what_models_understand_is_kept_and_what_is_missing_added(
    said: object, meant: object
) -> None:
    """The cases are those of the `codex` command."""
    assert argument(said) == meant


def test_references_are_replaced_by_what_they_mean() -> None:
    schema = model_schema(
        {
            "properties": {
                "a": {"$ref": "#/$defs/A", "description": "mine"},
                "b": {"$ref": "#/$defs/no~1such"},
                "c": {"$ref": "https://example.com/schema"},
            },
            "required": ["a", "nobody", 3],
            "$defs": {"A": {"type": "integer", "description": "theirs"}},
        }
    )
    assert schema == {
        "type": "object",
        "properties": {"a": {"type": "integer", "description": "mine"}, "b": {}, "c": {}},
        "required": ["a"],
    }


def test_a_schema_that_contains_itself_ends() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#/$defs/Tree"}}}
    schema = model_schema({"$ref": "#/$defs/Tree", "$defs": {"Tree": tree}})
    assert schema == {"type": "object", "properties": {"child": {}}}


def test_a_schema_that_explodes_is_cut() -> None:
    """Definitions that each use the next one eight times mean more schemas than can be built."""
    definitions = {
        f"D{n}": {"properties": {k: {"$ref": f"#/$defs/D{n + 1}"} for k in "abcdefgh"}}
        for n in range(20)
    }
    schema = model_schema({"$ref": "#/$defs/D0", "$defs": definitions})
    assert len(json.dumps(schema)) <= LARGEST


def test_a_schema_that_is_too_large_allows_everything() -> None:
    enormous = {"type": "object", "properties": {"a": {"enum": ["x" * LARGEST]}}}
    assert model_schema(enormous) == NOTHING


def test_a_schema_that_is_too_deep_is_cut() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(500):
        deep = {"type": "object", "properties": {"a": deep}}
    depth, schema = 0, model_schema(deep)
    while schema:
        depth, schema = depth + 1, schema["properties"]["a"]
    assert depth == DEEPEST + 1


KEYWORDS = (
    st.sampled_from(["type", "properties", "items", "$ref", "enum", "const", "description"])
    | st.sampled_from(["anyOf", "oneOf", "required", "additionalProperties", "prefixItems"])
    | st.sampled_from(["minimum", "a"])
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["object", "string", "array", "#", "#/properties/a", "#/items"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYWORDS, inner, max_size=5),
    max_leaves=30,
)


@given(ANYTHING)
def test_whatever_a_server_says_the_model_gets_a_valid_schema_of_an_object(said: object) -> None:
    schema = model_schema(said)
    assert schema["type"] == "object"
    json.dumps(schema, allow_nan=False)
    Draft202012Validator.check_schema(schema)
