"""What `codex-rpc threads` and `codex-rpc doctor` accept. Light: read at each start."""

import argparse
from pathlib import Path
from typing import Protocol

ID_HELP = "the thread's id, or enough of its beginning or end"


class Subcommands(Protocol):
    """What `add_subparsers` returns, as far as it is used here."""

    def add_parser(
        self, name: str, *, help: str, description: str | None = None
    ) -> argparse.ArgumentParser: ...


def add_threads(commands: Subcommands) -> None:
    """Add `threads` with all it can do."""
    parser = commands.add_parser(
        "threads",
        help="list, read, export and put away stored threads",
        description="Look at the threads in the Codex home. Works with and without a server.",
    )
    parser.set_defaults(run=_run)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    _add_list(actions)
    _add_show(actions)
    _add_search(actions)
    _add_export(actions)
    for name, what in (
        ("archive", "take a thread out of the list"),
        ("unarchive", "put an archived thread back into the list"),
    ):
        _add_id(actions.add_parser(name, help=what))
    delete = actions.add_parser("delete", help="remove a thread from the disk, for good")
    _add_id(delete)
    delete.add_argument("--yes", action="store_true", help="do not ask")


def add_doctor(commands: Subcommands) -> None:
    """Add `doctor`."""
    parser = commands.add_parser(
        "doctor", help="say what is set up and what is wrong", description=_DOCTOR
    )
    parser.add_argument(
        "--reindex", action="store_true", help="build the index of threads anew from the files"
    )
    parser.set_defaults(run=_run_doctor)


_DOCTOR = "Look at the Codex home, the configuration, the login and the index of threads."


def _add_list(actions: Subcommands) -> None:
    parser = actions.add_parser("list", help="list threads, the latest first")
    _add_selection(parser)
    parser.add_argument("--search", metavar="TEXT", help="only those with TEXT in name or preview")


def _add_search(actions: Subcommands) -> None:
    parser = actions.add_parser("search", help="find threads by what was said in them")
    parser.add_argument("text", metavar="TEXT")
    _add_selection(parser)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--limit", type=_count, default=20, metavar="N", help="at most N (default: 20)"
    )
    parser.add_argument("--archived", action="store_true", help="archived threads instead")
    parser.add_argument("--cwd", type=Path, metavar="DIR", help="only those that work in DIR")
    _add_json(parser)


def _add_show(actions: Subcommands) -> None:
    parser = actions.add_parser("show", help="print a thread")
    _add_id(parser)
    parser.add_argument("--full", action="store_true", help="all of each command's output")
    _add_json(parser)


def _add_export(actions: Subcommands) -> None:
    parser = actions.add_parser("export", help="write a thread as one document")
    _add_id(parser)
    parser.add_argument("-f", "--format", choices=("md", "html"), default="md")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: stdout")


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help=ID_HELP)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


_count.__name__ = "count"  # what argparse calls it


def _run(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.threads.commands import run

    return run(arguments)


def _run_doctor(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.doctor import run

    return run(reindex=arguments.reindex)
