"""Reading what a reviewer answered, and showing it to the user. Pure, and refuses no answer."""

from textwrap import indent

from codex_rpc.protocol.review import ReviewFinding, ReviewOutput

NO_ANSWER = "Reviewer failed to output a response."


def parse_review(text: str) -> ReviewOutput:
    """The review that `text` holds as JSON, alone or among other words.

    Without any readable review, the text as a whole is the explanation.
    """
    try:
        return ReviewOutput.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
    except ValueError:
        return ReviewOutput(findings=[], overall_explanation=text)


def render_review(review: ReviewOutput) -> str:
    """The explanation, then each finding with its place, as Markdown."""
    explanation = review.overall_explanation.strip()
    blocks = [explanation] if explanation else []
    if review.findings:
        blocks.append("Review comment:" if len(review.findings) == 1 else "Full review comments:")
        blocks += map(_finding_text, review.findings)
    return "\n\n".join(blocks) or NO_ANSWER


def _finding_text(finding: ReviewFinding) -> str:
    location = finding.code_location
    lines = f"{location.line_range.start}-{location.line_range.end}"
    title = " ".join(finding.title.split())
    headline = f"- {title} \N{EM DASH} {location.absolute_file_path}:{lines}"
    body = indent(finding.body.strip(), "  ")
    return f"{headline}\n{body}" if body else headline
