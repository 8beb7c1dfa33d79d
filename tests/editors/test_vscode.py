"""The VS Code extension: its own tests, with the real server, but not those in a workbench.

They run in a copy, so that whatever a developer has installed beside the source stays as it is.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
MADE = shutil.ignore_patterns("node_modules", "dist", "build", "screenshots", "*.vsix")
UNREACHABLE = re.compile(r"\b(EAI_AGAIN|ENOTFOUND|ECONN\w+|ETIMEDOUT|ENETUNREACH|E40[34]|E5\d\d)\b")
INSTALLING = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
OLDEST_NODE = 20
PATIENCE = 90.0


def npm() -> str:
    """The program; the test is skipped where there is none, or no Node to go with it."""
    program, node = shutil.which("npm"), shutil.which("node")
    if program is None or node is None:
        pytest.skip("no npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node {OLDEST_NODE} is needed, not {version.strip()}")
    return program


def copy_below(root: Path) -> Path:
    """The extension and the contract it is compiled with, side by side as in the repository."""
    extension = root / "editors" / "vscode"
    shutil.copytree(EXTENSION, extension, ignore=MADE)
    shutil.copytree(ROOT / "schema", root / "schema")
    return extension


def server_below(root: Path) -> Path:
    """A program that runs the server under test."""
    program = root / "codex-rpc"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m codex_rpc "$@"\n')
    program.chmod(0o755)
    return program


def run(program: str, folder: Path, *arguments: str, **more: str) -> tuple[int, str]:
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.timeout(2 * PATIENCE)
def test_the_extensions_own_tests_pass(tmp_path: Path) -> None:
    program = npm()
    extension = copy_below(tmp_path)
    code, output = run(program, extension, *INSTALLING)
    if code != 0 and (why := UNREACHABLE.search(output)):
        pytest.skip(f"npm cannot install: {why[0]}")
    assert code == 0, output
    code, output = run(program, extension, "test", CODEX_RPC=str(server_below(tmp_path)))
    assert code == 0, output
    assert re.search(r"^. skipped 0$", output, re.MULTILINE), output


def test_the_lock_file_names_no_host() -> None:
    lock = (EXTENSION / "package-lock.json").read_text()
    assert '"resolved"' not in lock
