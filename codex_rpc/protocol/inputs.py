"""What a user sends in a turn: text, images, audio, and references to skills and files.

Parsing only: whether a kind can be used with the chosen model is decided by the session.
"""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import SparseWireModel, WireModel

ImageDetail = TypeAliasType("ImageDetail", Literal["auto", "low", "high", "original"])


class ByteRange(WireModel):
    """A half-open range of UTF-8 byte offsets."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class TextElement(WireModel):
    """A part of a text that the client shows in its own way, such as a mention."""

    byte_range: ByteRange
    placeholder: str | None = None
    """What the client shows in place of the text."""


class TextInput(WireModel):
    type: Literal["text"] = "text"
    text: str
    text_elements: list[TextElement] = Field(
        default_factory=list[TextElement], alias="text_elements"
    )


class MediaSource(SparseWireModel):
    """Where an image or a sound is: exactly one of `url` and `fileId`."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["url"]}, {"required": ["fileId"]}]}
    )

    url: str | None = None
    """A `data:` or `https:` URL."""
    file_id: str | None = None
    """The id of a file that was uploaded to the model's provider."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.url is None) == (self.file_id is None):
            raise ValueError("exactly one of `url` and `fileId` is needed")
        return self


class ImageInput(MediaSource):
    """An image: exactly one of `url` and `fileId`."""

    type: Literal["image"] = "image"
    detail: ImageDetail | None = None


class LocalImageInput(WireModel):
    """An image file on the server's machine."""

    type: Literal["localImage"] = "localImage"
    path: str
    detail: ImageDetail | None = None


class AudioInput(MediaSource):
    """A sound: exactly one of `url` and `fileId`."""

    type: Literal["audio"] = "audio"


class LocalAudioInput(WireModel):
    """A sound file on the server's machine."""

    type: Literal["localAudio"] = "localAudio"
    path: str


class SkillInput(WireModel):
    """A skill the user chose by name."""

    type: Literal["skill"] = "skill"
    name: str
    path: str


class MentionInput(WireModel):
    """A file or another resource the user points at."""

    type: Literal["mention"] = "mention"
    name: str
    path: str


UserInput = TypeAliasType(
    "UserInput",
    Annotated[
        TextInput
        | ImageInput
        | LocalImageInput
        | AudioInput
        | LocalAudioInput
        | SkillInput
        | MentionInput,
        Field(discriminator="type"),
    ],
)
