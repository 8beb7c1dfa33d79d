"""Times the server as its clients do, alone or beside the Codex command's app-server.

    python -m tests.bench [GROUP ...] [--peer PATH_TO_CODEX] [--runs N]

Both get the same requests and the same local model server. Figures are medians; only ratios of one
run mean anything. Threads that take long to make are kept below the system's temporary folder.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.everyday import (
    measure_loaded,
    measure_start,
    measure_stream,
    measure_turns,
)
from tests.bench.figures import Contender, Figures, Group, table
from tests.bench.file_search import measure_file_search
from tests.bench.huge_rollout import measure_huge
from tests.bench.long_thread import measure_long_thread
from tests.bench.many_threads import measure_listing, measure_many
from tests.bench.tool_calls import measure_tool_calls

EVERYDAY = ("start", "turns", "stream")
LOADED_THREADS = {"ours": 500, "peer": 50}
GROUPS: Mapping[str, Group] = {
    "start": Group(measure_start),
    "turns": Group(measure_turns),
    "stream": Group(measure_stream),
    "loaded": Group(measure_loaded),
    "long": Group(measure_long_thread),
    "listing": Group(measure_listing),
    "search": Group(measure_file_search),
    "tools": Group(measure_tool_calls),
    "many": Group(measure_many, peer_too=False),
    "huge": Group(measure_huge, peer_too=False),
}


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="codex-rpc-bench-") as name:
        contenders = _contenders(arguments.peer, Path(name), arguments.cache)
        for group in arguments.groups or EVERYDAY:
            sys.stdout.write(table(_rounds(GROUPS[group], contenders, arguments.runs)))
            sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the app-server.")
    parser.add_argument(
        "groups",
        nargs="*",
        metavar="GROUP",
        help=f"what to measure, of {', '.join(GROUPS)}; without any: {', '.join(EVERYDAY)}",
    )
    parser.add_argument("--peer", help="the codex executable to compare with")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "codex-rpc-bench",
        help="where threads are kept that take long to make",
    )
    arguments = parser.parse_args()
    if unknown := [group for group in arguments.groups if group not in GROUPS]:
        parser.error(f"no such group: {', '.join(unknown)}")
    return arguments


def _contenders(peer: str | None, folder: Path, cache: Path) -> Sequence[Contender]:
    commands = {"ours": [sys.executable, "-m", "codex_rpc"]} | ({"peer": [peer]} if peer else {})
    contenders = [
        Contender(who, command, folder / who, cache / who, LOADED_THREADS[who])
        for who, command in commands.items()
    ]
    for contender in contenders:
        contender.folder.mkdir()
        contender.cache.mkdir(parents=True, exist_ok=True)
    return contenders


def _rounds(
    group: Group, contenders: Sequence[Contender], runs: int
) -> Mapping[str, Sequence[Figures]]:
    """Each round has every contender's turn, so that all of them meet the same load."""
    measured = [who for who in contenders if group.peer_too or who is contenders[0]]
    rounds: dict[str, list[Figures]] = {who.name: [] for who in measured}
    for _ in range(runs):
        for who in measured:
            rounds[who.name].append(group.measure(who))
    return rounds


if __name__ == "__main__":
    main()
