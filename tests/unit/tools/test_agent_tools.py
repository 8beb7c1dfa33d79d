"""What the agent tools make of a model's arguments, and of what comes back."""

from typing import Any

import pytest

from codex_rpc.errors import ToolError
from codex_rpc.protocol.inputs import (
    ImageInput,
    LocalImageInput,
    MentionInput,
    SkillInput,
    TextInput,
)
from codex_rpc.protocol.items import CollabAgentState
from codex_rpc.tools.agents.close_agent import CloseArguments
from codex_rpc.tools.agents.message import MessageArguments, shown_text
from codex_rpc.tools.agents.resume_agent import ResumeArguments
from codex_rpc.tools.agents.send_input import SendArguments
from codex_rpc.tools.agents.texts import agent_id, state_for_model
from codex_rpc.tools.agents.wait_agent import WaitArguments
from codex_rpc.tools.arguments import parse_arguments


@pytest.mark.parametrize(
    ("given_ms", "seconds"), [(None, 30), (1, 10), (60_000, 60), (10**9, 3600)]
)
def test_waits_are_neither_too_short_nor_endless(given_ms: int | None, seconds: int) -> None:
    assert (
        WaitArguments.model_validate({"targets": [], "timeout_ms": given_ms}).timeout_s() == seconds
    )


@pytest.mark.parametrize("timeout_ms", [0, -5, float("nan")])
def test_no_time_is_no_timeout(timeout_ms: float) -> None:
    with pytest.raises(ToolError, match="must be greater than zero"):
        WaitArguments.model_validate({"targets": [], "timeout_ms": timeout_ms}).timeout_s()


def test_a_message_may_have_parts_of_every_kind() -> None:
    items: list[dict[str, Any]] = [
        {"type": "text", "text": "Look"},
        {"type": "image", "image_url": "data:image/png;base64,AA=="},
        {"type": "local_image", "path": "/a.png"},
        {"type": "skill", "name": "draw", "path": "/SKILL.md"},
        {"type": "mention", "name": "file", "path": "/a.py"},
    ]
    parts = MessageArguments(items=items).parts()
    assert parts == [
        TextInput(text="Look"),
        ImageInput(url="data:image/png;base64,AA=="),
        LocalImageInput(path="/a.png"),
        SkillInput(name="draw", path="/SKILL.md"),
        MentionInput(name="file", path="/a.py"),
    ]
    assert shown_text(parts) == "Look\n[image]\n[localImage]\n[skill: draw]\n[mention: file]"


@pytest.mark.parametrize("item", [{"type": "smell"}, {"type": "skill"}, {"type": "image"}])
def test_a_part_that_makes_no_sense_is_named(item: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match=r"items\[0\]"):
        MessageArguments(items=[item]).parts()


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (CollabAgentState(status="completed", message="Done"), {"completed": "Done"}),
        (CollabAgentState(status="completed"), {"completed": None}),
        (CollabAgentState(status="errored", message="No"), {"errored": "No"}),
        (CollabAgentState(status="pendingInit"), "pending_init"),
        (CollabAgentState(status="notFound"), "not_found"),
        (CollabAgentState(status="running"), "running"),
    ],
)
def test_the_model_is_told_of_states_as_it_knows_them(state: CollabAgentState, told: Any) -> None:
    assert state_for_model(state) == told


def test_only_ids_are_agents() -> None:
    with pytest.raises(ToolError, match="invalid agent id"):
        agent_id("01a1fda1-6cdc-71f0-8511-08443407")


def test_models_may_say_it_as_earlier_ones_did() -> None:
    assert parse_arguments(WaitArguments, '{"ids": ["a"]}').targets == ["a"]
    assert parse_arguments(WaitArguments, '{"targets": ["a"]}').targets == ["a"]
    assert parse_arguments(CloseArguments, '{"id": "a"}').target == "a"
    assert parse_arguments(SendArguments, '{"id": "a", "message": "m"}').target == "a"
    assert parse_arguments(ResumeArguments, '{"target": "a"}').id == "a"
