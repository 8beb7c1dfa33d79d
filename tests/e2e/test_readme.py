"""The README keeps its word: the session it shows is run as it stands there."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.e2e.server_process import PATIENCE, Place

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHOLE_FIELD = re.compile(r'"\w+":(?:"[^"…]*"|\d+\b)')
FIELD_NAME = re.compile(r'"(\w+)":')


def shown_session() -> tuple[str, list[str]]:
    """The session's commands, and the lines that the README says they print."""
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    for (language, text), (_, output) in pairwise(blocks):
        if language == "sh" and "app-server --drain" in text:
            return text, output.splitlines()
    raise AssertionError("the README shows no session")


def test_the_session_of_the_readme_prints_what_it_says(place: Place) -> None:
    commands, expected = shown_session()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        capture_output=True,
        env={**place.environ, "PATH": path},
        cwd=place.project,
        timeout=PATIENCE,
        check=True,
    )
    printed = done.stdout.decode().splitlines()
    assert done.stderr == b""
    assert len(printed) == len(expected)
    for line, cut_line in zip(printed, expected, strict=True):
        timeless = re.sub(r'"emittedAtMs":\d+', "", cut_line)
        assert [field for field in WHOLE_FIELD.findall(timeless) if field not in line] == []
        assert set(FIELD_NAME.findall(cut_line)) <= set(FIELD_NAME.findall(line))
