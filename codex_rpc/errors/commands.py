"""What is wrong with requests about commands of the client's own."""

import json

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidParamsError, InvalidRequestError


class CommandParamsError(InvalidParamsError):
    """A parameter of a command is wrong in itself, or does not go with another one."""


class CommandNotFoundError(InvalidRequestError):
    """The client has no running command of that name."""

    kind = ErrorKind.COMMAND_NOT_FOUND

    def __init__(self, process_id: str) -> None:
        super().__init__(
            f"no active command/exec for process id {json.dumps(process_id, ensure_ascii=False)}",
            path=("processId",),
        )


class CommandExistsError(InvalidRequestError):
    """The client has a running command of that name already."""

    def __init__(self, process_id: str) -> None:
        name = json.dumps(process_id, ensure_ascii=False)
        super().__init__(f"duplicate active command/exec process id: {name}", path=("processId",))


class CommandStartError(CodexRpcError):
    """The command cannot be started."""

    kind = ErrorKind.IO

    def __init__(self, reason: str) -> None:
        super().__init__(f"failed to spawn command: {reason}")


class CommandConfinementError(InvalidRequestError):
    """The command cannot be held to its sandbox policy, so it was not run."""

    kind = ErrorKind.NOT_SUPPORTED

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the command cannot be held to its sandbox policy: {reason}", path=("sandboxPolicy",)
        )
