"""The commands of `workspace/executeCommand`, by name.

Those that are named for a method of the server are carried out by its dispatcher, with the first
argument as parameters. The others are the editor's: they begin turns about its documents, stop them
and answer for the user.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from codex_rpc.lsp.agent import EditorAgent
from codex_rpc.lsp.answers import Purpose
from codex_rpc.lsp.prompts import to_explain, to_fix, to_test
from codex_rpc.server.dispatch import REQUESTS

PREFIX = "codex-rpc."
FIX = PREFIX + "fix"
EXPLAIN = PREFIX + "explain"
WRITE_TEST = PREFIX + "writeTest"
ASK = PREFIX + "ask"
INTERRUPT = PREFIX + "interrupt"
ACCEPT = PREFIX + "accept"
DECLINE = PREFIX + "decline"

_RESOURCES = ("thread/", "turn/", "review/", "approval/")
METHOD_COMMANDS: Mapping[str, str] = {
    PREFIX + name.replace("/", "."): name for name in REQUESTS if name.startswith(_RESOURCES)
}


def method_of(command: str) -> str | None:
    """The method that a command is named for."""
    return METHOD_COMMANDS.get(command)


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a document, and what is wrong with it. pygls makes it, which knows dataclasses."""

    uri: str
    range: types.Range
    diagnostics: list[types.Diagnostic] = field(default_factory=list[types.Diagnostic])


def add_commands(server: LanguageServer, agent: EditorAgent) -> None:
    """Register the editor's commands."""

    @server.command(FIX)
    async def fix(target: Target) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        excerpt = agent.excerpt(target.uri, target.range)
        return await agent.submit(to_fix(excerpt, target.diagnostics), Purpose.CHANGE)

    @server.command(EXPLAIN)
    async def explain(target: Target) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        excerpt = agent.excerpt(target.uri, target.range)
        return await agent.explain(to_explain(excerpt, target.diagnostics))

    @server.command(WRITE_TEST)
    async def write_test(target: Target) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return await agent.submit(to_test(agent.excerpt(target.uri, target.range)), Purpose.CHANGE)

    @server.command(ASK)
    async def ask(text: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return await agent.submit(text, Purpose.ANSWER)

    @server.command(INTERRUPT)
    async def interrupt(*_: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        agent.interrupt()

    @server.command(ACCEPT)
    async def accept(approval_id: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await agent.decide(approval_id, "accept")

    @server.command(DECLINE)
    async def decline(approval_id: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await agent.decide(approval_id, "decline")
