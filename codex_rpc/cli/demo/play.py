"""The demo itself: start the server, play the turn, show it, and check that the bug is gone."""

import os
import sys
import tempfile
from pathlib import Path

from codex_rpc.cli.demo.client import Client, Message, ServerGoneError
from codex_rpc.cli.demo.project import PROMPT, make_project, tests_pass, write_script
from codex_rpc.cli.demo.screen import Screen

INTRODUCTION = """\
The model is scripted. Everything else is real: the server process and its pipe, the approvals,
the commands, the tests, the patch, the rollout and the diff."""


def run(*, wire: bool) -> int:
    """Play the demo; 0 only if the tests went from red to green."""
    screen = Screen(sys.stdout, wire=wire, color=_wants_color())
    with tempfile.TemporaryDirectory(prefix="codex-rpc-demo-") as name:
        folder = Path(name)
        project = folder / "project"
        make_project(project)
        write_script(folder / "script.jsonl")
        screen.title("codex-rpc demo", INTRODUCTION)
        red_before = not tests_pass(project)
        try:
            exit_codes = _play(folder, project, screen)
        except (ServerGoneError, OSError) as error:
            print(f"codex-rpc: {error}", file=sys.stderr)
            return 1
        green_after = tests_pass(project)
    went_green = red_before and green_after and len(exit_codes) > 1
    if went_green and exit_codes[-1] == 0 and any(exit_codes):
        screen.verdict("The tests went from red to green.")
        return 0
    print("codex-rpc: the tests did not go from red to green", file=sys.stderr)
    return 1


def _wants_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _play(folder: Path, project: Path, screen: Screen) -> list[int | None]:
    """Play the turn and return the exit codes of its commands."""
    arguments = ["-c", "model_provider=script"]
    arguments += ["-c", f'model_providers.script.script_path="{folder / "script.jsonl"}"']
    environ = {**os.environ, "CODEX_HOME": str(folder / "home")}
    with Client(arguments, environ, screen.wire) as client:
        client.call("initialize", {"clientInfo": {"name": "codex-rpc-demo", "version": "1"}})
        client.send({"method": "initialized"})
        settings = {
            "cwd": str(project),
            "sandbox": "workspace-write",
            "approvalPolicy": "untrusted",
        }
        thread = client.call("thread/start", settings)["thread"]
        screen.user(PROMPT)
        client.request(
            "turn/submit",
            {"threadId": thread["id"], "input": [{"type": "text", "text": PROMPT}]},
        )
        return _watch(client, screen)


def _watch(client: Client, screen: Screen) -> list[int | None]:
    exit_codes: list[int | None] = []
    diff = ""
    for message in client.messages():
        params: Message = message.get("params", {})
        match message.get("method"):
            case "item/agentMessage/delta":
                screen.text(params["delta"])
            case "item/started":
                screen.item_started(params["item"])
            case "item/commandExecution/outputDelta":
                screen.output(params["delta"])
            case "item/commandExecution/requestApproval" | "item/fileChange/requestApproval":
                screen.approval(params)
                client.request(
                    "approval/respond",
                    {"approvalId": params["approvalId"], "decision": "acceptForSession"},
                )
            case "item/completed":
                item = params["item"]
                screen.item_completed(item)
                if item["type"] == "commandExecution":
                    exit_codes.append(item["exitCode"])
            case "turn/diff/updated":
                diff = params["diff"]
            case "turn/completed":
                screen.diff(diff)
                return exit_codes
            case _:
                pass
    raise ServerGoneError("the server ended during the turn")
