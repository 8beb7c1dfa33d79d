"""What a user of `openai-codex` does, and what comes of it: one line of JSON at the end.

Run as `program CODEX PROJECT`.
"""

# pyright: basic, reportMissingImports=false

import json
import sys

from openai_codex import ApprovalMode, Codex, CodexConfig, Sandbox
from openai_codex.client import CodexClient

codex_bin, project = sys.argv[1:]
config = CodexConfig(codex_bin=codex_bin, cwd=project)
seen = {}


def kinds(items):
    return [getattr(item, "root", item).type for item in items]


def outcome(result):
    return [result.status.value, result.final_response, kinds(result.items)]


def command_outcome(result):
    """The exit code and output of the turn's command."""
    items = (getattr(item, "root", item) for item in result.items)
    [command] = [item for item in items if item.type == "commandExecution"]
    return [command.status.value, command.exit_code, (command.aggregated_output or "").strip()]


with Codex(config) as codex:
    seen["server"] = codex.metadata.serverInfo.name
    seen["models"] = len(codex.models().data) > 0
    seen["needs login"] = codex.account().requires_openai_auth
    thread = codex.thread_start(sandbox=Sandbox.workspace_write)
    seen["text"] = outcome(thread.run("Hi"))
    seen["mcp"] = outcome(thread.run('call mcp__notes/add {"a": 1, "b": 2}'))
    seen["command"] = command_outcome(thread.run("run echo one > one.txt && cat one.txt"))
    seen["read only"] = command_outcome(thread.run("run touch two.txt", sandbox=Sandbox.read_only))[
        :2
    ]
    seen["patch"] = outcome(thread.run("create made.txt", sandbox=Sandbox.workspace_write))
    seen["denied"] = outcome(
        thread.run("escalate touch three.txt", approval_mode=ApprovalMode.deny_all)
    )
    streamed = thread.turn("run echo streamed").stream()
    seen["stream"] = [event.method for event in streamed]
    turn = thread.turn("wait")
    deltas = turn.stream()
    while next(deltas).method != "item/agentMessage/delta":
        pass
    turn.steer("More")
    turn.interrupt()
    seen["interrupted"] = [
        event.payload.turn.status.value for event in deltas if event.method == "turn/completed"
    ]
    thread.set_name("A name")
    thread.compact()
    seen["after compaction"] = outcome(thread.run("Hi"))
    fork = codex.thread_fork(thread.id)
    seen["fork"] = outcome(fork.run("Hi"))
    codex.thread_archive(fork.id)
    seen["listed"] = [[t.name, t.preview, t.id == thread.id] for t in codex.thread_list().data]
    codex.thread_unarchive(fork.id)
    seen["listed again"] = len(codex.thread_list().data)
    turns = thread.read(include_turns=True).thread.turns
    seen["read"] = [[turn.status.value, kinds(turn.items)] for turn in turns[:2]]

with Codex(config) as codex:
    seen["resumed"] = outcome(codex.thread_resume(thread.id).run("Hi"))

asked = []


def answer(method, params):
    asked.append([method, params.get("command") or params.get("tool")])
    if method == "item/tool/call":
        return {"contentItems": [{"type": "inputText", "text": "Dong"}], "success": True}
    return {"decision": "decline" if "no.txt" in str(params) else "accept"}


with CodexClient(config, approval_handler=answer) as client:
    client.initialize()
    ring = {"name": "ring", "description": "Ring.", "inputSchema": {"type": "object"}}
    started = client.thread_start(
        {"approvalPolicy": "on-request", "sandbox": "read-only", "dynamicTools": [ring]}
    )
    for text in ("escalate touch yes.txt", "escalate touch no.txt", "call ring {}"):
        turn = client.turn_start(started.thread.id, text).turn
        client.wait_for_turn_completed(turn.id)
    turns = client.thread_read(started.thread.id, include_turns=True).thread.turns
    seen["answers"] = [getattr(turn.items[-1], "root", turn.items[-1]).text for turn in turns]
seen["asked"] = asked

sys.stdout.write(json.dumps(seen))
