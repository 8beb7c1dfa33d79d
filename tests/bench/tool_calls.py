"""Tool calls: from the model's call of a command to its next request, which has the output.

The command is `true`, and no login shell runs it: what remains is the server's own work.
"""

import statistics
import time
from dataclasses import dataclass, field
from typing import Any, cast

from tests.bench.figures import Contender, Figures
from tests.bench.server_process import ready, write_config
from tests.responses_server import (
    ReceivedRequest,
    ResponsesServer,
    Stream,
    completed,
    created,
    function_call,
    item_done,
    text_events,
)

WARM_CALLS = 20
MODES = {"danger-full-access": "no sandbox", "workspace-write": "sandboxed"}


@dataclass(slots=True)
class Caller:
    """A model that answers every input of the user's with a call, and its output with a word."""

    called_at: float = 0.0
    calls: list[float] = field(default_factory=list[float])
    """Seconds that each took."""
    failed: bool = False
    """Whether one did not succeed."""

    def __call__(self, request: ReceivedRequest) -> Stream:
        last = cast("dict[str, Any]", request.body["input"][-1])
        if last["type"] == "function_call_output":
            self.calls.append(time.perf_counter() - self.called_at)
            self.failed |= "exited with code 0" not in str(last["output"])
            return Stream(text_events("Done"))
        self.called_at = time.perf_counter()
        call = function_call(
            "exec_command", {"cmd": "true", "login": False}, f"call_{len(self.calls)}"
        )
        return Stream([created(), item_done(call), completed()])


def measure_tool_calls(who: Contender) -> Figures:
    """The first call of a server, then some that follow, without a sandbox and with one.

    Figures are left out where a sandbox does not work.
    """
    figures: Figures = {}
    for mode, name in MODES.items():
        caller = Caller()
        with ResponsesServer(caller) as model:
            home = write_config(who.folder / "home", model.url)
            with ready(who.command, home) as server:
                how = {"cwd": str(who.folder), "sandbox": mode, "approvalPolicy": "never"}
                thread = server.call("thread/start", how)["thread"]
                for _ in range(WARM_CALLS + 1):
                    server.turn(thread["id"])
        if not caller.failed:
            first, *others = caller.calls
            figures[f"first tool call, {name}, ms"] = first * 1e3
            figures[f"tool call, {name}, ms"] = statistics.median(others) * 1e3
    return figures
