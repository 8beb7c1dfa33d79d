"""`ai-sdk-provider-codex-cli` from npm, unmodified: how programs with the AI SDK reach us.

It brings tools along as an MCP server of its own process, over HTTP.
"""

from typing import Any

import pytest
import tomlkit

from tests.clients.client_place import ClientPlace
from tests.clients.packages import Packages, node
from tests.support.mcp_server import mcp_table

VERSION = "1.4.1"

pytestmark = pytest.mark.slow


def test_a_session_of_the_ai_sdk(place: ClientPlace, packages: Packages) -> None:
    folder = packages.from_npm("ai-sdk-provider-codex-cli", VERSION, "zod@4")
    _add_server_that_asks(place)
    seen = place.run_node(node(), "ai_sdk_provider_session.mjs", folder)
    assert place.refusals() == {}
    assert seen.pop("models") is True
    assert seen.pop("asked") == [
        ["command", "/bin/bash -c 'touch yes.txt'"],
        ["command", "/bin/bash -c 'touch no.txt'"],
        ["elicitation", "local", "mcp_tool_call"],
        ["elicitation", "asker", None],
    ]
    assert {turn["finish"] for turn in seen.values()} == {"completed"}
    assert {turn["tokens"] for turn in seen.values()} == {100}
    assert {name: (turn["tools"], turn["results"]) for name, turn in seen.items()} == {
        "text": ([], []),
        "command": (["exec"], ["completed"]),
        "accepted": (["exec"], ["completed"]),
        "declined": (["exec"], ["declined"]),
        "patch": (["patch"], ["completed"]),
        "ownTool": (["mcp__local__shout"], ["completed"]),
        "elicited": (["mcp__asker__greet"], ["completed"]),
    }
    said: dict[str, Any] = {name: turn["text"] for name, turn in seen.items()}
    assert said["text"] == "Hello there"
    assert said["ownTool"] == "Then: HEY"
    assert said["elicited"] == "Then: accept: Ada"
    made = sorted(path.name for path in place.project.iterdir())
    assert made == ["made.txt", "one.txt", "yes.txt"]


def _add_server_that_asks(place: ClientPlace) -> None:
    file = place.home / "config.toml"
    config = tomlkit.parse(file.read_text()).unwrap()
    config["mcp_servers"]["asker"] = mcp_table(place.root)
    file.write_text(tomlkit.dumps(config))
