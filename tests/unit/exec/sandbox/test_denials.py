"""What counts as a denial, and what as an ordinary failure."""

import pytest

from codex_rpc.exec.sandbox.denials import was_denied


@pytest.mark.parametrize(
    ("exit_code", "output", "denied"),
    [
        (1, "touch: cannot touch 'x': Read-only file system", True),
        (1, "bash: x: Operation not permitted", True),
        (2, "ls: PERMISSION DENIED", True),
        (126, "bash: ./x: Permission denied", True),
        (1, "landlock: no", True),
        (1, "Failed to write file x", True),
        (159, "", True),
        (0, "Permission denied", False),
        (1, "assertion failed", False),
        (2, "usage: x", False),
        (127, "command not found", False),
        (137, "", False),
        (None, "Permission denied", False),
    ],
)
def test_a_denial_is_told_by_exit_code_and_words(
    exit_code: int | None, output: str, denied: bool
) -> None:
    assert was_denied(exit_code, output) is denied
