"""Identifiers: what they are called, and how new ones are made."""

import os
import time
from typing import NewType
from uuid import UUID

ThreadId = NewType("ThreadId", str)
TurnId = NewType("TurnId", str)
ItemId = NewType("ItemId", str)
CallId = NewType("CallId", str)
"""The model's own name for one of its tool calls."""
ApprovalId = NewType("ApprovalId", str)


def uuid7() -> str:
    """Return a new UUIDv7 (RFC 9562, section 5.7): sortable by creation time in milliseconds."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (millis & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))


def new_thread_id() -> ThreadId:
    return ThreadId(uuid7())


def new_turn_id() -> TurnId:
    return TurnId(uuid7())


def new_item_id() -> ItemId:
    return ItemId(uuid7())


def new_approval_id() -> ApprovalId:
    return ApprovalId(uuid7())
