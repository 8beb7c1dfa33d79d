"""Confined commands for real: what they can do, and what is left of them.

What they must not be able to do is tried in `tests/faults/test_escapes.py`.
"""

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import anyio
import pytest

from codex_rpc.errors import SandboxError
from codex_rpc.exec.lineage import descendants_of
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import ProcessExit, ProcessSpec
from codex_rpc.exec.sandbox.port import Confinement, Sandbox
from codex_rpc.exec.sandbox.preflight import detect_sandbox
from codex_rpc.protocol.policies import ReadOnlyPolicy, WorkspaceWritePolicy

SECRET = "sk-this-must-not-be-read"

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="no bubblewrap here")


def sleepers() -> set[int]:
    """The processes below this one that sleep for long."""
    found: set[int] = set()
    for pid in descendants_of(os.getpid()):
        with contextlib.suppress(OSError):
            if b"sleep\x001000" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


class Place:
    """A workspace, our home beside it, and confined commands in it."""

    def __init__(self, below: Path, runner: ProcessRunner) -> None:
        self.workspace = below / "workspace"
        self.home = below / "home"
        self.workspace.mkdir()
        self.home.mkdir()
        self.policy = WorkspaceWritePolicy(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
        self.sandbox: Sandbox = detect_sandbox(os.environ, self.home)
        self._runner = runner

    def confined(
        self,
        script: str,
        policy: WorkspaceWritePolicy | ReadOnlyPolicy | None = None,
        env: Mapping[str, str] | None = None,
    ) -> ProcessSpec:
        variables = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **(env or {})}
        spec = ProcessSpec(["bash", "-c", script], self.workspace, variables, 30)
        return self.sandbox.confine(spec, Confinement(policy or self.policy, self.workspace, None))

    async def run(
        self,
        script: str,
        policy: WorkspaceWritePolicy | ReadOnlyPolicy | None = None,
        env: Mapping[str, str] | None = None,
    ) -> tuple[str, ProcessExit]:
        output = bytearray()

        async def collect(chunk: bytes) -> None:
            output.extend(chunk)

        confined = self.confined(script, policy, env)
        try:
            with anyio.fail_after(30):
                ended = await self._runner.run(confined, collect)
        finally:
            self.sandbox.ended(confined)
        return output.decode(), ended

    def python(self, script: str) -> str:
        (self.workspace / "script.py").write_text(script)
        return f"{sys.executable} script.py"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with ProcessRunner() as runner:
        yield Place(tmp_path, runner)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


async def test_a_command_works_in_its_workspace(place: Place) -> None:
    output, ended = await place.run("echo text > new; cat new; pwd; exit 7")
    assert output == f"text\n{place.workspace}\n"
    assert ended.exit_code == 7
    assert (place.workspace / "new").read_text() == "text\n"


async def test_the_environment_tells_that_the_network_is_closed(place: Place) -> None:
    show = "echo ${CODEX_SANDBOX_NETWORK_DISABLED-open}"
    assert (await place.run(show))[0] == "1\n"
    opened = place.policy.model_copy(update={"network_access": True})
    assert (await place.run(show, opened))[0] == "open\n"


async def test_an_open_network_reaches_the_machine(place: Place, listener: socket.socket) -> None:
    opened = place.policy.model_copy(update={"network_access": True})
    port = listener.getsockname()[1]
    await place.run(f"echo hello > /dev/tcp/127.0.0.1/{port}", opened)
    connection, _ = listener.accept()
    with connection:
        assert connection.recv(100) == b"hello\n"


async def test_variables_for_the_loader_reach_the_command_alone(place: Place) -> None:
    """Or a library that an earlier command has left would be loaded outside of the sandbox."""
    env = {"LD_LIBRARY_PATH": str(place.workspace), "LD_PRELOAD": ""}
    confined = place.confined("true", env=env)
    place.sandbox.ended(confined)
    assert not [name for name in confined.env if name.startswith("LD_")]
    assert (await place.run("echo $LD_LIBRARY_PATH", env=env))[0] == f"{place.workspace}\n"


async def test_names_that_were_taken_up_are_free_after_the_command(place: Place) -> None:
    output, _ = await place.run("ls -A")
    assert output.split() == [".agents", ".codex", ".git"]
    assert list(place.workspace.iterdir()) == []


async def test_a_command_keeps_its_protection_when_another_one_ends(place: Place) -> None:
    first, second = place.confined("true"), place.confined("true")
    place.sandbox.ended(first)
    assert (place.workspace / ".git").exists()
    place.sandbox.ended(second)
    assert not (place.workspace / ".git").exists()


async def test_nothing_a_command_started_outlives_it(place: Place) -> None:
    before = sleepers()
    _, ended = await place.run(
        "(setsid sleep 1000 &) ; (nohup setsid sleep 1000 > /dev/null 2>&1 &) ; exit 0"
    )
    assert ended.exit_code == 0
    assert ended.duration_s < 20
    assert not sleepers() - before


async def test_a_login_written_while_a_command_runs_stays_hidden(place: Place) -> None:
    login = place.home / "auth.json"
    login.write_text(SECRET)
    started, go = place.workspace / "started", place.workspace / "go"
    os.mkfifo(started)
    os.mkfifo(go)
    script = f"echo > started; read line < go; cat {login} {place.home}/*"
    output: list[str] = []

    async def read() -> None:
        output.append((await place.run(script))[0])

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.to_thread.run_sync(started.read_text, abandon_on_cancel=True)
            (place.home / ".auth-new").write_text(SECRET)
            (place.home / ".auth-new").replace(login)
            await anyio.to_thread.run_sync(go.write_text, "\n", abandon_on_cancel=True)
    assert "No such file" in output[0]
    assert SECRET not in output[0]


async def test_the_rest_of_our_home_can_be_read(place: Place) -> None:
    (place.home / "skills").mkdir()
    (place.home / "skills/one").write_text("a skill")
    (place.home / "linked").symlink_to("skills")
    assert (await place.run(f"cat {place.home}/linked/one"))[0] == "a skill"


async def test_read_only_commands_can_read(place: Place) -> None:
    (place.workspace / "file").write_text("text")
    output, _ = await place.run("cat file; touch file", ReadOnlyPolicy())
    assert output.startswith("text")
    assert "Read-only file system" in output


async def test_a_missing_root_is_named_and_nothing_is_left(place: Place) -> None:
    policy = place.policy.model_copy(update={"writable_roots": ["/nowhere"]})
    with pytest.raises(SandboxError, match="/nowhere does not exist"):
        place.confined("true", policy)
    assert list(place.workspace.iterdir()) == []


async def test_everything_may_be_writable_but_what_the_kernel_shows(place: Place) -> None:
    policy = place.policy.model_copy(update={"writable_roots": ["/"]})
    new = place.home.parent / "new"
    output, _ = await place.run(
        f"touch {new}; touch /sys/x /proc/x; (: > /proc/sys/kernel/core_pattern)", policy
    )
    assert new.exists()
    assert output.count("\n") == 3


async def test_a_command_can_be_stopped_from_its_terminal(place: Place) -> None:
    argv = place.sandbox.confine(
        ProcessSpec(["true"], place.workspace, {}, stdin="terminal"),
        Confinement(ReadOnlyPolicy(), place.workspace, None),
    ).argv
    assert "--new-session" not in argv
    confined = place.confined("true", ReadOnlyPolicy())
    assert "--new-session" in confined.argv


@needs("git")
async def test_git_shows_but_does_not_commit(place: Place) -> None:
    setup = "git init -q; echo a > f; git add f; git -c user.name=n -c user.email=e commit -qm m"
    await anyio.run_process(["bash", "-c", setup], cwd=place.workspace)
    output, _ = await place.run("echo b > f; git status --short; git diff; git log --oneline")
    assert " M f\n" in output
    assert "+b\n" in output
    output, ended = await place.run("git commit -qam x")
    assert ended.exit_code != 0
    assert "Read-only file system" in output


async def test_python_programs_use_processes_threads_and_servers(place: Place) -> None:
    script = place.python("""
import asyncio, http.server, multiprocessing, threading, urllib.request

def double(n): return 2 * n

async def in_thread():
    return await asyncio.wait_for(asyncio.to_thread(double, 4), 10)

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(double, [1, 2]))
    print(asyncio.run(in_thread()))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(urllib.request.urlopen(f"http://localhost:{server.server_port}/", timeout=5).status)
""")
    output, _ = await place.run(f"{script} 2> errors || cat errors")
    assert output == "[2, 4]\n8\n200\n"


async def test_pytest_runs(place: Place) -> None:
    (place.workspace / "test_it.py").write_text("def test_it(tmp_path): pass\n")
    output, ended = await place.run(
        f"{sys.executable} -m pytest -q -p no:anyio --basetemp={place.workspace}/t test_it.py"
    )
    assert ended.exit_code == 0, output


@needs("node")
async def test_node_talks_with_children_and_servers(place: Place) -> None:
    (place.workspace / "a.js").write_text("""
const { fork, execSync } = require("child_process"), http = require("http");
if (process.argv[2]) { process.send("hello"); process.disconnect(); }
else {
  console.log(execSync("echo shell").toString().trim());
  fork(__filename, ["child"]).on("message", text => console.log(text)).on("exit", () => {
    const server = http.createServer((_, answer) => answer.end("served"));
    server.listen(0, "127.0.0.1", () =>
      http.get(`http://127.0.0.1:${server.address().port}`, answer =>
        answer.on("data", data => { console.log(String(data)); process.exit(); })));
  });
}
""")
    assert (await place.run("node a.js"))[0] == "shell\nhello\nserved\n"


@needs("make")
async def test_make_runs_in_parallel(place: Place) -> None:
    (place.workspace / "Makefile").write_text("all: a b c\na b c:\n\t@sleep 0.01; echo $@ > $@\n")
    _, ended = await place.run("make -s -j3")
    assert ended.exit_code == 0
    assert (place.workspace / "c").read_text() == "c\n"


@needs("gcc")
async def test_a_compiled_program_runs(place: Place) -> None:
    (place.workspace / "a.c").write_text('#include <stdio.h>\nint main() { puts("ran"); }\n')
    output, _ = await place.run("TMPDIR=$PWD gcc a.c -o a && ./a")
    assert output == "ran\n"
