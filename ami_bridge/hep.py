"""One HEPv3 packet -> the SIP message that Asterisk mirrored in it. Pure.

A packet is one UDP datagram: `HEP3`, its whole length (16 bits), then chunks of vendor, type and length (16 bits each,
the length with these six bytes) and a value; numbers are in network order. Chunks of vendors other than 0, and of types
that say nothing to us, are left out. Asterisk's `res_hep` sends one payload a packet, never compressed.

Source: "HEP3 Network Protocol Specification", sipcapture.org (rev. 26 and later: chunk types 1 to 17).
"""

import struct
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from msgspec import Struct

BEGINS: Final = b"HEP3"
SIP: Final = 1  # protocol type
_HEAD: Final = struct.Struct("!4sH")
_CHUNK: Final = struct.Struct("!HHH")
_GENERIC: Final = 0
_V4, _V6, _SOURCE_PORT, _SECONDS, _MICROSECONDS, _PROTOCOL, _PAYLOAD, _ID = 3, 5, 7, 9, 10, 11, 15, 17
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HepError(ValueError):
    """These bytes are no HEPv3 packet, or not a whole one; the message says what is wrong, without its contents."""


class Packet(Struct, frozen=True):
    """What a packet holds: who sent the mirrored message to whom the PBX, when by the PBX's clock, and its bytes."""

    protocol: int  # SIP, or another one
    payload: bytes
    at: datetime | None
    source: IPv4Address | IPv6Address | None  # of who sent the message; IPv4 in IPv6 is IPv4
    source_port: int | None
    correlation: str  # the Call-ID, or with `uuid_type=channel` a channel's name


def read(data: bytes) -> Packet:
    """Return what one datagram holds. Raises HepError."""
    if len(data) < _HEAD.size or data[:4] != BEGINS:
        raise HepError("it does not begin with HEP3")
    if (length := _HEAD.unpack_from(data)[1]) != len(data):
        raise HepError(f"it says that it has {length} bytes, and has {len(data)}")
    chunks = _chunks(data)
    if _PAYLOAD not in chunks:
        raise HepError("it holds no message that is not compressed")
    seconds, micros = _number(chunks, _SECONDS, 4), _number(chunks, _MICROSECONDS, 4)
    return Packet(
        protocol=_number(chunks, _PROTOCOL, 1) or 0,
        payload=chunks[_PAYLOAD],
        at=None if seconds is None else _EPOCH + timedelta(seconds=seconds, microseconds=micros or 0),
        source=_address(chunks),
        source_port=_number(chunks, _SOURCE_PORT, 2),
        correlation=chunks.get(_ID, b"").decode("utf-8", "replace"),
    )


def _chunks(data: bytes) -> dict[int, bytes]:
    """Return the values of the generic chunks by their types, the first of each."""
    found: dict[int, bytes] = {}
    place = _HEAD.size
    while place < len(data):
        if len(data) - place < _CHUNK.size:
            raise HepError("a chunk's head is cut off")
        vendor, kind, length = _CHUNK.unpack_from(data, place)
        if length < _CHUNK.size or place + length > len(data):
            raise HepError(f"a chunk of type {kind} says that it has {length} bytes")
        if vendor == _GENERIC:
            found.setdefault(kind, data[place + _CHUNK.size : place + length])
        place += length
    return found


def _number(chunks: dict[int, bytes], kind: int, size: int) -> int | None:
    value = chunks.get(kind)
    if value is None:
        return None
    if len(value) != size:
        raise HepError(f"a number of type {kind} has {len(value)} bytes instead of {size}")
    return int.from_bytes(value)


def _address(chunks: dict[int, bytes]) -> IPv4Address | IPv6Address | None:
    for kind, size in ((_V4, 4), (_V6, 16)):
        if (value := chunks.get(kind)) is not None:
            if len(value) != size:
                raise HepError(f"an address of type {kind} has {len(value)} bytes instead of {size}")
            address = ip_address(value)
            return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    return None
