"""The README's table of what needs approval is the one that the code goes by."""

from collections.abc import Iterator
from pathlib import Path

from codex_rpc.exec.approval_policy import MATRIX, Cells, Limits, Row, Verdict

README = Path(__file__).parents[3] / "README.md"

WORDS = {
    Verdict.RUN: "runs",
    Verdict.RUN_IN_SANDBOX: "in the sandbox",
    Verdict.ASK: "asks",
    Verdict.ASK_THEN_SANDBOX: "asks, in the sandbox",
    Verdict.REFUSE: "refused",
}
POLICIES: dict[Row, str] = {
    "untrusted": "`untrusted`",
    "on-request": "`on-request`",
    "granular": "`granular`",
    "never": "`never`",
}
LIMITS: dict[Limits, str] = {
    "sandboxed": "limits, and a sandbox",
    "unenforceable": "limits, and no sandbox",
    "unrestricted": "none",
}


def table() -> Iterator[str]:
    """The matrix as a table in Markdown."""
    yield "| limits | policy | only reads | other | dangerous | escalated | after a denial |"
    yield "|---|---|---|---|---|---|---|"
    for limits, held in LIMITS.items():
        for row, policy in POLICIES.items():
            yield " | ".join(["| " + held, policy, *words(MATRIX[row, limits], limits)]) + " |"


def words(cells: Cells, limits: Limits) -> Iterator[str]:
    for verdict in (cells.safe, cells.other, cells.dangerous):
        yield WORDS[verdict]
    yield WORDS[cells.escalated] if cells.escalated else "the same"
    yield "-" if limits != "sandboxed" else "asks" if cells.retry else "tells the model"


def test_the_readme_shows_the_approval_matrix() -> None:
    whole = "\n".join(table())
    assert whole in README.read_text(encoding="utf-8"), f"the table should be:\n\n{whole}"
