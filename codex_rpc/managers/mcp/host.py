"""What all servers share: where they run, and what of this process they may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from codex_rpc.exec.process import ProcessRunner
from codex_rpc.managers.mcp.credentials import McpCredentials

RESTART_AFTER_S = 5.0
LONGEST_PAUSE_S = 300.0
STEADY_AFTER_S = 60.0


class Restarts(Struct, frozen=True):
    """How soon a server that has failed is started again, if somebody needs it.

    At once if it was ready before; then after pauses that double. A server that was ready for
    `steady_after_s` counts as new.
    """

    first_pause_s: float = RESTART_AFTER_S
    longest_pause_s: float = LONGEST_PAUSE_S
    steady_after_s: float = STEADY_AFTER_S

    def pause_s(self, failures: int) -> float:
        """The pause after that many failures in a row."""
        doublings = min(failures - 1, 30)
        return min(self.first_pause_s * 2.0**doublings, self.longest_pause_s) if failures else 0.0


@dataclass(frozen=True, slots=True)
class McpHost:
    """`cwd` is where servers run whose configuration says nothing: the same for all threads.

    `version` is this program's, as servers are told it.
    """

    processes: ProcessRunner
    environ: Mapping[str, str] = field(repr=False)
    credentials: McpCredentials
    cwd: Path
    version: str
    restarts: Restarts = field(default_factory=Restarts)
