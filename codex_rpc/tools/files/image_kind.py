"""Tells from a file's first bytes whether it is an image that models take, and which kind. Pure.

A name or a signature alone proves nothing: each kind is recognised by the size that its header
states, so that a broken file is refused here and not by the provider, in the middle of a turn.
"""

import struct
from collections.abc import Callable

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of segments that state the size: all start-of-frame ones."""
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that no segment follows."""

Size = tuple[int, int]


def image_media_type(data: bytes) -> str | None:
    """`image/png` or the like; `None` if it is none of the kinds, or not whole."""
    for kind, size_of in _KINDS.items():
        try:
            size = size_of(data)
        except (struct.error, IndexError):
            continue
        if size is not None and min(size) > 0:
            return f"image/{kind}"
    return None


def _png(data: bytes) -> Size | None:
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or b"IEND" not in data[-64:]:
        return None
    return struct.unpack_from(">II", data, 16)


def _gif(data: bytes) -> Size | None:
    return struct.unpack_from("<HH", data, 6) if data[:6] in (b"GIF87a", b"GIF89a") else None


def _webp(data: bytes) -> Size | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    (stated,) = struct.unpack_from("<I", data, 4)
    if stated + 8 > len(data) + 1:
        return None
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
            return width + 1, height + 1
        case _:
            return None


def _jpeg(data: bytes) -> Size | None:
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_BARE:
            at += 2
        elif marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + length
    return None


_KINDS: dict[str, Callable[[bytes], Size | None]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
}
