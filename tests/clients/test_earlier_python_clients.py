"""Two Python clients that were made for earlier versions of the protocol, from PyPI, unmodified."""

import pytest

from tests.clients.client_place import ClientPlace
from tests.clients.packages import Packages

APP_SERVER_CLIENT = ("codex-app-server-client", "0.1.0")
AGENT_SDK = ("codex-python-sdk-unofficial", "0.128.0")

pytestmark = pytest.mark.slow


def test_a_session_of_codex_app_server_client(place: ClientPlace, packages: Packages) -> None:
    folder = packages.from_pip(*APP_SERVER_CLIENT)
    seen = place.run_python("app_server_client_session.py", folder)
    assert place.refusals() == {}
    worked = ["completed", ["userMessage", "commandExecution", "agentMessage"]]
    assert seen == {
        "Hi": ["completed", ["userMessage", "agentMessage"]],
        "run echo one > one.txt": worked,
        "escalate touch two.txt": worked,
        "asked": [["item/commandExecution/requestApproval", "/bin/bash -c 'touch two.txt'"]],
        "usage": 525,
        "streamed": [
            "AccountRateLimitsUpdatedEvent",
            "AgentMessageDeltaEvent",
            "ItemCompletedEvent",
            "ItemStartedEvent",
            "ThreadStatusChangedEvent",
            "ThreadTokenUsageUpdatedEvent",
            "TurnCompletedEvent",
            "TurnStartedEvent",
        ],
        "turns": [4, 3],
        "listed": 2,
        "read": 4,
        "model": "gpt-5.5",
        "account": None,
        "direct": [0, "direct\n"],
        "skills": 1,
        "servers": ["notes"],
        "resumed": "Hello there",
    }
    assert sorted(path.name for path in place.project.iterdir()) == ["one.txt", "two.txt"]


def test_a_session_of_codex_agent_sdk(place: ClientPlace, packages: Packages) -> None:
    folder = packages.from_pip(*AGENT_SDK)
    seen = place.run_python("codex_agent_sdk_session.py", folder)
    assert place.refusals() == {}
    status, said = seen.pop("run echo one > one.txt")
    assert status == "completed"
    assert "Process exited with code 0" in said
    assert seen == {
        "query": [
            "ThreadStatusChangedEvent",
            "TurnStartedEvent",
            *("ItemStartedEvent", "ItemCompletedEvent"),
            "ItemStartedEvent",
            *("AgentTextDeltaEvent", "AgentTextDeltaEvent"),
            "ItemCompletedEvent",
            "TokenUsageUpdatedEvent",
            "ThreadStatusChangedEvent",
            "TurnCompletedEvent",
        ],
        "Hi": ["completed", "Hello there"],
        "create made.txt": [
            "completed",
            "Then: Success. Updated the following files:\nA made.txt\n",
        ],
        "forked": True,
        "in the fork": "Hello there",
        "resumed": "Hello there",
    }
    assert sorted(path.name for path in place.project.iterdir()) == ["made.txt", "one.txt"]
