"""What counts as an image: the content, not the name."""

import struct
import zlib

import pytest

from codex_rpc.tools.files.image_kind import image_media_type


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEADER = struct.pack(">IIBBBBB", 2, 3, 8, 0, 0, 0, 0)
PNG = b"".join(
    [
        b"\x89PNG\r\n\x1a\n",
        png_chunk(b"IHDR", HEADER),
        png_chunk(b"IDAT", zlib.compress(b"\0\0\0" * 3)),
        png_chunk(b"IEND", b""),
    ]
)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    b"\xff\xff\xc0\x00\x0b\x08\x00\x03\x00\x02\x01\x01\x11\x00\xff\xd9"
)
GIF = b"GIF89a\x02\x00\x03\x00\x80\x00\x00;"


def riff(data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data


LOSSY = riff(b"VP8 " + struct.pack("<I", 10) + b"\0\0\0\x9d\x01\x2a\x02\x00\x03\x00")
LOSSLESS = riff(b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", 1 | 2 << 14))
EXTENDED = riff(b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0\x01\0\0\x02\0\0")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "png"),
        (JPEG, "jpeg"),
        (GIF, "gif"),
        (LOSSY, "webp"),
        (LOSSLESS, "webp"),
        (EXTENDED, "webp"),
    ],
    ids=["png", "jpeg", "gif", "lossy", "lossless", "extended"],
)
def test_an_image_is_known_by_its_content(data: bytes, kind: str) -> None:
    assert image_media_type(data) == f"image/{kind}"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"<svg/>",
        PNG[:8],
        PNG[:-12],
        PNG.replace(struct.pack(">II", 2, 3), struct.pack(">II", 0, 3)),
        JPEG[:6],
        JPEG[:22],
        b"\xff\xd8\xff",
        GIF[:7],
        b"GIF89a\0\0\0\0",
        LOSSY[:20],
        riff(b"WAVE" + b"\0" * 30),
        b"RIFF\xff\xff\xff\x7fWEBPVP8X" + b"\x01" * 30,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_broken_or_something_else_is_none(data: bytes) -> None:
    assert image_media_type(data) is None
