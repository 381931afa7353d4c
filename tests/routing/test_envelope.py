"""What an agency sees, and that nothing is left out in silence."""

import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.envelope import LIMIT, VisibleCaller, VisibleEntry, VisibleReport, body
from tests.routing.visible import AT, FLAGS, LONG, REPORT

URL = "https://112.example/agency/v1/dispatches/d/answers"


def written(report: VisibleReport, page_url: str | None = None) -> dict[str, Any]:
    """Return the body of a report's envelope, read back, having checked its size."""
    raw = body("dispatch.created", AT, "d", URL, AT + timedelta(seconds=60), 1, report, page_url=page_url)
    assert len(raw) < LIMIT
    found: dict[str, Any] = json.loads(raw)
    return found


def seen(report: VisibleReport) -> dict[str, Any]:
    """Return the report as the agency reads it."""
    found: dict[str, Any] = written(report)["data"]["report"]
    return found


def test_the_whole_body() -> None:
    assert written(REPORT) == {
        "type": "dispatch.created",
        "timestamp": "2026-03-14T01:59:26.535897Z",
        "data": {
            "dispatch": {
                "id": "d",
                "answer_url": URL,
                "page_url": None,
                "accept_by": "2026-03-14T02:00:26.535897Z",
                "sequence": 1,
                "asks": None,
                "reason": None,
            },
            "report": {
                "number": "112-20260314-0001",
                "version": 3,
                "status": "dispatched",
                "class": "normal",
                "kind": "kebakaran",
                "priority": "P1",
                "source": "call",
                "exercise": False,
                "opened_at": "2026-03-14T01:57:26.535897Z",
                "caller": {
                    "number": "+6281234567890",
                    "number_raw": "081234567890",
                    "typed": None,
                    "name": "Ibu Sri",
                    "withheld_by_centre": False,
                },
                "callers": [],
                "duplicate_of": None,
                "location": {
                    "text": "Jl. Trunojoyo 4, Sumenep",
                    "lat": -7.0,
                    "lon": 113.86,
                    "method": None,
                    "radius_m": None,
                    "measured_at": None,
                    "place": None,
                    "place_name": None,
                },
                "narrative": "Dapur terbakar, ada orang di dalam.",
                "flags": FLAGS,
                "disposition": None,
                "entries": [{"at": "2026-03-14T01:59:26.535897Z", "author": "rina", "text": "asap tebal"}],
                "omitted": None,
            },
        },
    }


def test_one_value_has_one_spelling() -> None:
    raw = body("report.updated", AT, "d", URL, AT, 2, replace(REPORT, narrative="Kê'bun №1"))
    same = body("report.updated", AT.astimezone(timezone(timedelta(hours=7))), "d", URL, AT, 2,
                replace(REPORT, narrative="Kê'bun №1"))  # fmt: skip
    assert raw == same
    assert "Kê'bun №1".encode() in raw
    assert raw.startswith(b'{"data":{"dispatch":{"accept_by":"')
    assert b": " not in raw.replace(b"asap tebal", b"")


def test_a_time_in_wib_is_written_in_utc() -> None:
    wib = AT.astimezone(timezone(timedelta(hours=7)))
    assert seen(replace(REPORT, opened_at=wib))["opened_at"] == "2026-03-14T01:59:26.535897Z"


def test_the_oldest_entries_are_left_out_and_counted() -> None:
    entries = tuple(VisibleEntry(AT + timedelta(seconds=n), "rina", f"{n:04d} " + "x" * 95) for n in range(1000))
    report = seen(replace(REPORT, entries=entries))
    left_out = report["omitted"]["entries"]
    assert report["omitted"] == {"entries": left_out, "cut": []}
    assert [e["text"][:4] for e in report["entries"]] == [f"{n:04d}" for n in range(left_out, 1000)]
    assert left_out < 900


@pytest.mark.parametrize(
    ("field", "wire"),
    [("narrative", "narrative"), ("location_text", "location.text"), ("caller_name", "caller.name"),
     ("caller_number_raw", "caller.number_raw")],
)  # fmt: skip
@pytest.mark.parametrize("character", ["x", "é", "\x01", '"', "\U0001f525"])
def test_a_long_text_is_shortened_and_named(field: str, wire: str, character: str) -> None:
    long: dict[str, Any] = {field: character * 30_000}
    report = seen(replace(REPORT, **long))
    assert report["omitted"] == {"entries": 0, "cut": [wire]}
    assert report["entries"][0]["text"] == "asap tebal"
    parent, _, leaf = wire.rpartition(".")
    text = (report[parent] if parent else report)[leaf]
    assert len(text) > 50
    assert set(text) == {character}


def test_a_long_entry_is_shortened_and_named() -> None:
    report = seen(replace(REPORT, entries=(VisibleEntry(AT, "rina", "x" * 30_000),)))
    assert len(report["entries"][0]["text"]) > 3000
    assert report["omitted"] == {"entries": 0, "cut": ["entries.text"]}


def test_the_newest_entry_has_room_whatever_else_is_long() -> None:
    report = seen(
        replace(
            REPORT,
            narrative="n" * 30_000,
            location_text="l" * 30_000,
            caller_name="c" * 30_000,
            caller_number_raw="0" * 30_000,
            entries=tuple(VisibleEntry(AT, "r" * 128, str(n) + "é" * 5000) for n in range(9)),
        )
    )
    assert report["entries"][-1]["text"].startswith("8")
    assert report["omitted"]["entries"] == 9 - len(report["entries"])
    assert len(report["omitted"]["cut"]) == 5


@given(st.text(), st.lists(st.text(max_size=9000), max_size=9), st.text() | st.none())
def test_always_json_always_small(narrative: str, entries: list[str], name: str | None) -> None:
    seen(replace(REPORT, narrative=narrative, caller_name=name,
                 entries=tuple(VisibleEntry(AT, "rina", text) for text in entries)))  # fmt: skip


def test_half_a_character_does_not_stop_a_dispatch() -> None:
    assert seen(replace(REPORT, narrative="\ud800"))["narrative"] == "?"


def test_a_number_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        seen(replace(REPORT, location_lat=float("nan")))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param({"version": 9}, True, id="version-alone"),
        pytest.param({"narrative": "lain"}, False, id="narrative"),
        pytest.param({"entries": ()}, False, id="entry-struck"),
    ],
)
def test_whether_an_agency_sees_a_difference(change: dict[str, Any], same: bool) -> None:
    assert REPORT.looks_like(replace(REPORT, **change)) is same


def test_many_callers_leave_room_for_the_newest_entry() -> None:
    caller = VisibleCaller("112-20260314-0001", "+6281234567890", "0" * 500, "é" * 500)
    found = seen(replace(LONG, callers=(caller,) * 30, duplicate_of="112-20260314-0001"))
    assert len(found["callers"]) == 12
    assert found["callers"][0]["name"] == "é" * 29, "60 bytes with its quotes"
    assert "callers" in found["omitted"]["cut"]
    assert found["entries"][-1]["text"].startswith("8é")
    few = seen(replace(REPORT, callers=(caller,) * 2))
    assert (len(few["callers"]), few["omitted"]) == (2, None)
