from codex_rpc.rpc.framing import LineDecoder, Oversize, join_lines


def decode(*chunks: bytes, limit: int = 1000) -> list[bytes | Oversize]:
    decoder = LineDecoder(limit)
    found = [line for chunk in chunks for line in decoder.feed(chunk)]
    rest = decoder.flush()
    return found if rest is None else [*found, rest]


def test_lines_come_out_whole_however_the_stream_is_cut() -> None:
    stream = b'\xef\xbb\xbf{"a":1}\r\n\n  \r\n{"b":"\xc3\xa4"}\n{"c":3}'
    expected = [b'{"a":1}', b'{"b":"\xc3\xa4"}', b'{"c":3}']
    for size in range(1, len(stream) + 1):
        chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert decode(*chunks) == expected


def test_a_byte_order_mark_is_dropped_only_at_the_start() -> None:
    assert decode(b"\xef\xbb\xbf\n\xef\xbb\xbf1\n") == [b"\xef\xbb\xbf1"]


def test_an_overlong_line_is_reported_once_and_the_next_line_is_read() -> None:
    decoder = LineDecoder(10)
    assert decoder.feed(b"12345") == []
    assert decoder.feed(b"678901") == [Oversize(10)]
    for _ in range(1000):
        assert decoder.feed(b"x" * 1000) == []
    assert decoder.feed(b"y\n{}\n") == [b"{}"]
    assert decoder.flush() is None


def test_a_line_of_exactly_the_limit_passes() -> None:
    assert decode(b"0123456789\n", limit=10) == [b"0123456789"]
    assert decode(b"0123456789a\n", limit=10) == [Oversize(10)]


def test_an_overlong_line_that_never_ends_leaves_nothing_to_flush() -> None:
    assert decode(b"x" * 20, limit=10) == [Oversize(10)]


def test_a_line_of_20_megabytes_comes_out_of_small_chunks() -> None:
    chunk = b"x" * 65536
    decoder = LineDecoder()
    for _ in range(320):
        assert decoder.feed(chunk) == []
    assert decoder.feed(b"\n") == [chunk * 320]


def test_joined_lines_carry_the_version_only_when_asked() -> None:
    objects = [b'{"a":1}', b'{"b":2}']
    assert join_lines(objects, jsonrpc=False) == b'{"a":1}\n{"b":2}\n'
    assert join_lines(objects, jsonrpc=True) == (
        b'{"jsonrpc":"2.0","a":1}\n{"jsonrpc":"2.0","b":2}\n'
    )
