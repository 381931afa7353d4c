"""Identifiers that sort by time: UUID version 7 (RFC 9562, section 5.7)."""

import os
import uuid
from datetime import datetime


def uuid7(at: datetime, random: bytes) -> str:
    """Return the UUIDv7 for the instant `at` (aware) and 10 random bytes, as 36 lower-case characters.

    Layout: 48 bits of Unix milliseconds, 4 bits version, 12 random bits, 2 bits variant, 62 random bits.
    Raises ValueError unless exactly 10 random bytes are given.
    """
    if len(random) != 10:
        raise ValueError("uuid7 takes exactly 10 random bytes")
    value = int(at.timestamp() * 1000) << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def new_id(at: datetime) -> str:
    """Return a fresh UUIDv7 for the instant `at`."""
    return uuid7(at, os.urandom(10))
