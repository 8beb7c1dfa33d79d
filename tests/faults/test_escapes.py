"""What a command may try in its sandbox, tried for real.

Each attempt runs confined and must leave everything around it as it was. The same script runs free
as well, where that harms nothing but the scene: one that fails for another reason proves nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

import codex_rpc.exec.sandbox
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.bubblewrap import Bubblewrap, BubblewrapSandbox
from codex_rpc.exec.sandbox.landlock import SCOPED_VERSION, LandlockSandbox, landlock_version
from codex_rpc.exec.sandbox.port import Confinement, Sandbox
from codex_rpc.exec.sandbox.preflight import detect_sandbox
from codex_rpc.exec.sandbox.syscalls import MACHINES
from codex_rpc.protocol.policies import ReadOnlyPolicy, WorkspaceWritePolicy
from tests.faults.escape_attempts import ATTEMPTS, FILES, PROCESSES, READ_ONLY, Attempt
from tests.faults.escape_scene import PYTHON, Scene, give_to, lacks, scene_below

_NOBODY = 65534
_LIMIT_S = 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is tried is Linux's")

by_name = pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
read_only_by_name = pytest.mark.parametrize(
    "attempt", READ_ONLY, ids=lambda attempt: attempt.name.removeprefix("read-only: ")
)
unprivileged = pytest.mark.skipif(
    os.geteuid() != 0 or lacks("setpriv") is not None, reason="becoming another user needs root"
)


@pytest.fixture
async def runner() -> AsyncIterator[ProcessRunner]:
    async with ProcessRunner() as runner:
        yield runner


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_below(tmp_path / "scene") as scene:
        yield scene


@pytest.fixture
def open_scene() -> Iterator[Scene]:
    """One that another user can get to: pytest closes its own directories, again and again."""
    with tempfile.TemporaryDirectory(prefix="codex-rpc-escape-") as below:
        Path(below).chmod(0o755)
        with scene_below(Path(below, "scene")) as scene:
            yield scene


@pytest.fixture
def frozen_scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_below(tmp_path / "scene", read_only=True) as scene:
        yield scene


def bubblewrap(scene: Scene) -> Sandbox:
    sandbox = detect_sandbox(os.environ, scene.home)
    if sandbox.enforcement != "bubblewrap":
        pytest.skip(f"no bubblewrap: {sandbox.reason}")
    return sandbox


def landlock(scene: Scene) -> Sandbox:
    if landlock_version() < SCOPED_VERSION:
        pytest.skip("this kernel's Landlock is older")
    return LandlockSandbox(MACHINES[os.uname().machine], scene.home)


def workspace_write(scene: Scene, attempt: Attempt) -> Confinement:
    policy = WorkspaceWritePolicy(
        writable_roots=[str(scene.below / root) for root in attempt.roots],
        exclude_slash_tmp=True,
        exclude_tmpdir_env_var=True,
    )
    return Confinement(policy, scene.workspace, None)


def prepare(scene: Scene, attempt: Attempt) -> ProcessSpec:
    """Lay the scene out for the attempt, whose command this is."""
    if missing := lacks(*attempt.needs):
        pytest.skip(f"{missing} is not installed")
    environment = scene.environment()
    subprocess.run(["sh", "-ec", attempt.layout], env=environment, cwd=scene.workspace, check=True)
    command = [PYTHON, "-c"] if attempt.python else ["bash", "-c"]
    return ProcessSpec([*command, attempt.script], scene.workspace, environment, _LIMIT_S)


async def run(runner: ProcessRunner, spec: ProcessSpec) -> bytes:
    output = bytearray()

    async def collect(chunk: bytes) -> None:
        output.extend(chunk)

    with anyio.fail_after(_LIMIT_S + 5):
        await runner.run(spec, collect)
    return bytes(output)


async def harm_of(
    runner: ProcessRunner, scene: Scene, sandbox: Sandbox, spec: ProcessSpec, held_to: Confinement
) -> list[str]:
    scene.remember()
    confined = sandbox.confine(spec, held_to)
    try:
        output = await run(runner, confined)
    finally:
        sandbox.ended(confined)
    if b"bwrap: " in output or b"cannot be started in its sandbox" in output:
        pytest.fail(f"it did not even start: {output.decode()}")
    return scene.harm(output)


@by_name
async def test_nothing_outside_is_harmed(
    attempt: Attempt, runner: ProcessRunner, scene: Scene
) -> None:
    spec = prepare(scene, attempt)
    held_to = workspace_write(scene, attempt)
    assert await harm_of(runner, scene, bubblewrap(scene), spec, held_to) == []


@by_name
async def test_the_same_would_do_harm(
    attempt: Attempt, runner: ProcessRunner, scene: Scene
) -> None:
    if not attempt.tried_free:
        pytest.skip("harmful to more than the scene, or not possible even without a sandbox")
    if os.geteuid() != 0:
        pytest.skip("only root may do all of it")
    spec = prepare(scene, attempt)
    scene.remember()
    assert scene.harm(await run(runner, spec)) != []


@pytest.mark.slow
@by_name
@unprivileged
async def test_nothing_is_harmed_by_another_user(
    attempt: Attempt, runner: ProcessRunner, open_scene: Scene
) -> None:
    scene = open_scene
    spec = prepare(scene, attempt)
    give_to(_NOBODY, scene.below)
    scene.remember()
    sandbox = bubblewrap(scene)
    confined = sandbox.confine(spec, workspace_write(scene, attempt))
    user = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    output = await run(runner, replace(confined, argv=[*user, *confined.argv]))
    sandbox.ended(confined)
    assert b"bwrap: " not in output
    assert scene.harm(output) == []


@pytest.mark.slow
@pytest.mark.parametrize("attempt", [*FILES, *PROCESSES], ids=lambda attempt: attempt.name)
@pytest.mark.parametrize(
    "weaker",
    [{"own_proc": False, "sealed": False}, {"user_namespace": False, "sealed": False}],
    ids=["sees the machine's processes", "no user namespace"],
)
async def test_nothing_is_harmed_where_bubblewrap_can_do_less(
    attempt: Attempt, weaker: dict[str, bool], runner: ProcessRunner, scene: Scene
) -> None:
    if not weaker.get("user_namespace", True) and os.geteuid() != 0:
        pytest.skip("only root can do without a user namespace")
    bubblewrap(scene)
    known = Bubblewrap(Path(shutil.which("bwrap") or ""), MACHINES[os.uname().machine])
    sandbox = BubblewrapSandbox(replace(known, **weaker), scene.home)
    spec = prepare(scene, attempt)
    assert await harm_of(runner, scene, sandbox, spec, workspace_write(scene, attempt)) == []


@pytest.mark.slow
@by_name
async def test_landlock_lets_nothing_be_harmed(
    attempt: Attempt, runner: ProcessRunner, scene: Scene
) -> None:
    spec = prepare(scene, attempt)
    held_to = Confinement(ReadOnlyPolicy(), scene.workspace, None)
    assert await harm_of(runner, scene, landlock(scene), spec, held_to) == []


def test_the_document_lists_every_attempt() -> None:
    document = Path(codex_rpc.exec.sandbox.__path__[0], "ESCAPES.md").read_text()
    listed = re.findall(r"^\| ([^|]+?) +\| nothing ", document, re.MULTILINE)
    assert listed == [attempt.name for attempt in (*ATTEMPTS, *READ_ONLY)]


@read_only_by_name
@pytest.mark.parametrize("kind", [bubblewrap, landlock])
async def test_read_only_means_everything(
    attempt: Attempt, kind: Callable[[Scene], Sandbox], runner: ProcessRunner, frozen_scene: Scene
) -> None:
    spec = prepare(frozen_scene, attempt)
    held_to = Confinement(ReadOnlyPolicy(), frozen_scene.workspace, None)
    assert await harm_of(runner, frozen_scene, kind(frozen_scene), spec, held_to) == []


@read_only_by_name
async def test_without_a_sandbox_it_could_be_written(
    attempt: Attempt, runner: ProcessRunner, frozen_scene: Scene
) -> None:
    spec = prepare(frozen_scene, attempt)
    frozen_scene.remember()
    assert frozen_scene.harm(await run(runner, spec)) != []
