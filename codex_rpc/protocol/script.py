"""The format of model scripts: what the `script` provider plays in place of a model.

A script is a text file with one `ScriptStep` a line, as JSON (JSON Lines). Each request to the
model takes the first step that has not been played and whose `when` fits. People write these files
by hand, so an unknown field is an error. Reading a file and playing it is `codex_rpc.model`'s work.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import UnixSeconds, WireModel
from codex_rpc.protocol.items import MessagePhase

DelayMs = Annotated[int, Field(ge=0, description="Milliseconds to wait before each chunk.")]
ChunkSize = Annotated[int, Field(gt=0, description="Characters per chunk; without it, one chunk.")]


class ScriptModel(WireModel):
    """A part of a script; unlike the rest of the protocol it tolerates no unknown field."""

    model_config = ConfigDict(extra="forbid")


class ScriptText(ScriptModel):
    """The model says something. Give `text`, or `chunks` to say where it is cut."""

    type: Literal["text"] = "text"
    text: str | None = None
    chunk_size: ChunkSize | None = None
    chunks: list[str] | None = None
    delay_ms: DelayMs = 0
    phase: MessagePhase | None = None

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if (self.text is None) == (self.chunks is None):
            raise ValueError("exactly one of `text` and `chunks` is needed")
        if self.chunks is not None and self.chunk_size is not None:
            raise ValueError("`chunkSize` goes with `text`, not with `chunks`")
        return self

    @property
    def pieces(self) -> list[str]:
        """The text in the chunks it is streamed in; none if it is empty."""
        if self.chunks is not None:
            return self.chunks
        return cut(self.text or "", self.chunk_size)


class ScriptReasoning(ScriptModel):
    """The model thinks: a summary, section by section, and perhaps the raw reasoning."""

    type: Literal["reasoning"] = "reasoning"
    summary: list[str]
    content: list[str] | None = None
    chunk_size: ChunkSize | None = None
    delay_ms: DelayMs = 0


class ScriptFunctionCall(ScriptModel):
    """The model calls a tool with a JSON object."""

    type: Literal["functionCall"] = "functionCall"
    name: str
    namespace: str | None = None
    """The group that the tool comes in, if it comes in one, such as `mcp__<server>`."""
    arguments: dict[str, Any]
    call_id: str | None = None
    """Made up if not given."""


class ScriptCustomToolCall(ScriptModel):
    """The model calls a tool with plain text."""

    type: Literal["customToolCall"] = "customToolCall"
    name: str
    input: str
    call_id: str | None = None
    """Made up if not given."""


class ScriptWait(ScriptModel):
    """Nothing comes for a while."""

    type: Literal["wait"] = "wait"
    ms: int = Field(ge=0)


class ScriptError(ScriptModel):
    """The provider refuses the request, or breaks off if it already said something."""

    type: Literal["error"] = "error"
    message: str
    status: int | None = Field(default=None, ge=400, le=599)
    """The HTTP status."""
    code: str | None = None
    """The provider's own name of the error, such as `context_length_exceeded`."""
    retry_after_ms: int | None = Field(default=None, ge=0)


class ScriptCut(ScriptModel):
    """The stream ends before the response is complete."""

    type: Literal["cut"] = "cut"


class ScriptStall(ScriptModel):
    """Nothing more comes until the request is cancelled or has been idle for too long."""

    type: Literal["stall"] = "stall"


class ScriptRateLimits(ScriptModel):
    """The provider reports how much of the account's allowance is used."""

    type: Literal["rateLimits"] = "rateLimits"
    primary_used_percent: float = Field(ge=0)
    primary_window_minutes: int | None = Field(default=None, gt=0)
    primary_resets_at: UnixSeconds | None = None
    secondary_used_percent: float | None = Field(default=None, ge=0)
    secondary_window_minutes: int | None = Field(default=None, gt=0)
    secondary_resets_at: UnixSeconds | None = None
    plan_type: str | None = None


ScriptOutput = TypeAliasType(
    "ScriptOutput",
    Annotated[
        ScriptText
        | ScriptReasoning
        | ScriptFunctionCall
        | ScriptCustomToolCall
        | ScriptWait
        | ScriptError
        | ScriptCut
        | ScriptStall
        | ScriptRateLimits,
        Field(discriminator="type"),
    ],
)


class ScriptUsage(ScriptModel):
    """The tokens that the response is said to have cost."""

    input_tokens: int = Field(default=0, ge=0)
    cached_input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    reasoning_output_tokens: int = Field(default=0, ge=0)


class ScriptStep(ScriptModel):
    """One response of the model, played for one request."""

    when: str | None = None
    """Play this step only if the last user input contains this text."""
    output: list[ScriptOutput]
    """What comes, in this order. Unless it ends otherwise, the response then completes."""
    usage: ScriptUsage | None = None
    """Without it, an estimate is reported."""


def cut(text: str, size: int | None) -> list[str]:
    """`text` in chunks of `size` characters, or whole; none if it is empty."""
    if not text:
        return []
    step = size or len(text)
    return [text[start : start + step] for start in range(0, len(text), step)]
