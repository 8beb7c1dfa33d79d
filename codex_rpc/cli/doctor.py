"""`codex-rpc doctor`: what is set up, and what is wrong with it. Says nothing secret."""

import os
import platform
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread
from msgspec import Struct

from codex_rpc import __version__
from codex_rpc.cli.threads.terminal import Style, Terminal
from codex_rpc.config.home import codex_home
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.errors import CodexRpcError
from codex_rpc.exec.sandbox.preflight import detect_sandbox
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.exec_policy import ExecPolicyManager
from codex_rpc.rollout.files import ARCHIVED, SESSIONS
from codex_rpc.rollout.thread_store import ThreadStore
from codex_rpc.server.version import PROTOCOL_VERSION

KEY_VARIABLES = ("CODEX_API_KEY", "OPENAI_API_KEY")

Verdict = Literal["ok", "note", "wrong"]
_MARKS: dict[Verdict, tuple[str, Style]] = {
    "ok": ("ok   ", "green"),
    "note": ("note ", "yellow"),
    "wrong": ("WRONG", "red"),
}


class Finding(Struct, frozen=True):
    verdict: Verdict
    subject: str
    text: str


def run(*, reindex: bool) -> int:
    """Print the findings; 1 if something is wrong."""
    home = codex_home(os.environ)
    terminal = Terminal(sys.stdout)
    return anyio.run(_reindex if reindex else _examine, home, terminal)


async def _examine(home: Path, terminal: Terminal) -> int:
    wrong = False
    async for finding in _findings(home):
        mark, style = _MARKS[finding.verdict]
        terminal.row([(mark, style), (f"{finding.subject:9}", "bold"), (finding.text, None)])
        wrong = wrong or finding.verdict == "wrong"
    return 1 if wrong else 0


async def _findings(home: Path) -> AsyncIterator[Finding]:
    versions = f"codex-rpc {__version__}, protocol {PROTOCOL_VERSION}, "
    system = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    yield Finding("ok", "version", versions + system)
    yield await anyio.to_thread.run_sync(_home, home)
    for finding in await anyio.to_thread.run_sync(_config, home):
        yield finding
    yield await anyio.to_thread.run_sync(_sandbox, home)
    yield await _login(home)
    yield await anyio.to_thread.run_sync(_threads, home)
    yield await anyio.to_thread.run_sync(_index, home)


def _home(home: Path) -> Finding:
    if not home.exists():
        return Finding("note", "home", f"{home} does not exist yet; it is made when needed")
    if not home.is_dir():
        return Finding("wrong", "home", f"{home} is not a folder")
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return Finding("wrong", "home", f"{home} cannot be read and written; threads are lost")
    return Finding("ok", "home", str(home))


def _config(home: Path) -> list[Finding]:
    path = home / "config.toml"
    try:
        config = ConfigLoader(home).load()
        provider = config.provider(config.model_provider)
    except CodexRpcError as error:
        return [Finding("wrong", "config", str(error))]
    source = str(path) if path.exists() else "no config.toml, defaults"
    model = config.model or "its default model"
    found = [Finding("ok", "config", f"{source}; provider {provider.id}, {model}")]
    found += [Finding("note", "config", warning) for warning in config.warnings]
    rules = ExecPolicyManager(home).rules_of(config.rules_folders)
    found += [Finding("wrong", "rules", warning) for warning in rules.warnings]
    if config.mcp.servers:
        names = ", ".join(server.name for server in config.mcp.servers)
        found.append(Finding("ok", "mcp", f"{names} (not started by this)"))
    return found


def _sandbox(home: Path) -> Finding:
    sandbox = detect_sandbox(os.environ, home)
    why = "" if sandbox.reason is None else f": {sandbox.reason}"
    match sandbox.enforcement:
        case "none":
            return Finding("note", "sandbox", f"none, so commands ask{why}")
        case "landlock":
            return Finding("note", "sandbox", f"Landlock{why}")
        case "bubblewrap" | "seatbelt":
            return Finding("note" if why else "ok", "sandbox", f"{sandbox.enforcement}{why}")


async def _login(home: Path) -> Finding:
    file = home / "auth.json"
    given = [name for name in KEY_VARIABLES if os.environ.get(name, "").strip()]
    source = f"from {given[0]}" if given else f"from {file}"
    try:
        account = await AuthManager(home, os.environ).account()
    except CodexRpcError as error:
        return Finding("wrong", "login", str(error))
    if account is None:
        missing = "no OpenAI login; providers that need none, or have a key of their own, work"
        return Finding("note", "login", missing)
    if not given and await anyio.to_thread.run_sync(_readable_by_others, file):
        return Finding("wrong", "login", f"other users can read {file}; chmod 600 it")
    plan = f", plan {account.plan_type}" if account.plan_type else ""
    return Finding("ok", "login", f"{account.mode} {source}{plan}")


def _readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False


def _threads(home: Path) -> Finding:
    counts = [
        sum(1 for _ in (home / folder).rglob("rollout-*.jsonl")) for folder in (SESSIONS, ARCHIVED)
    ]
    return Finding("ok", "threads", f"{counts[0]} files, {counts[1]} archived")


def _index(home: Path) -> Finding:
    path = home / "codex-rpc" / "index.sqlite"
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return Finding("note", "index", "there is none yet; it is made when threads are listed")
    except OSError as error:
        return Finding("wrong", "index", f"{path}: {error.strerror}")
    import sqlite3

    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        state = str(error)
    if state != "ok":
        return Finding("wrong", "index", f"{path}: {state}; rebuild it with doctor --reindex")
    return Finding("ok", "index", f"{path}, {size / 1e6:.1f} MB")


async def _reindex(home: Path, terminal: Terminal) -> int:
    async with ThreadStore(home) as store:
        report = await store.reindex()
    terminal.line(str(report))
    return 0
