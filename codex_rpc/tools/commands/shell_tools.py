"""The shell tools that wait for their command's end: two ways in which models name a command.

`shell` takes an argument vector, `shell_command` a script for the user's shell. A model is offered
one of them, or `exec_command`; all can be called.
"""

from typing import Any, Literal

from msgspec import Struct
from pydantic import AliasChoices, Field

from codex_rpc.errors import ToolError
from codex_rpc.exec.exec_text import freeform, structured
from codex_rpc.exec.process import ProcessExit
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.tools.arguments import parse_arguments
from codex_rpc.tools.commands.arguments import ESCALATION, LOGIN, WORKDIR, CommandArguments
from codex_rpc.tools.commands.consent import Command
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.commands.execution import execute
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_TIMEOUT_MS = 10_000


class ShellArguments(CommandArguments):
    """What both tools take beside the command."""

    timeout_ms: int | None = Field(
        default=None, gt=0, validation_alias=AliasChoices("timeout_ms", "timeout")
    )


class ArgvArguments(ShellArguments):
    command: list[str] = Field(min_length=1)


class ScriptArguments(ShellArguments):
    command: str = Field(min_length=1, validation_alias=AliasChoices("command", "cmd"))


def _spec(
    name: str, description: str, command: dict[str, Any], *, script: bool
) -> FunctionToolSpec:
    properties: dict[str, Any] = {
        "command": command,
        **WORKDIR,
        "timeout_ms": {
            "type": "integer",
            "description": "After how many milliseconds the command is killed.",
        },
        **ESCALATION,
        **(LOGIN if script else {}),
    }
    return FunctionToolSpec(
        name=name,
        description=description,
        parameters={
            "type": "object",
            "properties": properties,
            "required": ["command"],
            "additionalProperties": False,
        },
    )


_SCRIPT = {"type": "string", "description": "The script, in the syntax of the user's shell."}

SPECS = {
    "shell": _spec(
        "shell",
        "Run a program and return its output. The command is started as it is, without a shell; "
        'for shell syntax use ["bash", "-lc", "..."]. Set workdir instead of using cd.',
        {"type": "array", "items": {"type": "string"}, "description": "Program and arguments."},
        script=False,
    ),
    "shell_command": _spec(
        "shell_command",
        "Run a script in the user's shell and return its output. Set workdir instead of using cd.",
        _SCRIPT,
        script=True,
    ),
}


class ShellTool(Struct, frozen=True):
    """One of the two, by name."""

    name: Literal["shell", "shell_command"]
    environment: CommandEnvironment
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPECS[self.name]

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments, argv = self._argv(call)
        if any("\0" in word for word in argv):
            raise ToolError("failed to parse function arguments: command contains a NUL character")
        command = Command(
            argv=argv,
            cwd=context.settings.cwd / (arguments.workdir or ""),
            timeout_s=(arguments.timeout_ms or DEFAULT_TIMEOUT_MS) / 1000,
            escalated=arguments.escalated,
            justification=arguments.justification,
            prefix_rule=arguments.prefix_rule,
        )
        render = _structured if self.name == "shell" else freeform
        return await execute(command, ItemId(call.call_id), self.environment, context, render)

    def _argv(self, call: ToolCall) -> tuple[ShellArguments, list[str]]:
        if self.name == "shell":
            arguments = parse_arguments(ArgvArguments, call.arguments)
            return arguments, arguments.command
        script = parse_arguments(ScriptArguments, call.arguments)
        return script, self.environment.shell.argv(script.command, login=script.login)


def _structured(text: str, exit: ProcessExit, _total_lines: int | None) -> str:
    return structured(text, exit)
