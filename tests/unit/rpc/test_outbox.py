import random
from collections.abc import Sequence

import anyio
import pytest
from pydantic_core import from_json

from codex_rpc.rpc.messages import encode_notification
from codex_rpc.rpc.outbox import Outbox, OutboxLimits
from tests.unit.rpc.peer import TextDelta

TIGHT = OutboxLimits(merge=100, high=1000, low=200, batch=500)


def full(group: str = "elsewhere") -> Outbox:
    """An outbox just above the mark from which deltas are merged."""
    outbox = Outbox(TIGHT)
    outbox.put(b'{"filler":"' + b"x" * 100 + b'"}', group)
    return outbox


def told(outbox: Outbox) -> list[str]:
    """What is queued, in short: `key:text` for deltas, else the method."""
    short: list[str] = []
    while messages := outbox.take():
        for message in map(from_json, messages):
            if "filler" in message:
                continue
            params = message.get("params")
            short.append(f"{params['key']}:{params['text']}" if params else message["method"])
    return short


def test_deltas_stay_apart_while_the_peer_keeps_up() -> None:
    outbox = Outbox()
    for text in "abc":
        outbox.put_delta(TextDelta("t", "i", text))
    assert told(outbox) == ["i:a", "i:b", "i:c"]


def test_deltas_of_one_key_are_merged_when_the_peer_is_slow() -> None:
    outbox = full()
    for key, text in ["ia", "jx", "ib", "jy", "ic"]:
        outbox.put_delta(TextDelta("t", key, text))
    assert told(outbox) == ["i:abc", "j:xy"]
    assert outbox.size == 0


def test_no_delta_passes_another_message_of_its_group() -> None:
    outbox = full()
    outbox.put_delta(TextDelta("t", "i", "a"))
    outbox.put(encode_notification("barrier", None), "t")
    outbox.put_delta(TextDelta("t", "i", "b"))
    outbox.put_delta(TextDelta("t", "i", "c"))
    assert told(outbox) == ["i:a", "barrier", "i:bc"]


def test_a_message_of_another_group_does_not_end_merging() -> None:
    outbox = full()
    outbox.put_delta(TextDelta("t", "i", "a"))
    outbox.put(encode_notification("other", None), "u")
    outbox.put_delta(TextDelta("t", "i", "b"))
    assert told(outbox) == ["i:ab", "other"]


def test_no_delta_passes_a_message_without_a_group() -> None:
    outbox = full()
    outbox.put_delta(TextDelta("t", "i", "a"))
    outbox.put(encode_notification("response", None))
    outbox.put_delta(TextDelta("t", "i", "b"))
    assert told(outbox) == ["i:a", "response", "i:b"]


def test_a_delta_that_was_taken_does_not_grow_any_more() -> None:
    outbox = full()
    outbox.put_delta(TextDelta("t", "i", "a"))
    outbox.put(b'{"filler":"' + b"x" * 600 + b'"}', "elsewhere")
    assert len(outbox.take()) == 3
    outbox.put(b'{"filler":"' + b"x" * 600 + b'"}', "elsewhere")
    outbox.put_delta(TextDelta("t", "i", "b"))
    assert told(outbox) == ["i:b"]


def test_any_mixture_arrives_whole_and_in_order() -> None:
    source = random.Random(11)
    for _ in range(50):
        outbox = Outbox(TIGHT)
        sent: dict[tuple[str, str], str] = {}
        received: dict[tuple[str, str], str] = {}
        # A barrier says how much of each key of its group was sent before it.
        pending: list[bytes] = []
        for step in range(400):
            group, key = source.choice("tu"), source.choice("ij")
            if source.random() < 0.1:
                marks = {k: len(sent.get((group, k), "")) for k in "ij"}
                outbox.put(encode_notification("marks", {"group": group, **marks}), group)
            else:
                text = chr(ord("a") + step % 26) * source.randint(1, 9)
                sent[group, key] = sent.get((group, key), "") + text
                outbox.put_delta(TextDelta(group, f"{group}{key}", text))
            if source.random() < 0.05:
                pending += outbox.take()
        while messages := outbox.take():
            pending += messages
        for message in map(from_json, pending):
            params = message["params"]
            if message["method"] == "marks":
                for key in "ij":
                    assert len(received.get((params["group"], key), "")) == params[key]
            else:
                group, key = params["key"]
                received[group, key] = received.get((group, key), "") + params["text"]
        assert received == sent
        assert outbox.size == 0


def test_merging_many_small_deltas_keeps_the_queue_small_and_costs_linear_work() -> None:
    outbox = full()
    copied = 0

    class Counting:
        group = "t"
        merge_key = "i"

        def __init__(self, text: str) -> None:
            self.text = text

        @property
        def size(self) -> int:
            return len(self.encode())

        def encode(self) -> bytes:
            return TextDelta(self.group, self.merge_key, self.text).encode()

        def merged(self, later: "Sequence[Counting]") -> "Counting":
            nonlocal copied
            copied += len(self.text)
            return Counting(self.text + "".join(delta.text for delta in later))

    for _ in range(20_000):
        outbox.put_delta(Counting("12345"))
    assert outbox.size < 120_000
    assert copied < 20_000 * 20_000 * 5 / 100
    assert told(outbox) == ["i:" + "12345" * 20_000]


async def test_room_waits_above_the_high_mark_until_the_low_mark() -> None:
    outbox = Outbox(TIGHT)
    message = b'{"x":"' + b"y" * 92 + b'"}'
    for _ in range(10):
        outbox.put(message)
    with anyio.fail_after(5):
        await outbox.room()
    outbox.put(message)
    entered = anyio.Event()
    sizes: list[int] = []

    async def source() -> None:
        entered.set()
        await outbox.room()
        sizes.append(outbox.size)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(source)
            await entered.wait()
            while not sizes:
                assert len(outbox.take()) > 0 or sizes
                await anyio.wait_all_tasks_blocked()
    assert sizes == [100]


async def test_nobody_waits_for_room_in_a_closed_outbox() -> None:
    outbox = Outbox(TIGHT)
    outbox.put(b"x" * 5000)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outbox.room)
            await anyio.wait_all_tasks_blocked()
            outbox.close()
    outbox.put(b"late")
    outbox.put_delta(TextDelta("t", "i", "late"))
    assert outbox.size == 0
    assert not await outbox.filled()


async def test_a_finished_outbox_gives_what_it_has_and_no_more() -> None:
    outbox = Outbox(TIGHT)
    outbox.put(b"first")
    outbox.finish()
    outbox.put(b"late")
    assert await outbox.filled()
    assert outbox.take() == [b"first"]
    assert not await outbox.filled()


def test_one_take_is_about_one_batch_but_never_nothing() -> None:
    outbox = Outbox(TIGHT)
    for size in (300, 300, 300, 9000, 10):
        outbox.put(b"x" * size)
    assert [list(map(len, outbox.take())) for _ in range(3)] == [[300, 300], [300, 9000], [10]]


def test_a_message_that_cannot_be_encoded_harms_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(TextDelta):
        __slots__ = ()

        @property
        def size(self) -> int:
            return 10

        def encode(self) -> bytes:
            raise ValueError("broken")

    outbox = full()
    outbox.put_delta(Broken("t", "i", "a"))
    outbox.put(encode_notification("next", None), "t")
    assert told(outbox) == ["next"]
    assert "could not be encoded" in caplog.text
