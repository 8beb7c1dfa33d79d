"""Telling from a stream's first line how its messages are framed. Light: nothing is loaded yet."""

import re

BETWEEN = b"\r\n\xef\xbb\xbf"
"""What may stand between two framed messages, or before the first."""

HEADER_START = re.compile(rb"content-(?:length|type)[ \t]*:", re.IGNORECASE)


def begins_header(line: bytes) -> bool:
    """Whether a stream that begins with this line is framed by headers."""
    return HEADER_START.match(line.lstrip(BETWEEN)) is not None
