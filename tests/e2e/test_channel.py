"""What goes in and out of the pipe: nothing but JSON-RPC, from any kind of stdin, to its end."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.server_process import (
    ASKING,
    COMMAND,
    INITIALIZE,
    PATIENCE,
    Message,
    Place,
    app_server,
    completed_items,
    lines_of,
    messages_in,
    named,
    patch,
    run_cli,
    run_command,
    run_server,
    say,
    thread_of,
    thread_start,
    turn_submit,
)

ADD_FILE = "*** Begin Patch\n*** Add File: made\n+x\n*** End Patch\n"
SERVER = "awk '/^PPid/ {print $2}' /proc/$PPID/status"
"""Prints the server's process id: the parent of the one that starts commands."""
APPROVAL_METHODS = ("item/commandExecution/requestApproval", "item/fileChange/requestApproval")


def response(messages: list[Message], request_id: str) -> Message:
    (found,) = [m for m in messages if m.get("id") == request_id and "method" not in m]
    return found


def test_children_cannot_write_to_the_channel(place: Place) -> None:
    """The protocol: stdout carries nothing but messages, whatever a child does."""
    place.play(
        [run_command("echo mine > /proc/self/fd/1")],
        [run_command(f"echo theirs > /proc/$({SERVER})/fd/1")],
        [
            run_command(f"{sys.executable} -c 'import os; os.write(2, b\"2\"); print(1)'"),
        ],
        [say("Done.")],
    )
    conversation = lines_of(INITIALIZE, thread_start(place), turn_submit())
    done = run_cli(place, "app-server", "--drain", *place.arguments, stdin=conversation)
    messages = messages_in(done.stdout)
    outputs = [item["aggregatedOutput"] for item in completed_items(messages, "commandExecution")]
    assert outputs == ["mine\n", None, "21\n"]
    assert all("method" in message or "id" in message for message in messages)
    assert done.stderr == b"theirs\n"


def test_children_do_not_read_from_the_channel(place: Place) -> None:
    """A command that reads stdin would eat the client's next message, or hang."""
    place.play([run_command("cat; cat /proc/$PPID/fd/0; echo end")], [say("One.")], [say("Two.")])
    messages = run_server(
        place, INITIALIZE, thread_start(place), turn_submit("1"), turn_submit("2", "again")
    )
    (command,) = completed_items(messages, "commandExecution")
    assert command["aggregatedOutput"] == "end\n"
    assert "result" in response(messages, "again")


def test_a_file_serves_as_stdin(place: Place) -> None:
    """A regular file cannot be polled; a conversation piped from one works all the same."""
    place.play([say("From a file.")])
    conversation = place.root / "conversation.jsonl"
    conversation.write_bytes(lines_of(INITIALIZE, thread_start(place), turn_submit()))
    with conversation.open("rb") as stdin:
        done = subprocess.run(
            [*COMMAND, "app-server", "--drain", *place.arguments],
            stdin=stdin,
            capture_output=True,
            env=place.environ,
            timeout=PATIENCE,
            check=True,
        )
    (ended,) = named(messages_in(done.stdout), "turn/completed")
    assert ended["turn"]["items"][0]["text"] == "From a file."


def test_a_file_serves_as_stdout(place: Place) -> None:
    place.play([say("To a file.")])
    output = place.root / "output.jsonl"
    with output.open("wb") as stdout:
        subprocess.run(
            [*COMMAND, "app-server", "--drain", *place.arguments],
            input=lines_of(INITIALIZE, thread_start(place), turn_submit()),
            stdout=stdout,
            env=place.environ,
            timeout=PATIENCE,
            check=True,
        )
    assert len(named(messages_in(output.read_bytes()), "turn/completed")) == 1


def test_drain_finishes_running_turns_and_says_nothing_of_them_afterwards(place: Place) -> None:
    """The mission: a conversation piped blind is carried out to its end."""
    place.play([run_command("sleep 0.3; echo slow")], [say("Done.")])
    messages = run_server(place, INITIALIZE, thread_start(place), turn_submit())
    (ended,) = named(messages, "turn/completed")
    assert ended["turn"]["status"] == "completed"
    assert completed_items(messages, "commandExecution")[0]["aggregatedOutput"] == "slow\n"
    methods = [message.get("method") for message in messages]
    assert methods[methods.index("turn/completed") + 1 :] == ["thread/closed"]


@pytest.mark.parametrize("call", [run_command("touch made"), patch(ADD_FILE)])
async def test_drain_cancels_a_question_that_is_open_when_input_ends(
    place: Place, call: Message
) -> None:
    """With the input at its end no answer can come, so waiting would be for ever."""
    place.play([call], [say("Then not.")])
    async with thread_of(place, "--drain", **ASKING) as server:
        await server.submit()
        while (await server.read()).get("method") not in APPROVAL_METHODS:
            pass
        question = server.seen[-1]
        await server.close_stdin()
        rest = await server.rest()
        assert await server.exit_code() == 0
    (resolved,) = named(rest, "serverRequest/resolved")
    assert resolved["requestId"] == question["id"]
    assert_declined(place, rest)


@pytest.mark.parametrize("call", [run_command("touch made"), patch(ADD_FILE)])
def test_drain_does_not_ask_once_input_has_ended(place: Place, call: Message) -> None:
    place.play([call], [say("Then not.")])
    messages = run_server(place, INITIALIZE, thread_start(place, **ASKING), turn_submit())
    assert not any(message.get("method") in APPROVAL_METHODS for message in messages)
    assert_declined(place, messages)


def assert_declined(place: Place, messages: list[Message]) -> None:
    """The call was not carried out, the model was told, and the turn went on."""
    items = [params["item"] for params in named(messages, "item/completed")]
    (status,) = [item["status"] for item in items if "status" in item]
    (ended,) = named(messages, "turn/completed")
    assert status == "declined"
    assert ended["turn"]["status"] == "completed"
    assert not (place.project / "made").exists()
    outputs = [line["payload"].get("output") for line in place.rollout_lines()]
    (told,) = [output for output in outputs if output is not None]
    assert "nobody was left to answer" in told


async def test_the_jsonrpc_member_is_sent_once_the_client_has_sent_it(place: Place) -> None:
    async with app_server(place) as server:
        await server.send(INITIALIZE)
        assert "jsonrpc" not in await server.response("init")
        await server.send({"jsonrpc": "2.0", "id": 7, "method": "thread/loaded/list", "params": {}})
        assert (await server.response(7))["jsonrpc"] == "2.0"
    async with app_server(place) as server:
        await server.send({"jsonrpc": "2.0", **INITIALIZE})
        assert (await server.response("init"))["jsonrpc"] == "2.0"


@pytest.mark.parametrize(
    "line",
    [
        b"\xef\xbb\xbf" + lines_of(INITIALIZE).replace(b"\n", b"\r\n"),
        b"\n\r\n" + lines_of(INITIALIZE),
    ],
)
def test_byte_order_marks_blank_lines_and_carriage_returns_are_tolerated(
    place: Place, line: bytes
) -> None:
    """Windows editors write them."""
    done = run_cli(place, "app-server", "--drain", *place.arguments, stdin=line)
    (answer,) = messages_in(done.stdout)
    assert answer["result"]["codexHome"] == str(place.home)


async def test_text_of_every_script_survives_both_ways(place: Place) -> None:
    text = 'naïve 日本 👩‍🚀 \u2028 \x00 \x7f \\ " end'
    place.play([say(text)])
    async with thread_of(place) as server:
        turn = await server.turn(text)
    (heard,) = completed_items(server.seen, "userMessage")
    assert heard["content"][0]["text"] == text
    assert turn["items"][0]["text"] == text
    deltas = named(server.seen, "item/agentMessage/delta")
    assert "".join(params["delta"] for params in deltas) == text


async def test_a_command_sees_no_credentials_and_no_descriptors_of_the_server(
    place: Place,
) -> None:
    """Our own credentials never reach a child's environment."""
    place.play([run_command("env; ls -l /proc/self/fd | grep -c pipe")], [say("Done.")])
    secrets = {"OPENAI_API_KEY": "sk-one", "CODEX_API_KEY": "sk-two", "CODEX_ACCESS_TOKEN": "three"}
    harmless = {"MY_OWN": "kept"}
    async with thread_of(place, environ={**secrets, **harmless}) as server:
        await server.turn()
    (command,) = completed_items(server.seen, "commandExecution")
    shown: Any = command["aggregatedOutput"]
    assert "MY_OWN=kept" in shown
    assert not any(secret in shown for secret in secrets.values())
    assert not any(name in shown for name in secrets)


def test_the_server_leaves_its_callers_stdin_blocking(place: Place) -> None:
    """A shared description keeps its flags: otherwise the caller's terminal breaks afterwards."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb") as client:
        client.write(lines_of(INITIALIZE))
        client.close()
        subprocess.run(
            [*COMMAND, "app-server", *place.arguments],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            env=place.environ,
            timeout=PATIENCE,
            check=True,
        )
        assert os.get_blocking(stdin.fileno())
