"""The actions of `codex-rpc threads`. They read the files themselves, with or without a server."""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import anyio.to_thread
from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.cli.threads.finding import find_thread
from codex_rpc.cli.threads.listing import print_json, print_threads, thread_json
from codex_rpc.cli.threads.markdown import markdown_of
from codex_rpc.cli.threads.page import page_of
from codex_rpc.cli.threads.plain_text import one_line
from codex_rpc.cli.threads.reading import print_transcript
from codex_rpc.cli.threads.terminal import Terminal
from codex_rpc.cli.threads.transcript import read_transcript, title_of
from codex_rpc.config.home import codex_home
from codex_rpc.errors import CodexRpcError, InvalidRequestError
from codex_rpc.rollout.stored_thread import (
    MatchPage,
    StoredThread,
    ThreadMatch,
    ThreadPage,
    ThreadQuery,
)
from codex_rpc.rollout.thread_store import ThreadStore


class _Desk(Struct, frozen=True):
    """What an action works with."""

    home: Path
    store: ThreadStore
    terminal: Terminal
    arguments: argparse.Namespace

    async def thread(self) -> StoredThread:
        """The thread that was named."""
        return await find_thread(self.home, self.store, self.arguments.id)


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action; returns the exit code.

    Raises:
        CodexRpcError: if it cannot be done.
    """
    try:
        code = anyio.run(_run, arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InvalidRequestError(f"cannot read the thread: {error}") from error
    return code


async def _run(arguments: argparse.Namespace) -> int:
    home = codex_home(os.environ)
    async with ThreadStore(home) as store:
        return await _ACTIONS[arguments.action](_Desk(home, store, Terminal(sys.stdout), arguments))


# --- looking -----------------------------------------------------------------------------------


async def _list(desk: _Desk) -> int:
    threads: list[StoredThread] = []
    query = _query(desk.arguments, desk.arguments.search)
    while True:
        page = await desk.store.list(query)
        threads += page.threads
        query = _further(query, page, len(page.threads))
        if query is None:
            break
    if desk.arguments.json:
        print_json([thread_json(thread) for thread in threads])
        return 0
    print_threads(desk.terminal, threads)
    if not threads:
        _say("no threads")
    return 0


async def _search(desk: _Desk) -> int:
    matches: list[ThreadMatch] = []
    query = _query(desk.arguments)
    while True:
        page = await desk.store.search(desk.arguments.text, query)
        matches += page.matches
        query = _further(query, page, len(page.matches))
        if query is None:
            break
    if desk.arguments.json:
        print_json([{"thread": thread_json(m.thread), "snippet": m.snippet} for m in matches])
        return 0
    threads = [match.thread for match in matches]
    print_threads(desk.terminal, threads, [match.snippet for match in matches])
    if not matches:
        _say(f"nothing found: {desk.arguments.text}")
    return 0


def _query(arguments: argparse.Namespace, term: str | None = None) -> ThreadQuery:
    cwd: Path | None = arguments.cwd
    return ThreadQuery(
        archived=arguments.archived,
        cwds=None if cwd is None else [str(cwd.resolve())],
        search_term=term,
        order="updated_at",
        limit=arguments.limit,
    )


def _further(query: ThreadQuery, page: ThreadPage | MatchPage, got: int) -> ThreadQuery | None:
    """What to ask for next; pages may be smaller than what was asked for."""
    left = query.limit - got
    if left <= 0 or page.next_cursor is None:
        return None
    return replace(query, cursor=page.next_cursor, limit=left)


async def _show(desk: _Desk) -> int:
    transcript = await read_transcript(desk.home, desk.store, await desk.thread())
    if desk.arguments.json:
        turns = [turn.model_dump(mode="json", by_alias=True) for turn in transcript.turns]
        print_json({"thread": thread_json(transcript.thread), "turns": turns})
    else:
        print_transcript(desk.terminal, transcript, whole=desk.arguments.full)
    return 0


async def _export(desk: _Desk) -> int:
    transcript = await read_transcript(desk.home, desk.store, await desk.thread())
    text = (page_of if desk.arguments.format == "html" else markdown_of)(transcript)
    out: Path | None = desk.arguments.out
    # What is no text (half a surrogate pair in a file's name) becomes a question mark.
    data = text.encode(errors="replace")
    if out is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        await anyio.Path(out).write_bytes(data)
    except OSError as error:
        raise InvalidRequestError(f"cannot write to {out}: {error.strerror}") from error
    _say(f"written to {out}")
    return 0


# --- putting away ------------------------------------------------------------------------------


async def _archive(desk: _Desk) -> int:
    await _for_family(desk.store, await desk.thread(), "archived", desk.store.archive)
    return 0


async def _unarchive(desk: _Desk) -> int:
    await _for_family(desk.store, await desk.thread(), "unarchived", desk.store.unarchive)
    return 0


async def _delete(desk: _Desk) -> int:
    thread = await desk.thread()
    if not desk.arguments.yes:
        if not sys.stdin.isatty():
            _say("codex-rpc: delete asks on a terminal; without one it needs --yes")
            return 2
        answer = await anyio.to_thread.run_sync(_ask, await _question(desk.store, thread))
        if answer not in ("y", "yes"):
            _say("not deleted")
            return 1
    await _for_family(desk.store, thread, "deleted", desk.store.delete)
    return 0


async def _for_family(
    store: ThreadStore, thread: StoredThread, done: str, do: Callable[[str], Awaitable[object]]
) -> None:
    """Do something to a thread and to the agents it has spawned, which may have to stay."""
    agents = await store.descendants(thread.thread_id)
    await do(thread.thread_id)
    _say(f"{done} {thread.thread_id}")
    for agent in agents:
        try:
            await do(agent)
        except CodexRpcError as error:
            _say(f"not {done}: {agent}: {error}")
        else:
            _say(f"{done} {agent}")


async def _question(store: ThreadStore, thread: StoredThread) -> str:
    spawned = len(await store.descendants(thread.thread_id))
    others = f" and the {spawned} that it has spawned" if spawned else ""
    title = one_line(title_of(thread))[:60]
    return f"Delete thread {thread.thread_id} ({title}){others}, for good? [y/N] "


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_ACTIONS: Mapping[str, Callable[[_Desk], Awaitable[int]]] = {
    "list": _list,
    "show": _show,
    "search": _search,
    "export": _export,
    "archive": _archive,
    "unarchive": _unarchive,
    "delete": _delete,
}
