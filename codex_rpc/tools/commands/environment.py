"""What the commands of a thread run in."""

from collections.abc import Collection, Mapping

from msgspec import Struct, field

from codex_rpc.config.shell_environment import EnvironmentPolicy
from codex_rpc.exec.environment import THREAD_ID_VARIABLE, child_environment
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.sandbox.port import NoSandbox, Sandbox
from codex_rpc.exec.shell import Shell
from codex_rpc.managers.exec_policy import ThreadRules
from codex_rpc.protocol.ids import ThreadId


class CommandEnvironment(Struct, frozen=True):
    """What commands of this process run in. `credentials` are variables they never see."""

    processes: ProcessRunner
    shell: Shell
    variables: Mapping[str, str]
    policy: EnvironmentPolicy = field(default_factory=EnvironmentPolicy)
    credentials: Collection[str] = ()
    sandbox: Sandbox = field(default_factory=NoSandbox)
    rules: ThreadRules = field(default_factory=ThreadRules)
    thread_id: ThreadId | None = None
    """Which thread they run for, if it is one."""

    def child_variables(self) -> dict[str, str]:
        """The variables that a command sees."""
        own = {} if self.thread_id is None else {THREAD_ID_VARIABLE: self.thread_id}
        return child_environment(self.variables, self.policy, own, self.credentials)
