"""A thread with one item of most kinds, as `threads show` and `threads export` get it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from codex_rpc.cli.threads.transcript import Transcript
from codex_rpc.model.port import TokenUsage
from codex_rpc.protocol.ids import ItemId, ThreadId, TurnId
from codex_rpc.protocol.inputs import ImageInput, TextInput, UserInput
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CommandExecutionItem,
    FileChangeItem,
    FileUpdateChange,
    McpToolCallItem,
    McpToolCallResult,
    PatchAdd,
    PatchUpdate,
    PlanItem,
    ReasoningItem,
    ThreadItem,
    UserMessageItem,
)
from codex_rpc.protocol.thread import GitInfo
from codex_rpc.protocol.turn import Turn, TurnError
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.stored_thread import StoredThread

THREAD_ID = "0199b1c2-8d3e-7a52-b1ef-6a7c8d9e0f12"
NOON = 1_795_176_000
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def user(text: str, *more: UserInput) -> UserMessageItem:
    return UserMessageItem(id=ItemId("user"), content=[TextInput(text=text), *more])


def agent(text: str) -> AgentMessageItem:
    return AgentMessageItem(id=ItemId("agent"), text=text, started_at_ms=NOON * 1000)


def command(script: str, output: str = "", exit_code: int = 0) -> CommandExecutionItem:
    return CommandExecutionItem(
        id=ItemId("command"),
        command=f"/bin/bash -lc '{script}'",
        cwd="/project",
        command_actions=[],
        status="completed" if exit_code == 0 else "failed",
        aggregated_output=output or None,
        exit_code=exit_code,
        duration_ms=1234,
    )


def patch() -> FileChangeItem:
    update = FileUpdateChange(
        path="/project/pricing.py",
        kind=PatchUpdate(),
        diff="@@ -1,2 +1,2 @@\n def total():\n-    return 0\n+    return 1 < 2\n",
    )
    added = FileUpdateChange(path="/project/NEW.md", kind=PatchAdd(), diff="# New\n")
    return FileChangeItem(id=ItemId("patch"), changes=[update, added], status="completed")


def everything() -> list[ThreadItem]:
    return [
        user("Mend <b>it</b> & tell me", ImageInput(url=PIXEL)),
        ReasoningItem(id=ItemId("reasoning"), summary=["**Reading first**\n\nThen I run it."]),
        agent("It is *done*:\n\n```python\nreturn 1\n```"),
        command("make test", "1 failed\n", exit_code=2),
        patch(),
        McpToolCallItem(
            id=ItemId("mcp"),
            server="docs",
            tool="find",
            arguments={"q": "tax"},
            status="completed",
            result=McpToolCallResult(content=[{"type": "text", "text": "3 pages"}]),
        ),
        PlanItem(id=ItemId("plan"), text="1. Read\n2. Mend"),
    ]


def turn(*items: ThreadItem, error: str | None = None) -> Turn:
    return Turn(
        id=TurnId("turn"),
        items=list(items),
        status="completed" if error is None else "failed",
        error=None if error is None else TurnError(message=error),
        started_at=NOON,
    )


def transcript(turns: Sequence[Turn], name: str | None = None) -> Transcript:
    meta = SessionMeta(
        thread_id=THREAD_ID,
        timestamp=datetime.fromtimestamp(NOON, UTC),
        cwd=Path("/project"),
        originator="tests",
        cli_version="1",
        source="vscode",
        model_provider="script",
        git=GitInfo(branch="main"),
    )
    thread = StoredThread(
        thread_id=ThreadId(THREAD_ID),
        path=Path("/nowhere"),
        archived=False,
        meta=meta,
        created_at=NOON,
        updated_at=NOON + 60,
        preview="Mend <b>it</b> & tell me",
        name=name,
        model="scripted",
    )
    return Transcript(thread, turns, TokenUsage(1000, 400, 50, 10, 1050))
