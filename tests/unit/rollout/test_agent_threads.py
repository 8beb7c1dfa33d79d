"""What files say of agents: whose a thread is, and the calls to others, in either spelling."""

from pathlib import Path

from codex_rpc.protocol.items import CollabAgentState, CollabAgentToolCallItem
from codex_rpc.protocol.thread import ThreadSpawn
from codex_rpc.rollout.agent_source import agent_source, spawn_of
from codex_rpc.rollout.reconstruct import load_rollout
from tests.unit.rollout.files import event, message, meta, write_lines


def test_a_source_is_read_as_it_was_written() -> None:
    spawn = ThreadSpawn.model_validate(
        {"parent_thread_id": "t-0", "depth": 2, "agent_nickname": "Wren"}
    )
    assert spawn_of(agent_source(spawn)) == spawn


def test_only_spawned_threads_are_agents() -> None:
    assert spawn_of("vscode") is None
    assert spawn_of({"subagent": "review"}) is None
    assert spawn_of({"subagent": {"thread_spawn": {"depth": "deep"}}}) is None


def test_calls_to_agents_of_the_codex_command_are_shown(tmp_path: Path) -> None:
    calls = [
        {
            "type": "CollabAgentToolCall",
            "id": f"c{number}",
            "tool": tool,
            "status": "completed",
            "sender_thread_id": "t-1",
            "receiver_thread_ids": ["t-2"],
            "receiver_agents": [{"thread_id": "t-2", "agent_nickname": "Volta"}],
            "agents_states": {"t-2": state},
        }
        for number, (tool, state) in enumerate(
            [
                ("spawn_agent", "pending_init"),
                ("wait", {"completed": "child says"}),
                ("send_input", {"errored": "bad thing"}),
                ("close_agent", "not_found"),
            ]
        )
    ]
    path = write_lines(
        tmp_path / "r.jsonl",
        meta(parent_thread_id="t-0"),
        event("task_started", turn_id="t"),
        message("user", "go"),
        *(event("item_completed", turn_id="t", item=call) for call in calls),
        event("task_complete", turn_id="t"),
    )
    loaded = load_rollout(path)
    assert loaded.meta.parent_thread_id == "t-0"
    shown = [item for item in loaded.turns[0].items() if isinstance(item, CollabAgentToolCallItem)]
    assert [item.tool for item in shown] == ["spawnAgent", "wait", "sendInput", "closeAgent"]
    assert [item.agents_states["t-2"] for item in shown] == [
        CollabAgentState(status="pendingInit"),
        CollabAgentState(status="completed", message="child says"),
        CollabAgentState(status="errored", message="bad thing"),
        CollabAgentState(status="notFound"),
    ]
