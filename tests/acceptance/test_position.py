"""A caller's position in the INVITE, by Asterisk's mirror, into the report; nothing of it harms a call or the PBX."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Json, Product
from tests.pbx.asterisk import CARRIER_HOST, PBX_HOST, RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
INFO: Final = """<gp:location-info><gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-7.0083 113.8591</gml:pos>
<gs:radius uom="urn:ogc:def:uom:EPSG::9001">150</gs:radius></gs:Circle></gp:location-info>"""
CELL: Final = "<gp:method>Cell</gp:method>"
NO_RULES: Final = f"{INFO}{CELL}"
"""Ends Asterisk 22.10.1 with res_pjsip_geolocation (tests/asterisk_conf/test_position.py)."""
WITH_RULES: Final = f"{INFO}<gp:usage-rules/>{CELL}"


@pytest.fixture
def located(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, which listens to the PBX's mirror."""
    mirror = {"INTAKE112_HEP_PORT": str(pbx.ports.hep), "INTAKE112_HEP_TRUNKS": CARRIER_HOST}
    with Product(database_url, tmp_path / "state", settings(pbx) | mirror) as running:
        running.start()
        yield running


def one_report(product: Product) -> Json:
    """The only report, once it is there."""
    (shown,) = until(product.reports, "the ring is a report")
    whole: Json = product.report(shown["number"])
    return whole


def located_report(product: Product) -> Json:
    """The only report, once it has a position."""
    return until(lambda: (seen := one_report(product))["call"]["position"] and seen, "the position is there")


def place(report: Json) -> tuple[float | None, float | None]:
    """The report's own coordinates."""
    return report["location"]["lat"], report["location"]["lon"]


@pytest.mark.parametrize(
    "document",
    [WITH_RULES, NO_RULES, f"<!--{'x' * 50_000}-->{NO_RULES}"],
    ids=["whole", "without usage rules", "of 50 kB"],
)
def test_a_circle_becomes_the_reports_place(pbx: RealAsterisk, people: People, located: Product, document: str) -> None:
    people.operator(1, answer_ms=50)
    call = people.call(Caller(position=document))
    report = located_report(located)
    assert place(report) == (-7.0083, 113.8591)
    position = report["call"]["position"]
    assert (position["radius_m"], position["method"], position["source"]) == (150.0, "Cell", "PIDF-LO")
    assert position["at"] == "2026-03-14T02:00:00Z"
    assert report["call"]["metadata"]["sip_call_id"]
    said = [entry["text"] for entry in report["entries"] if entry["automatic"]]
    assert said.count("Posisi dari jaringan: -7.00830, 113.85910, radius 150 m, cara Cell") == 1
    until(lambda: one_report(located)["call"]["stage"] == "talking", "the operator has the caller")
    call.hang_up()
    call.wait()
    (ended,) = located.all_ended(1)
    assert (ended["call"]["outcome"], pbx.running) == ("answered", True)
    assert "IntakePosition" in "".join(file.read_text() for file in located.state.glob("tapes/pbx-1/*.tape"))


def test_who_gives_up_at_once_is_located(people: People, located: Product) -> None:
    people.call(Caller(position=NO_RULES), hang_up_ms=0).wait()
    assert place(located_report(located)) == (-7.0083, 113.8591)


def test_what_a_person_set_stays(people: People, located: Product) -> None:
    call = people.call(Caller(position=NO_RULES))
    number = located_report(located)["number"]
    etag = located.http.get(f"/api/v1/reports/{number}").headers["ETag"]
    theirs = {"location": {"lat": -6.9, "lon": 113.7}}
    changed = located.http.patch(f"/api/v1/reports/{number}", json=theirs, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    located.kill()
    located.start()  # the tape is read again from the last position that was saved
    call.hang_up()
    call.wait()
    located.all_ended(1)
    report = located.report(number)
    assert place(report) == (-6.9, 113.7)
    assert report["call"]["position"]["lat"] == -7.0083


@pytest.mark.parametrize(
    "document",
    ["<gp:location-info>torn", "<gp:location-info></gp:location-info>", "&lol;"],
    ids=["torn", "empty", "entity"],
)
def test_what_cannot_be_read_is_an_alarm_and_the_call_a_report(
    pbx: RealAsterisk, people: People, located: Product, document: str
) -> None:
    people.operator(1, answer_ms=50)
    call = people.call(Caller(position=document))
    until(lambda: one_report(located)["call"]["stage"] == "talking", "the operator has the caller")
    until(lambda: [one["code"] for one in located.readiness()["alarms"]] == ["position_unread"], "it is told")
    call.hang_up()
    call.wait()
    (ended,) = located.all_ended(1)
    report = located.report(ended["number"])
    assert (ended["call"]["outcome"], place(report), report["call"]["position"]) == ("answered", (None, None), None)
    assert pbx.running


def test_with_nobody_at_the_mirror_a_call_is_as_ever(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.operator(1, answer_ms=50)
    call = people.call(Caller(position=NO_RULES))
    until(lambda: one_report(product)["call"]["stage"] == "talking", "the operator has the caller")
    call.hang_up()
    call.wait()
    (ended,) = product.all_ended(1)
    assert (ended["call"]["outcome"], place(ended)) == ("answered", (None, None))
    assert "HEP" not in pbx.log


def test_a_mirror_that_takes_nothing_holds_up_no_call(pbx: RealAsterisk, people: People, product: Product) -> None:
    """A listener that never reads: its buffer is full, and Asterisk goes on."""
    people.operator(1, answer_ms=50)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.bind((PBX_HOST, pbx.ports.hep))
        for n in range(5):
            call = people.call(Caller(position=f"<!--{'x' * 9_000}-->{NO_RULES}"))
            until(lambda: product.get("/calls")["calls"], f"call {n} is there")
            call.hang_up()
            call.wait()
            product.all_ended(n + 1)
    assert "HEP" not in pbx.log
    assert pbx.running


def test_a_killed_bridge_keeps_what_it_had_heard(people: People, located: Product) -> None:
    """The position is on the tape before it is booked; while the bridge is away a call has none."""
    first = people.call(Caller("+6281200000001", position=NO_RULES))
    located_report(located)
    located.kill()
    second = people.call(Caller("+6281200000002", position=NO_RULES))
    located.start()
    for call in (second, first):
        call.hang_up()
        call.wait()
    ended = {one["caller"]["number_raw"]: located.report(one["number"]) for one in located.all_ended(2)}
    assert place(ended["+6281200000001"]) == (-7.0083, 113.8591)
    assert place(ended["+6281200000002"]) == (None, None)
    assert ended["+6281200000002"]["call"]["position"] is None
