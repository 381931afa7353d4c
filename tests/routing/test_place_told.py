"""How a place was found, how exactly and when: told in every form that has a place for it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ami_bridge import pidf
from intake.facts import Position
from routing import cap, eido
from routing.visible import VisibleReport
from tests.routing.test_envelope import seen
from tests.routing.visible import ACCEPT_BY, AT, DISPATCH, MEASURED, REPORT, URL, parsed


def by_cap(report: VisibleReport) -> ET.Element:
    """Return the report as CAP."""
    return parsed(cap.body("dispatch.created", AT, DISPATCH, URL, ACCEPT_BY, 1, report))


def by_eido(report: VisibleReport) -> Position:
    """Return the place that the report as EIDO tells, as the reader of callers' places understands it."""
    whole: dict[str, Any] = json.loads(eido.body("dispatch.created", AT, DISPATCH, URL, ACCEPT_BY, 1, report))
    (found,) = pidf.read(whole["locationComponent"][0]["locationByValue"].encode())
    return found


def test_a_measured_place() -> None:
    place = seen(MEASURED)["location"]
    assert (place["method"], place["radius_m"], place["measured_at"]) == ("gnss", 12.0, "2026-03-14T01:58:26.535897Z")
    root = by_cap(MEASURED)
    named = {one[0].text: one[1].text for one in root.iter(f"{{{cap.NAMESPACE}}}parameter")}
    assert {name: value for name, value in named.items() if name and "location" in name} == {
        "report.location.method": "gnss",
        "report.location.radius_m": "12",
        "report.location.measured_at": "2026-03-14T01:58:26.535897Z",
    }
    assert root.findtext(f".//{{{cap.NAMESPACE}}}circle") == "-7,113.86 0.012"
    found = by_eido(MEASURED)
    assert (found.lat, found.lon, found.radius_m, found.method) == (-7.0, 113.86, 12.0, "GPS")
    assert found.measured_at == AT - timedelta(minutes=1)


def test_nobody_said_how_exactly() -> None:
    assert by_cap(REPORT).findtext(f".//{{{cap.NAMESPACE}}}circle") == "-7,113.86 0.1"
    found = by_eido(REPORT)
    assert (found.lat, found.lon, found.radius_m, found.method, found.measured_at) == (-7.0, 113.86, None, None, None)


@pytest.mark.parametrize(("ours", "theirs"), [("pin", "Manual"), ("browser", None), ("DHCP", "DHCP")])
def test_a_method_in_the_words_of_iana(ours: str, theirs: str | None) -> None:
    assert by_eido(replace(REPORT, location_method=ours)).method == theirs
