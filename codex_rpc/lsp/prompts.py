"""What the agent is told when the user chooses an action in the editor."""

from collections.abc import Sequence

from lsprotocol.types import Diagnostic, DiagnosticSeverity
from msgspec import Struct

_MOST_LINES = 200
_SEVERITIES = {
    DiagnosticSeverity.Error: "error",
    DiagnosticSeverity.Warning: "warning",
    DiagnosticSeverity.Information: "note",
    DiagnosticSeverity.Hint: "hint",
}


class Excerpt(Struct, frozen=True):
    """Lines of a document as the editor shows them; numbers count from 1."""

    path: str
    first: int
    last: int
    language: str
    lines: Sequence[str]

    @property
    def place(self) -> str:
        lines = f"line {self.first}"
        if self.last > self.first:
            lines = f"lines {self.first} to {self.last}"
        return f"`{self.path}`, {lines}"

    def quoted(self) -> str:
        """The lines as a fenced block; a long one is cut."""
        kept = "".join(self.lines[:_MOST_LINES]).rstrip("\r\n")
        fence = "```"
        while fence in kept:
            fence += "`"
        more = len(self.lines) - _MOST_LINES
        rest = f"\n\n({more} more lines)" if more > 0 else ""
        return f"{fence}{self.language}\n{kept}\n{fence}{rest}"


_UNSAVED = (
    "The file is open in an editor and may have changes that are not saved yet: read it with "
    "`read_file`, and change it with `apply_patch`."
)


def to_fix(excerpt: Excerpt, problems: Sequence[Diagnostic]) -> str:
    """Have the agent mend what diagnostics are about."""
    return "\n\n".join(
        [
            f"Fix this problem in {excerpt.place}:" if problems else f"Fix {excerpt.place}.",
            *_described(problems),
            excerpt.quoted(),
            _UNSAVED,
        ]
    )


def to_explain(excerpt: Excerpt, problems: Sequence[Diagnostic]) -> str:
    """Have the agent explain code, or a problem in it."""
    asked = "Explain this problem in" if problems else "Explain"
    return "\n\n".join(
        [
            f"{asked} {excerpt.place}. Answer in Markdown, and change nothing.",
            *_described(problems),
            excerpt.quoted(),
        ]
    )


def to_test(excerpt: Excerpt) -> str:
    """Have the agent write a test for code."""
    return "\n\n".join(
        [
            f"Write a test for the code in {excerpt.place}, as the project has them, and run it.",
            excerpt.quoted(),
            _UNSAVED,
        ]
    )


def _described(problems: Sequence[Diagnostic]) -> list[str]:
    lines = [f"- {_sentence(problem)}" for problem in problems]
    return ["\n".join(lines)] if lines else []


def _sentence(problem: Diagnostic) -> str:
    severity = _SEVERITIES.get(problem.severity) if problem.severity else None
    origin = " ".join(str(part) for part in (problem.source, problem.code) if part is not None)
    where = f"line {problem.range.start.line + 1}"
    about = ", ".join(part for part in (severity, origin, where) if part)
    return f"{problem.message} ({about})"
