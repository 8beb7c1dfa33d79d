"""`codex-rpc exec`: one turn without a client, as a part of shell pipelines and on a terminal."""

import os
import select
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from tests.e2e.server_process import (
    COMMAND,
    PATIENCE,
    Message,
    Place,
    patch,
    processes_with,
    run_cli,
    run_command,
    say,
)

ASK = ["-a", "untrusted", "-s", "workspace-write"]
ADD_FILE = "*** Begin Patch\n*** Add File: made\n+hello\n*** End Patch\n"


def exec_in(
    place: Place, *arguments: str, stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    return run_cli(
        place, "exec", "-C", str(place.project), *place.arguments, *arguments, stdin=stdin
    )


def test_stdout_has_the_final_message_and_nothing_else(place: Place) -> None:
    place.play([say("Looking."), run_command("echo seen; touch made")], [say("All is well.")])
    done = exec_in(place, "-s", "danger-full-access", "-a", "never", "Look")
    assert (done.returncode, done.stdout) == (0, b"All is well.\n")
    assert b"seen" in done.stderr
    assert (place.project / "made").exists()


def test_the_prompt_may_come_from_stdin(place: Place) -> None:
    place.play([say("Heard.")])
    done = exec_in(place, "-", stdin="What is «this»?\n".encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Heard.\n", b"")
    said = [line["payload"].get("message") for line in place.rollout_lines()]
    assert "What is «this»?\n" in said


def test_ephemeral_leaves_no_rollout(place: Place) -> None:
    place.play([say("Gone.")])
    assert exec_in(place, "--ephemeral", "Hi").returncode == 0
    assert place.rollouts() == []


@pytest.mark.parametrize("prompt", ["", "  ", "-"])
def test_an_empty_prompt_is_refused(place: Place, prompt: str) -> None:
    done = exec_in(place, prompt)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"codex-rpc: the prompt is empty\n"


def test_a_failing_model_exits_with_1_and_the_reason(place: Place) -> None:
    place.play([{"type": "error", "status": 400, "message": "No such model."}])
    done = exec_in(place, "Hi")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.splitlines()[-1].startswith(b"codex-rpc: ")
    assert b"No such model." in done.stderr


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("model_provider=nowhere", b"Model provider `nowhere` not found"),
        ("model_providers.script.script_path=missing.jsonl", b"cannot read the model script"),
        ("model_providers.script.script_path=3", b"script_path: expected a string"),
        ("sandbox_mode=maybe", b"sandbox_mode: unknown value `maybe`"),
        ("approval_policy=maybe", b"approval_policy: unknown value `maybe`"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(place: Place, setting: str, reason: bytes) -> None:
    done = exec_in(place, "-c", setting, "Hi")
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.splitlines()
    assert line.startswith(b"codex-rpc: ")
    assert reason in line


def test_a_missing_folder_is_one_clear_line(place: Place) -> None:
    done = run_cli(place, "exec", *place.arguments, "-C", "/no/such/folder", "Hi")
    assert done.returncode == 1
    assert done.stderr == b"codex-rpc: working directory does not exist: /no/such/folder\n"


def test_a_script_with_a_mistake_is_told_by_line_and_field(place: Place) -> None:
    place.script.write_text('{"output": []}\n{"output": [{"type": "text", "txt": "?"}]}\n')
    assert exec_in(place, "One").returncode == 1
    done = exec_in(place, "One")
    assert b"line 2: output[0].txt: is not a field of the format" in done.stderr


@pytest.mark.parametrize("call", [run_command("touch made"), patch(ADD_FILE)])
def test_without_a_terminal_questions_are_declined(place: Place, call: Message) -> None:
    place.play([call], [say("Not done.")])
    arguments = [*COMMAND, "exec", "-C", str(place.project), *place.arguments, *ASK, "Go"]
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=place.environ,
        start_new_session=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"Not done.\n")
    assert b"declined, since there is no terminal" in done.stderr
    assert not (place.project / "made").exists()


# --- on a terminal -----------------------------------------------------------------------------


class Terminal:
    """The user's side of a pseudo-terminal that is the command's controlling one."""

    def __init__(self, master: int, process: "subprocess.Popen[bytes]") -> None:
        self._master = master
        self.process = process

    def read_until(self, text: str) -> str:
        shown = b""
        while text.encode() not in shown:
            ready, _, _ = select.select([self._master], [], [], PATIENCE)
            assert ready, f"the terminal shows {shown!r}"
            shown += os.read(self._master, 4096)
        return shown.decode().replace("\r\n", "\n")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def finish(self) -> tuple[int, bytes]:
        """The exit code and what was on stdout."""
        stdout, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, stdout


@contextmanager
def on_terminal(place: Place, arguments: Sequence[str]) -> Generator[Terminal]:
    """`exec` as a shell starts it, but with stdout in a pipe."""
    master, terminal = os.openpty()
    command = ["setsid", "--ctty", *COMMAND, "exec", "-C", str(place.project), *place.arguments]
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=place.environ,
    )
    os.close(terminal)
    try:
        with process:
            try:
                yield Terminal(master, process)
            finally:
                process.kill()
    finally:
        os.close(master)


@pytest.mark.parametrize(("answer", "runs"), [("y", True), ("n", False), ("", False)])
def test_the_terminal_is_asked_and_its_answer_holds(place: Place, answer: str, runs: bool) -> None:
    place.play([run_command("touch made")], [say("Done.")])
    with on_terminal(place, [*ASK, "Go"]) as terminal:
        question = terminal.read_until("[q]uit: ")
        assert "touch made" in question
        assert not (place.project / "made").exists()
        terminal.type(f"{answer}\n")
        assert terminal.finish() == (0, b"Done.\n")
    assert (place.project / "made").exists() is runs


def test_always_is_not_asked_again(place: Place) -> None:
    command = run_command("echo x >> made")
    place.play([command], [command], [patch(ADD_FILE.replace("made", "new"))], [say("Done.")])
    with on_terminal(place, [*ASK, "Go"]) as terminal:
        terminal.read_until("[q]uit: ")
        terminal.type("a\n")
        question = terminal.read_until("[q]uit: ")
        assert "hello" in question
        terminal.type("y\n")
        assert terminal.finish() == (0, b"Done.\n")
    assert (place.project / "made").read_text() == "x\nx\n"
    assert (place.project / "new").exists()


def test_quit_ends_the_turn(place: Place) -> None:
    place.play([run_command("touch made")], [say("Never said.")])
    with on_terminal(place, [*ASK, "Go"]) as terminal:
        terminal.read_until("[q]uit: ")
        terminal.type("q\n")
        assert terminal.finish() == (130, b"")
    assert not (place.project / "made").exists()


def test_control_c_leaves_an_open_question(place: Place) -> None:
    place.play([run_command("touch made")], [say("Never said.")])
    with on_terminal(place, [*ASK, "Go"]) as terminal:
        terminal.read_until("[q]uit: ")
        terminal.type("\x03")
        assert terminal.finish() == (130, b"")
    assert not (place.project / "made").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_turn_and_its_commands(
    place: Place, number: signal.Signals, code: int
) -> None:
    """Every child is gone after SIGTERM, here as in the server."""
    marker = f"600.5{code}{os.getpid()}"
    news = place.project / "news"
    os.mkfifo(news)
    place.play([run_command(f"setsid sleep {marker} & echo up > news; exec sleep {marker}")])
    arguments = [*COMMAND, "exec", "-C", str(place.project), *place.arguments]
    process = subprocess.Popen(
        [*arguments, "-s", "danger-full-access", "Go"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=place.environ,
    )
    with process:
        assert news.read_text() == "up\n"
        assert processes_with(marker) != []
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stdout) == (code, b"")
    assert stderr.startswith(b"$ ")
    assert stderr.count(b"\n") == 1
    assert processes_with(marker) == []
