"""A disk that takes no more, or nothing at all: turns go on, and the user is told once."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.server_process import (
    COMMAND,
    INITIALIZE,
    PATIENCE,
    Message,
    Place,
    app_server,
    lines_of,
    messages_in,
    named,
    run_command,
    say,
    thread_of,
    thread_start,
    turn_submit,
)


def warnings(messages: list[Message]) -> list[str]:
    return [params["message"] for params in named(messages, "warning")]


@pytest.mark.parametrize("home", ["sessions is a file", "/proc/nowhere"])
async def test_a_home_that_cannot_be_written_costs_one_warning(place: Place, home: str) -> None:
    """A write failure warns once and does not stop delivery."""
    place.play([say("One."), run_command("echo two")], [say("Three.")], [say("Four.")])
    (place.home / "sessions").touch()
    environ = {"CODEX_HOME": home} if home.startswith("/") else {}
    async with thread_of(place, environ=environ) as server:
        turns = [await server.turn(), await server.turn()]
    assert [turn["status"] for turn in turns] == ["completed", "completed"]
    (warning,) = warnings(server.seen)
    assert "cannot be saved" in warning


def test_a_full_disk_costs_one_warning_and_tears_no_line_before_the_last(place: Place) -> None:
    place.play([say("x" * 3000)], [say("y" * 3000)])
    limited = ["sh", "-c", 'ulimit -f 4; exec "$@"', "sh", *COMMAND, "app-server", "--drain"]
    done = subprocess.run(
        [*limited, *place.arguments],
        input=lines_of(INITIALIZE, thread_start(place), turn_submit()),
        capture_output=True,
        env=place.environ,
        timeout=PATIENCE,
        check=True,
    )
    messages = messages_in(done.stdout)
    (ended,) = named(messages, "turn/completed")
    assert ended["turn"]["status"] == "completed"
    assert ended["turn"]["items"][0]["text"] == "x" * 3000
    (warning,) = warnings(messages)
    assert "cannot be saved" in warning
    (rollout,) = place.rollouts()
    *whole, _ = rollout.read_bytes().split(b"\n")
    kinds = [json.loads(line)["type"] for line in whole]
    assert kinds[0] == "session_meta"


async def test_saving_is_made_up_for_as_soon_as_it_is_possible(place: Place) -> None:
    """What could not be written is not forgotten: the whole thread is in the file in the end."""
    place.play([say("Unsaved.")], [say("Saved.")])
    sessions = place.home / "sessions"
    sessions.touch()
    async with thread_of(place) as server:
        await server.turn("First")
        sessions.unlink()
        await server.turn("Second")
        assert agent_messages(place.rollouts()[0]) == ["Unsaved.", "Saved."]
    assert len(warnings(server.seen)) == 1


async def test_a_stored_thread_goes_on_where_nothing_can_be_written(place: Place) -> None:
    """Nobody can become a writer here, so the file is read, and left as it is."""
    place.play([say("One.")], [say("Two.")])
    async with thread_of(place) as server:
        await server.turn()
        params: Message = {"threadId": server.thread_id}
    (rollout,) = place.rollouts()
    before = rollout.read_bytes()
    shutil.rmtree(place.home / "thread-writer-locks")
    (place.home / "thread-writer-locks").touch()
    async with app_server(place) as server:
        await server.initialize()
        server.thread_id = params["threadId"]
        resumed = await server.call("thread/resume", params)
        assert [turn["status"] for turn in resumed["thread"]["turns"]] == ["completed"]
        turn = await server.turn()
        assert turn["status"] == "completed"
        refused = await server.request("thread/revert", {**params, "beforeTurnId": turn["id"]})
        assert "not in it yet" in refused["error"]["message"]
    assert sum("cannot be saved" in text for text in warnings(server.seen)) == 1
    assert rollout.read_bytes() == before


def agent_messages(rollout: Path) -> list[str]:
    lines = (json.loads(line)["payload"] for line in rollout.read_text().splitlines())
    return [payload["message"] for payload in lines if payload.get("type") == "agent_message"]
