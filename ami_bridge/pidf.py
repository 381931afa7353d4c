"""A SIP request -> the positions of its caller (RFC 6442: by value in its body, PIDF-LO; or by reference). Pure.

Read are the shapes of RFC 5491 in EPSG 4326 and 4979 (degrees, latitude first; radii in metres): Point, Circle, Sphere,
Ellipse and Ellipsoid (the larger half axis), ArcBand (the outer radius), Polygon and Prism (the middle of the corners,
the way to the farthest), and civic addresses (RFC 5139) as text. Elements are known by their local names: who sends
this mixes namespaces up. A reference is kept as text; nobody here fetches it.

Whoever rings writes this text. So: no document type and no entity (a parser told of one stops there), no more than
LARGEST bytes, ELEMENTS and DEEPEST, no more than MOST_PLACES and MOST_CORNERS of each are read, every element a few
times at most; and each text is one line of so many printable characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Never
from xml.parsers import expat

from ami_bridge.sip import Request
from intake.duplicates import metres
from intake.facts import Position

LARGEST: Final = 64 * 1024  # bytes; a datagram's are fewer
ELEMENTS: Final = 2000
DEEPEST: Final = 32
MEDIA_TYPE: Final = "application/pidf+xml"
MOST_PLACES: Final = 10  # of one document
MOST_CORNERS: Final = 500
FARTHEST_M: Final = 20_037_508.0  # half way round the Earth
METRES: Final = "EPSG::9001"
SYSTEMS: Final = ("EPSG::4326", "EPSG::4979")
MOST_OF = {"method": 40, "provided_by": 200, "civic": 300, "reference": 500}
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?")
_ROUND: Final = {"Circle": "radius", "Sphere": "radius", "Ellipse": "semiMajorAxis", "Ellipsoid": "semiMajorAxis"}
_SHAPES: Final = {"Point", "ArcBand", "Polygon", "Prism", *_ROUND}
_CARRIERS: Final = {"tuple", "device", "person"}  # of a position and of its time
_LOCATION: Final = re.compile(r"<([^<>]{1,500})>")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[!-~]{1,480}")


class PositionError(ValueError):
    """This is no PIDF-LO document that tells where somebody is; the message says why, without its contents."""


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    children: "list[_Element]" = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def walk(self) -> "Iterator[_Element]":
        """Yield it and all below, in the document's order."""
        left = [self]
        while left:
            yield (one := left.pop())
            left += reversed(one.children)

    def outermost(self, name: str) -> "Iterator[_Element]":
        """Yield all of this name but those within another one."""
        left = [self]
        while left:
            one = left.pop()
            if one.name == name:
                yield one
            else:
                left += reversed(one.children)

    def first(self, *names: str) -> "_Element | None":
        """Return the first of these names, itself or below."""
        return next((one for one in self.walk() if one.name in names), None)

    def all_text(self) -> str:
        """Return all its text, that of its children with a blank between."""
        return " ".join(one.text for one in self.walk())


def of_request(request: Request) -> list[Position]:
    """Return the caller's positions: those that Geolocation names first, then what else the body holds.

    A document that cannot be read takes no other with it. Raises PositionError when there were documents, and none of
    them, and no reference, says anything.
    """
    named = [uri for value in request.all("geolocation") for uri in _LOCATION.findall(value)]
    documents = {part.id: part.body for part in request.parts() if part.type == MEDIA_TYPE}
    cids = [uri[4:] for uri in named if uri.lower().startswith("cid:")]
    ordered = sorted(documents, key=lambda one: cids.index(one) if one in cids else len(cids))
    found, error = list[Position](), None
    for one in ordered:
        try:
            found += read(documents[one])
        except PositionError as refused:
            error = refused
    for uri in named:
        if not uri.lower().startswith("cid:") and _URI.fullmatch(uri):
            found.append(Position(reference=uri[: MOST_OF["reference"]]))
    if not found and error is not None:
        raise error
    return found


def best(positions: list[Position]) -> Position | None:
    """Return one position of several: the first that has degrees, with the first address and the first reference."""
    if not positions:
        return None
    first = next((one for one in positions if one.lat is not None), positions[0])
    civic = next((one.civic for one in positions if one.civic), None)
    reference = next((one.reference for one in positions if one.reference), None)
    return Position(
        *(first.lat, first.lon, first.radius_m, first.method, first.measured_at, first.provided_by),
        civic=first.civic or civic,
        reference=first.reference or reference,
    )


def read(document: bytes) -> list[Position]:
    """Return the positions that one PIDF-LO document holds, one to MOST_PLACES. Raises PositionError."""
    root = _parse(document)
    found: list[Position] = []
    error = PositionError("it tells no position")
    told = ((one, carrier) for carrier in _carriers(root) for one in carrier.outermost("geopriv"))
    for one, carrier in islice(told, MOST_PLACES):
        try:
            found.append(_position(one, carrier))
        except PositionError as refused:
            error = refused
    if not found:
        raise error
    return found


def _carriers(root: _Element) -> list[_Element]:
    return [one for one in root.children if one.name in _CARRIERS] or [root]


def _position(geopriv: _Element, carrier: _Element) -> Position:
    info = geopriv.first("location-info")
    if info is None:
        raise PositionError("it has no location-info")
    shape = info.first(*_SHAPES)
    civic = info.first("civicAddress")
    said = [] if civic is None else [one.text.strip() for one in civic.children]
    address = _line(", ".join(filter(None, said)), "civic")
    if shape is None and not address:
        raise PositionError("it holds no shape and no address that we know")
    lat, lon, radius_m = None, None, None
    try:
        if shape is not None:
            lat, lon, radius_m = _place(shape)
    except PositionError:
        if not address:
            raise
    method, by, time = geopriv.first("method"), geopriv.first("provided-by"), carrier.first("timestamp")
    return Position(
        lat=lat,
        lon=lon,
        radius_m=radius_m,
        method=None if method is None else _line(method.text, "method"),
        measured_at=None if time is None else _time(time.text.strip()),
        provided_by=None if by is None else _line(by.all_text(), "provided_by"),
        civic=address,
    )


# -- shapes ------------------------------------------------------------------------------------------------------------


def _place(shape: _Element) -> tuple[float, float, float | None]:
    system = next((one.attributes["srsName"] for one in shape.walk() if "srsName" in one.attributes), "")
    if system and not system.endswith(SYSTEMS):
        raise PositionError("its coordinates are of a system that we do not know")
    if shape.name in ("Polygon", "Prism"):
        return _around(_corners(shape))
    (lat, lon), *_ = _corners(shape)
    if lat == lon == 0:
        raise PositionError("it is at 0, 0, as of a device that does not know where it is")
    radius = shape.first(_ROUND.get(shape.name, "outerRadius")) if shape.name != "Point" else None
    if radius is None or not radius.attributes.get("uom", METRES).endswith(METRES):
        return lat, lon, None
    radius_m = _number(radius.text.strip())
    if not 0 <= radius_m <= FARTHEST_M:
        raise PositionError("its radius is no length on the Earth")
    return lat, lon, radius_m


def _corners(shape: _Element) -> list[tuple[float, float]]:
    """Return the points of a shape as (latitude, longitude); an altitude is left out."""
    found: list[tuple[float, float]] = []
    has_heights = any(one.attributes.get("srsName", "").endswith(SYSTEMS[1]) for one in shape.walk())
    for one in shape.walk():
        numbers = [_number(word) for word in one.text.split()] if one.name in ("pos", "posList") else []
        if not numbers:
            continue
        three = one.attributes.get("srsDimension") == "3" or (one.name == "pos" and len(numbers) == 3)
        if one.name == "posList" and "srsDimension" not in one.attributes:
            three = has_heights
        step = 3 if three else 2
        if len(numbers) % step or (one.name == "pos" and len(numbers) != step):
            raise PositionError("a point has not two or three numbers")
        found += zip(numbers[::step], numbers[1::step], strict=True)
        if len(found) > MOST_CORNERS:
            raise PositionError(f"its shape has more than {MOST_CORNERS} points")
    if not found:
        raise PositionError("its shape has 0 points")
    for lat, lon in found:
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise PositionError("a point is not on the Earth")
    return found


def _around(corners: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the middle of corners, and the way to the farthest; the last corner of a ring is the first again."""
    distinct = corners[:-1] if len(corners) > 1 and corners[0] == corners[-1] else corners
    first = distinct[0][1]
    east = [(lon - first + 540) % 360 - 180 for _, lon in distinct]  # from the first corner, also over the date line
    lat = sum(lat for lat, _ in distinct) / len(distinct)
    lon = (first + sum(east) / len(east) + 540) % 360 - 180
    return lat, lon, round(max(metres((lat, lon), corner) for corner in distinct), 1)


# -- values ------------------------------------------------------------------------------------------------------------


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise PositionError("a number is none")
    return float(text)


def _time(text: str) -> datetime | None:
    """Return a time that names its zone; another one says nothing."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _line(text: str, of: str) -> str | None:
    """Return text as one line of printable characters, of no more than MOST_OF; None when that is none."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return clean[: MOST_OF[of]].rstrip() or None


# -- XML ---------------------------------------------------------------------------------------------------------------


def _parse(document: bytes) -> _Element:
    """Return the root. Raises PositionError; nothing outside of the document is ever read."""
    if len(document) > LARGEST:
        raise PositionError(f"it has more than {LARGEST} bytes")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    top = _Element("", {})
    open_ones = [top]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > ELEMENTS or len(open_ones) > DEEPEST:
            raise PositionError(f"it has more than {ELEMENTS} elements, or more than {DEEPEST} within each other")
        one = _Element(_local(name), {_local(key): value for key, value in attributes.items()})
        open_ones[-1].children.append(one)
        open_ones.append(one)

    def refuse(*_: object) -> Never:
        raise PositionError("it declares a document type or an entity")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_ones.pop()
    parser.CharacterDataHandler = lambda text: open_ones[-1].pieces.append(text)
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(document.strip(), True)  # True: that is all
    except PositionError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:  # of an encoding that Python does not know, too
        raise PositionError("it is no whole XML document") from error
    return top.children[0]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
