"""The official Python SDK, `openai-codex` from PyPI, unmodified.

It decodes each answer and notification with types of its own, so that a field that is missing or of
a wrong kind fails the program.
"""

from typing import Any

import pytest

from tests.clients.client_place import ClientPlace
from tests.clients.packages import Packages

VERSION = "0.163.0"

pytestmark = pytest.mark.slow


def test_a_session_of_the_official_sdk(place: ClientPlace, packages: Packages) -> None:
    folder = packages.from_pip("openai-codex", VERSION)
    seen: dict[str, Any] = place.run_python("openai_codex_session.py", folder)
    assert place.refusals() == {}
    greeting = ["completed", "Hello there", ["userMessage", "agentMessage"]]
    done, refused, rung = seen.pop("answers")
    assert "Process exited with code 0" in done
    assert (refused, rung) == ("Then: exec command rejected by user", "Then: Dong")
    assert seen == {
        "server": "codex-rpc",
        "models": True,
        "needs login": False,
        "text": greeting,
        "mcp": ["completed", "Then: 3", ["userMessage", "mcpToolCall", "agentMessage"]],
        "command": ["completed", 0, "one"],
        "read only": ["failed", 1],
        "patch": [
            "completed",
            "Then: Success. Updated the following files:\nA made.txt\n",
            ["userMessage", "fileChange", "agentMessage"],
        ],
        "denied": [
            "completed",
            f"Then: {NOT_ASKED}",
            ["userMessage", "commandExecution", "agentMessage"],
        ],
        "stream": STREAM,
        "interrupted": ["interrupted"],
        "after compaction": greeting,
        "fork": greeting,
        "listed": [["A name", "Hi", True]],
        "listed again": 2,
        "read": [
            ["completed", ["userMessage", "agentMessage"]],
            ["completed", ["userMessage", "mcpToolCall", "agentMessage"]],
        ],
        "resumed": greeting,
        "asked": [
            ["item/commandExecution/requestApproval", "/bin/bash -c 'touch yes.txt'"],
            ["item/commandExecution/requestApproval", "/bin/bash -c 'touch no.txt'"],
            ["item/tool/call", "ring"],
        ],
    }
    made = sorted(path.name for path in place.project.iterdir())
    assert made == ["made.txt", "one.txt", "yes.txt"]


NOT_ASKED = "command refused: escalated permissions were asked for and the approval policy is never"
STREAM = [
    "turn/started",
    *("item/started", "item/completed"),
    *("item/started", "item/commandExecution/outputDelta", "item/completed"),
    "thread/tokenUsage/updated",
    "item/started",
    *("item/agentMessage/delta", "item/agentMessage/delta"),
    "item/completed",
    "thread/tokenUsage/updated",
    "turn/completed",
]
"""The notifications of a turn with a command, as the SDK hands them on."""
