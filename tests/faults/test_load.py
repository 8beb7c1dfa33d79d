"""Many requests, many threads, many deltas: everything is answered, in order, in bounded memory."""

import os
from collections import Counter, defaultdict
from pathlib import Path

import anyio
import anyio.to_thread

from tests.e2e.server_process import (
    ASKING,
    INITIALIZE,
    PATIENCE,
    AppServer,
    Message,
    Place,
    app_server,
    completed_items,
    lines_of,
    messages_in,
    named,
    run_cli,
    run_command,
    say,
    text_input,
    thread_of,
)


def test_a_thousand_pipelined_requests_are_answered_once_each(place: Place) -> None:
    """The reference loses some of a thousand; each of ours gets its result."""
    ids = [number if number % 2 else f"r{number}" for number in range(1000)]
    methods = ["model/list", "thread/loaded/list", "account/read", "approval/list"]
    requests: list[Message] = [
        {"id": request_id, "method": methods[number % len(methods)], "params": {}}
        for number, request_id in enumerate(ids)
    ]
    done = run_cli(
        place, "app-server", "--drain", *place.arguments, stdin=lines_of(INITIALIZE, *requests)
    )
    answers = messages_in(done.stdout)
    assert Counter(answer["id"] for answer in answers) == Counter(["init", *ids])
    assert [answer for answer in answers if "result" not in answer] == []


async def test_two_turns_in_each_of_fifty_threads_do_not_mix(place: Place) -> None:
    """Turns of different threads run side by side; each thread sees its own, in order, once."""
    texts = ["The first answer.", "The second answer."]
    place.play(*([say(text, chunkSize=3, delayMs=1)] for text in texts))
    async with app_server(place) as server:
        await server.initialize()
        threads = [await server.start_thread(place) for _ in range(50)]
        for thread_id in threads:
            await submit_to(server, thread_id)
        ended: Counter[str] = Counter()
        while sum(ended.values()) < 2 * len(threads):
            thread_id = (await server.until("turn/completed"))["params"]["threadId"]
            ended[thread_id] += 1
            if ended[thread_id] == 1:
                await submit_to(server, thread_id)
        loaded = await server.call("thread/loaded/list")
    assert sorted(loaded["data"]) == sorted(threads)
    streamed: dict[str, str] = defaultdict(str)
    for params in named(server.seen, "item/agentMessage/delta"):
        streamed[params["threadId"]] += params["delta"]
    assert streamed == dict.fromkeys(threads, "".join(texts))
    for thread_id in threads:
        assert life_of(server, thread_id) == 2 * [
            "turn/started",
            "item/completed",
            "item/completed",
            "turn/completed",
        ]


async def submit_to(server: AppServer, thread_id: str) -> None:
    request = {"threadId": thread_id, "input": text_input("Go")}
    await server.send({"id": f"to {thread_id}", "method": "turn/submit", "params": request})


def life_of(server: AppServer, thread_id: str) -> list[str]:
    """A thread's milestones in the order they came."""
    milestones = {"turn/started", "item/completed", "turn/completed"}
    return [
        message["method"]
        for message in server.seen
        if message.get("method") in milestones and message["params"]["threadId"] == thread_id
    ]


async def test_a_slow_client_gets_every_byte_and_every_question_in_bounded_memory(
    place: Place,
) -> None:
    """Deltas are merged while nobody reads; nothing else is, and nothing is lost.

    The model says everything before the client reads the first delta: what comes after the text is
    a command that stands at a pipe until this test arrives there.
    """
    deltas = 50_000
    text = "".join(f"{number:08}\n" for number in range(deltas))
    gate = place.project / "gate"
    place.play(
        [say(text, chunkSize=9), run_command(f"cat {gate.name}")],
        [run_command("touch made")],
        [say("Done.")],
    )
    os.mkfifo(gate)
    async with thread_of(place, **ASKING) as server:
        before = peak_memory(server)
        await server.submit()
        with anyio.fail_after(PATIENCE):
            await anyio.to_thread.run_sync(gate.write_text, "open", abandon_on_cancel=True)
        question = await server.until("item/commandExecution/requestApproval")
        await server.send({"id": question["id"], "result": {"decision": "accept"}})
        ended = await server.until("turn/completed")
        grown = peak_memory(server) - before
    received = [params["delta"] for params in named(server.seen, "item/agentMessage/delta")]
    assert "".join(received) == text + "Done."
    assert len(received) < deltas / 10
    assert ended["params"]["turn"]["status"] == "completed"
    assert [
        item["aggregatedOutput"] for item in completed_items(server.seen, "commandExecution")
    ] == [
        "open",
        None,
    ]
    assert (place.project / "made").exists()
    assert grown < 32 * 1024 * 1024


def peak_memory(server: AppServer) -> int:
    """The most memory the server has had resident, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
