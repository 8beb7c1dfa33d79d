"""Tool calls that failed; the words are for the model."""

from codex_rpc.errors.base import CodexRpcError, ErrorKind


class ToolError(CodexRpcError):
    """A tool call failed; the text is for the model, the turn goes on."""


class PatchError(ToolError):
    """A patch cannot be parsed or does not apply."""


class EditRefusedError(ToolError):
    """The editor did not make a change that it was asked for."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(f"the editor refused the edit{f': {reason}' if reason else ''}")


class SpawnError(ToolError):
    """A command could not be started at all."""


class StdinClosedError(ToolError):
    """Nothing can be written to a process: it takes no input, or none any more."""


class TerminalNotFoundError(ToolError):
    """No terminal has that number, or its end has been told already."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Unknown process id {number}")


class SandboxError(ToolError):
    """A command cannot be held to its sandbox policy, so it was not run."""


class AgentNotFoundError(ToolError):
    """No agent of that id works for this thread's tree of agents."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"agent with id {agent_id} not found")


class AgentLimitError(ToolError):
    """As many agents are open as may be."""

    kind = ErrorKind.AGENT_LIMIT

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"agent thread limit reached ({limit}): close an agent before you start another one"
        )


class AgentDepthError(ToolError):
    """The agent is too far from the user to have agents of its own."""

    kind = ErrorKind.AGENT_LIMIT

    def __init__(self) -> None:
        super().__init__("Agent depth limit reached. Solve the task yourself.")


class ManagerDroppedError(ToolError):
    """Whoever made the threads is gone, so none can be made or found."""

    def __init__(self) -> None:
        super().__init__("thread manager dropped")
