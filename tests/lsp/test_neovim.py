"""A real Neovim with the configuration that is in `editors/lsp`."""

import json
import shutil
import sys
from pathlib import Path

import anyio
import pytest

from tests.e2e.server_process import COMMAND, Place, patch, say

SNIPPET = Path(__file__).parents[2] / "editors" / "lsp" / "neovim.lua"
SCENE = Path(__file__).with_name("neovim_scene.lua")
MEND = """\
*** Begin Patch
*** Update File: a.py
@@
-    return a - b
+    return a + b
*** End Patch
"""
BEFORE = "def add(a, b):\n    return a - b\n# not saved"


def neovim() -> str | None:
    beside = Path(sys.executable).with_name("nvim")
    return str(beside) if beside.exists() else shutil.which("nvim")


@pytest.mark.skipif(neovim() is None, reason="there is no Neovim")
async def test_a_fix_in_neovim_can_be_undone(place: Place) -> None:
    program = neovim()
    assert program is not None
    path = place.project / "a.py"
    path.write_text("def add(a, b):\n    return a - b\n")
    place.play([patch(MEND)], [say("Mended.")], [say("# Because\n\nIt is so.")])
    (place.project / ".git").mkdir()
    asking = {"sandbox": "read-only", "approvalPolicy": "untrusted"}
    settings = {
        "cmd": [*COMMAND, "lsp", *place.arguments],
        "init_options": {"thread": asking},
    }
    outcome = place.root / "outcome.json"
    environ = {
        **place.environ,
        "SETTINGS": json.dumps(settings),
        "SNIPPET": str(SNIPPET),
        "OUTCOME": str(outcome),
        "XDG_STATE_HOME": str(place.root / "state"),
    }
    with anyio.fail_after(50):
        await anyio.run_process(
            [program, "--headless", "-u", "NONE", "-i", "NONE", "-c", f"luafile {SCENE}"],
            cwd=place.project,
            env=environ,
            check=False,
        )
    found = json.loads(outcome.read_text())
    assert found.pop("problem", None) is None
    assert found.pop("asked").startswith("May the agent change these files?")
    assert found == {
        "offered": ["Fix with the agent: Wrong operator", "Explain with the agent"],
        "before": BEFORE,
        "after": BEFORE.replace("-", "+"),
        "undone": BEFORE,
        "redone": BEFORE.replace("-", "+"),
        "answer": "# Because\n\nIt is so.",
        "stopped": True,
    }
    assert path.read_text() == "def add(a, b):\n    return a - b\n"
