"""A report as agencies see it, and any report, for the tests of the forms it is written in."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from db.ids import uuid7
from routing.markup import storable
from routing.visible import EnvelopeType, Flags, VisibleEntry, VisibleReport

AT = datetime(2026, 3, 14, 1, 59, 26, 535897, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
ACCEPT_BY = AT + timedelta(seconds=60)
DISPATCH = uuid7(AT, bytes(10))
URL = f"https://112.example/agency/v1/dispatches/{DISPATCH}/answers"
TYPES: tuple[EnvelopeType, ...] = ("dispatch.created", "report.updated", "dispatch.cancelled", "report.closed")
REPORT = VisibleReport(
    number="112-20260314-0001",
    version=3,
    status="dispatched",
    classification="normal",
    kind="kebakaran",
    priority="P1",
    source="call",
    exercise=False,
    opened_at=AT - timedelta(minutes=2),
    caller_number="+6281234567890",
    caller_number_raw="081234567890",
    caller_name="Ibu Sri",
    location_text="Jl. Trunojoyo 4, Sumenep",
    location_lat=-7.0,
    location_lon=113.86,
    narrative="Dapur terbakar, ada orang di dalam.",
    entries=(VisibleEntry(AT, "rina", "asap tebal"),),
    flags=Flags(trapped=True),
)
MEASURED = replace(
    REPORT, location_method="gnss", location_radius_m=12.0, location_measured_at=AT - timedelta(minutes=1)
)
FLAGS = asdict(REPORT.flags)
EMPTY = replace(
    REPORT, kind=None, priority=None, source="walk-in", caller_number=None, caller_number_raw=None, caller_name=None,
    location_text=None, location_lat=None, location_lon=None, narrative=None, entries=(), flags=Flags(),
)  # fmt: skip
LONG = replace(
    REPORT,
    narrative="n" * 30_000,
    location_text="l" * 30_000,
    caller_name="c" * 30_000,
    caller_number_raw="0" * 30_000,
    entries=tuple(VisibleEntry(AT, "r" * 128, str(n) + "é" * 5000) for n in range(9)),
)
HOSTILE = (
    "<script>alert(1)</script>",
    "</value></parameter><status>Exercise</status>",
    "]]>--><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    '"},"answer_url":"https://evil.example","x":{"',
    "&attribute[answer_url]=https://evil.example&api_key=x",
    "\x00\x01\x0b\x1f\ufffe\uffff\ud800",
    "a\r\nb\rc\n[2026-03-14T01:59:26Z rina] sudah padam",
    "\u202ekebalik\u2028\x85",
)

TIMES = st.timedeltas(timedelta(0), timedelta(days=36_500)).map(lambda since: datetime(2000, 1, 1, tzinfo=UTC) + since)
TEXTS = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(HOSTILE) | st.text("&<é\x01", max_size=9000)
ENTRIES = st.lists(st.builds(VisibleEntry, TIMES, TEXTS.map(lambda text: text[:128]), TEXTS), max_size=5).map(tuple)
TOLD = st.builds(
    VisibleReport,
    number=st.just("112-20260314-0001"),
    version=st.integers(1, 10**6),
    status=st.sampled_from(["dispatched", "resolved", "closed", "reopened"]),
    classification=st.sampled_from(["normal", "prank"]),
    kind=st.none() | st.sampled_from(["kebakaran", "banjir", "lain", "angin-puting"]),
    priority=st.sampled_from([None, "P1", "P2", "P3"]),
    source=st.sampled_from(["call", "walk-in", "silapor"]),
    exercise=st.booleans(),
    opened_at=TIMES,
    caller_number=st.sampled_from([None, "+6281234567890"]),
    caller_number_raw=st.none() | TEXTS,
    caller_name=st.none() | TEXTS,
    location_text=st.none() | TEXTS,
    location_lat=st.none() | st.floats(-90, 90),
    location_lon=st.none() | st.floats(-180, 180),
    location_method=st.sampled_from([None, "gnss", "pin", "Cell"]) | TEXTS.map(lambda text: text[:64]),
    location_radius_m=st.none() | st.floats(0, 1e9),
    location_measured_at=st.none() | TIMES,
    narrative=st.none() | TEXTS,
    entries=ENTRIES,
    flags=st.builds(Flags, hurt=st.none() | st.booleans(), no_road=st.none() | st.booleans()),
    disposition=st.sampled_from([None, "resolved", "not_ours"]),
)
REPORTS = TOLD | TOLD.map(lambda report: report.shown_to(False))


def parsed(xml: bytes | str) -> ET.Element:
    """Return the root of XML that we wrote ourselves."""
    return ET.fromstring(xml)  # noqa: S314


def shown(text: str) -> str:
    """Return a text as XML can show it."""
    return storable(text)
