"""Where a client works: a home, a project, and a `codex` command that is this server.

The command keeps what goes in and out, so that a test can tell what the client has asked for and
what it was refused.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from tests.clients import recorder
from tests.support import tiny_mcp
from tests.support.folders import Folders

PATIENCE = 50.0
PROGRAMS = Path(__file__).parent / "programs"
Message = dict[str, Any]


class ClientPlace(Folders):
    """Where the client works, and what it starts for a server."""

    __slots__ = ()

    @classmethod
    def below(cls, root: Path, model_url: str) -> "ClientPlace":
        """A project that the user trusts, one MCP server, and the model at an address."""
        place = cls.made_below(root)
        config = {
            "model": "gpt-5.5",
            "model_provider": "obliging",
            "mcp_optional_startup_grace_ms": 0,
            "model_providers": {"obliging": {"name": "Obliging", "base_url": model_url}},
            "mcp_servers": {"notes": {"command": sys.executable, "args": [tiny_mcp.__file__]}},
            "projects": {str(place.project): {"trust_level": "trusted"}},
        }
        (place.home / "config.toml").write_text(tomlkit.dumps(config))
        place._write_command()
        return place

    @property
    def codex(self) -> Path:
        """The command."""
        return self.root / "codex"

    @property
    def environ(self) -> dict[str, str]:
        """An environment without anything of the developer's but where programs are."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.root), "CODEX_HOME": str(self.home)}

    def _write_command(self) -> None:
        files = (str(recorder.__file__), str(self._sent), str(self._received))
        command = [sys.executable, *files, sys.executable, "-m", "codex_rpc"]
        path = shlex.quote(os.environ.get("PYTHONPATH", ""))
        self.codex.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {shlex.join(command)} "$@"\n')
        self.codex.chmod(0o755)

    @property
    def _sent(self) -> Path:
        return self.root / "sent.jsonl"

    @property
    def _received(self) -> Path:
        return self.root / "received.jsonl"

    def requests(self) -> list[Message]:
        """What clients have asked the server for."""
        return [message for message in _messages(self._sent) if {"id", "method"} <= message.keys()]

    def refusals(self) -> dict[str, str]:
        """Of the requests that were refused, the methods and why."""
        methods = {request["id"]: request["method"] for request in self.requests()}
        errors = (answer for answer in _messages(self._received) if "error" in answer)
        return {methods[answer["id"]]: answer["error"]["message"] for answer in errors}

    def run_python(self, program: str, packages: Path, *arguments: str) -> Any:
        """Run one of `programs` that uses what lies in `packages`; what it prints, as JSON."""
        command = [sys.executable, str(PROGRAMS / program)]
        return self._run([*command, str(self.codex), str(self.project), *arguments], packages)

    def run_node(self, node: str, program: str, packages: Path, *arguments: str) -> Any:
        """The same in JavaScript. Node looks for packages beside the program."""
        copy = packages / program
        copy.write_text((PROGRAMS / program).read_text())
        return self._run([node, str(copy), str(self.codex), str(self.project), *arguments])

    def _run(self, command: list[str], packages: Path | None = None) -> Any:
        path: Mapping[str, str] = {} if packages is None else {"PYTHONPATH": str(packages)}
        done = subprocess.run(
            command,
            env={**self.environ, **path},
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"the client failed:\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])


def _messages(file: Path) -> list[Message]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]
