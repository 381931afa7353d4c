"""One HEPv3 packet is read, or said to be none; nothing in it is any other error."""

import contextlib
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge import hep
from ami_bridge.hep import HepError, Packet
from tests.ami_bridge.mirrored import CALL_ID, CARRIER, chunk, packet

WHOLE = packet(b"INVITE sip:112@pbx SIP/2.0\r\n\r\n")


def test_a_packet_is_its_message_and_where_it_came_from() -> None:
    assert hep.read(WHOLE) == Packet(
        protocol=hep.SIP,
        payload=b"INVITE sip:112@pbx SIP/2.0\r\n\r\n",
        at=datetime(2026, 3, 14, 2, 0, 0, 250_000, tzinfo=UTC),
        source=ip_address(CARRIER),
        source_port=5060,
        correlation=CALL_ID,
    )


@pytest.mark.parametrize(("sent", "read"), [("2001:db8::7", "2001:db8::7"), ("::ffff:192.0.2.1", CARRIER)])
def test_who_sent_it_by_ipv6(sent: str, read: str) -> None:
    assert hep.read(packet(b"a message", source=sent)).source == ip_address(read)


def test_a_message_may_fill_a_datagram() -> None:
    message = b"x" * (65_507 - len(packet(b"")))
    assert hep.read(packet(message)).payload == message


def test_what_others_add_is_left_out() -> None:
    assert hep.read(packet(b"a message", chunk(15, b"another", vendor=4), chunk(99, b"?"))).payload == b"a message"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"", "begin with HEP3"),
        (b"HEP2" + WHOLE[4:], "begin with HEP3"),
        (WHOLE[:-1], "says that it has"),
        (WHOLE + b"\0", "says that it has"),
        (b"HEP3\x00\x06", "no message"),
        (b"HEP3\x00\x09\x00\x00\x00", "head is cut off"),
        (b"HEP3\x00\x0c\x00\x00\x00\x0f\x00\x05", "type 15"),
        (b"HEP3\x00\x0c\x00\x00\x00\x0f\xff\xff", "type 15"),
        (b"HEP3\x00\x0c\x00\x00\x00\x10\x00\x06", "not compressed"),
    ],
)
def test_a_broken_packet_says_what_is_wrong(broken: bytes, why: str) -> None:
    with pytest.raises(HepError, match=why):
        hep.read(broken)


@pytest.mark.parametrize("kind", [3, 5, 7, 9, 11])
def test_a_value_of_another_size_is_none(kind: int) -> None:
    body = chunk(kind, b"\0" * 3) + chunk(15, b"a message")
    with pytest.raises(HepError, match=f"type {kind} has 3 bytes"):
        hep.read(b"HEP3" + (6 + len(body)).to_bytes(2) + body)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b"HEP3" + (6 + len(data)).to_bytes(2) + data))
def test_garbage_is_refused_by_name(data: bytes) -> None:
    with contextlib.suppress(HepError):
        hep.read(data)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_one_wrong_byte_is_read_or_refused_by_name(place: int, byte: int) -> None:
    with contextlib.suppress(HepError):
        hep.read(WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :])
