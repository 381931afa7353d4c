"""What a carrier's INVITE with a position looks like, and what Asterisk mirrors of it. All places are invented."""

import struct
from ipaddress import ip_address
from typing import Final

CALL_ID: Final = "7a1c@carrier.test"
CARRIER, STRANGER = "192.0.2.1", "198.51.100.7"
CRS: Final = 'srsName="urn:ogc:def:crs:EPSG::4326"'
METRES: Final = 'uom="urn:ogc:def:uom:EPSG::9001"'
CIRCLE: Final = f"<gs:Circle {CRS}><gml:pos>-7.0083 113.8591</gml:pos><gs:radius {METRES}>150</gs:radius></gs:Circle>"
SDP: Final = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


def document(info: str, behind: str = "<gp:usage-rules/><gp:method>Cell</gp:method>", head: str = "") -> str:
    """Return a PIDF-LO document with this location-info, and what stands behind it; `head` stands before its root."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
{head}<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
 xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
 xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" entity="pres:caller@carrier.test">
<dm:device id="telephone"><gp:geopriv><gp:location-info>{info}</gp:location-info>{behind}</gp:geopriv>
<dm:timestamp>2026-03-14T02:00:00Z</dm:timestamp></dm:device></presence>"""


def invite(
    *documents: str, call_id: str = CALL_ID, geolocation: str = "<cid:part0@carrier.test>", method: str = "INVITE"
) -> bytes:
    """Return an INVITE with an offer and these documents, which are named part0, part1, ..."""
    parts = [f"Content-Type: application/sdp\r\n\r\n{SDP}"]
    parts += [
        f"Content-Type: application/pidf+xml\r\nContent-ID: <part{n}@carrier.test>\r\n\r\n{one}\r\n"
        for n, one in enumerate(documents)
    ]
    body = "".join(f"--x1\r\n{part}\r\n" for part in parts) + "--x1--\r\n"
    located = f"Geolocation: {geolocation}\r\n" if geolocation else ""
    return (
        f"{method} sip:112@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        f"From: <sip:+6281200000001@192.0.2.1>;tag=a\r\nTo: <sip:112@192.0.2.9>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 {method}\r\n{located}Content-Type: multipart/mixed;boundary=x1\r\n"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
    ).encode()


def chunk(kind: int, value: bytes, vendor: int = 0) -> bytes:
    """Return one chunk of a packet."""
    return struct.pack("!HHH", vendor, kind, 6 + len(value)) + value


def packet(message: bytes, *more: bytes, protocol: int = 1, source: str = CARRIER) -> bytes:
    """Return the datagram that Asterisk sends for a message from an address; `more` are chunks of others."""
    sender = ip_address(source)
    body = b"".join(
        (
            *(chunk(1, b"\x02"), chunk(2, b"\x11"), chunk(7, b"\x13\xc4"), chunk(8, b"\x13\xc4")),
            *(chunk(9, struct.pack("!I", 1_773_453_600)), chunk(10, struct.pack("!I", 250_000))),
            *(chunk(11, bytes([protocol])), chunk(12, bytes(4)), chunk(3 if sender.version == 4 else 5, sender.packed)),
            *(chunk(4, b"\xc0\x00\x02\x09"), *more, chunk(17, CALL_ID.encode()), chunk(15, message)),
        )
    )
    return b"HEP3" + struct.pack("!H", 6 + len(body)) + body
