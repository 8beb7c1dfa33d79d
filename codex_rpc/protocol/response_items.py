"""Response items: the parts of a conversation as the Responses API spells them.

History is made of these, model providers consume and produce them, and rollouts store them, so they
keep every field they came with: unknown fields ride along, and a kind this version does not know
parses as `OtherItem`. Names are snake_case on the wire because the API's are.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, TypeAdapter


class ResponsePart(BaseModel):
    """Base of the API's own shapes: frozen, snake_case, unknown fields kept."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


class InputText(ResponsePart):
    type: Literal["input_text"] = "input_text"
    text: str


class InputImage(ResponsePart):
    type: Literal["input_image"] = "input_image"
    image_url: str | None = None
    detail: str | None = None


class OutputText(ResponsePart):
    type: Literal["output_text"] = "output_text"
    text: str


class OtherPart(ResponsePart):
    """A content part of a kind this version does not know."""

    type: str


def _tag_of(known: frozenset[str]) -> Discriminator:
    """Discriminate on `type`, sending every unknown value to the tag `other`."""

    def tag(value: Any) -> str:
        kind: object = (
            cast(dict[str, object], value).get("type")
            if isinstance(value, dict)
            else getattr(value, "type", None)
        )
        return kind if isinstance(kind, str) and kind in known else "other"

    return Discriminator(tag)


ContentPart = Annotated[
    Annotated[InputText, Tag("input_text")]
    | Annotated[InputImage, Tag("input_image")]
    | Annotated[OutputText, Tag("output_text")]
    | Annotated[OtherPart, Tag("other")],
    _tag_of(frozenset({"input_text", "input_image", "output_text"})),
]


class MessageItem(ResponsePart):
    type: Literal["message"] = "message"
    role: str
    content: list[ContentPart]
    id: str | None = None
    phase: str | None = None

    @property
    def text(self) -> str:
        """The message's text parts, joined."""
        return "".join(
            part.text for part in self.content if isinstance(part, InputText | OutputText)
        )


class SummaryText(ResponsePart):
    type: Literal["summary_text"] = "summary_text"
    text: str


class ReasoningText(ResponsePart):
    type: Literal["reasoning_text", "text"] = "reasoning_text"
    text: str


class ReasoningItem(ResponsePart):
    type: Literal["reasoning"] = "reasoning"
    id: str | None = None
    summary: list[SummaryText] = []
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None


class FunctionCallItem(ResponsePart):
    type: Literal["function_call"] = "function_call"
    name: str
    arguments: str
    call_id: str
    id: str | None = None
    namespace: str | None = None


class FunctionCallOutputItem(ResponsePart):
    type: Literal["function_call_output"] = "function_call_output"
    call_id: str
    output: str | list[ContentPart]
    id: str | None = None


class CustomToolCallItem(ResponsePart):
    type: Literal["custom_tool_call"] = "custom_tool_call"
    call_id: str
    name: str
    input: str
    id: str | None = None
    status: str | None = None


class CustomToolCallOutputItem(ResponsePart):
    type: Literal["custom_tool_call_output"] = "custom_tool_call_output"
    call_id: str
    output: str | list[ContentPart]
    id: str | None = None


class LocalShellAction(ResponsePart):
    type: Literal["exec"] = "exec"
    command: list[str]
    timeout_ms: int | None = None
    working_directory: str | None = None


class LocalShellCallItem(ResponsePart):
    type: Literal["local_shell_call"] = "local_shell_call"
    action: LocalShellAction
    call_id: str | None = None
    id: str | None = None
    status: str | None = None


class WebSearchCallItem(ResponsePart):
    """A search that the provider has carried out itself; it has no output of its own."""

    type: Literal["web_search_call"] = "web_search_call"
    id: str | None = None
    status: str | None = None
    action: dict[str, Any] | None = None


class OtherItem(ResponsePart):
    """An item of a kind this version does not handle: never stored, never sent."""

    type: str


ToolCallItem = FunctionCallItem | CustomToolCallItem | LocalShellCallItem
ToolOutputItem = FunctionCallOutputItem | CustomToolCallOutputItem

ResponseItem = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[ReasoningItem, Tag("reasoning")]
    | Annotated[FunctionCallItem, Tag("function_call")]
    | Annotated[FunctionCallOutputItem, Tag("function_call_output")]
    | Annotated[CustomToolCallItem, Tag("custom_tool_call")]
    | Annotated[CustomToolCallOutputItem, Tag("custom_tool_call_output")]
    | Annotated[LocalShellCallItem, Tag("local_shell_call")]
    | Annotated[WebSearchCallItem, Tag("web_search_call")]
    | Annotated[OtherItem, Tag("other")],
    _tag_of(
        frozenset(
            {
                "message",
                "reasoning",
                "function_call",
                "function_call_output",
                "custom_tool_call",
                "custom_tool_call_output",
                "local_shell_call",
                "web_search_call",
            }
        )
    ),
]

RESPONSE_ITEM: TypeAdapter[ResponseItem] = TypeAdapter(
    ResponseItem, config=ConfigDict(defer_build=True)
)


def user_message(text: str) -> MessageItem:
    """A user-role message of one text part."""
    return MessageItem(role="user", content=[InputText(text=text)])
