"""The server is killed in the middle of a turn: what a client has seen completed is on disk."""

import json
import os
import signal

import pytest

from tests.e2e.server_process import (
    Place,
    named,
    processes_with,
    run_command,
    say,
    thread_of,
)


@pytest.mark.parametrize("seen", [1, 7, 20])
async def test_completed_items_survive_kill_9(place: Place, seen: int) -> None:
    """Of the items completed before `kill -9`, all survive."""
    messages = [say(f"Message {number}.", chunkSize=2) for number in range(40)]
    place.play(messages, [say("Never said.")])
    async with thread_of(place) as server:
        await server.submit()
        for _ in range(seen + 1):
            await server.until("item/completed")
        server.process.kill()
        await server.rest()
    assert_on_disk(place, server.seen)


async def test_completed_items_survive_kill_9_in_mid_command(place: Place) -> None:
    marker = f"600.601{os.getpid()}"
    command = run_command(f"echo up; exec sleep {marker}")
    place.play([say("First."), run_command("echo one"), command])
    try:
        async with thread_of(place) as server:
            await server.submit()
            await server.output("up")
            server.process.kill()
            await server.rest()
    finally:
        for pid in processes_with(marker):
            os.kill(pid, signal.SIGKILL)
    assert_on_disk(place, server.seen)


def assert_on_disk(place: Place, messages: list[dict[str, object]]) -> None:
    (rollout,) = place.rollouts()
    *whole, torn = rollout.read_bytes().split(b"\n")
    assert torn == b""
    payloads = [json.loads(line)["payload"] for line in whole]
    stored = [line["item"] for line in payloads if line.get("type") == "item_completed"]
    shown = [params["item"] for params in named(messages, "item/completed")]
    assert len(shown) > 1
    assert [item["id"] for item in shown] == [item["id"] for item in stored][: len(shown)]
