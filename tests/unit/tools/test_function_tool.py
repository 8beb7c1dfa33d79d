"""Python functions as tools: what the model is told of them, and what they are called with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from codex_rpc.tools.function_tool import as_tool, function_tool


class Filter(BaseModel):
    field: str


@dataclass
class Page:
    number: int


def find(
    text: Annotated[str, Field(description="What to look for", min_length=1)],
    page: Page,
    kind: Literal["bug", "wish"] = "bug",
    *,
    filters: list[Filter] | None = None,
    schema: str = "",
) -> str:
    """Find tickets.

    All of them.
    """
    return f"{text} {page} {kind} {filters} {schema}"


def test_the_model_is_told_name_docstring_and_annotations() -> None:
    tool = function_tool(find)
    assert (tool.name, tool.description) == ("find", "Find tickets.\n\nAll of them.")
    schema = tool.parameters
    assert (schema["type"], schema["required"]) == ("object", ["text", "page"])
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == ["text", "page", "kind", "filters", "schema"]
    text = schema["properties"]["text"]
    assert (text["description"], text["minLength"]) == ("What to look for", 1)
    assert schema["properties"]["kind"]["enum"] == ["bug", "wish"]
    assert "default" not in schema["properties"]["kind"]


def test_what_is_said_of_it_takes_the_place_of_that() -> None:
    tool = function_tool(find, name="search", description="", parallel=True)
    assert (tool.name, tool.description, tool.parallel) == ("search", "", True)


def test_arguments_become_what_the_annotations_say() -> None:
    given = {"text": "a", "page": {"number": 2}, "filters": [{"field": "b"}], "unknown": 1}
    arguments = function_tool(find).arguments.validate_python(given)
    assert arguments == {"text": "a", "page": Page(2), "filters": [Filter(field="b")]}


class Shop:
    def price(self, sku: str) -> int:
        """What it costs."""
        return len(sku)

    def __call__(self, sku: str) -> int:
        return len(sku)


def test_methods_partials_and_objects_can_be_tools() -> None:
    assert list(function_tool(Shop().price).parameters["properties"]) == ["sku"]
    assert function_tool(partial(find, page=Page(1)), name="first").name == "first"
    assert list(function_tool(Shop(), name="shop").parameters["properties"]) == ["sku"]


def test_a_tool_stays_as_it_is() -> None:
    tool = function_tool(find)
    assert as_tool(tool) is tool
    assert as_tool(find).name == "find"


def untyped(text: str) -> str:
    return text


del untyped.__annotations__["text"]


def positional(text: str, /) -> str:
    return text


def starred(*texts: str) -> str:
    return "".join(texts)


def keywords(**texts: str) -> str:
    return "".join(texts)


def unknown(text: str) -> str:
    return text


unknown.__annotations__["text"] = "Nothing"


def opaque(shop: Shop) -> str:
    return str(shop)


def callback(call: Callable[[], None]) -> str:
    return str(call)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (untyped, "parameter text of untyped has no annotation"),
        (positional, "which a model cannot name"),
        (starred, "which a model cannot name"),
        (keywords, "which a model cannot name"),
        (unknown, "the annotations of unknown cannot be read"),
        (opaque, "the arguments of opaque cannot be checked"),
        (callback, "the arguments of callback have no JSON schema"),
        (lambda: "", "a tool cannot be called '<lambda>'"),
        (partial(find), "a tool cannot be called ''"),
    ],
)
def test_a_function_that_no_model_could_call_is_refused(
    function: Callable[..., Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words) as refused:
        function_tool(function)
    assert "\n" not in str(refused.value)
