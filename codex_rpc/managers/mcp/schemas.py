"""What of a tool's input schema the model gets: valid, self-contained and bounded. Pure.

Servers may say anything, and one schema that a provider refuses would fail every request that
offers it. So only keywords that providers know are kept, what is missing is added, references are
replaced by what they mean, and what is no schema at all becomes one that allows everything.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

DEEPEST = 16
"""Levels of schemas within schemas; what is deeper may be anything."""
MOST_SCHEMAS = 2_000
"""Schemas within one tool's schema, references counted every time they are used."""
LARGEST = 64 * 1024
"""Characters of a whole schema as JSON."""

_Schema = dict[str, Any]

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_UNIONS = ("anyOf", "oneOf", "allOf")
_OF_OBJECTS = ("properties", "required", "additionalProperties")
_OF_ARRAYS = ("items", "prefixItems")
_OF_STRINGS = ("enum", "const", "format", "pattern", "minLength", "maxLength")
_OF_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def model_schema(described: object) -> _Schema:
    """The schema of a tool's arguments for the model: always of an object."""
    root = cast("_Schema", described if isinstance(described, dict) else {})
    schema = _Sanitiser(root).schema(root, 0, ())
    if schema.get("type") != "object":
        return _anything()
    schema.setdefault("properties", {})
    return schema if _fits(schema) else _anything()


def _anything() -> _Schema:
    return {"type": "object", "properties": {}}


def _fits(schema: _Schema) -> bool:
    try:
        return len(json.dumps(schema, allow_nan=False)) <= LARGEST
    except (ValueError, TypeError, RecursionError):  # no JSON: a number that is none
        return False


@dataclass(slots=True)
class _Sanitiser:
    """Walks one schema. What it has no budget for any more may be anything."""

    root: Mapping[str, Any]
    budget: int = field(default=MOST_SCHEMAS)

    def schema(self, value: object, depth: int, seen: tuple[str, ...]) -> _Schema:
        self.budget -= 1
        if not isinstance(value, Mapping) or depth > DEEPEST or self.budget < 0:
            return {}
        said = cast("Mapping[str, Any]", value)
        reference = said.get("$ref")
        if isinstance(reference, str):
            return self._referenced(said, reference, depth, seen)
        kinds = _kinds(said, whole=depth == 0)
        result: _Schema = {}
        if len(kinds) == 1:
            result["type"] = kinds[0]
        elif kinds:
            result["type"] = kinds
        unions = self._unions(said, depth, seen)
        if (kinds or unions) and isinstance(text := said.get("description"), str):
            result["description"] = text
        result |= _values(said)
        if "object" in kinds:
            result |= self._object(said, depth, seen)
        if "array" in kinds:
            result["items"] = self._items(said, depth, seen)
        return result | unions

    def _referenced(
        self, said: Mapping[str, Any], reference: str, depth: int, seen: tuple[str, ...]
    ) -> _Schema:
        target = None if reference in seen else _at(self.root, reference)
        result = self.schema(target, depth + 1 if depth else 0, (*seen, reference))
        text = said.get("description")
        return result | {"description": text} if result and isinstance(text, str) else result

    def _object(self, said: Mapping[str, Any], depth: int, seen: tuple[str, ...]) -> _Schema:
        declared: object = said.get("properties")
        properties = {
            name: self.schema(entry, depth + 1, seen)
            for name, entry in (
                cast("Mapping[str, Any]", declared).items() if isinstance(declared, Mapping) else ()
            )
        }
        result: _Schema = {"properties": properties}
        required: object = said.get("required")
        if isinstance(required, list):
            named = (name for name in cast("list[object]", required) if isinstance(name, str))
            known = [name for name in named if name in properties]
            if known:
                result["required"] = list(dict.fromkeys(known))
        additional: object = said.get("additionalProperties")
        if isinstance(additional, bool):
            result["additionalProperties"] = additional
        elif isinstance(additional, Mapping):
            result["additionalProperties"] = self.schema(
                cast("object", additional), depth + 1, seen
            )
        return result

    def _items(self, said: Mapping[str, Any], depth: int, seen: tuple[str, ...]) -> _Schema:
        items: object = said.get("items", said.get("prefixItems"))
        if isinstance(items, list):  # one schema for each place: the first must do
            items = next(iter(cast("list[object]", items)), None)
        if not isinstance(items, Mapping):
            return {"type": "string"}
        return self.schema(cast("object", items), depth + 1, seen)

    def _unions(self, said: Mapping[str, Any], depth: int, seen: tuple[str, ...]) -> _Schema:
        result: _Schema = {}
        for keyword in _UNIONS:
            variants: object = said.get(keyword)
            if isinstance(variants, list) and variants:
                result[keyword] = [
                    self.schema(variant, depth + 1, seen)
                    for variant in cast("list[object]", variants)
                ]
        return result


def _kinds(said: Mapping[str, Any], *, whole: bool) -> list[str]:
    """The types that are allowed; where none is named, the one that the other keywords mean."""
    declared: object = said.get("type")
    if isinstance(declared, str) and declared in _TYPES:
        return [declared]
    if isinstance(declared, list):
        named = (kind for kind in cast("list[object]", declared) if isinstance(kind, str))
        known = [kind for kind in named if kind in _TYPES]
        if known:
            return list(dict.fromkeys(known))
    for kind, keywords in (
        ("object", _OF_OBJECTS),
        ("array", _OF_ARRAYS),
        ("string", _OF_STRINGS),
        ("number", _OF_NUMBERS),
    ):
        if any(keyword in said for keyword in keywords):
            return _value_kinds(said) if kind == "string" else [kind]
    return ["object"] if whole else []


def _value_kinds(said: Mapping[str, Any]) -> list[str]:
    """The types of what is enumerated, strings if nothing is."""
    kinds = dict.fromkeys(map(_kind_of, _values(said).get("enum", [""])))
    return list(kinds)


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case None:
            return "null"
        case Mapping():
            return "object"
        case list():
            return "array"
        case _:
            return "string"


def _values(said: Mapping[str, Any]) -> _Schema:
    """The values that are allowed, if they are enumerated."""
    if "const" in said:
        return {"enum": [said["const"]]}
    values: object = said.get("enum")
    return {"enum": values} if isinstance(values, list) and values else {}


def _at(root: Mapping[str, Any], reference: str) -> object:
    """What a reference within the document means; nothing for any other."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    found: object = root
    for part in reference.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = cast("Mapping[str, object]", found).get(name)
        else:
            return None
    return found
