"""Other people's clients, installed once into the test run's cache.

A package that cannot be installed, for want of `pip`, `npm` or a network, skips its tests.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Packages:
    """Installs into `cache`, a folder for each package and version."""

    cache: Path

    def from_pip(self, name: str, version: str) -> Path:
        """A folder for `PYTHONPATH` with the package, and nothing that it depends on."""
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        return self._have(
            f"pip-{name}-{version}", lambda folder: _run([*pip, ".", f"{name}=={version}"], folder)
        )

    def from_npm(self, name: str, version: str, *others: str) -> Path:
        """A folder with `node_modules`: the package, what it needs, and `others`."""
        options = ("--ignore-scripts", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund")
        command = [_program("npm"), "install", "--silent", "--prefix", ".", *options]
        return self._have(
            f"npm-{_plain(name)}-{version}",
            lambda folder: _run([*command, f"{name}@{version}", *others], folder),
        )

    def tarball_from_npm(self, name: str, version: str) -> Path:
        """The package's own files, for one that brings all it needs."""
        command = [_program("npm"), "pack", "--silent", f"{name}@{version}"]

        def unpack(folder: Path) -> None:
            _run(command, folder)
            [archive] = folder.glob("*.tgz")
            with tarfile.open(archive) as files:
                files.extractall(folder, filter="data")

        return self._have(f"npm-pack-{_plain(name)}-{version}", unpack) / "package"

    def _have(self, name: str, install: Callable[[Path], None]) -> Path:
        place = self.cache / name
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
                made = Path(scratch) / "made"
                made.mkdir()
                install(made)
                made.rename(place)
        return place


def node() -> str:
    """The `node` command."""
    return _program("node")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}")
    return found


def _plain(name: str) -> str:
    return name.replace("@", "").replace("/", "-")


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, check=True, timeout=PATIENCE, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines() or [f"exit {error.returncode}"]
        pytest.skip(f"{command[-1]} cannot be installed: {said[-1]}")
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[-1]} cannot be installed within {PATIENCE:g} s")
