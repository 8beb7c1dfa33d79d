import pytest

from codex_rpc.rpc.framing import Garbled, Oversize, Piece
from codex_rpc.rpc.header_framing import HeaderDecoder, HeaderFraming
from codex_rpc.rpc.header_start import begins_header

NO_HEADER = Garbled("expected a header with a `Content-Length`")
NO_LENGTH = Garbled("a header without one valid `Content-Length`")


def frame(body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    return header % len(body) + body


def decode(*chunks: bytes, limit: int = 1000) -> list[Piece]:
    decoder = HeaderDecoder(limit)
    found = [piece for chunk in chunks for piece in decoder.feed(chunk)]
    rest = decoder.flush()
    return found if rest is None else [*found, rest]


def test_messages_come_out_whole_however_the_stream_is_cut() -> None:
    stream = frame(b'{"a":1}') + frame(b'{"b":"\xc3\xa4\r\n\r\n"}') + b"\r\n" + frame(b"{}")
    expected = [b'{"a":1}', b'{"b":"\xc3\xa4\r\n\r\n"}', b"{}"]
    for size in range(1, len(stream) + 1):
        assert decode(*(stream[at : at + size] for at in range(0, len(stream), size))) == expected


@pytest.mark.parametrize(
    "header",
    [
        b"content-length:%d\n\n",
        b"CONTENT-LENGTH :  %d \r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
        b"\xef\xbb\xbfContent-Length: %d\r\nContent-Type: x\n\r\n",
    ],
)
def test_headers_are_read_however_they_are_spelt(header: bytes) -> None:
    assert decode(frame(b"{}", header)) == [b"{}"]


@pytest.mark.parametrize(
    "garbage",
    [b'{"id":1,"method":"x"}\n', b"\x00\xff\xfe\x01\x02", b'l"}', b"x" * 20_000],
)
def test_what_is_no_header_is_reported_once_and_the_next_message_is_read(garbage: bytes) -> None:
    stream = frame(b"1") + garbage + frame(b"2") + frame(b"3")
    for size in (1, 7, len(stream)):
        chunks = (stream[at : at + size] for at in range(0, len(stream), size))
        found = decode(*chunks)
        assert found == [b"1", NO_HEADER, b"2", b"3"]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 1e3\r\n\r\n",
        b"Content-Length: \r\n\r\n",
        b"Content-Type: x\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_a_header_without_a_length_is_reported(header: bytes) -> None:
    found = decode(header + frame(b"{}"))
    assert found[0] == NO_LENGTH
    assert found[-1] == b"{}"


def test_a_length_that_is_too_small_costs_one_message() -> None:
    assert decode(b'Content-Length: 3\r\n\r\n{"a":1}' + frame(b"{}")) == [b'{"a', NO_HEADER, b"{}"]


def test_a_length_that_is_too_large_costs_two_messages() -> None:
    broken = b'Content-Length: 10\r\n\r\n{"a":1}'
    found = decode(broken + frame(b'{"b":2}') + frame(b"{}"))
    assert found == [b'{"a":1}Con', NO_LENGTH, b"{}"]


def test_an_overlong_message_is_skipped_without_being_kept() -> None:
    decoder = HeaderDecoder(10)
    assert decoder.feed(b"Content-Length: 100000\r\n\r\n") == [Oversize(10)]
    for _ in range(100):
        assert decoder.feed(b"x" * 1000) == []
    assert decoder.feed(frame(b"{}")) == [b"{}"]


def test_a_message_that_is_cut_off_is_reported_at_the_end() -> None:
    ends = Garbled("the stream ends within a message")
    assert decode(b"Content-Length: 10\r\n\r\n{}") == [ends]
    assert decode(b"Content-Le") == [ends]
    assert decode(frame(b"{}") + b"\r\n") == [b"{}"]


def test_garbage_without_end_is_skipped_without_being_kept() -> None:
    decoder = HeaderDecoder(1000)
    assert decoder.feed(b"{" * 100) == [NO_HEADER]
    for _ in range(2000):
        assert decoder.feed(b"contentlength" * 1000) == []
    assert decoder.feed(frame(b"{}")) == [b"{}"]


def test_our_messages_always_carry_the_version() -> None:
    written = HeaderFraming().join([b'{"id":1}', '{"ä":2}'.encode()], jsonrpc=False)
    assert written == (
        b'Content-Length: 24\r\n\r\n{"jsonrpc":"2.0","id":1}'
        b'Content-Length: 24\r\n\r\n{"jsonrpc":"2.0","\xc3\xa4":2}'
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"Content-Length: 3\r\n", True),
        (b"content-type:x\n", True),
        (b"\xef\xbb\xbfCONTENT-LENGTH : 3\r\n", True),
        (b'{"Content-Length:": 3}\n', False),
        (b"Content: 3\n", False),
        (b"", False),
    ],
)
def test_the_first_line_tells_the_framing(line: bytes, expected: bool) -> None:
    assert begins_header(line) is expected
