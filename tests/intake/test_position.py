"""Where the network says that a caller is becomes the report's place, until a person says another. Both databases."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from db.engine import Database
from intake.facts import Arrived, CallKey, Ended, Fact, Located, Position
from intake.news import MOST_POSITIONS, MOST_TOLD
from tests.intake.conftest import Client, Json, add_agency
from tests.intake.test_booking import ARRIVED, DESCRIBED, ENDED, KEY, TALK, book, later
from tests.routing.cases import owed

REPORT = "/api/v1/reports/112-20260314-0001"
MEASURED = datetime(2026, 3, 14, 1, 59, tzinfo=UTC)
HERE = Located(KEY, later(0.05), Position(-7.0083, 113.8591, 150.0, "Cell", MEASURED, "PT Contoh"))
THERE = Located(KEY, later(9), Position(-7.01, 113.86, 12.5, "GPS", MEASURED))
HERE_SAID = "Posisi dari jaringan: -7.00830, 113.85910, radius 150 m, cara Cell"
THERE_SAID = "Posisi dari jaringan: -7.01000, 113.86000, radius 12 m, cara GPS"


async def report(client: Client) -> Json:
    """Return the report as the desk sees it."""
    found: Json = (await client.get(REPORT)).json()
    return found


def place(shown: Json) -> tuple[Any, Any]:
    """The report's own coordinates."""
    return shown["location"]["lat"], shown["location"]["lon"]


def said(shown: Json) -> list[str]:
    """What the report tells of positions."""
    return [entry["text"] for entry in shown["entries"] if "jaringan" in entry["text"]]


async def change(client: Client, location: Json) -> None:
    """A person sets the place."""
    etag = (await client.get(REPORT)).headers["ETag"]
    changed = await client.patch(REPORT, json={"location": location}, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_networks_position_is_the_reports(operator: Client, database: Database, at_once: bool) -> None:
    if at_once:
        await book(database, ARRIVED, DESCRIBED, HERE)
    else:
        for fact in (ARRIVED, DESCRIBED, HERE):
            await book(database, fact)
    shown = await report(operator)
    assert place(shown) == (-7.0083, 113.8591)
    assert shown["call"]["position"] == {
        "lat": -7.0083,
        "lon": 113.8591,
        "radius_m": 150.0,
        "method": "Cell",
        "at": "2026-03-14T01:59:00Z",
        "heard_at": "2026-03-14T01:59:26.585897Z",
        "provided_by": "PT Contoh",
        "civic": None,
        "reference": None,
        "source": "PIDF-LO",
    }
    assert shown["call"]["metadata"] == {"access_network": "cell-1"}
    assert said(shown) == [HERE_SAID]
    assert shown["entries"][0]["automatic"]


async def test_a_call_without_a_position_has_none(operator: Client, database: Database) -> None:
    await book(database, *TALK)
    shown = await report(operator)
    assert (place(shown), shown["call"]["position"], said(shown)) == ((None, None), None, [])


async def test_a_newer_position_takes_its_place(operator: Client, database: Database) -> None:
    await book(database, ARRIVED, HERE)
    await book(database, THERE)
    shown = await report(operator)
    assert (place(shown), shown["call"]["position"]["method"]) == ((-7.01, 113.86), "GPS")
    assert said(shown) == [HERE_SAID, THERE_SAID]


@pytest.mark.parametrize("ended", [True, False])
async def test_every_position_twice_is_told_once(operator: Client, database: Database, ended: bool) -> None:
    facts: list[Fact] = [ARRIVED, HERE, THERE, *([ENDED] if ended else [])]
    await book(database, *facts)
    once = await report(operator)
    again = Located(KEY, later(20), THERE.position)  # the same one in a later INVITE
    for fact in (*facts, again):
        await book(database, fact)
    await book(database, *facts)
    assert await report(operator) == once


async def test_who_hung_up_is_located_all_the_same(operator: Client, database: Database) -> None:
    await book(database, ARRIVED, Ended(KEY, later(1), "abandoned", None))
    await book(database, HERE)
    assert place(await report(operator)) == (-7.0083, 113.8591)


@pytest.mark.parametrize(
    ("theirs", "shown_place"),
    [
        ({"lat": -6.9, "lon": 113.7}, (-6.9, 113.7)),
        ({"lat": None, "lon": None}, (None, None)),
    ],
    ids=["another place", "no place"],
)
async def test_what_a_person_set_stays(
    operator: Client, database: Database, theirs: Json, shown_place: tuple[float | None, float | None]
) -> None:
    await book(database, ARRIVED, HERE)
    await change(operator, theirs)
    await book(database, THERE)
    shown = await report(operator)
    assert place(shown) == shown_place
    assert shown["call"]["position"]["method"] == "GPS", "what the network says is kept beside it"
    assert said(shown)[-1] == THERE_SAID


async def test_a_place_in_words_keeps_the_networks_coordinates_out_of_nothing(
    operator: Client, database: Database
) -> None:
    await book(database, ARRIVED)
    await change(operator, {"text": "Desa Contoh"})
    await book(database, HERE)
    shown = await report(operator)
    assert (place(shown), shown["location"]["text"]) == ((-7.0083, 113.8591), "Desa Contoh")


async def test_whoever_had_not_seen_it_yet_may_still_write(operator: Client, database: Database) -> None:
    """The machine's place is no contradiction: a person's change of a version before goes on."""
    await book(database, ARRIVED)
    etag = (await operator.get(REPORT)).headers["ETag"]
    await book(database, HERE)
    written = await operator.patch(REPORT, json={"location": {"lat": 1, "lon": 2}}, headers={"If-Match": etag})
    assert (written.status_code, place(await report(operator))) == (200, (1, 2))


async def test_an_address_and_a_reference_are_told_and_set_no_coordinates(operator: Client, database: Database) -> None:
    only = Position(civic="ID, Jalan\0 Contoh, 12", reference="https://lis.carrier.test/1")
    await book(database, ARRIVED, Located(KEY, later(0.1), only))
    shown = await report(operator)
    assert place(shown) == (None, None)
    assert said(shown) == [
        "Alamat dari jaringan: ID, Jalan\ufffd Contoh, 12. "
        "Rujukan posisi dari jaringan, tidak diambil: https://lis.carrier.test/1"
    ]


async def test_each_call_has_its_own(operator: Client, database: Database) -> None:
    other = CallKey("pbx-1", "c.2")
    await book(
        database,
        *(ARRIVED, Arrived(other, later(1), "c.2", "trunk", "112", "081200000002", None)),
        *(HERE, Located(other, later(1.1), THERE.position)),
    )
    second: Json = (await operator.get(REPORT.replace("0001", "0002"))).json()
    assert (place(await report(operator)), place(second)) == ((-7.0083, 113.8591), (-7.01, 113.86))


def moved(n: int) -> Located:
    """Where somebody is who sends another position every second."""
    return Located(KEY, later(n), Position(-7.0 - n / 10_000, 113.8591, 20.0, "GPS"))


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_device_that_never_stops_fills_no_report(operator: Client, database: Database, at_once: bool) -> None:
    positions = [moved(n) for n in range(1, 1001)]
    await book(database, ARRIVED)
    if at_once:
        await book(database, *positions)
    else:
        for one in positions[: MOST_POSITIONS + 5]:
            await book(database, one)
    shown = await report(operator)
    texts = said(shown)
    assert [text[:30] for text in texts[:3]] == [f"Posisi dari jaringan: -7.{n:05}" for n in (10, 20, 320)]
    assert len(texts) <= MOST_TOLD
    assert texts[-1].endswith("(posisi berikutnya tidak dicatat lagi)")
    assert place(shown)[0] == shown["call"]["position"]["lat"] == pytest.approx(-7.01), "the last that was told"
    await book(database, *positions)
    assert await report(operator) == shown


async def test_a_position_a_minute_is_told_so_often_and_no_more(operator: Client, database: Database) -> None:
    positions = [Located(KEY, later(60 * n), moved(n).position) for n in range(1, MOST_POSITIONS + 1)]
    await book(database, ARRIVED, *positions)
    texts = said(await report(operator))
    assert len(texts) == MOST_TOLD
    assert texts[-1].endswith("(posisi berikutnya tidak dicatat lagi)")


async def letters(database: Database, dispatch_id: str) -> list[Json]:
    """What an agency is owed of a dispatch."""
    async with database.reading() as reading:
        return [json.loads(one.body) for one in await owed(reading, dispatch_id)]


async def test_agencies_that_have_it_are_owed_the_place(operator: Client, database: Database) -> None:
    for code in ("damkar", "pmi"):
        await add_agency(database, code)
    await book(database, ARRIVED)
    sent = await operator.post(f"{REPORT}/dispatches", json={"agencies": ["damkar", "pmi"]})
    first, second = (one["id"] for one in sent.json()["dispatches"])
    rejected = await operator.post(
        f"/api/v1/dispatches/{second}/answers", json={"answer": "rejected", "by": "Pak Budi"}
    )
    assert rejected.status_code == 200, rejected.text
    await book(database, HERE)
    same_place = Position(HERE.position.lat, HERE.position.lon, 20.0, "GPS")  # a better one
    await book(database, HERE, Located(KEY, later(9), same_place))
    created, updated, better = await letters(database, first)
    assert [one["type"] for one in (created, updated, better)] == ["dispatch.created", *["report.updated"] * 2]
    seen, shown = better["data"]["report"], await report(operator)
    assert (seen["location"]["radius_m"], seen["location"]["method"]) == (20.0, "GPS")
    assert (seen["location"]["lat"], seen["location"]["lon"]) == place(shown) == (-7.0083, 113.8591)
    assert seen["version"] == shown["version"], "the one that it came with"
    assert updated["data"]["dispatch"]["answer_url"].startswith("http://112.test/agency/")
    assert [one["type"] for one in await letters(database, second)] == ["dispatch.created"]
    await change(operator, {"lat": -6.9, "lon": 113.7})
    await book(database, Located(KEY, later(99), THERE.position))
    assert [one["type"] for one in await letters(database, first)][3:] == ["report.updated"], "the person's word alone"
