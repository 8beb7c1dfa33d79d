"""A real Emacs with the configuration that is in `editors/lsp`."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.e2e.server_process import COMMAND, PATIENCE, Place, patch, processes_with, say

SNIPPET = Path(__file__).parents[2] / "editors" / "lsp" / "emacs.el"
SCENE = Path(__file__).with_name("emacs_scene.el")
MEND = """\
*** Begin Patch
*** Update File: a.py
@@
-    return a - b
+    return a + b
*** End Patch
"""
SWAP = MEND.replace("a + b", "b + a").replace("a - b", "a + b")
BEFORE = "def add(a, b):\n    return a - b\n# not saved"
IN_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
"""Emacs reads keys and keeps time between them only at a terminal, which this makes."""


@pytest.fixture
def emacs() -> str:
    program = shutil.which("emacs")
    if program is None:
        pytest.skip("there is no Emacs")
    try_it = [program, "--batch", "--eval", "(progn (package-activate-all) (require 'eglot))"]
    if subprocess.run(try_it, capture_output=True, timeout=PATIENCE, check=False).returncode:
        pytest.skip("this Emacs has no Eglot")
    return program


async def test_a_fix_in_emacs_can_be_undone(place: Place, emacs: str) -> None:
    path = place.project / "a.py"
    path.write_text("def add(a, b):\n    return a - b\n")
    (place.project / ".git").mkdir()
    place.play([patch(MEND)], [say("Mended.")], [patch(SWAP)], [say("# Because\n\nIt is so.")])
    install(place, "-s", "read-only", "-a", "untrusted")
    outcome = place.root / "outcome.json"
    environ = {
        **place.environ,
        "PATH": f"{place.root / 'bin'}:{place.environ['PATH']}",
        "TERM": "vt100",
        "OUTCOME": str(outcome),
    }
    command = [emacs, "-nw", "-l", str(SNIPPET), "-l", str(SCENE)]
    with anyio.fail_after(50):
        ended = await anyio.run_process(
            [sys.executable, "-c", IN_TERMINAL, *command],
            cwd=place.project,
            env=environ,
            check=False,
        )
    found = json.loads(outcome.read_text())
    assert found.pop("problem", None) is None
    for question in ("asked", "closed"):
        assert "May the agent change these files?" in found.pop(question)
    offered = ["Fix with the agent: Wrong operator", "Explain with the agent"]
    assert found == {
        "offered": offered,
        "selected": [*offered, "Write a test with the agent"],
        "before": BEFORE,
        "after": BEFORE.replace("-", "+"),
        "undone": BEFORE,
        "redone": BEFORE.replace("-", "+"),
        "silent": True,
        "exit": 0,
        "managed": False,
    }
    assert ended.returncode == 0
    mended, closed = told_the_model(place)
    assert mended.startswith("Success. Updated the following files:")
    assert "rejected by user" in closed
    assert processes_with(str(place.script)) == []
    assert path.read_text() == "def add(a, b):\n    return a - b\n"


def told_the_model(place: Place) -> list[str]:
    """The outputs of the tools, in order."""
    payloads = [line["payload"] for line in place.rollout_lines()]
    return [each["output"] for each in payloads if each.get("type") == "custom_tool_call_output"]


def install(place: Place, *options: str) -> None:
    """Put a `codex-rpc` with these options and the script for a model where programs are."""
    command = place.root / "bin" / "codex-rpc"
    command.parent.mkdir()
    ours, more = shlex.join(COMMAND), shlex.join([*options, *place.arguments])
    command.write_text(f'#!/bin/sh\nexec {ours} "$@" {more}\n')
    command.chmod(0o755)
