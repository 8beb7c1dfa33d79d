"""Values that fit a schema of ours, as hypothesis strategies.

Covers the keywords that the contract uses and fails on any other. Made for this because
hypothesis-jsonschema rewrites the schema with each draw, which takes a quarter of a second for a
turn's parameters, and does not work with current versions of hypothesis.
"""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def values_of(schema: Schema, definitions: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    """What `schema` allows; its references lead into `definitions`."""
    match schema:
        case {"$ref": str(reference)}:
            return values_of(definitions[reference.rsplit("/", 1)[1]], definitions)
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
        case {"anyOf": branches} | {"oneOf": [{"$ref": _}, *_] as branches}:
            return st.one_of([values_of(branch, definitions) for branch in branches])
        case {"type": [*kinds]}:
            return st.one_of([values_of({**schema, "type": kind}, definitions) for kind in kinds])
        case {"oneOf": choices, **rest}:
            return st.one_of(
                [values_of(_narrowed(rest, choice), definitions) for choice in choices]
            )
        case {"type": str(kind)}:
            return _typed(kind, schema, definitions)
        case _:
            return ANYTHING


def _narrowed(schema: Schema, choice: Schema) -> Schema:
    return {**schema, "required": [*schema.get("required", ()), *choice["required"]]}


def _typed(kind: str, schema: Schema, definitions: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(min_value=schema.get("minimum"), max_value=1 << 70)
        case "string":
            return st.text(min_size=schema.get("minLength", 0))
        case "array":
            return st.lists(values_of(schema.get("items", {}), definitions), max_size=3)
        case "object":
            return _object(schema, definitions)
        case _:
            raise AssertionError(f"no strategy for {schema}")


def _object(schema: Schema, definitions: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(st.text(), ANYTHING, max_size=3)
    fields = {name: values_of(field, definitions) for name, field in schema["properties"].items()}
    required = {name: fields.pop(name) for name in set(schema.get("required", ()))}
    return st.fixed_dictionaries(dict(sorted(required.items())), optional=fields)
