"""`command/exec*`: commands of the client's own, beside all threads. They end with its connection.

Deltas carry bytes in base64: output need not be text, and pieces may end within a character.
"""

from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.policies import SandboxPolicy

CommandExecOutputStream = TypeAliasType("CommandExecOutputStream", Literal["stdout", "stderr"])


class CommandExecTerminalSize(WireModel):
    """In characters."""

    rows: int = Field(ge=0, le=65_535)
    cols: int = Field(ge=0, le=65_535)


class CommandExecParams(WireModel):
    """A command to run. The answer comes when it has ended."""

    command: list[str]
    """Program and arguments; no shell is involved."""
    cwd: str | None = None
    """The server's own, if not given; relative paths begin there."""
    env: dict[str, str | None] | None = None
    """Variables to set, or with `null` to remove, in what the configuration lets through."""
    process_id: str | None = None
    """The client's name for the command, for later requests and for its output."""
    tty: bool = False
    """Run it in a terminal. That includes both kinds of streaming."""
    size: CommandExecTerminalSize | None = None
    """The terminal's; 24 rows of 80, if not given."""
    stream_stdin: bool = False
    """Let `command/exec/write` give it input; else it has none."""
    stream_stdout_stderr: bool = False
    """Send its output in `command/exec/outputDelta` instead of in the answer."""
    timeout_ms: int | None = None
    """After how many milliseconds it is killed; 10,000 if not given."""
    disable_timeout: bool = False
    output_bytes_cap: int | None = Field(default=None, ge=0)
    """How many bytes of each stream are passed on; 1 MiB if not given. The rest is lost."""
    disable_output_cap: bool = False
    sandbox_policy: SandboxPolicy | None = None
    """What it may do; what the configuration says, if not given. Nobody is asked."""


class CommandExecResponse(WireModel):
    exit_code: int
    """124 if it ran out of time, 128 and the signal's number if one ended it."""
    stdout: str
    """Empty if it was streamed."""
    stderr: str


class CommandExecWriteParams(WireModel):
    """Input for a running command. It is answered when the command has taken it."""

    process_id: str
    delta_base64: str | None = None
    close_stdin: bool = False
    """Have the command read the end of its input after that."""


class CommandExecWriteResponse(WireModel):
    """The input has been taken."""


class CommandExecResizeParams(WireModel):
    process_id: str
    size: CommandExecTerminalSize


class CommandExecResizeResponse(WireModel):
    """The terminal has that size."""


class CommandExecTerminateParams(WireModel):
    process_id: str


class CommandExecTerminateResponse(WireModel):
    """It has been killed, with all that it has started."""


class CommandExecOutputDeltaNotification(Notification):
    """A piece of a command's output. All of them come before the answer to `command/exec`."""

    METHOD = "command/exec/outputDelta"
    process_id: str
    stream: CommandExecOutputStream
    """What a terminal shows counts as `stdout`."""
    delta_base64: str
    cap_reached: bool
    """Whether this is the last of the stream that is passed on."""
