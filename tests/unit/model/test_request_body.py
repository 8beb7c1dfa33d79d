import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from codex_rpc.config.providers import ModelProvider
from codex_rpc.model.port import FreeformToolSpec, FunctionToolSpec, ModelRequest
from codex_rpc.model.request_body import build_body
from codex_rpc.protocol.response_items import RESPONSE_ITEM, user_message

PROVIDER = ModelProvider(id="p", name="P", base_url="https://models.example/v1")
REQUEST = ModelRequest(
    thread_id="thread", model="m", instructions="Be good.", input=[user_message("hi")]
)


def test_a_plain_request_has_exactly_these_fields() -> None:
    content = [{"type": "input_text", "text": "hi"}]
    assert build_body(REQUEST, PROVIDER) == {
        "model": "m",
        "instructions": "Be good.",
        "input": [{"type": "message", "role": "user", "content": content}],
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": None,
        "store": False,
        "stream": True,
        "include": [],
        "prompt_cache_key": "thread",
    }


def test_tools_are_spelled_as_the_api_wants_them() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    request = replace(
        REQUEST,
        tools=[
            FunctionToolSpec("shell", "Runs.", schema),
            FreeformToolSpec("apply_patch", "Patches.", "lark", "start: x"),
        ],
        parallel_tool_calls=True,
    )
    body = build_body(request, PROVIDER)
    assert body["parallel_tool_calls"] is True
    assert body["tools"] == [
        {
            "type": "function",
            "name": "shell",
            "description": "Runs.",
            "strict": False,
            "parameters": schema,
        },
        {
            "type": "custom",
            "name": "apply_patch",
            "description": "Patches.",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
        },
    ]


@pytest.mark.parametrize(
    ("effort", "summary", "expected"),
    [
        ("high", "auto", {"effort": "high", "summary": "auto"}),
        ("low", "none", {"effort": "low"}),
        (None, None, {}),
    ],
)
def test_reasoning_is_asked_of_models_that_can(
    effort: str | None, summary: str | None, expected: dict[str, str]
) -> None:
    asked = replace(REQUEST, reasoning_effort=effort, reasoning_summary=summary)
    body = build_body(replace(asked, supports_reasoning=True), PROVIDER)
    assert body["reasoning"] == expected
    assert body["include"] == ["reasoning.encrypted_content"]
    assert build_body(asked, PROVIDER)["reasoning"] is None


def test_an_output_schema_and_a_tier_are_passed_on() -> None:
    schema = {"type": "object"}
    body = build_body(replace(REQUEST, output_schema=schema, service_tier="flex"), PROVIDER)
    assert body["service_tier"] == "flex"
    assert body["text"] == {
        "format": {
            "type": "json_schema",
            "strict": True,
            "name": "codex_output_schema",
            "schema": schema,
        }
    }


def test_items_lose_ids_raw_reasoning_and_unknown_kinds_but_nothing_else() -> None:
    reasoning = {
        "type": "reasoning",
        "id": "rs",
        "summary": [{"type": "summary_text", "text": "s"}],
        "content": [{"type": "reasoning_text", "text": "raw"}],
        "encrypted_content": "xyz",
    }
    call = {
        "type": "function_call",
        "id": "fc",
        "name": "f",
        "arguments": "{}",
        "call_id": "c",
        "status": "completed",
    }
    items = [RESPONSE_ITEM.validate_python(item) for item in (reasoning, call, {"type": "novelty"})]
    sent = build_body(replace(REQUEST, input=items), PROVIDER)["input"]
    assert sent == [
        {key: reasoning[key] for key in ("type", "summary", "encrypted_content")},
        {key: call[key] for key in call if key != "id"},
    ]


def test_azure_stores_and_keeps_ids() -> None:
    azure = dataclasses.replace(PROVIDER, base_url="https://mine.openai.azure.com/openai/v1")
    item = RESPONSE_ITEM.validate_python(
        {"type": "message", "id": "msg", "role": "user", "content": []}
    )
    body = build_body(replace(REQUEST, input=[item]), azure)
    assert body["store"] is True
    assert body["input"][0]["id"] == "msg"
