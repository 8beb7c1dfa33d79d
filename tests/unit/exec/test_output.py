"""Bounds on output, and bytes that become text."""

from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.exec.output import OutputBuffer, Utf8Chunks


def filled(limit: int, *chunks: bytes) -> OutputBuffer:
    buffer = OutputBuffer(limit)
    for chunk in chunks:
        buffer.append(chunk)
    return buffer


def test_short_output_is_kept_whole() -> None:
    buffer = filled(10, b"hello", b"world")

    assert buffer.text() == "helloworld"
    assert (buffer.seen_bytes, buffer.omitted_bytes) == (10, 0)


def test_long_output_keeps_head_and_tail_and_says_how_much_is_missing() -> None:
    buffer = filled(8, b"abcdefgh", b"ijklmnop")

    assert buffer.text() == "abcd\n... 8 bytes omitted ...\nmnop"
    assert (buffer.seen_bytes, buffer.omitted_bytes) == (16, 8)


def test_no_line_break_is_added_where_there_is_one() -> None:
    assert filled(8, b"abc\n....xyz\n").text() == "abc\n... 4 bytes omitted ...\nxyz\n"


def test_the_cut_never_goes_through_a_character() -> None:
    buffer = filled(8, "ab😀".encode() * 5)

    assert buffer.text() == "ab\n... 24 bytes omitted ...\n😀"
    assert buffer.omitted_bytes == 24


def test_bytes_that_were_never_utf_8_are_shown_as_replacements() -> None:
    assert filled(10, b"a\xff\xfeb").text() == "a\ufffd\ufffdb"


def test_character_split_over_the_middle_survives_when_nothing_is_omitted() -> None:
    assert filled(6, "a€b€".encode()[:6]).text() == "a€b\ufffd"
    assert filled(8, "ab€€".encode()).text() == "ab€€"


@given(st.lists(st.text()), st.integers(0, 40))
def test_whatever_is_kept_and_omitted_adds_up(texts: list[str], limit: int) -> None:
    whole = "".join(texts).encode(errors="replace")
    buffer = filled(limit, *(text.encode(errors="replace") for text in texts))
    text = buffer.text()

    assert buffer.seen_bytes == len(whole)
    if buffer.omitted_bytes:
        marker = f"... {buffer.omitted_bytes} bytes omitted ...\n"
        before, _, after = text.partition(marker)
        assert whole.startswith(before.removesuffix("\n").encode())
        assert whole.endswith(after.encode())
        assert len(whole) - buffer.omitted_bytes <= limit
        assert "\ufffd" not in text or "\ufffd" in whole.decode()
    else:
        assert text == whole.decode()


def test_chunks_keep_characters_whole() -> None:
    chunks = Utf8Chunks()
    data = "a€😀".encode()

    assert [chunks.feed(data[i : i + 1]) for i in range(len(data))] == [
        "a", "", "", "€", "", "", "", "😀",
    ]  # fmt: skip
    assert chunks.flush() == ""


def test_broken_characters_become_replacements() -> None:
    chunks = Utf8Chunks()

    assert chunks.feed(b"a\xffb\xe2\x82") == "a\ufffdb"
    assert chunks.flush() == "\ufffd"
