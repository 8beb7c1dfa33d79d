"""What a model says to another agent: plain text, or the parts that a user's input has."""

from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from codex_rpc.errors import ToolError
from codex_rpc.protocol.inputs import MentionInput, SkillInput, TextInput, UserInput
from codex_rpc.tools.arguments import ToolArguments

_PART_FIELDS = {
    "type": "text, image, local_image, audio, local_audio, skill or mention.",
    "text": "The text, for type text.",
    "image_url": "URL, for type image.",
    "audio_url": "URL, for type audio.",
    "name": "Name, for type skill or mention.",
    "path": "Path, for type local_image, local_audio, skill or mention.",
}

MESSAGE_PARAMETERS: dict[str, Any] = {
    "message": {"type": "string", "description": "What to say. Give this or items, not both."},
    "items": {
        "type": "array",
        "description": "What to say, in parts, where plain text is not enough.",
        "items": {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": description}
                for name, description in _PART_FIELDS.items()
            },
            "additionalProperties": False,
        },
    },
}


class MessageArguments(ToolArguments):
    """The part that all tools share which say something."""

    message: str | None = None
    items: list[dict[str, Any]] | None = None

    def parts(self) -> list[UserInput]:
        """What is said.

        Raises:
            ToolError: if that is nothing, is given twice, or makes no sense.
        """
        if self.message is not None and self.items is not None:
            raise ToolError("Provide either message or items, but not both")
        if self.items is None:
            parts: list[UserInput] = [TextInput(text=self.message or "")]
        else:
            parts = [_part(index, item) for index, item in enumerate(self.items)]
        if all(isinstance(part, TextInput) and not part.text.strip() for part in parts):
            raise ToolError("Empty message can't be sent to an agent")
        return parts


def _part(index: int, item: dict[str, Any]) -> UserInput:
    url = item.get("image_url", item.get("audio_url"))
    named = {**item, "type": to_camel(str(item.get("type", "text")))}
    try:
        return TypeAdapter[UserInput](UserInput).validate_python(
            named if url is None else {**named, "url": url}
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise ToolError(f"failed to parse function arguments: items[{index}]: {problem}") from None


def shown_text(parts: list[UserInput]) -> str:
    """The message as people are shown it."""
    return "\n".join(_shown(part) for part in parts)


def _shown(part: UserInput) -> str:
    match part:
        case TextInput(text=text):
            return text
        case SkillInput(name=name) | MentionInput(name=name):
            return f"[{part.type}: {name}]"
        case _:
            return f"[{part.type}]"
