"""The positions in an INVITE: the shapes of RFC 5491, addresses, references; and all that must be refused."""

import contextlib
import math
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ami_bridge import pidf, sip
from ami_bridge.pidf import ELEMENTS, LARGEST, MOST_PLACES, PositionError, best, of_request, read
from ami_bridge.sip import SipError
from intake.facts import Position
from tests.ami_bridge.mirrored import CIRCLE, CRS, METRES, SDP, document, invite

CRS_3D = 'srsName="urn:ogc:def:crs:EPSG::4979"'
MEASURED = datetime(2026, 3, 14, 2, tzinfo=UTC)
POINT = f"<gml:Point {CRS}><gml:pos>-34.407 150.883</gml:pos></gml:Point>"
SQUARE = ("43.311 -73.422", "43.111 -73.322", "43.111 -73.222", "43.311 -73.122", "43.411 -73.222", "43.411 -73.322")
RING = "".join(f"<gml:pos>{corner}</gml:pos>" for corner in (*SQUARE, SQUARE[0]))
ADDRESS = """<ca:civicAddress xml:lang="id"><ca:country>ID</ca:country><ca:A1>Jawa Timur</ca:A1>
<ca:RD>Jalan Contoh</ca:RD><ca:HNO>12</ca:HNO></ca:civicAddress>"""


def only(info: str, behind: str = "") -> Position:
    """Read a document that has one position."""
    (found,) = read(document(info, behind).encode())
    return found


@pytest.mark.parametrize(
    ("shape", "lat", "lon", "radius_m"),
    [
        (POINT, -34.407, 150.883, None),
        (CIRCLE, -7.0083, 113.8591, 150.0),
        (
            f"<gml:Point {CRS_3D}><gml:pos>-34.407 150.883 24.8</gml:pos></gml:Point>",
            *(-34.407, 150.883, None),
        ),
        (
            f"<gs:Ellipse {CRS}><gml:pos>42.5463 -73.2512</gml:pos><gs:semiMajorAxis {METRES}>1275</gs:semiMajorAxis>"
            f"<gs:semiMinorAxis {METRES}>670</gs:semiMinorAxis><gs:orientation>43.2</gs:orientation></gs:Ellipse>",
            *(42.5463, -73.2512, 1275.0),
        ),
        (
            f"<gs:Sphere {CRS_3D}><gml:pos>42.5463 -73.2512 26.3</gml:pos><gs:radius {METRES}>850.24</gs:radius>"
            "</gs:Sphere>",
            *(42.5463, -73.2512, 850.24),
        ),
        (
            f"<gs:Ellipsoid {CRS_3D}><gml:pos>42.5463 -73.2512 26.3</gml:pos>"
            f"<gs:semiMajorAxis {METRES}>7.7156</gs:semiMajorAxis><gs:verticalAxis {METRES}>28.7</gs:verticalAxis>"
            "</gs:Ellipsoid>",
            *(42.5463, -73.2512, 7.7156),
        ),
        (
            f"<gs:ArcBand {CRS}><gml:pos>-43.5723 153.21760</gml:pos><gs:innerRadius {METRES}>3594</gs:innerRadius>"
            f"<gs:outerRadius {METRES}>4148</gs:outerRadius></gs:ArcBand>",
            *(-43.5723, 153.2176, 4148.0),
        ),
        (
            f'<gs:Circle {CRS}><gml:pos>1 2</gml:pos><gs:radius uom="yard">9</gs:radius></gs:Circle>',
            *(1.0, 2.0, None),
        ),
    ],
    ids=["point", "circle", "point 3D", "ellipse", "sphere", "ellipsoid", "arc band", "radius of another unit"],
)
def test_the_shapes_of_rfc_5491(shape: str, lat: float, lon: float, radius_m: float | None) -> None:
    found = only(shape)
    assert (found.lat, found.lon, found.radius_m) == (lat, lon, radius_m)


@pytest.mark.parametrize(
    "ring",
    [
        RING,
        f"<gml:posList>{' '.join((*SQUARE, SQUARE[0]))}</gml:posList>",
        f'<gml:posList srsDimension="3">{" ".join(f"{corner} 20" for corner in (*SQUARE, SQUARE[0]))}</gml:posList>',
    ],
    ids=["points", "list", "list 3D"],
)
def test_a_polygon_is_its_middle_and_the_farthest_corner(ring: str) -> None:
    inside = f"<gml:exterior><gml:LinearRing>{ring}</gml:LinearRing></gml:exterior>"
    found = only(f"<gml:Polygon {CRS}>{inside}</gml:Polygon>")
    assert found.lat == pytest.approx(43.27766667)
    assert found.lon == pytest.approx(-73.272)
    assert found.radius_m == pytest.approx(18_970, rel=0.005)
    prism = f"<gs:Prism {CRS}><gs:base><gml:Polygon {CRS}>{inside}</gml:Polygon></gs:base></gs:Prism>"
    assert only(prism) == found


def test_a_polygon_over_the_date_line_lies_there() -> None:
    ring = "".join(
        f"<gml:pos>{corner}</gml:pos>" for corner in ("0 179.9", "0 -179.9", "0.1 -179.9", "0.1 179.9", "0 179.9")
    )
    found = only(f"<gml:Polygon {CRS}>{ring}</gml:Polygon>")
    assert found.lat == pytest.approx(0.05)
    assert abs(found.lon or 0) == pytest.approx(180)
    assert found.radius_m == pytest.approx(12_430, rel=0.01)


def test_what_stands_beside_the_shape() -> None:
    behind = "<gp:method> GPS\n</gp:method><gp:provided-by><x>PT Contoh</x> <y>NOC</y></gp:provided-by>"
    assert only(CIRCLE, behind) == Position(-7.0083, 113.8591, 150.0, "GPS", MEASURED, "PT Contoh NOC")


def test_an_address_is_text() -> None:
    assert only(ADDRESS) == Position(measured_at=MEASURED, civic="ID, Jawa Timur, Jalan Contoh, 12")
    both = only(POINT + ADDRESS)
    assert (both.lat, both.civic) == (-34.407, "ID, Jawa Timur, Jalan Contoh, 12")


def test_an_address_stays_where_the_shape_is_none() -> None:
    lost = only(POINT.replace("-34.407 150.883", "0 0") + ADDRESS)
    assert (lost.lat, lost.civic) == (None, "ID, Jawa Timur, Jalan Contoh, 12")


def test_texts_are_one_line_and_bounded() -> None:
    found = only(CIRCLE, f"<gp:method>a\r\nEvent: x\u2028y\u202e{'z' * 99}</gp:method>")
    assert found.method is not None
    assert found.method.startswith("a Event: x y z")
    assert len(found.method) <= 40
    assert found.method.isprintable()


@pytest.mark.parametrize("time", ["2026-03-14T09:00:00+07:00", "2026-03-14T02:00:00Z"])
def test_a_time_is_utc(time: str) -> None:
    text = document(CIRCLE).replace("2026-03-14T02:00:00Z", time)
    assert read(text.encode())[0].measured_at == MEASURED


@pytest.mark.parametrize("time", ["2026-03-14T02:00:00", "yesterday", "", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_names_no_moment_is_none(time: str) -> None:
    text = document(CIRCLE).replace("2026-03-14T02:00:00Z", time)
    assert read(text.encode())[0].measured_at is None


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ("", "no shape and no address"),
        ("torn", "no shape and no address"),
        ("<gs:Circle/>", "0 points"),
        (POINT.replace("-34.407 150.883", "0 -0.0"), "does not know where it is"),
        (CIRCLE.replace("-7.0083 113.8591", "0.000 0"), "does not know where it is"),
        (CIRCLE.replace("-7.0083", "-97"), "not on the Earth"),
        (CIRCLE.replace("113.8591", "nan"), "a number is none"),
        (CIRCLE.replace("113.8591", "1_1"), "a number is none"),
        (CIRCLE.replace("113.8591", ""), "two or three numbers"),
        (CIRCLE.replace("150", "-1"), "no length"),
        (CIRCLE.replace("150", "9e99"), "no length"),
        (CIRCLE.replace("150", "inf"), "a number is none"),
        (CIRCLE.replace("4326", "25830"), "of a system that we do not know"),
        ("<x>" * 40 + "</x>" * 40, "within each other"),
        ("<x/>" * ELEMENTS, f"more than {ELEMENTS} elements"),
        ("<x>", "no whole XML"),
        ("&lol;", "no whole XML"),
        ("x" * LARGEST, "more than"),
    ],
)
def test_what_tells_no_place_says_why(info: str, why: str) -> None:
    with pytest.raises(PositionError, match=why):
        read(document(info).encode())


def test_so_many_places_of_one_document_are_read() -> None:
    one = f"<geopriv><location-info>{CIRCLE}</location-info></geopriv>"
    gml = '<presence xmlns:gml="gml" xmlns:gs="gs">{}</presence>'
    assert len(read(gml.format(one * (MOST_PLACES + 2)).encode())) == MOST_PLACES
    assert len(read(gml.format(f"<geopriv>{one * 2}</geopriv>").encode())) == 1, "one within another is none of its own"


@pytest.mark.parametrize("nested", [1, 28])
def test_no_document_is_work_without_end(nested: int) -> None:
    """42 kB that once were 28 x 1,900 x 1,900 steps: half a minute in which the bridge heard nothing."""
    lists = "<posList>1 2</posList>" * 1900
    shape = f"<location-info><Polygon>{lists}</Polygon></location-info>"
    text = f"<presence>{'<geopriv>' * nested}{shape}{'</geopriv>' * nested}</presence>".encode()
    steps, before = 0, sys.getprofile()

    def count(_frame: object, event: str, _of: object) -> None:
        nonlocal steps
        steps += event == "call"  # of a function of ours, or a generator that goes on
        if steps > 20 * ELEMENTS:
            raise AssertionError("more than 20 steps for each element")

    sys.setprofile(count)
    try:
        with pytest.raises(PositionError, match="more than 500 points"):
            read(text)
    finally:
        sys.setprofile(before)
    assert steps > ELEMENTS, "it was counted"


LAUGHS = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {two} "&{one};&{one};">' for one, two in ("ab", "bc", "cd", "de"))


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE presence>",
        f"<!DOCTYPE presence [{LAUGHS}]>",
        '<!DOCTYPE presence SYSTEM "http://192.0.2.7/never.dtd">',
        '<!DOCTYPE presence [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE presence [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
    ],
    ids=["empty", "billion laughs", "DTD elsewhere", "a file", "a parameter"],
)
def test_a_document_type_is_refused(head: str) -> None:
    with pytest.raises(PositionError, match="declares a document type"):
        read(document(CIRCLE, f"<gp:method>{'&e;' if LAUGHS in head else ''}</gp:method>", head).encode())


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8"])
def test_encodings(encoding: str) -> None:
    text = document(CIRCLE).replace("UTF-8", encoding)
    assert read(text.encode(encoding))[0].radius_m == 150


@pytest.mark.parametrize("encoding", ["no-such", "utf-7", "idna", "euc-jp", "rot13"])
def test_an_encoding_that_is_not_read_is_refused_by_name(encoding: str) -> None:
    with contextlib.suppress(PositionError):
        read(document(CIRCLE).replace("UTF-8", encoding).encode())


# -- in a request ------------------------------------------------------------------------------------------------------


def heard(message: bytes) -> list[Position]:
    """Read the positions of a request."""
    return of_request(sip.read(message))


def test_the_document_that_geolocation_names_comes_first() -> None:
    other = document(POINT)
    named = "<cid:part1@carrier.test>;inserted-by=x, <https://lis.carrier.test/7a1c>"
    first, second, third = heard(invite(document(CIRCLE), other, geolocation=named))
    assert (first.lat, second.lat) == (-34.407, -7.0083)
    assert third == Position(reference="https://lis.carrier.test/7a1c")
    assert best([first, second, third]) == Position(-34.407, 150.883, None, "Cell", MEASURED, reference=third.reference)


def test_a_body_that_no_header_names_is_read_too() -> None:
    assert [one.radius_m for one in heard(invite(document(CIRCLE), geolocation=""))] == [150]


def test_a_document_that_cannot_be_read_takes_no_other_with_it() -> None:
    assert [one.radius_m for one in heard(invite("<torn", document(CIRCLE)))] == [150]
    with pytest.raises(PositionError):
        heard(invite("<torn"))


def test_the_first_address_goes_with_the_first_shape() -> None:
    assert best([only(ADDRESS), only(CIRCLE)]) == Position(
        *(-7.0083, 113.8591, 150.0, None, MEASURED), civic="ID, Jawa Timur, Jalan Contoh, 12"
    )
    assert best([]) is None


def test_a_call_without_a_position_has_none() -> None:
    assert heard(invite(geolocation="")) == []
    assert (
        heard(b"INVITE sip:112@pbx SIP/2.0\r\nCall-ID: 1\r\nContent-Type: application/sdp\r\n\r\n" + SDP.encode()) == []
    )


@pytest.mark.parametrize("boundary", ['"a b"', "x", "'x'", "x;y=z"])
def test_boundaries_nesting_and_line_ends(boundary: str) -> None:
    name = boundary.partition(";")[0].strip('"')
    inner = (
        f"Content-Type: multipart/related; boundary=in\n\n--in\nc: application/pidf+xml\n\n{document(CIRCLE)}\n--in--"
    )
    text = (
        "INVITE sip:112@pbx SIP/2.0\ni: 1\nc: multipart/mixed;\n boundary="
        + boundary
        + f"\n\npreamble\n--{name}\nContent-Type: application/sdp\n\n{SDP}\n--{name}  \n{inner}\n--{name}--\nepilogue"
    )
    for message in (text, text.replace("\r\n", "\n").replace("\n", "\r\n")):
        request = sip.read(message.encode())
        assert request.get("call-id") == "1"
        assert [part.type for part in request.parts()] == ["application/sdp", "application/pidf+xml"]
        assert of_request(request)[0].radius_m == 150


def test_a_body_of_60_kb() -> None:
    (found,) = heard(invite(document(f"<!--{'x' * 60_000}-->{CIRCLE}")))
    assert found.radius_m == 150


@pytest.mark.parametrize("message", [b"", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n", b"\xff" * 40])
def test_what_is_no_request_is_refused_by_name(message: bytes) -> None:
    with pytest.raises(SipError):
        sip.read(message)


MESSAGE = invite(document(CIRCLE), document(POINT + ADDRESS))


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: b"INVITE sip:a SIP/2.0\r\n" + data))
def test_garbage_is_refused_by_name(message: bytes) -> None:
    with contextlib.suppress(SipError, PositionError):
        heard(message)


@given(st.lists(st.tuples(st.integers(0, len(MESSAGE) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_wrong_bytes_are_read_or_refused_by_name(changes: list[tuple[int, int]]) -> None:
    message = bytearray(MESSAGE)
    for place, byte in changes:
        message[place] = byte
    try:
        found = heard(bytes(message))
    except (SipError, PositionError):
        return
    for one in found:
        assert one.lat is None or (-90 <= one.lat <= 90 and math.isfinite(one.lon or 0))


@given(st.integers(0, len(MESSAGE)))
def test_a_message_that_is_cut_off_is_read_or_refused_by_name(end: int) -> None:
    with contextlib.suppress(SipError, PositionError):
        heard(MESSAGE[:end])


@given(st.text(max_size=100).map(str.encode) | st.binary(max_size=100))
@example(b"<?xml version='1.0' encoding='no-such'?><a/>")
@example(b"")
def test_a_document_of_garbage_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(PositionError):
        pidf.read(data)
