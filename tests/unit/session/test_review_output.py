import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.protocol.review import ReviewOutput
from codex_rpc.session.review_output import parse_review, render_review

LOOP: dict[str, Any] = {
    "title": "[P1] Stop the loop",
    "body": "It never ends.\n\nCount down.",
    "confidence_score": 0.9,
    "priority": 1,
    "code_location": {"absolute_file_path": "/w/a.py", "line_range": {"start": 3, "end": 5}},
}
NAME: dict[str, Any] = {
    "title": "[P3] Name it",
    "body": "x",
    "confidence_score": 1,
    "priority": 3,
    "code_location": {"absolute_file_path": "/w/b.py", "line_range": {"start": 1, "end": 1}},
}
REVIEW: dict[str, Any] = {
    "findings": [LOOP, NAME],
    "overall_correctness": "patch is incorrect",
    "overall_explanation": "It hangs.",
    "overall_confidence_score": 0.8,
}


def review_with(**changes: object) -> str:
    return json.dumps({**REVIEW, **changes})


def finding_with(**changes: object) -> str:
    return review_with(findings=[{**LOOP, **changes}])


def test_a_review_comes_out_as_the_reviewer_wrote_it() -> None:
    assert parse_review(json.dumps(REVIEW)).model_dump(mode="json") == REVIEW


@pytest.mark.parametrize(
    "frame", ["\n {} \n", "```json\n{}\n```", "Here you are: {} That is all.", "\ufeff{}"]
)
def test_a_review_is_found_among_other_words(frame: str) -> None:
    assert parse_review(frame.replace("{}", json.dumps(REVIEW))) == parse_review(json.dumps(REVIEW))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Looks good.",
        "Use { and } sparingly.",
        "} backwards {",
        '"only a string"',
        "[]",
        "{}",
        '{"overall_explanation": "no findings given"}',
        json.dumps(REVIEW)[:-20],
        review_with(findings=3),
        review_with(overall_confidence_score=float("nan")),
        finding_with(title=7),
        finding_with(code_location={"absolute_file_path": "/w/a.py"}),
        finding_with(
            code_location={"absolute_file_path": "/", "line_range": {"start": -1, "end": 0}}
        ),
        finding_with(title="\ud800"),  # half a character could not be sent on
        "\ud800 {}",
        '{"findings": ' + "[" * 100_000,
        '{"findings": [' + "9" * 5_000 + "]}",
    ],
)
def test_an_answer_without_a_review_is_the_explanation(text: str) -> None:
    assert parse_review(text) == ReviewOutput(findings=[], overall_explanation=text)


@pytest.mark.parametrize("field", ["body", "priority", "confidence_score"])
def test_what_a_finding_can_do_without_may_be_missing_or_null(field: str) -> None:
    without = {name: value for name, value in LOOP.items() if name != field}

    missing = parse_review(review_with(findings=[without]))
    null = parse_review(finding_with(**{field: None}))

    assert missing == null
    assert missing.findings[0].title == LOOP["title"]


def test_unknown_members_are_ignored() -> None:
    assert parse_review(review_with(mood="good")) == parse_review(json.dumps(REVIEW))


def test_findings_are_shown_with_their_places() -> None:
    """Clients show this text; its form is that of the Codex server."""
    assert render_review(parse_review(json.dumps(REVIEW))) == (
        "It hangs.\n\n"
        "Full review comments:\n\n"
        "- [P1] Stop the loop — /w/a.py:3-5\n"
        "  It never ends.\n\n"
        "  Count down.\n\n"
        "- [P3] Name it — /w/b.py:1-1\n"
        "  x"
    )


def test_a_single_finding_is_announced_as_one() -> None:
    text = finding_with(title=" Two\nlines ", body=" ")

    assert render_review(parse_review(text)) == (
        "It hangs.\n\nReview comment:\n\n- Two lines — /w/a.py:3-5"
    )


@pytest.mark.parametrize(
    ("review", "shown"),
    [
        (ReviewOutput(findings=[], overall_explanation=" Fine.\n"), "Fine."),
        (ReviewOutput(findings=[]), "Reviewer failed to output a response."),
    ],
)
def test_without_findings_the_explanation_is_shown(review: ReviewOutput, shown: str) -> None:
    assert render_review(review) == shown


@given(st.text())
def test_no_answer_is_refused(text: str) -> None:
    assert render_review(parse_review(text)) == (
        text.strip() or "Reviewer failed to output a response."
    )
