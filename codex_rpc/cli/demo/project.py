"""The project of the demo, and the script of the model that mends it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PRICING = '''\
def total(prices, discount=0):
    """The sum of all prices, less a discount in percent."""
    return sum(prices) * discount / 100
'''

TEST_PRICING = """\
import unittest

from pricing import total


class TotalTest(unittest.TestCase):
    def test_without_discount(self):
        self.assertEqual(total([10, 20]), 30)

    def test_with_discount(self):
        self.assertEqual(total([10, 20], discount=10), 27)
"""

PATCH = """\
*** Begin Patch
*** Update File: pricing.py
@@ def total(prices, discount=0):
-    return sum(prices) * discount / 100
+    return sum(prices) * (100 - discount) / 100
*** End Patch
"""

PROMPT = "The tests fail. Please mend the code."

TESTS = [sys.executable, "-B", "-m", "unittest"]
"""The project's test command."""


def make_project(folder: Path) -> None:
    """Put a small project with a failing test into `folder`; a git repository, if there is git."""
    folder.mkdir()
    (folder / "pricing.py").write_text(PRICING)
    (folder / "test_pricing.py").write_text(TEST_PRICING)
    if shutil.which("git") is not None:
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Add prices"]):
            subprocess.run(["git", *command], cwd=folder, env=_git_environment(), check=True)


def _git_environment() -> dict[str, str]:
    """An identity, and nothing of the user's own configuration: no signing, no hooks."""
    who = {"NAME": "demo", "EMAIL": "demo@localhost"}
    return {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who},
    }


def tests_pass(folder: Path) -> bool:
    """Run the project's tests, apart from the server."""
    return subprocess.run(TESTS, cwd=folder, capture_output=True, check=False).returncode == 0


def write_script(path: Path) -> None:
    """Write what the model will say and do."""
    tests = shlex.join(TESTS)
    steps = [
        [_say("I'll look at the code first."), _run("cat pricing.py test_pricing.py")],
        [_say("Now let me see the tests fail."), _run(tests)],
        [
            _say("The discount is taken as what remains to be paid. It should be taken off."),
            {"type": "customToolCall", "name": "apply_patch", "input": PATCH},
        ],
        [_say("And the tests once more."), _run(tests)],
        [
            _say(
                "Both tests pass. `total` multiplied by the discount instead of by what is left "
                "after it (`pricing.py:3`); without a discount it always returned 0."
            )
        ],
    ]
    path.write_text("".join(json.dumps({"output": step}) + "\n" for step in steps))


def _say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "chunkSize": 8, "delayMs": 5}


def _run(script: str) -> dict[str, Any]:
    return {
        "type": "functionCall",
        "name": "shell_command",
        "arguments": {"command": script, "login": False},
    }
