"""The body of a Responses API request. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never
from urllib.parse import urlsplit

from codex_rpc.config.providers import ModelProvider
from codex_rpc.model.port import (
    FreeformToolSpec,
    FunctionToolSpec,
    HostedToolSpec,
    ModelRequest,
    NamespaceToolSpec,
    ToolSpec,
)
from codex_rpc.protocol.response_items import (
    OtherItem,
    ReasoningItem,
    ResponseItem,
    WebSearchCallItem,
)

_STORING_HOSTS = (".azure.com", ".azure-api.net")
"""Azure answers requests without `store` as if the items they name had never been."""


def build_body(request: ModelRequest, provider: ModelProvider) -> dict[str, Any]:
    """The JSON object to send.

    Everything the model should hear is in it. Items lose their ids unless the provider stores
    responses, because an id refers to something stored.
    """
    store = stores_responses(provider)
    reasoning = _reasoning(request)
    body: dict[str, Any] = {
        "model": request.model,
        "instructions": request.instructions,
        "input": _input(request.input, keep_ids=store),
        "tools": [_tool(spec) for spec in request.tools],
        "tool_choice": "auto",
        "parallel_tool_calls": request.parallel_tool_calls,
        "reasoning": reasoning,
        "store": store,
        "stream": True,
        "include": [] if reasoning is None else ["reasoning.encrypted_content"],
        "prompt_cache_key": request.thread_id,
    }
    if request.output_schema is not None:
        body["text"] = {"format": _format(request.output_schema)}
    if request.service_tier is not None:
        body["service_tier"] = request.service_tier
    return body


def stores_responses(provider: ModelProvider) -> bool:
    """Whether the provider needs `store`, which all others are asked not to do."""
    host = urlsplit(provider.base_url or "").hostname or ""
    return host.endswith(_STORING_HOSTS)


def _input(items: Sequence[ResponseItem], *, keep_ids: bool) -> list[dict[str, Any]]:
    return [_item(item, keep_ids=keep_ids) for item in items if not isinstance(item, OtherItem)]


def _item(item: ResponseItem, *, keep_ids: bool) -> dict[str, Any]:
    # A search keeps its id, without which the API takes none back.
    dropped: set[str] = set() if keep_ids or isinstance(item, WebSearchCallItem) else {"id"}
    if isinstance(item, ReasoningItem):
        dropped.add("content")  # raw reasoning is shown, but the API takes only its encrypted form
    return item.model_dump(exclude=dropped, exclude_none=True)


def _reasoning(request: ModelRequest) -> dict[str, Any] | None:
    if not request.supports_reasoning:
        return None
    summary = None if request.reasoning_summary == "none" else request.reasoning_summary
    asked = {"effort": request.reasoning_effort, "summary": summary}
    return {name: value for name, value in asked.items() if value is not None}


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "strict": True, "name": "codex_output_schema", "schema": schema}


def _tool(spec: ToolSpec) -> dict[str, Any]:
    match spec:
        case FunctionToolSpec():
            return _function(spec)
        case FreeformToolSpec(name, description, syntax, definition):
            grammar = {"type": "grammar", "syntax": syntax, "definition": definition}
            return {"type": "custom", "name": name, "description": description, "format": grammar}
        case NamespaceToolSpec(name, description, tools):
            functions = [_function(tool) for tool in tools]
            return {
                "type": "namespace",
                "name": name,
                "description": description,
                "tools": functions,
            }
        case HostedToolSpec(kind, options):
            return {"type": kind, **options}
        case _:
            assert_never(spec)


def _function(spec: FunctionToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "strict": False,
        "parameters": spec.parameters,
    }
