"""What the model reads about a command."""

import json
import signal

import pytest

from codex_rpc.exec.exec_text import exit_code_for_model, freeform, structured
from codex_rpc.exec.process import ProcessExit

OK = ProcessExit(exit_code=0, signal=None, timed_out=False, duration_s=1.26)
LATE = ProcessExit(exit_code=None, signal=signal.SIGKILL, timed_out=True, duration_s=10.004)


@pytest.mark.parametrize(
    ("exit", "code"),
    [
        (OK, 0),
        (LATE, 124),
        (ProcessExit(None, signal.SIGTERM, timed_out=False, duration_s=1), 143),
        (ProcessExit(None, None, timed_out=False, duration_s=1), -1),
    ],
)
def test_every_end_has_a_code(exit: ProcessExit, code: int) -> None:
    assert exit_code_for_model(exit) == code


def test_structured_form_is_json() -> None:
    text = structured("é\n", OK)

    assert "é" in text
    assert json.loads(text) == {
        "output": "é\n",
        "metadata": {"exit_code": 0, "duration_seconds": 1.3},
    }


def test_freeform_form_has_a_header() -> None:
    assert freeform("hi\n", OK) == "Exit code: 0\nWall time: 1.3 seconds\nOutput:\nhi\n"


def test_freeform_form_tells_the_number_of_lines_of_shortened_output() -> None:
    assert freeform("hi\n", OK, total_lines=900).splitlines()[2] == "Total output lines: 900"


def test_timeout_is_told_before_the_output() -> None:
    note = "command timed out after 10004 milliseconds\npartial"

    assert json.loads(structured("partial", LATE))["output"] == note
    assert freeform("partial", LATE).endswith(f"Output:\n{note}")
