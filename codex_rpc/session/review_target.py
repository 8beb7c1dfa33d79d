"""What a reviewer is asked, and what its client is told is being reviewed."""

from typing import assert_never

from msgspec import Struct

from codex_rpc.errors import EmptyParamError
from codex_rpc.protocol.review import (
    BaseBranchTarget,
    CommitTarget,
    CustomTarget,
    ReviewTarget,
    UncommittedChangesTarget,
)

SHORT_SHA = 7


class ReviewRequest(Struct, frozen=True):
    """`prompt` is for the reviewer, `hint` for people."""

    prompt: str
    hint: str


def review_request(target: ReviewTarget) -> ReviewRequest:
    """The request for reviewing `target`.

    Raises:
        EmptyParamError: if the target says nothing.
    """
    match target:
        case UncommittedChangesTarget():
            return ReviewRequest(
                "Review what has been changed and not committed: staged, unstaged and untracked "
                "files. Begin with `git status` and the diffs.",
                "current changes",
            )
        case BaseBranchTarget(branch=branch):
            _require(branch, "branch")
            return ReviewRequest(
                f"Review what the current branch would bring to `{branch}`: find the commit both "
                f"come from with `git merge-base HEAD {branch}`, and look at the diff from there.",
                f"changes against '{branch}'",
            )
        case CommitTarget(sha=sha, title=title):
            _require(sha, "sha")
            named = f"{sha[:SHORT_SHA]}: {title}" if title else sha[:SHORT_SHA]
            return ReviewRequest(
                f"Review what commit `{sha}` has changed. Begin with `git show {sha}`.",
                f"commit {named}",
            )
        case CustomTarget(instructions=instructions):
            _require(instructions, "instructions")
            return ReviewRequest(instructions, instructions.strip())
        case _:
            assert_never(target)


def _require(text: str, field: str) -> None:
    if not text.strip():
        raise EmptyParamError("target", field)
