"""What a person sets is what a report shows, every position stays, typed text is never touched. On both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db import tables
from db.engine import Database
from intake.facts import CallKey, Located, Position
from tests.conftest import START
from tests.intake.conftest import Client, Json, add_agency, book, ring
from tests.routing.cases import owed

REPORT = "/api/v1/reports/112-20260314-0001"
KEY = CallKey("pbx-1", "c.1")
CELL = Position(-7.0083, 113.8591, 1500.0, "Cell", START)


async def place(client: Client) -> Json:
    """Where the report is."""
    found: Json = (await client.get(REPORT)).json()["location"]
    return found


def shown(location: Json) -> tuple[object, ...]:
    """What the report shows of its positions."""
    return tuple(location[name] for name in ("lat", "lon", "method", "radius_m"))


async def patch(client: Client, location: Json) -> None:
    """A person writes the place into fields."""
    etag = (await client.get(REPORT)).headers["ETag"]
    changed = await client.patch(REPORT, json={"location": location}, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert shown(changed.json()["location"]) == shown(await place(client))


async def pin(client: Client, body: Json) -> Json:
    """A person sets a position."""
    answer = await client.post(f"{REPORT}/positions", json=body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def test_every_position_is_kept_in_order_and_the_persons_is_shown(operator: Client, database: Database) -> None:
    await ring(database, START)
    await patch(operator, {"text": "Desa Contoh, dekat pasar"})
    await book(database, Located(KEY, START, CELL))
    assert shown(await place(operator)) == (-7.0083, 113.8591, "Cell", 1500.0)
    exact = Position(-7.01, 113.86, 12.0, "GPS", START)
    await book(database, Located(KEY, START + timedelta(seconds=1), exact))
    coarse = Position(-7.5, 113.5, 3000.0, "Cell", START + timedelta(seconds=9), provided_by="PT Contoh")
    await book(database, Located(KEY, START + timedelta(seconds=9), coarse))
    assert shown(await place(operator)) == (-7.01, 113.86, "GPS", 12.0), "the best one, not the last"
    first = await pin(operator, {"lat": -7.02, "lon": 113.87, "radius_m": 30})
    assert (first["by"], first["source"], first["radius_m"]) == ("the operator", "person", 30)
    assert shown(await place(operator)) == (-7.02, 113.87, "pin", 30.0)
    await book(database, Located(KEY, START + timedelta(seconds=20), Position(-7.3, 113.3, 1.0, "GPS")))
    assert shown(await place(operator)) == (-7.02, 113.87, "pin", 30.0)
    await patch(operator, {"lat": -7.04, "lon": 113.89})
    await patch(operator, {"lat": None, "lon": None})
    assert shown(await place(operator)) == (None, None, None, None)
    location = await place(operator)
    assert location["text"] == "Desa Contoh, dekat pasar"
    assert [(one["source"], one["method"], one["lat"]) for one in location["positions"]] == [
        ("network", "Cell", -7.0083),
        ("network", "GPS", -7.01),
        ("network", "Cell", -7.5),
        ("person", "pin", -7.02),
        ("network", "GPS", -7.3),
        ("person", "typed", -7.04),
        ("person", None, None),
    ]
    assert location["positions"][2]["detail"] == {"provided_by": "PT Contoh"}
    listed = (await operator.get("/api/v1/reports")).json()["reports"][0]["location"]
    assert listed == {name: location[name] for name in listed}


async def test_a_pin_on_the_machines_place_is_a_persons_word(operator: Client, database: Database) -> None:
    await ring(database, START)
    await book(database, Located(KEY, START, CELL))
    before = (await operator.get(REPORT)).json()["version"]
    await pin(operator, {"lat": -7.0083, "lon": 113.8591})
    assert (await operator.get(REPORT)).json()["version"] == before + 1
    await book(database, Located(KEY, START + timedelta(seconds=9), Position(-7.3, 113.3, 1.0, "GPS")))
    assert shown(await place(operator)) == (-7.0083, 113.8591, "pin", None)


async def test_fields_that_say_the_machines_place_are_a_persons_word(operator: Client, database: Database) -> None:
    await ring(database, START)
    await patch(operator, {"lat": None, "lon": None})  # nobody knows: nothing is set by this
    await book(database, Located(KEY, START, CELL))
    before = (await operator.get(REPORT)).json()["version"]
    for _ in range(2):
        await patch(operator, {"lat": -7.0083, "lon": 113.8591})
    after = (await operator.get(REPORT)).json()
    assert after["version"] == before + 1
    assert [one["source"] for one in after["location"]["positions"]] == ["network", "person"]
    await book(database, Located(KEY, START + timedelta(seconds=9), Position(-7.3, 113.3, 1.0, "GPS")))
    assert shown(await place(operator)) == (-7.0083, 113.8591, "typed", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"plus_code": "6P4MXVR5+MJ"}, (-7.0083125, 113.8590625, "plus-code", 9.8)),
        ({"plus_code": "XVR5+MJ", "near": {"lat": -7.02, "lon": 113.88}}, (-7.0083125, 113.8590625, "plus-code", 9.8)),
        ({"text": "7°00'29.88\"S 113°51'32.76\"E"}, (-7.0083, 113.8591, "coordinates", 1.0)),
        ({"text": "https://www.google.com/maps/@-7.0083,113.8591,15z"}, (-7.0083, 113.8591, "coordinates", 7.9)),
    ],
)
async def test_what_is_pasted_is_read_and_kept(
    operator: Client, database: Database, body: Json, expected: tuple[object, ...]
) -> None:
    await ring(database, START)
    one = await pin(operator, body)
    assert shown(await place(operator)) == expected
    assert one["detail"] == {"pasted": body.get("plus_code") or body.get("text")}


async def test_a_short_code_is_taken_near_the_place_the_report_has(operator: Client, database: Database) -> None:
    await ring(database, START)
    alone = await operator.post(f"{REPORT}/positions", json={"plus_code": "XVR5+MJ"})
    assert (alone.status_code, alone.json()["error"]) == (422, "unreadable_place")
    assert "near" in alone.json()["message"]
    await book(database, Located(KEY, START, CELL))
    assert (await pin(operator, {"plus_code": "XVR5+MJ"}))["lat"] == -7.0083125


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lat": 1.0},
        {"lat": 91, "lon": 0},
        {"lat": 0, "lon": 0},
        {"lat": 1, "lon": 2, "text": "1.0, 2.0"},
        {"plus_code": "6P4MXVR5+MJ", "radius_m": 3},
        {"text": "Desa Contoh"},
        {"text": "113.8591, -7.0083"},
        {"lat": 1, "lon": 2, "kecamatan": "x"},
    ],
)
async def test_what_is_no_place_is_refused_and_keeps_nothing(operator: Client, database: Database, body: Json) -> None:
    await ring(database, START)
    answer = await operator.post(f"{REPORT}/positions", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["message"]
    assert (await place(operator))["positions"] == []


async def test_an_unknown_report_has_no_positions(operator: Client) -> None:
    assert (await operator.post(f"{REPORT}/positions", json={"lat": 1, "lon": 2})).status_code == 404


async def test_a_walk_ins_place_is_a_position_too(operator: Client, database: Database) -> None:
    body = {"source": "silapor", "location": {"text": "Pasar", "lat": -7.0, "lon": 113.9}}
    opened = (await operator.post("/api/v1/reports", json=body)).json()
    (one,) = opened["location"]["positions"]
    assert (one["source"], one["method"], one["by"], one["lat"]) == ("person", "typed", "the operator", -7.0)


async def test_agencies_and_the_record_hear_of_a_pin(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    await ring(database, START)
    sent = await operator.post(f"{REPORT}/dispatches", json={"agencies": ["damkar"]})
    await pin(operator, {"lat": -7.02, "lon": 113.87})
    async with database.reading() as reading:
        letters = await owed(reading, sent.json()["dispatches"][0]["id"])
        a = tables.audit.c
        last = (await reading.connection.execute(select(a.action, a.detail).order_by(a.n.desc()).limit(1))).one()
    assert b'"lat":-7.02' in letters[-1].body.replace(b" ", b"")
    assert (last.action, "-7.02" in last.detail) == ("report.changed", False), "ids and names, never values"
