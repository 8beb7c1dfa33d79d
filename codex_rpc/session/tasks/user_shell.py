"""The user-shell task: a command that the user runs, for the model to know about.

It runs as the user's own: without sandbox and without a question. It may be a turn of its own, or
run beside another.
"""

from typing import Literal

import anyio
from msgspec import Struct

from codex_rpc.errors import SpawnError
from codex_rpc.exec.exec_text import exit_code_for_model
from codex_rpc.history.fragments import user_shell_command
from codex_rpc.protocol.ids import new_item_id
from codex_rpc.session.tool_context import SessionToolContext
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.tools.commands.consent import Command, Permit
from codex_rpc.tools.commands.execution import command_item, run_shown

DEFAULT_TIMEOUT_SECONDS = 3600.0

ABORTED = "command aborted by user"


class UserShellTask(Struct, frozen=True):
    """Runs `script` in the user's login shell."""

    script: str
    timeout_s: float | None = None
    """`DEFAULT_TIMEOUT_SECONDS`, if not given."""
    kind: Literal["userShell"] = "userShell"

    async def run(self, turn: TurnContext) -> None:
        """Run it, show it, and let the model know what came of it."""
        environment = turn.services.exec
        command = Command(
            argv=environment.shell.argv(self.script, login=True),
            cwd=turn.settings.cwd,
            timeout_s=DEFAULT_TIMEOUT_SECONDS if self.timeout_s is None else self.timeout_s,
        )
        item = command_item(new_item_id(), command, "userShell")
        turn.item_started(item)
        try:
            result = await run_shown(item, command, Permit(), environment, SessionToolContext(turn))
        except SpawnError as error:
            self._record(turn, -1, 0.0, str(error))
        except anyio.get_cancelled_exc_class():
            self._record(turn, -1, 0.0, ABORTED)
            raise
        else:
            code = exit_code_for_model(result.exit)
            self._record(turn, code, result.exit.duration_s, result.text)

    def _record(self, turn: TurnContext, exit_code: int, seconds: float, output: str) -> None:
        turn.record([user_shell_command(self.script, exit_code, seconds, output)])

    def close(self, turn: TurnContext) -> None:
        """Nothing: `run` has completed the item and recorded what came of the command."""
