"""`threads list` and `threads search`: a line for each thread."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codex_rpc.cli.threads.plain_text import fitted, one_line
from codex_rpc.cli.threads.terminal import Style, Terminal
from codex_rpc.cli.threads.transcript import clock, title_of
from codex_rpc.rollout.stored_thread import StoredThread
from codex_rpc.server.stored_views import stored_thread_view

_CWD_WIDTH = 26
_NARROW = 110
"""On a narrower terminal the folder is left out."""


def print_threads(
    terminal: Terminal, threads: Sequence[StoredThread], texts: Sequence[str] | None = None
) -> None:
    """Print a table, or lines with tabs if nobody looks at them.

    `texts` stand in the last column, in place of names.
    """
    texts = texts or [title_of(thread) for thread in threads]
    rows = [
        (thread.thread_id, thread.updated_at, str(thread.meta.cwd), one_line(text))
        for thread, text in zip(threads, texts, strict=True)
    ]
    if not terminal.is_terminal:
        for thread_id, updated, cwd, text in rows:
            stamp = clock(updated, "%Y-%m-%dT%H:%M:%S%z")
            terminal.row([(cell, None) for cell in (thread_id, stamp, one_line(cwd), text)], "\t")
        return
    for thread_id, updated, cwd, text in rows:
        cells: list[tuple[str, Style | None]] = [
            (thread_id, None),
            (clock(updated, "%Y-%m-%d %H:%M"), "dim"),
        ]
        if terminal.width >= _NARROW:
            cells.append((fitted(_short_folder(cwd), _CWD_WIDTH, keep_end=True), "cyan"))
        taken = sum(len(cell) + 2 for cell, _ in cells)
        terminal.row([*cells, (fitted(text, max(8, terminal.width - taken)).rstrip(), None)])


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
    sys.stdout.flush()


def thread_json(thread: StoredThread) -> dict[str, Any]:
    """The wire's thread, and whether it is archived."""
    wire = stored_thread_view(thread).model_dump(mode="json", by_alias=True)
    return {**wire, "archived": thread.archived}


def _short_folder(cwd: str) -> str:
    home = str(Path.home())
    shortened = f"~{cwd[len(home) :]}" if cwd == home or cwd.startswith(f"{home}/") else cwd
    return one_line(shortened)
