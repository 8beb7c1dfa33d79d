"""The command line: what it accepts, what it refuses and how, and what it writes."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.server_process import (
    COMMAND,
    INITIALIZE,
    PATIENCE,
    Place,
    lines_of,
    messages_in,
    run_cli,
)

REPOSITORY = Path(__file__).parents[2]


# --- options -----------------------------------------------------------------------------------


def test_help_names_every_command_and_the_exit_codes(place: Place) -> None:
    done = run_cli(place, "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    for word in (b"app-server", b"exec", b"demo", b"schema", b"exit codes", b"--config"):
        assert word in done.stdout
    assert b"EARLY" not in done.stdout


def test_version_has_the_protocol_version_where_clients_look(place: Place) -> None:
    """The protocol: clients read the second word of `--version` and switch features by it."""
    done = run_cli(place, "--version")
    assert done.returncode == 0
    assert done.stdout.split()[:2] == [b"codex-rpc", b"0.169.0"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["bogus"], "invalid choice: 'bogus'"),
        (["app-server", "--dran"], "--dran"),
        (["-s", "bogus", "exec", "hi"], "invalid choice: 'bogus'"),
        (["exec"], "required: PROMPT"),
        (["app-server", "generate-ts"], "required: --out"),
        (["app-server", "-c", "foo"], "expected key=value, got: foo"),
        (["-c", "=3", "app-server"], "expected key=value, got: =3"),
        (["exec", "-c", "two words=3", "hi"], "not a configuration key: two words"),
        (["app-server", "--listen", "unix:/x"], "--listen unix:/x is not supported"),
        (["app-server", "--listen", "ws://127.0.0.1:1"], "is not supported, only stdio://"),
        (["app-server", "--listen", "unix://", "--drain"], "--drain is for stdio:// only"),
    ],
)
def test_a_wrong_command_line_exits_with_2_and_says_why(
    place: Place, arguments: list[str], complaint: str
) -> None:
    done = run_cli(place, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert complaint in done.stderr.decode().splitlines()[-1]


def test_no_command_shows_the_help(place: Place) -> None:
    done = run_cli(place)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage: codex-rpc")


@pytest.mark.parametrize("options", [["--stdio"], ["--listen", "stdio://"]])
def test_stdio_may_be_asked_for(place: Place, options: list[str]) -> None:
    done = run_cli(place, "app-server", *options, stdin=lines_of(INITIALIZE))
    assert [message["id"] for message in messages_in(done.stdout)] == ["init"]


def test_settings_may_stand_before_and_after_the_command(place: Place) -> None:
    """The protocol: clients put `-c` on either side of `app-server`; the later one wins."""
    conversation = lines_of(INITIALIZE, {"id": 1, "method": "thread/start", "params": {}})
    early = ["-c", "model=early", "-c", "model_provider=script", "-m", "earlier"]
    late = ["--drain", "--config", "model=late", *place.arguments]
    done = run_cli(place, *early, "app-server", *late, stdin=conversation)
    (answer,) = [m for m in messages_in(done.stdout) if m.get("id") == 1]
    assert (answer["result"]["model"], answer["result"]["modelProvider"]) == ("late", "script")


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("model_provider=nowhere", "Model provider `nowhere` not found"),
        ("model_providers.script.script_path=3", "expected a string"),
        ("model=3", "model: expected a string"),
    ],
)
def test_a_wrong_setting_refuses_the_thread_and_not_the_connection(
    place: Place, setting: str, reason: str
) -> None:
    conversation = lines_of(
        INITIALIZE,
        {"id": 1, "method": "thread/start", "params": {}},
        {"id": 2, "method": "thread/loaded/list", "params": {}},
    )
    done = run_cli(
        place, "app-server", "--drain", *place.arguments, "-c", setting, stdin=conversation
    )
    answers = {message.get("id"): message for message in messages_in(done.stdout)}
    assert answers[1]["error"]["code"] == -32600
    assert reason in answers[1]["error"]["message"]
    assert answers[2]["result"] == {"data": [], "nextCursor": None}


# --- the contract ------------------------------------------------------------------------------


def test_schema_writes_what_is_committed(place: Place) -> None:
    """A client author who generates the contract gets the one that was reviewed."""
    out = place.root / "contract"
    assert run_cli(place, "schema", "--out", str(out)).returncode == 0
    written = {path.name: path.read_text() for path in out.iterdir()}
    committed = {path.name: path.read_text() for path in (REPOSITORY / "schema").iterdir()}
    assert written == committed


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "model=x", "app-server", "generate-json-schema", "--experimental", "--out", "out"],
        ["app-server", "-c", "model=x", "generate-json-schema", "--out", "out"],
    ],
)
def test_json_schemas_are_generated_as_clients_call_for_them(
    place: Place, arguments: list[str]
) -> None:
    """The protocol: SDKs generate their types with this call, options on either side."""
    done = run_cli(place, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    files = {path.stem: path for path in (place.root / "out").rglob("*.json")}
    assert {"TurnSubmitParams", "ThreadStartResponse", "TurnCompletedNotification"} <= files.keys()
    schema = json.loads(files["CommandExecutionRequestApprovalParams"].read_text())
    Draft202012Validator.check_schema(schema)
    assert ("availableDecisions" in schema["properties"]) is ("--experimental" in arguments)


def test_typescript_is_generated(place: Place) -> None:
    done = run_cli(place, "app-server", "generate-ts", "--out", "types")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (path,) = (place.root / "types").iterdir()
    assert "TurnSubmitParams" in path.read_text()


@pytest.mark.parametrize(
    "command", [["schema"], ["app-server", "generate-json-schema"], ["app-server", "generate-ts"]]
)
def test_a_place_that_cannot_be_written_to_is_one_clear_line(
    place: Place, command: list[str]
) -> None:
    done = run_cli(place, *command, "--out", str(place.script))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == f"codex-rpc: not a directory: {place.script}\n".encode()


# --- the demo ----------------------------------------------------------------------------------


def test_the_demo_shows_what_it_promises_and_leaves_nothing(place: Place) -> None:
    """The README's first command: a failing test is mended before the reader's eyes, in seconds."""
    temporary = place.root / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [*COMMAND, "demo"],
        capture_output=True,
        env={**place.environ, "TMPDIR": str(temporary)},
        timeout=5,
        check=False,
    )
    shown = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    promised = [
        "The tests fail. Please mend the code.",
        "cat pricing.py test_pricing.py",
        "may I run this command?",
        "exit code 1",
        "may I change these files?",
        "+    return sum(prices) * (100 - discount) / 100",
        "exit code 0",
        "diff of the turn",
        "The tests went from red to green.",
    ]
    places = [shown.find(text) for text in promised]
    assert -1 not in places
    assert places[-1] > places[-2] > places[3] > places[0]
    assert list(temporary.iterdir()) == []
    assert list(place.home.iterdir()) == []


def test_the_demo_shows_the_wire_as_json(place: Place) -> None:
    done = run_cli(place, "demo", "--wire")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    sent = [json.loads(line[3:]) for line in lines if line.startswith("-> ")]
    received = [json.loads(line[3:]) for line in lines if line.startswith("<- ")]
    assert [message["method"] for message in sent[:4]] == [
        "initialize",
        "initialized",
        "thread/start",
        "turn/submit",
    ]
    assert received[-1]["method"] == "turn/completed"


def test_the_demo_needs_nothing_but_python(place: Place) -> None:
    """Whatever the reader's machine lacks or is set to, the first command works."""
    (place.root / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n")
    done = run_cli(place, "demo", environ={"PATH": "/usr/bin:/bin", "CODEX_HOME": "/nonexistent"})
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_demo_ends_quietly_when_nobody_looks(place: Place) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run(
            [*COMMAND, "demo"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=place.environ,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_control_c_ends_the_demo_and_its_server(place: Place) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=place.environ,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        while b"agent" not in process.stdout.readline():
            pass
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stderr) == (130, b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
