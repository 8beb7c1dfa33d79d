"""Generates the JSON Schema of the contract from the models and the METHODS table.

Pure: nothing is written here, and the same sources always give the same schema. What the server
receives is described as it is read (defaults may be left out), what it sends as it is written
(every field is there); a type that goes both ways is described as it is read.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from codex_rpc.errors import ErrorKind
from codex_rpc.protocol.base import SparseWireModel
from codex_rpc.protocol.docstrings import SourceDocs
from codex_rpc.protocol.methods import METHODS
from codex_rpc.protocol.requests import Direction, Method
from codex_rpc.protocol.script import ScriptStep

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BUNDLE_NAME = "codex-rpc.schema.json"

_REF_PREFIX = "#/$defs/"
_SENT = "x-sent"

_EXTRA_ROOTS: tuple[type, ...] = (ErrorKind, ScriptStep)
_RECEIVED = {
    Direction.CLIENT_REQUEST: "params",
    Direction.CLIENT_NOTIFICATION: "params",
    Direction.SERVER_REQUEST: "result",
}


def json_schema_bundle(*, experimental: bool) -> dict[str, Any]:
    """The whole contract as one JSON Schema document.

    `$defs` holds every type by name, `x-methods` says for each method which of them it uses.
    `experimental` adds what a client may use only with `capabilities.experimentalApi`.
    """
    methods = [m for m in METHODS.values() if experimental or not m.experimental]
    defs = _definitions(methods)
    if not experimental:
        _drop_experimental(defs)
    roots = {t.__name__ for m in methods for t in _types_of(m)}
    roots |= {t.__name__ for t in _EXTRA_ROOTS}
    _describe_sent(defs, received=_reachable(defs, _received_names(methods)))
    return {
        "$schema": DIALECT,
        "title": "codex-rpc",
        "description": "What a client and the codex-rpc app-server say to each other.",
        "x-methods": {m.name: _method_entry(m) for m in methods},
        "$defs": {name: defs[name] for name in sorted(_reachable(defs, roots))},
    }


def per_method_files(*, experimental: bool) -> dict[str, dict[str, Any]]:
    """One self-contained schema for each params, response and notification, and the bundle.

    Keys are paths relative to the output directory.
    """
    bundle = json_schema_bundle(experimental=experimental)
    defs: dict[str, Any] = bundle["$defs"]
    names = {ref.removeprefix(_REF_PREFIX) for ref in _refs(bundle["x-methods"])}
    files = {f"v2/{name}.json": _self_contained(name, defs) for name in sorted(names)}
    return {BUNDLE_NAME: bundle, **files}


class _ContractGenerator(GenerateJsonSchema):
    """Pydantic's generator, made to say what our models say and nothing more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._docs = SourceDocs()

    def generate_definitions(
        self, inputs: Any
    ) -> tuple[dict[tuple[Any, JsonSchemaMode], JsonSchemaValue], dict[Any, JsonSchemaValue]]:
        roots, defs = super().generate_definitions(inputs)
        for name, definition in defs.items():
            text = self._docs.of_name(name)
            if text is not None:
                definition.setdefault("description", text)
        return roots, defs

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        result = super().model_schema(schema)
        result.pop("title", None)
        cls = schema["cls"]
        if issubclass(cls, BaseModel):
            # A field need not know the alias that was generated for it, but the order is the same.
            wire_names = dict(zip(cls.model_fields, result.get("properties", {}), strict=True))
            self._document_fields(cls, result, wire_names)
            result[_SENT] = [wire_names[name] for name in _always_sent(cls)]
        _require_constants(result)
        return result

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        result = super().enum_schema(schema)
        result.pop("title", None)
        return result

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        result = super().tagged_union_schema(schema)
        result.pop("discriminator", None)
        # A union with a branch for unknown tags has members that overlap.
        if callable(schema["discriminator"]) and "oneOf" in result:
            result["anyOf"] = result.pop("oneOf")
        return result

    def _document_fields(
        self, cls: type[BaseModel], result: JsonSchemaValue, wire_names: dict[str, str]
    ) -> None:
        for base in cls.__mro__[: cls.__mro__.index(BaseModel)]:
            self._docs.add(sys.modules[base.__module__])
        texts = self._docs.of_class(cls)
        for name, wire_name in wire_names.items():
            if name in texts:
                result["properties"][wire_name]["description"] = texts[name]


def _always_sent(cls: type[BaseModel]) -> list[str]:
    """The fields that are in every message the server writes."""
    sparse = issubclass(cls, SparseWireModel)
    return [
        name
        for name, field in cls.model_fields.items()
        if not sparse or field.is_required() or field.default is not None
    ]


def _require_constants(result: JsonSchemaValue) -> None:
    """A tag must be there when it is read, though our own code need not spell it out."""
    properties: dict[str, Any] = result.get("properties", {})
    tags = [name for name, value in properties.items() if "const" in value]
    for name in tags:
        properties[name].pop("default", None)
    required = [*result.get("required", []), *tags]
    if required:
        result["required"] = [name for name in properties if name in required]


def _types_of(method: Method) -> Iterator[type[BaseModel]]:
    if method.params is not None:
        yield method.params
    if method.result is not None:
        yield method.result


def _received_names(methods: Iterable[Method]) -> set[str]:
    names = {ScriptStep.__name__}
    for method in methods:
        part = _RECEIVED.get(method.direction)
        cls = getattr(method, part) if part is not None else None
        if cls is not None:
            names.add(cls.__name__)
    return names


def _definitions(methods: Iterable[Method]) -> dict[str, Any]:
    types = dict.fromkeys([*(t for m in methods for t in _types_of(m)), *_EXTRA_ROOTS])
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (cls.__name__, "validation", TypeAdapter(cls)) for cls in types
    ]
    _, document = TypeAdapter.json_schemas(
        inputs, schema_generator=_ContractGenerator, union_format="primitive_type_array"
    )
    return document["$defs"]


def _drop_experimental(defs: dict[str, Any]) -> None:
    for definition in defs.values():
        properties: dict[str, Any] = definition.get("properties", {})
        hidden = {name for name, value in properties.items() if value.get("x-experimental")}
        for name in hidden:
            del properties[name]
        for key in ("required", _SENT):
            if key in definition:
                definition[key] = [name for name in definition[key] if name not in hidden]


def _describe_sent(defs: dict[str, Any], received: set[str]) -> None:
    for name, definition in defs.items():
        always = definition.pop(_SENT, [])
        if name in received or not always:
            continue
        definition["required"] = always
        for value in definition["properties"].values():
            value.pop("default", None)


def _method_entry(method: Method) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "direction": method.direction.value,
        "stability": "experimental" if method.experimental else "stable",
    }
    if method.params is not None:
        entry["params"] = {"$ref": _REF_PREFIX + method.params.__name__}
        entry["paramsOptional"] = method.params_optional
    if method.result is not None:
        entry["result"] = {"$ref": _REF_PREFIX + method.result.__name__}
    return entry


def _self_contained(name: str, defs: dict[str, Any]) -> dict[str, Any]:
    needed = _reachable(defs, (ref.removeprefix(_REF_PREFIX) for ref in _refs(defs[name])))
    document = {"$schema": DIALECT, "title": name, **defs[name]}
    if needed:
        document["$defs"] = {key: defs[key] for key in sorted(needed)}
    return document


def _reachable(defs: dict[str, Any], roots: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += (ref.removeprefix(_REF_PREFIX) for ref in _refs(defs[name]))
    return found


def _refs(part: Any) -> Iterator[str]:
    """Every `$ref` in a schema."""
    if isinstance(part, dict):
        for key, value in cast(dict[str, Any], part).items():
            if key == "$ref":
                yield value
            else:
                yield from _refs(value)
    elif isinstance(part, list):
        for value in cast(list[Any], part):
            yield from _refs(value)
