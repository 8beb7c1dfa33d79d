"""The TypeScript types say what the schema says."""

from typing import Any

import pytest

from codex_rpc.protocol.schema import json_schema_bundle
from codex_rpc.protocol.typescript import typescript_of


def declaration(schema: dict[str, Any]) -> str:
    text = typescript_of({"$defs": {"T": schema}, "x-methods": {}})
    return text.partition("\n\n")[2].partition("\n\n/** Requests that the client sends")[0]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "export type T = string;"),
        ({"type": ["integer", "null"]}, "export type T = number | null;"),
        ({"enum": ["a", "b-c"]}, 'export type T = "a" | "b-c";'),
        ({"const": "x", "type": "string"}, 'export type T = "x";'),
        ({"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}, "export type T = A | null;"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "export type T = number;"),
        ({"anyOf": [{}, {"type": "null"}]}, "export type T = unknown;"),
        ({"type": "array", "items": {"$ref": "#/$defs/A"}}, "export type T = A[];"),
        (
            {"type": "array", "items": {"enum": ["a", "b"]}},
            'export type T = ("a" | "b")[];',
        ),
        ({"type": "array", "items": {}}, "export type T = unknown[];"),
        (
            {"type": "object", "additionalProperties": {"type": "boolean"}},
            "export type T = Record<string, boolean>;",
        ),
        (
            {"type": "object", "additionalProperties": True},
            "export type T = Record<string, unknown>;",
        ),
        ({"type": "object", "properties": {}}, "export type T = Record<string, never>;"),
    ],
)
def test_a_schema_becomes_a_type(schema: dict[str, Any], expected: str) -> None:
    assert declaration(schema).strip() == expected


def test_an_object_becomes_a_documented_interface() -> None:
    schema = {
        "type": "object",
        "description": "First line.\n\nEnds no comment: */",
        "properties": {
            "must": {"type": "string", "description": "One line."},
            "may": {"type": ["string", "null"], "x-experimental": True},
            "not-a-name": {"type": "object", "properties": {"in": {"type": "null"}}},
        },
        "required": ["must"],
        "additionalProperties": True,
    }

    assert declaration(schema) == (
        "/**\n"
        " * First line.\n"
        " *\n"
        " * Ends no comment: *\\/\n"
        " */\n"
        "export interface T {\n"
        "  /** One line. */\n"
        "  must: string;\n"
        "  /** @experimental */\n"
        "  may?: string | null;\n"
        '  "not-a-name"?: {\n'
        "    in?: null;\n"
        "  };\n"
        "  [key: string]: unknown;\n"
        "}\n"
    ).rstrip("\n")


def test_a_schema_with_no_known_type_is_an_error() -> None:
    with pytest.raises(ValueError, match="tuple"):
        declaration({"type": "tuple"})


def test_the_contract_reads_as_expected() -> None:
    text = typescript_of(json_schema_bundle(experimental=False))

    assert (
        "/** Give the agent input, and be told whether that started a turn or steered the running "
        "one. */\nexport interface TurnSubmitParams {\n  cwd?: string | null;\n" in text
    )
    assert (
        "export interface TurnSubmitResponse {\n"
        "  turn: Turn;\n"
        '  disposition: "started" | "steered";\n'
        "}\n" in text
    )
    assert (
        "export type SandboxPolicy = DangerFullAccessPolicy | ReadOnlyPolicy"
        " | ExternalSandboxPolicy | WorkspaceWritePolicy;\n" in text
    )
    assert '  "turn/submit": { params: TurnSubmitParams; result: TurnSubmitResponse };\n' in text
    assert '  "initialized": { params?: undefined };\n' in text
    assert '  "turn/started": { params: TurnStartedNotification };\n' in text
