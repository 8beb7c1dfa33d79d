"""Between the types of the MCP SDK and those of our port. Pure."""

from collections.abc import Mapping
from typing import Any, cast

import mcp_types as types
from pydantic import BaseModel

from codex_rpc.managers.mcp.port import (
    ElicitAnswer,
    FormElicitation,
    Json,
    McpCallResult,
    UrlElicitation,
)


def page_request(cursor: str | None) -> types.PaginatedRequestParams | None:
    return None if cursor is None else types.PaginatedRequestParams(cursor=cursor)


def next_cursor(page: Json) -> str | None:
    """Where the next page begins, if there is one."""
    cursor = page.get("nextCursor")
    return cursor if isinstance(cursor, str) else None


def entries_of(page: Json, key: str) -> list[Json]:
    """The objects of a list in a result; whatever else is in it is left out."""
    entries: object = page.get(key)
    if not isinstance(entries, list):
        return []
    found = cast("list[object]", entries)
    return [cast("Json", entry) for entry in found if isinstance(entry, Mapping)]


def request_meta(meta: Json | None) -> types.RequestParamsMeta | None:
    return None if meta is None else cast("types.RequestParamsMeta", dict(meta))


def as_json(model: BaseModel | None) -> dict[str, Any] | None:
    """The model as the server has sent it."""
    if model is None:
        return None
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


def call_result(raw: dict[str, Any]) -> McpCallResult:
    meta: object = raw.get("_meta")
    return McpCallResult(
        content=entries_of(raw, "content"),
        structured_content=raw.get("structuredContent"),
        is_error=raw.get("isError") is True,
        meta=cast("Json", meta) if isinstance(meta, Mapping) else None,
    )


def question_of(params: types.ElicitRequestParams) -> FormElicitation | UrlElicitation:
    meta = None if params.meta is None else cast("Json", dict(params.meta))
    if isinstance(params, types.ElicitRequestURLParams):
        return UrlElicitation(params.message, params.url, params.elicitation_id or "", meta)
    return FormElicitation(params.message, params.requested_schema, meta)


def elicit_result(answer: ElicitAnswer) -> types.ElicitResult:
    content: object = answer.content if answer.action == "accept" else None
    return types.ElicitResult.model_validate(
        {"action": answer.action, "content": content, "_meta": answer.meta}
    )
