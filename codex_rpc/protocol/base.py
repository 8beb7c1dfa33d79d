"""The base of every wire model, and the markers the schema and the dispatcher read."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType


class WireModel(BaseModel):
    """A frozen message part: camelCase on the wire, snake_case in Python.

    Absent optional fields are written as `null`, as the reference server does; unknown fields are
    ignored. Values are not coerced: `"3"` is not an integer.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        strict=True,
        extra="ignore",
        defer_build=True,
    )


class SparseWireModel(WireModel):
    """A wire model whose absent optional fields are left out instead of written as `null`."""

    @model_serializer(mode="wrap")
    def _drop_absent(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


EXPERIMENTAL: dict[str, Any] = {"x-experimental": True}
"""`json_schema_extra` of a field or model that needs `capabilities.experimentalApi`."""


RequestId = TypeAliasType("RequestId", str | int)

UnixSeconds = Annotated[int, Field(description="Unix time in seconds.")]
UnixMillis = Annotated[int, Field(description="Unix time in milliseconds.")]
