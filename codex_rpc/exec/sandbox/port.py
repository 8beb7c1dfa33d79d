"""The port between running commands and whatever holds them to a sandbox policy.

Whether a command is to be held to it is decided in `codex_rpc.exec.approval_policy`.
"""

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from codex_rpc.errors import SandboxError
from codex_rpc.exec.approval_policy import Enforcement
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.protocol.policies import ReadOnlyPolicy, WorkspaceWritePolicy


class Confinement(Struct, frozen=True):
    """What a command is held to."""

    policy: ReadOnlyPolicy | WorkspaceWritePolicy
    cwd: Path
    """The thread's working directory, which the policy is about; the command may run elsewhere."""
    tmpdir: str | None
    """The value of `$TMPDIR`."""


class Sandbox(Protocol):
    """Holds commands to a policy."""

    @property
    def enforcement(self) -> Enforcement: ...

    @property
    def reason(self) -> str | None:
        """Why it is no better than it is: a sentence for the user, if there is something to say."""
        ...

    def confine(self, spec: ProcessSpec, confinement: Confinement) -> ProcessSpec:
        """The command to run instead, which runs `spec` and holds it to the policy.

        Raises:
            SandboxError: if it cannot be held; then it must not run at all.
        """
        ...

    def ended(self, confined: ProcessSpec) -> None:
        """Give back what `confine` prepared, once nothing of the command runs any more.

        Blocking, for some milliseconds; may be called from a worker thread.
        """
        ...


class NoSandbox(Struct, frozen=True):
    """What there is where nothing can hold a command to a policy."""

    reason: str | None = None
    enforcement: Enforcement = "none"

    def confine(self, spec: ProcessSpec, confinement: Confinement) -> ProcessSpec:
        raise SandboxError(self.reason or "this machine has no sandbox to run the command in")

    def ended(self, confined: ProcessSpec) -> None:
        """Nothing was ever prepared."""
