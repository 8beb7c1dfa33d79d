"""Reviews: what can be reviewed, the request that has it done, and what the reviewer answers.

How an answer is read and shown is decided in `session.review_output`.
"""

from typing import Annotated, Literal, cast

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.turn import Turn

# --- what is reviewed --------------------------------------------------------------------------


class UncommittedChangesTarget(WireModel):
    """What is staged, unstaged and untracked."""

    type: Literal["uncommittedChanges"] = "uncommittedChanges"


class BaseBranchTarget(WireModel):
    """What the current branch would bring to `branch`."""

    type: Literal["baseBranch"] = "baseBranch"
    branch: str


class CommitTarget(WireModel):
    """What one commit changed."""

    type: Literal["commit"] = "commit"
    sha: str
    title: str | None = None
    """What to call the commit, such as its subject."""


class CustomTarget(WireModel):
    """Whatever the instructions say."""

    type: Literal["custom"] = "custom"
    instructions: str


ReviewTarget = TypeAliasType(
    "ReviewTarget",
    Annotated[
        UncommittedChangesTarget | BaseBranchTarget | CommitTarget | CustomTarget,
        Field(discriminator="type"),
    ],
)

ReviewDelivery = TypeAliasType("ReviewDelivery", Literal["inline", "detached"])


class ReviewStartParams(WireModel):
    """Have changes reviewed, as a turn of the thread."""

    thread_id: ThreadId
    target: ReviewTarget
    delivery: ReviewDelivery | None = None
    """`inline`, if not given: on the thread itself. `detached`: on a fork of it, made for that."""


class ReviewStartResponse(WireModel):
    turn: Turn
    review_thread_id: ThreadId
    """Where the review runs."""


# --- what the reviewer answers -----------------------------------------------------------------

Confidence = Annotated[float, Field(allow_inf_nan=False)]
"""From 0 to 1."""

LEAST_URGENT = 3


class ReviewModel(WireModel):
    """Base of the reviewer's answer. Names are snake_case; a member that is `null` is absent."""

    model_config = ConfigDict(alias_generator=None)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        members = cast("dict[object, object]", value)
        return {name: member for name, member in members.items() if member is not None}


class LineRange(ReviewModel):
    """Counted from 1, both ends included."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class CodeLocation(ReviewModel):
    absolute_file_path: str
    line_range: LineRange


class ReviewFinding(ReviewModel):
    title: str
    body: str = ""
    confidence_score: Confidence = 0.0
    priority: int = LEAST_URGENT
    """From 0, which cannot wait, to 3."""
    code_location: CodeLocation


class ReviewOutput(ReviewModel):
    findings: list[ReviewFinding]
    overall_correctness: str = ""
    """The verdict: `patch is correct` or `patch is incorrect`."""
    overall_explanation: str = ""
    overall_confidence_score: Confidence = 0.0
