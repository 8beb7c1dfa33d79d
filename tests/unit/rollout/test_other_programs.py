"""Rollouts in the forms that the Codex command has written over time, each made by hand."""

from pathlib import Path
from typing import Any

import pytest

from codex_rpc.history.compaction import is_summary
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CommandExecutionItem,
    ContextCompactionItem,
    FileChangeItem,
    McpToolCallItem,
    ReasoningItem,
    UserMessageItem,
    WebSearchItem,
)
from codex_rpc.protocol.response_items import MessageItem
from codex_rpc.rollout.reconstruct import Reconstructed, load_rollout, read_head
from codex_rpc.rollout.session_meta import HistoryBase
from tests.unit.rollout.files import Line, event, line, message, meta, write_lines


def load(tmp_path: Path, *lines: Line) -> Reconstructed:
    return load_rollout(write_lines(tmp_path / "r.jsonl", *lines))


def spoken(loaded: Reconstructed) -> list[str]:
    return [item.text for item in loaded.history.snapshot() if isinstance(item, MessageItem)]


def shown(loaded: Reconstructed, turn: int = 0) -> list[str]:
    """The kinds of item in a turn."""
    return [item.type for item in loaded.turns[turn].items()]


# --- the oldest: nothing says where a turn begins ------------------------------------------------


def test_turns_without_beginnings_begin_where_the_user_speaks(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        meta(instructions="Old."),
        message("user", "<environment_context>\n  <cwd>/</cwd>\n</environment_context>"),
        message("user", "first"),
        event("user_message", message="<cwd>/</cwd>", kind="environment_context"),
        event("user_message", message="first", kind="plain", images=["data:,"]),
        event("agent_reasoning", text="**Why**"),
        event("agent_reasoning_raw_content", text="because"),
        event("agent_message", message="one"),
        message("assistant", "one"),
        event("user_message", message="second"),
        event("agent_message", message="two"),
        event("turn_aborted", reason="interrupted"),
        event("user_message", message="third"),
    )
    assert loaded.meta.base_instructions == "Old."
    assert [turn.status for turn in loaded.turns] == ["completed", "interrupted", "completed"]
    user, reasoning, agent = loaded.turns[0].items()
    assert isinstance(user, UserMessageItem)
    assert [part.type for part in user.content] == ["text", "image"]
    assert isinstance(reasoning, ReasoningItem)
    assert (reasoning.summary, reasoning.content) == (["**Why**"], ["because"])
    assert isinstance(agent, AgentMessageItem)
    assert loaded.open_turn is None
    ids = [item.id for turn in loaded.turns for item in turn.items()]
    assert len(set(ids)) == len(ids)
    assert len({turn.turn_id for turn in loaded.turns}) == 3


def test_settings_said_before_the_oldest_turns_are_theirs(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        meta(),
        line("turn_context", {"cwd": "/a", "model": "m"}),
        message("user", "<environment_context>\n  <cwd>/a</cwd>\n</environment_context>"),
        event("user_message", message="first"),
    )
    assert loaded.baseline is not None
    assert (loaded.baseline.model, loaded.baseline.cwd) == ("m", Path("/a"))


# --- early 2026: events for turns and items ------------------------------------------------------

LEGACY = (
    meta(),
    event("task_started", turn_id="t1", model_context_window=1000),
    message("user", "go"),
    event("user_message", message="go", kind="plain", local_images=["/tmp/a.png"]),
    event(
        "exec_command_end",
        call_id="c1",
        turn_id="t1",
        command=["bash", "-lc", "ls 'a b'"],
        cwd="/tmp",
        parsed_cmd=[{"type": "list_files", "cmd": "ls", "path": "a b"}],
        source="unified_exec_startup",
        aggregated_output="x\n",
        exit_code=0,
        duration={"secs": 1, "nanos": 500_000_000},
    ),
    event(
        "patch_apply_end",
        call_id="c2",
        turn_id="t1",
        success=False,
        changes={
            "/tmp/a": {"type": "add", "content": "new\n"},
            "/tmp/b": {"type": "update", "unified_diff": "@@\n", "move_path": "/tmp/c"},
        },
    ),
    event(
        "mcp_tool_call_end",
        call_id="c3",
        invocation={"server": "s", "tool": "t", "arguments": {"a": 1}},
        duration={"secs": 0, "nanos": 2_000_000},
        result={"Ok": {"content": [{"type": "text", "text": "x"}], "isError": False}},
    ),
    event(
        "mcp_tool_call_end",
        call_id="c4",
        invocation={"server": "s", "tool": "t", "arguments": None},
        result={"Err": "gone"},
    ),
    event("web_search_end", call_id="c5", query="q", action={"type": "open_page", "url": "u"}),
    event("item_completed", turn_id="t1", item={"type": "Plan", "id": "p", "text": "1."}),
    event("context_compacted"),
    event("agent_message", message="done", phase="final_answer"),
    event("task_complete", turn_id="t1", last_agent_message="done"),
)


def test_items_are_rebuilt_from_older_events(tmp_path: Path) -> None:
    loaded = load(tmp_path, *LEGACY)
    user, command, patch, call, failed, search, _, compaction, agent = loaded.turns[0].items()
    assert isinstance(user, UserMessageItem)
    assert isinstance(command, CommandExecutionItem)
    assert (command.id, command.command, command.duration_ms) == (
        "c1",
        "bash -lc 'ls '\"'\"'a b'\"'\"''",
        1500,
    )
    assert command.command_actions[0].type == "listFiles"
    assert (command.source, command.status) == ("unifiedExecStartup", "completed")
    assert isinstance(patch, FileChangeItem)
    assert [change.kind.type for change in patch.changes] == ["add", "update"]
    assert (patch.changes[1].diff, patch.status) == ("@@\n", "failed")
    assert isinstance(call, McpToolCallItem)
    assert call.result is not None
    assert (call.result.content, call.status) == ([{"type": "text", "text": "x"}], "completed")
    assert isinstance(failed, McpToolCallItem)
    assert failed.error is not None
    assert (failed.error.message, failed.result, failed.status) == ("gone", None, "failed")
    assert isinstance(search, WebSearchItem)
    assert search.action is not None
    assert search.action.type == "openPage"
    assert isinstance(compaction, ContextCompactionItem)
    assert isinstance(agent, AgentMessageItem)
    assert (agent.text, agent.phase) == ("done", "final_answer")
    assert loaded.turns[0].status == "completed"


def test_rolled_back_turns_of_older_files_are_gone(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        *LEGACY,
        event("task_started", turn_id="t2"),
        message("user", "again"),
        event("user_message", message="again"),
        event("task_complete", turn_id="t2"),
        event("thread_rolled_back", num_turns=1),
        event("item_completed", turn_id="t2", item={"type": "Plan", "id": "p", "text": "late"}),
    )
    assert spoken(loaded) == ["go"]
    assert [turn.turn_id for turn in loaded.turns] == ["t1"]
    assert shown(loaded).count("plan") == 1


CODEX_SUMMARY = "Another language model started to solve this problem and produced a summary of it."


@pytest.mark.parametrize(("text", "introduced"), [("Hello.", True), (CODEX_SUMMARY, False)])
def test_a_compaction_without_a_replacement_keeps_the_users_words(
    tmp_path: Path, text: str, *, introduced: bool
) -> None:
    """A summary is introduced to the model as such, unless it does so itself."""
    loaded = load(
        tmp_path,
        meta(),
        message("user", "<environment_context>\n  <cwd>/</cwd>\n</environment_context>"),
        message("user", "first"),
        message("assistant", "one"),
        line("compacted", {"message": text}),
        message("user", "second"),
    )
    first, summary, second = spoken(loaded)
    assert (first, second) == ("first", "second")
    assert summary.endswith(text)
    assert (summary != text) == introduced
    assert is_summary(loaded.history.snapshot()[1])
    assert not loaded.context_recorded


# --- mid 2026: ordinals, and items in full -------------------------------------------------------


def item(turn_id: str, kind: str, **fields: Any) -> Line:
    stored = {"type": kind, "id": f"{kind}-1", **fields}
    return event("item_completed", thread_id="t-1", turn_id=turn_id, item=stored)


def paginated(*lines: Line) -> list[Line]:
    """The lines with the ordinals that this generation numbers them with."""
    return [{"timestamp": one["timestamp"], "ordinal": at, **one} for at, one in enumerate(lines)]


def test_items_in_the_other_programs_spelling_are_read(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        *paginated(
            meta(history_mode="paginated", git={"commit_hash": "abc", "branch": "main"}),
            event("task_started", turn_id="t1", started_at=100),
            line("world_state", {"full": True}),
            line("turn_context", {"turn_id": "t1", "cwd": "/w", "approval_policy": "never"}),
            message("user", "go"),
            item(
                "t1",
                "UserMessage",
                content=[
                    {"type": "text", "text": "go", "text_elements": []},
                    {"type": "image", "image_url": "data:,"},
                    {"type": "local_image", "path": "/tmp/a.png"},
                ],
            ),
            item("t1", "Reasoning", summary_text=["why"], raw_content=[]),
            item(
                "t1",
                "CommandExecution",
                process_id="7",
                command=["/bin/bash", "-lc", "true"],
                cwd="file:///w/a%20b",
                parsed_cmd=[{"type": "unknown", "cmd": "true"}],
                source="user_shell",
                status="in_progress",
                duration={"secs": 0, "nanos": 43_000_000},
            ),
            item(
                "t1",
                "FileChange",
                changes={"/w/a": {"type": "delete", "content": "old\n"}},
                status="declined",
            ),
            item("t1", "ContextCompaction"),
            item("t1", "SomethingNew", text="?"),
            item("t1", "AgentMessage", content=[{"type": "Text", "text": "a"}], phase="odd"),
            line("token_usage_record", {"turn_id": "t1"}),
            event(
                "task_complete",
                turn_id="t1",
                completed_at=101,
                duration_ms=7,
                error={
                    "message": "no",
                    "codex_error_info": {"http_connection_failed": {"http_status_code": 500}},
                },
            ),
        ),
    )
    turn = loaded.turns[0].turn()
    assert [one.type for one in turn.items] == [
        "userMessage",
        "reasoning",
        "commandExecution",
        "fileChange",
        "contextCompaction",
        "agentMessage",
    ]
    command = turn.items[2]
    assert isinstance(command, CommandExecutionItem)
    assert (command.cwd, command.status, command.source) == ("/w/a b", "inProgress", "userShell")
    assert (turn.status, turn.started_at, turn.completed_at, turn.duration_ms) == (
        "failed",
        100,
        101,
        7,
    )
    assert turn.error is not None
    assert turn.error.model_dump(mode="json")["codexErrorInfo"] == {
        "httpConnectionFailed": {"httpStatusCode": 500}
    }
    assert loaded.counts.foreign == 2
    assert loaded.meta.git is not None
    assert (loaded.meta.git.sha, loaded.meta.git.branch) == ("abc", "main")


def test_settings_changed_between_turns_are_the_last(tmp_path: Path) -> None:
    changed = {"model": "n", "cwd": "/v", "approval_policy": "never", "reasoning_effort": "low"}
    loaded = load(
        tmp_path,
        meta(),
        event("thread_settings_applied", thread_settings=changed),
        line("turn_context", {"turn_id": "t", "model": "m", "cwd": "/w", "summary": "none"}),
        event("thread_settings_applied", thread_settings=changed),
    )
    settings = loaded.settings
    assert settings is not None
    assert (settings.model, settings.cwd, settings.effort) == ("n", Path("/v"), "low")
    assert (settings.approval_policy, settings.summary) == ("never", "none")


def test_a_file_that_goes_on_from_another_one_says_so(tmp_path: Path) -> None:
    base = {"thread_id": "t-0", "end_ordinal_exclusive": 23, "end_byte_offset": 46298}
    path = write_lines(
        tmp_path / "r.jsonl",
        meta(history_mode="paginated", history_base=base, forked_from_id="t-0"),
        message("user", "in the fork"),
    )
    loaded = load_rollout(path)
    assert loaded.meta.history_base == HistoryBase("t-0", 23, 46298)
    assert spoken(loaded) == ["in the fork"]
    assert read_head(path).meta == loaded.meta
