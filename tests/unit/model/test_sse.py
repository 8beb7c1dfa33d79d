from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.errors import ModelStreamError
from codex_rpc.model.sse import SseDecoder


def decode(*chunks: bytes) -> list[bytes]:
    decoder = SseDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def test_each_blank_line_ends_an_event() -> None:
    assert decode(b"event: a\ndata: 1\n\ndata: 2\n\n") == [b"1", b"2"]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert decode(b"data:1\n\ndata:  2\n\n") == [b"1", b" 2"]


def test_lines_of_one_event_are_joined_by_newlines() -> None:
    assert decode(b"data: 1\ndata\ndata: 2\n\n") == [b"1\n\n2"]


def test_comments_other_fields_and_events_without_data_are_skipped() -> None:
    assert decode(b": hello\n\nid: 7\nretry: 5\n\ndatabase: no\n\ndata: 1\n\n") == [b"1"]


def test_an_event_that_is_not_ended_is_not_delivered() -> None:
    assert decode(b"data: 1\n") == []


@pytest.mark.parametrize("newline", [b"\n", b"\r", b"\r\n"])
def test_every_kind_of_line_end_is_understood(newline: bytes) -> None:
    assert decode(newline.join([b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])) == [
        b"1\n2",
        b"3",
    ]


def test_an_event_is_delivered_at_its_carriage_return_already() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: 1\r\n\r") == [b"1"]
    assert decoder.feed(b"\ndata: 2\r\n\r\n") == [b"2"]


def test_a_byte_order_mark_is_skipped_at_the_start_only() -> None:
    assert decode(b"\xef", b"\xbb\xbfdata: 1\n\n", b"\xef\xbb\xbfdata: 2\n\n") == [b"1"]


def test_a_stream_that_begins_like_a_byte_order_mark_loses_nothing() -> None:
    assert decode(b"\xef\xbb", b"x\n", b"data: 1\n\n") == [b"1"]


def test_an_event_over_the_limit_breaks_the_stream() -> None:
    decoder = SseDecoder(limit=10)
    decoder.feed(b"data: 1234\n")
    with pytest.raises(ModelStreamError, match="exceeds 10 bytes"):
        decoder.feed(b"data: 56")


def test_the_limit_is_per_event() -> None:
    decoder = SseDecoder(limit=10)
    events = [decoder.feed(b"data: 1234\n\n") for _ in range(10)]
    assert events == [[b"1234"]] * 10


LINES = st.sampled_from(
    [
        b"data: 1",
        b"data:2",
        b"data",
        b"",
        b": note",
        b"event: x",
        b"data: \xc3\xa9",
        b"\xef\xbb\xbf",
    ]
)
NEWLINES = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(st.lists(st.tuples(LINES, NEWLINES)), st.lists(st.integers(0, 200)), st.booleans())
def test_any_chunking_gives_the_same_events(
    lines: list[tuple[bytes, bytes]], cuts: list[int], bom: bool
) -> None:
    stream = (b"\xef\xbb\xbf" if bom else b"") + b"".join(line + end for line, end in lines)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert decode(*chunks) == decode(stream) == decode(*(bytes([byte]) for byte in stream))


@given(st.binary())
def test_whatever_came_before_the_next_event_is_read(stream: bytes) -> None:
    assert decode(stream, b"\n\n", b"data: next\n\n")[-1] == b"next"
