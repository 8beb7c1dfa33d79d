"""An item of every kind that a rollout treats in a way of its own, as a client would see it."""

from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.inputs import ImageInput, LocalImageInput, TextInput
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CommandExecutionItem,
    ContextCompactionItem,
    FileChangeItem,
    FileUpdateChange,
    McpToolCallItem,
    McpToolCallResult,
    PatchAdd,
    PatchUpdate,
    ReadAction,
    ReasoningItem,
    ThreadItem,
    UserMessageItem,
)

ITEMS: list[ThreadItem] = [
    UserMessageItem(
        id=ItemId("u"),
        content=[
            TextInput(text="look "),
            ImageInput(url="https://example.com/a.png"),
            LocalImageInput(path="/tmp/b.png"),
        ],
        client_id="mine",
    ),
    AgentMessageItem(id=ItemId("a"), text="Hm.", phase="commentary"),
    ReasoningItem(id=ItemId("r"), summary=["one", "two"], content=["raw"]),
    CommandExecutionItem(
        id=ItemId("c"),
        command="cat a",
        cwd="/tmp",
        command_actions=[ReadAction(command="cat a", name="a", path="/tmp/a")],
        status="failed",
        process_id="7",
        aggregated_output="no\n",
        exit_code=1,
        duration_ms=5,
    ),
    FileChangeItem(
        id=ItemId("f"),
        changes=[
            FileUpdateChange(path="/tmp/a", kind=PatchAdd(), diff="new\n"),
            FileUpdateChange(path="/tmp/b", kind=PatchUpdate(move_path="/tmp/c"), diff="@@\n"),
        ],
        status="completed",
    ),
    McpToolCallItem(
        id=ItemId("m"),
        server="s",
        tool="t",
        arguments={"a": None},
        status="completed",
        result=McpToolCallResult(content=[{"type": "text", "text": "x"}]),
    ),
    ContextCompactionItem(id=ItemId("x")),
]
