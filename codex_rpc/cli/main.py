"""Reading the command line.

Kept light: a client that starts `app-server` waits for its first answer, so each subcommand is
imported only when it is called.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from codex_rpc import __version__
from codex_rpc.cli.threads.arguments import Subcommands, add_doctor, add_threads
from codex_rpc.errors import CodexRpcError
from codex_rpc.server.version import PROTOCOL_VERSION

SANDBOX_MODES = ("read-only", "workspace-write", "danger-full-access")
APPROVAL_POLICIES = ("untrusted", "on-request", "never")

EXIT_CODES = """\
exit codes:
  0    done; for app-server also: the client closed the pipe, or SIGTERM
  1    the work failed; the last line on stderr says why
  2    the command line is wrong
  130  interrupted
  141  nobody reads stdout any more
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return arguments.run(arguments)
    except CodexRpcError as error:
        print(f"codex-rpc: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our stdout has seen enough. Python would try to flush it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="codex-rpc",
        description="A JSON-RPC app-server for coding agents.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"codex-rpc {PROTOCOL_VERSION} (protocol; the package is {__version__})",
    )
    _add_settings(parser, "early_")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_app_server(commands)
    _add_lsp(commands)
    _add_exec(commands)
    _add_demo(commands)
    _add_schema(commands)
    add_threads(commands)
    add_doctor(commands)
    return parser


def _add_settings(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    """Options that may stand before the subcommand and after it."""
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        default=[],
        dest=f"{prefix}overrides",
        type=_override,
        metavar="KEY=VALUE",
        help="set a key of config.toml, e.g. -c model_provider=script; the value is TOML or text",
    )
    parser.add_argument(
        "-m", "--model", dest=f"{prefix}model", metavar="MODEL", help="the model to use"
    )
    parser.add_argument(
        "-s",
        "--sandbox",
        dest=f"{prefix}sandbox",
        choices=SANDBOX_MODES,
        help="what commands may do",
    )
    parser.add_argument(
        "-a",
        "--ask-for-approval",
        dest=f"{prefix}approval",
        choices=APPROVAL_POLICIES,
        help="when the user is asked",
    )


def _override(text: str) -> tuple[str, object]:
    from codex_rpc.config.overrides import parse_override

    try:
        return parse_override(text)
    except CodexRpcError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def overrides_of(arguments: argparse.Namespace) -> list[tuple[str, object]]:
    """The configuration overrides of the command line; later ones win."""
    overrides: list[tuple[str, object]] = []
    for prefix in ("early_", ""):
        given = vars(arguments)
        overrides += given[f"{prefix}overrides"]
        options = {
            "model": given[f"{prefix}model"],
            "sandbox_mode": given[f"{prefix}sandbox"],
            "approval_policy": given[f"{prefix}approval"],
        }
        overrides += [(key, value) for key, value in options.items() if value is not None]
    return overrides


def _add_app_server(commands: Subcommands) -> None:
    parser = commands.add_parser(
        "app-server",
        help="serve a client on stdin and stdout, or many on a unix socket",
        description="Speak newline-delimited JSON-RPC on stdin and stdout until stdin ends, or "
        "with each client of a unix socket until a signal comes.",
    )
    _add_settings(parser)
    parser.add_argument(
        "--listen",
        default="stdio://",
        metavar="URL",
        help="stdio:// (the default), unix://PATH, or unix:// for a socket in the Codex home",
    )
    parser.add_argument("--stdio", action="store_true", help="the same as --listen stdio://")
    parser.add_argument(
        "--drain",
        action="store_true",
        help="when stdin ends, answer all requests and finish running turns before exiting",
    )
    parser.set_defaults(run=_run_app_server)
    generators = parser.add_subparsers(dest="generator", metavar="GENERATOR")
    for name, what, run in (
        ("generate-json-schema", "JSON Schema files", _run_generate_json_schema),
        ("generate-ts", "TypeScript types", _run_generate_ts),
    ):
        generator = generators.add_parser(name, help=f"write the protocol's {what}")
        generator.add_argument("--out", type=Path, required=True, metavar="DIR")
        generator.add_argument(
            "--experimental", action="store_true", help="include experimental methods and fields"
        )
        generator.set_defaults(run=run)


def _add_lsp(commands: Subcommands) -> None:
    parser = commands.add_parser(
        "lsp",
        help="serve an editor as a language server",
        description="Speak the Language Server Protocol on stdin and stdout. Besides code actions, "
        "commands and code lenses, the app-server's own methods are there.",
    )
    _add_settings(parser)
    parser.add_argument("--stdio", action="store_true", help="as editors say it; always the case")
    parser.set_defaults(run=_run_lsp)


def _add_exec(commands: Subcommands) -> None:
    parser = commands.add_parser(
        "exec",
        help="run one turn and print the answer",
        description="Run one turn: progress on stderr, the final message on stdout.",
    )
    _add_settings(parser)
    parser.add_argument("prompt", metavar="PROMPT", help="what to do; - reads it from stdin")
    parser.add_argument("-C", "--cd", type=Path, default=None, metavar="DIR", help="where to work")
    parser.add_argument(
        "--ephemeral", action="store_true", help="do not save the conversation to disk"
    )
    parser.set_defaults(run=_run_exec)


def _add_demo(commands: Subcommands) -> None:
    parser = commands.add_parser(
        "demo",
        help="watch the server mend a failing test",
        description="Mend a failing test in a temporary project. The model is scripted, everything "
        "else is real: the server process, the pipe, the approvals, the commands, the patch.",
    )
    parser.add_argument("--wire", action="store_true", help="show each JSON-RPC line")
    parser.set_defaults(run=_run_demo)


def _add_schema(commands: Subcommands) -> None:
    parser = commands.add_parser("schema", help="write the protocol's schema and types")
    parser.add_argument(
        "--out", type=Path, default=Path("schema"), metavar="DIR", help="default: schema"
    )
    parser.set_defaults(run=_run_schema)


def _run_app_server(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.app_server import run

    return run(listen=arguments.listen, drain=arguments.drain, overrides=overrides_of(arguments))


def _run_lsp(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.lsp import run

    return run(overrides=overrides_of(arguments))


def _run_generate_json_schema(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.schema import write_json_schema

    write_json_schema(arguments.out, experimental=arguments.experimental)
    return 0


def _run_generate_ts(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.schema import write_typescript

    write_typescript(arguments.out, experimental=arguments.experimental)
    return 0


def _run_schema(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.schema import write_schema

    write_schema(arguments.out)
    return 0


def _run_exec(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.exec import run

    return run(
        prompt=arguments.prompt,
        cwd=arguments.cd,
        ephemeral=arguments.ephemeral,
        overrides=overrides_of(arguments),
    )


def _run_demo(arguments: argparse.Namespace) -> int:
    from codex_rpc.cli.demo import run

    return run(wire=arguments.wire)
