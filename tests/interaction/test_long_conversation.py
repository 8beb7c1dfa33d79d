"""A conversation far longer than the model's window goes on, and costs no more than a short one."""

import gc
import tracemalloc
from pathlib import Path

from msgspec.structs import replace

from codex_rpc.history.tokens import estimate_items
from codex_rpc.model.port import ModelRequest
from codex_rpc.protocol.items import ContextCompactionItem
from tests.support.programmed import (
    Gate,
    ProgrammedModel,
    Reply,
    asks_for_summary,
    calls,
    gated_tool,
    says,
    used,
)
from tests.support.session import SETTINGS, LiveSession, live_session

TURNS = 500
WARM = 300
"""After so many, everything that lasts is there."""
LIMIT = 4000
"""Tokens after which the conversation is summed up."""


class Chatterbox:
    """Calls a tool in each turn, then says much; its summaries are always of one length."""

    def __init__(self) -> None:
        self.called = False

    def answer(self, request: ModelRequest) -> Reply:
        cost = used(estimate_items(request.input) + 150)
        if asks_for_summary(request):
            return [says("summary " * 20), cost]
        self.called = not self.called
        if self.called:
            return [calls("look", f"call_{len(request.input)}"), cost]
        return [says("answer " * 80), cost]


async def test_five_hundred_turns_are_answered_within_a_small_window(tmp_path: Path) -> None:
    """Memory does not grow with what was compacted."""
    gate = Gate()
    gate.open()
    model = ProgrammedModel(Chatterbox().answer)
    settings = replace(SETTINGS, auto_compact_limit=LIMIT)
    sizes: list[int] = []
    compactions = 0
    async with live_session(tmp_path, model, [gated_tool("look", gate)], settings) as live:
        try:
            for number in range(TURNS):
                if number == WARM:
                    tracemalloc.start()
                ended = await live.turn(f"Question {number}")
                assert ended.status == "completed", (number, ended.error)
                assert len(live.answers()) == 1
                compactions += sum(isinstance(i, ContextCompactionItem) for i in live.items())
                assert estimate_items(model.requests[-1].input) < LIMIT * 3 // 2
                sizes.append(len(live.history()))
                _forget(live, model)
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert compactions > 20
        assert max(sizes[WARM:]) <= max(sizes[:WARM])
        assert kept < 300_000
        recorded = live.recorded()
        assert list(recorded.history.snapshot()) == live.history()
        assert len(recorded.turns) == TURNS
        live.events.clear()


def _forget(live: LiveSession, model: ProgrammedModel) -> None:
    """Let go of what the test itself has kept."""
    live.events.clear()
    model.requests.clear()
