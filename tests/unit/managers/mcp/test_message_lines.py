"""Lines of messages and complaints, whatever pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.managers.mcp.message_lines import Complaints, LineSplitter, TooLongError


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=9))
def test_pieces_make_no_difference(lines: list[bytes]) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    at_once = list(LineSplitter().feed(whole))
    splitter = LineSplitter()
    in_pieces = [line for byte in whole for line in splitter.feed(bytes([byte]))]
    assert at_once == in_pieces == [line.strip() for line in lines if line.strip()]


def test_a_line_may_be_as_long_as_a_message_and_no_longer() -> None:
    splitter = LineSplitter(longest=4)
    assert list(splitter.feed(b"abcd\nab")) == [b"abcd"]
    assert list(splitter.feed(b"cd\n")) == [b"abcd"]
    with pytest.raises(TooLongError):
        list(splitter.feed(b"abcde"))


def test_the_last_complaints_are_kept() -> None:
    complaints = Complaints()
    for number in range(10_000):
        complaints.add(f"line {number}\r\n\n".encode())
    complaints.add(b"the \xff end")
    said = str(complaints).split("\n")
    assert said[-1] == "the \ufffd end"
    assert said[0] == "line 9991"
