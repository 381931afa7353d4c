"""A dispatch as a GeoReport v2 service request: what has a field is in it, and nobody's words add a field."""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import open311, prose
from routing.kinds import KINDS
from routing.visible import EnvelopeType, VisibleEntry, VisibleReport
from tests.routing.every_dispatch import OWN_KIND, every_body
from tests.routing.visible import ACCEPT_BY, AT, DISPATCH, EMPTY, HOSTILE, LONG, REPORT, REPORTS, TYPES, URL

FIELDS = {"jurisdiction_id", "service_code", "lat", "long", "address_string", "first_name", "phone", "description"}
"""Those of the standard's fields that we fill."""
SERVICE = re.compile(r"^\| `(\w+)` \| ([^|]+) \|$", re.M)
ATTRIBUTE = re.compile(r"^\| `(\w+)` \| (string|number|datetime) \| (true|false) \|", re.M)
PAGE = (Path(__file__).parents[2] / "docs/forms.md").read_text("utf-8").partition("## Open311")[2]


def sent(
    report: VisibleReport = REPORT,
    type: EnvelopeType = "dispatch.created",
    sequence: int = 1,
    jurisdiction_id: str | None = None,
) -> dict[str, str]:
    """Return the fields of a report's request, read back and checked against the standard."""
    raw = open311.body(
        type, AT, DISPATCH, URL, ACCEPT_BY, sequence, report, jurisdiction_id=jurisdiction_id
    ).decode("ascii")  # fmt: skip
    return checked(raw)


def checked(raw: str) -> dict[str, str]:
    """Return the fields of a request, checked against the standard: each once, and what is obligatory."""
    pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=True, errors="strict")
    found = dict(pairs)
    assert found["service_code"]
    assert len(found) == len(pairs)
    assert {name for name in found if not name.startswith("attribute[")} <= FIELDS
    assert ("lat" in found) == ("long" in found)
    assert "lat" in found or found["address_string"]
    assert len(found["description"]) <= 4000
    assert not set("<>") & set("".join(found.values()))
    return found


def test_the_whole_request() -> None:
    assert sent(jurisdiction_id="sumenepkab.go.id") == {
        "jurisdiction_id": "sumenepkab.go.id",
        "service_code": "kebakaran",
        "lat": "-7",
        "long": "113.86",
        "address_string": "Jl. Trunojoyo 4, Sumenep",
        "first_name": "Ibu Sri",
        "phone": "+6281234567890",
        "description": (
            "Laporan 112 112-20260314-0001: Kebakaran\n\nDapur terbakar, ada orang di dalam.\n\n"
            "[2026-03-14T01:59:26Z rina] asap tebal"
        ),
        "attribute[type]": "dispatch.created",
        "attribute[sent_at]": "2026-03-14T01:59:26.535897Z",
        "attribute[dispatch_id]": DISPATCH,
        "attribute[answer_url]": URL,
        "attribute[accept_by]": "2026-03-14T02:00:26.535897Z",
        "attribute[sequence]": "1",
        "attribute[report_number]": "112-20260314-0001",
        "attribute[report_version]": "3",
        "attribute[status]": "dispatched",
        "attribute[class]": "normal",
        "attribute[priority]": "P1",
        "attribute[source]": "call",
        "attribute[exercise]": "false",
        "attribute[opened_at]": "2026-03-14T01:57:26.535897Z",
        "attribute[flags]": "trapped",
    }


def test_the_bytes_are_a_form() -> None:
    raw = open311.body(
        "dispatch.created", AT, "d", "https://112.example/a", ACCEPT_BY, 1, replace(REPORT, narrative="é & =+")
    )
    assert raw.startswith(b"service_code=kebakaran&lat=-7&long=113.86&address_string=Jl.+Trunojoyo+4%2C+Sumenep&")
    assert b"%C3%A9+%26+%3D%2B" in raw
    assert b"&attribute%5Banswer_url%5D=https%3A%2F%2F112.example%2Fa&" in raw


def test_a_platform_that_defines_what_the_page_says_takes_every_dispatch() -> None:
    defined = {code: (datatype, required == "true") for code, datatype, required in ATTRIBUTE.findall(PAGE)}
    assert dict(SERVICE.findall(PAGE)) == {code: kind.name for code, kind in KINDS.items()}
    sent_codes: set[str] = set()
    services: set[str] = set()
    for *_, raw in every_body("open311"):
        found = checked(raw.decode("ascii"))
        given = {name[len("attribute[") : -1]: value for name, value in found.items() if name.startswith("attribute[")}
        assert given.keys() <= defined.keys()
        assert {code for code, (_, required) in defined.items() if required} <= given.keys()
        for code, value in given.items():
            assert defined[code][0] != "number" or value.isdecimal(), code
            assert defined[code][0] != "datetime" or datetime.fromisoformat(value).tzinfo, code
        sent_codes |= given.keys()
        services.add(found["service_code"])
    assert services == {*KINDS, OWN_KIND}
    assert sent_codes | {"omitted_entries", "omitted_cut"} == defined.keys()


@pytest.mark.parametrize(
    ("type", "beginning"),
    [
        ("dispatch.created", "Laporan 112 112-"),
        ("report.updated", "Pembaruan laporan 112 112-"),
        ("dispatch.cancelled", "DIBATALKAN: laporan 112 112-"),
        ("report.closed", "SELESAI: laporan 112 112-"),
    ],
)
def test_a_message_says_first_what_it_is(type: EnvelopeType, beginning: str) -> None:
    assert sent(type=type)["description"].startswith(beginning)
    exercise = sent(replace(REPORT, exercise=True), type)
    assert exercise["description"].startswith("LATIHAN, bukan kejadian nyata. " + beginning)
    assert exercise["attribute[exercise]"] == "true"
    test = sent(replace(REPORT, classification="test"), type)
    assert test["description"].startswith("UJI COBA, bukan kejadian nyata. " + beginning)


def test_nothing_known_is_a_request_too() -> None:
    found = sent(EMPTY)
    assert found["service_code"] == "lain"
    assert found["address_string"] == "Lokasi belum diketahui"
    assert not {"lat", "long", "first_name", "phone", "jurisdiction_id", "attribute[priority]"} & found.keys()


def test_half_a_position_is_none() -> None:
    assert "lat" not in sent(replace(REPORT, location_lon=None))


def test_a_number_nobody_could_read_is_sent_as_the_carrier_did() -> None:
    assert sent(replace(REPORT, caller_number=None, caller_number_raw="anonymous"))["phone"] == "anonymous"


def test_what_was_left_out_is_said() -> None:
    found = sent(LONG)
    assert found["attribute[omitted_entries]"] == "8"
    assert found["attribute[omitted_cut]"] == "narrative location.text caller.name caller.number_raw entries.text"
    assert not any("omitted" in name for name in sent())


@pytest.mark.parametrize("words", HOSTILE)
def test_nobodys_words_become_fields(words: str) -> None:
    hostile = replace(
        REPORT, caller_name=words, caller_number_raw=words, location_text=words, narrative=words,
        entries=(VisibleEntry(AT, words[:128], words),),
    )  # fmt: skip
    found = sent(hostile)
    assert list(found) == list(sent())
    assert found["attribute[answer_url]"] == URL
    assert "api_key" not in found
    assert not any(character in found["description"] for character in "\x00\x01\x0b\x1f\x7f")


def plain(text: str) -> str:
    """Return a text as the request shows it."""
    return open311._plain(text)


@given(REPORTS, st.sampled_from(TYPES))
def test_any_report_reads_back(report: VisibleReport, type: EnvelopeType) -> None:
    found = sent(report, type)
    cut = found.get("attribute[omitted_cut]", "").split()
    if report.location_text and "location.text" not in cut:
        assert found["address_string"] == plain(report.location_text)
    if report.caller_name and "caller.name" not in cut:
        assert found["first_name"] == plain(report.caller_name)
    if "lat" in found and report.location_lat is not None and report.location_lon is not None:
        assert abs(float(found["lat"]) - report.location_lat) < 1e-7
        assert abs(float(found["long"]) - report.location_lon) < 1e-7
    if not cut and "attribute[omitted_entries]" not in found:
        assert found["description"].endswith(plain(prose.told(report.narrative, list(report.entries))))
