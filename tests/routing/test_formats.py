"""One front door, four forms: every report fits into each, and the same values are the same bytes."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import clipping, envelope
from routing.formats import FORMATS, Body, Format, body_in
from routing.kinds import KINDS, named
from routing.visible import Asks, EnvelopeType, Flags, VisibleEntry, VisibleReport
from tests.routing.visible import ACCEPT_BY, AT, DISPATCH, EMPTY, LONG, REPORT, REPORTS, TYPES, URL, parsed

READ: dict[Format, Callable[[bytes], object]] = {
    "native": json.loads,
    "eido": json.loads,
    "cap": parsed,
    "open311": lambda raw: parse_qsl(raw.decode("ascii"), strict_parsing=True, errors="strict"),
}


def written(format: Format, report: VisibleReport, type: EnvelopeType = "dispatch.created", sequence: int = 1) -> Body:
    """Return a report's body in a form, read back and measured."""
    body = body_in(format, type, AT, DISPATCH, URL, ACCEPT_BY, sequence, report, agency="damkar")
    assert len(body.content) < clipping.LIMIT
    READ[format](body.content)
    return body


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("report", [REPORT, EMPTY, LONG], ids=["usual", "empty", "long"])
def test_every_form_of_every_type_can_be_read(format: Format, type: EnvelopeType, report: VisibleReport) -> None:
    written(format, report, type, 2)


@pytest.mark.parametrize(
    ("format", "content_type"),
    [
        ("native", "application/json"),
        ("eido", "application/json"),
        ("cap", "application/cap+xml"),
        ("open311", "application/x-www-form-urlencoded; charset=utf-8"),
    ],
)
def test_what_it_is_sent_as(format: Format, content_type: str) -> None:
    assert written(format, REPORT).content_type == content_type


@pytest.mark.parametrize("format", FORMATS)
def test_what_a_crew_must_know_first_is_in_every_form(format: Format) -> None:
    def says(flags: Flags) -> bool:
        text = written(format, replace(REPORT, flags=flags)).content.decode().replace("&quot;", '"').replace('\\"', '"')
        said = {"native": '"trapped":true', "eido": '"trapped":true', "cap": ">trapped<", "open311": "=trapped&"}
        return said[format] in text

    assert says(Flags(trapped=True, weapon=False))
    assert not says(Flags(trapped=False)), "nobody is"
    assert not says(Flags()), "nobody has said it"


def test_the_native_form_is_the_envelope() -> None:
    expected = envelope.body("report.updated", AT, DISPATCH, URL, ACCEPT_BY, 7, REPORT)
    assert written("native", REPORT, "report.updated", 7).content == expected


@pytest.mark.parametrize("format", FORMATS)
def test_the_phone_page_and_the_question_are_told_where_people_read_them(format: Format) -> None:
    page_url = f"https://112.example/a/{'x' * 43}"

    def said(asks: Asks | None) -> str:
        values = (AT, DISPATCH, URL, ACCEPT_BY, 3, LONG)
        return body_in(format, "report.updated", *values, page_url=page_url, asks=asks).content.decode()

    plain, asking = said(None), said("status")
    assert len(asking.encode()) < clipping.LIMIT
    if format == "open311":
        assert "%2Fa%2F" not in asking, "such platforms show requests to anybody"
    else:
        assert page_url in asking
    question = {"native": '"asks":"status"', "open311": "Belum+ada+kabar"}.get(format, "Belum ada kabar")
    assert question in asking
    assert question not in plain


@given(st.sampled_from(FORMATS), st.sampled_from(TYPES), REPORTS)
def test_any_report_is_small_and_well_formed(format: Format, type: EnvelopeType, report: VisibleReport) -> None:
    assert written(format, report, type, 3) == written(format, report, type, 3)


@pytest.mark.parametrize("format", FORMATS)
def test_one_instant_has_one_spelling_in_every_zone(format: Format) -> None:
    wib = timezone(timedelta(hours=7))
    entries = tuple(VisibleEntry(e.at.astimezone(wib), e.author, e.text) for e in REPORT.entries)
    there = replace(REPORT, opened_at=REPORT.opened_at.astimezone(wib), entries=entries)
    body = body_in(format, "dispatch.created", AT.astimezone(wib), DISPATCH, URL, ACCEPT_BY.astimezone(wib), 1, there)
    assert body == body_in(format, "dispatch.created", AT, DISPATCH, URL, ACCEPT_BY, 1, REPORT)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("words", ["dekat pasar", None])
def test_the_name_of_the_place_is_said(format: Format, words: str | None) -> None:
    there = replace(REPORT, location_text=words, location_place="99.01.02.2001", location_place_name="Desa Mandalan")
    raw = written(format, there).content.decode().replace("+", " ")
    assert "Desa Mandalan" in raw
    assert words is None or words in raw


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("field", ["location_lat", "location_lon"])
def test_what_is_no_number_is_refused(format: Format, field: str, value: float) -> None:
    other: dict[str, Any] = {"location_lat": None, "location_lon": None, field: value}
    with pytest.raises(ValueError, match=r"JSON compliant|no place on earth"):
        written(format, replace(REPORT, **other))


@pytest.mark.parametrize("format", ["eido", "cap", "open311"])
@pytest.mark.parametrize("place", [(90.001, 0.0), (0.0, -180.001)])
def test_what_is_no_place_is_refused(format: Format, place: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no place on earth"):
        written(format, replace(REPORT, location_lat=place[0], location_lon=place[1]))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("character", ["x", "é", "\x01", '"', "&", "\n", "\\", "\U0001f525", "\n["])
def test_the_newest_entry_has_room_whatever_else_is_long(format: Format, character: str) -> None:
    long = character * 30_000
    entries = tuple(VisibleEntry(AT, "r" * 128, f"entri-{n} {long}") for n in range(9))
    report = replace(REPORT, narrative=long, location_text=long, caller_name=long, caller_number_raw=long)
    body = written(format, replace(report, entries=entries), "report.updated", 2)
    assert b"entri-8" in body.content
    assert b"entri-0" not in body.content
    assert b"entries.text" in body.content
    assert b"location.text" in body.content
    report = replace(report, entries=entries)
    why = body_in(
        format, "dispatch.cancelled", AT, DISPATCH, URL, ACCEPT_BY, 2, report, agency="damkar", reason=long[:500]
    )
    assert len(why.content) < clipping.LIMIT
    assert b"entri-8" in why.content


def test_why_it_was_cancelled_has_a_field_of_the_envelope() -> None:
    values: tuple[EnvelopeType, datetime, str, str, datetime, int, VisibleReport]
    values = ("dispatch.cancelled", AT, DISPATCH, URL, ACCEPT_BY, 2, REPORT)
    for reason in ("Salah", None):
        assert json.loads(body_in("native", *values, reason=reason).content)["data"]["dispatch"]["reason"] == reason


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-7.0, "-7"),
        (113.86, "113.86"),
        (-0.0, "0"),
        (1e-9, "0"),
        (-1e-9, "0"),
        (-6.99876543219, "-6.9987654"),
        (90, "90"),
    ],
)
def test_degrees_are_plain_digits(value: float, text: str) -> None:
    assert clipping.degrees(value) == text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://112.sumenepkab.go.id/agency", "112.sumenepkab.go.id"),
        ("http://127.0.0.1:8112/agency", "127.0.0.1"),
        ("http://[::1/", "intake112"),
        ("not a url", "intake112"),
        ("https://a,b <x>/", "abx"),
    ],
)
def test_the_centre_is_the_host_its_agencies_answer_to(url: str, name: str) -> None:
    assert clipping.centre(url) == name


def test_every_kind_a_centre_starts_with_is_named() -> None:
    first = importlib.import_module("migrations.versions.0001_first_schema")
    assert {code: kind.name for code, kind in KINDS.items()} == {row[0]: row[1] for row in first.KINDS}
    assert named("angin-puting", None).name == "angin-puting"
    renamed = named("kebakaran", "Kebakaran lahan")
    assert (renamed.name, renamed.categories) == ("Kebakaran lahan", ("Fire",))
