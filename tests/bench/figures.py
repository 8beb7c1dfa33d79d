"""What is measured: the figures of one round, their budgets, and how they are printed."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Figures = dict[str, float]
"""By name; times in the unit that the name ends with."""

RATIOS: Mapping[str, float] = {
    "cold start to initialize, ms": 1.3,
    "cold start to thread/start, ms": 1.6,
    "short turn, ms": 0.25,
    "thread/start, ms": 0.3,
    "resident, MB": 0.5,
    "anonymous, MB": 2.5,
    "CPU per 1,000 deltas, ms": 0.3,
    "memory per loaded thread, KB": 0.15,
    "tool call, no sandbox, ms": 0.3,
    "tool call, sandboxed, ms": 0.3,
    "resume, all turns, ms": 0.3,
    "resume, turns excluded, ms": 0.3,
    "fork, ms": 0.2,
    "read, all turns, ms": 0.3,
    "start and resume with no cache, ms": 0.4,
    "start and list 2,000, no index, ms": 0.5,
    "list 2,000, warm, ms": 0.3,
    "list 2,000, after a restart, ms": 0.3,
}
"""How much of the peer's figure ours may be."""
AT_LEAST: Mapping[str, float] = {"deltas per second": 2.0}
"""How much of the peer's figure ours has to be."""
LIMITS: Mapping[str, float] = {
    "resume, turns excluded, ms": 70,
    "start and list 2,000, no index, ms": 1100,
    "list 2,000, after a restart, ms": 18,
}
"""What ours may be without a peer."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that is measured."""

    name: str
    command: Sequence[str]
    folder: Path
    """Where it works in this run."""
    cache: Path
    """What is made once for all runs is kept here."""
    loaded_threads: int
    """How many it can load at once: the peer runs a login shell for each."""


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that are measured together. `peer_too` is false for what only concerns ours."""

    measure: Callable[[Contender], Figures]
    peer_too: bool = True


def table(rounds: Mapping[str, Sequence[Figures]]) -> str:
    """The medians of all rounds, a line for each figure; the first contender's come first."""
    ours, *_ = rounds
    names = dict.fromkeys(name for figures in rounds[ours] for name in figures)
    return "".join(f"{_line(name, rounds)}\n" for name in names)


def _line(name: str, rounds: Mapping[str, Sequence[Figures]]) -> str:
    medians = {
        who: statistics.median(found)
        for who, runs in rounds.items()
        if (found := [figures[name] for figures in runs if name in figures])
    }
    columns = [f"{who} {value:10.1f}" for who, value in medians.items()]
    first, *others = medians.values()
    if others:
        ratio = first / others[0]
        columns.append(f"ratio {ratio:6.2f}{_verdict(name, ratio)}")
    elif name in LIMITS:
        columns.append(f"limit {LIMITS[name]:6.0f}{'' if first <= LIMITS[name] else '  MISSED'}")
    return f"{name:38}{'   '.join(columns)}"


def _verdict(name: str, ratio: float) -> str:
    if name in AT_LEAST:
        budget, met = AT_LEAST[name], ratio >= AT_LEAST[name]
        return f"   budget >= {budget:.2f}{'' if met else '  MISSED'}"
    if name in RATIOS:
        budget, met = RATIOS[name], ratio <= RATIOS[name]
        return f"   budget <= {budget:.2f}{'' if met else '  MISSED'}"
    return ""
