"""What agencies are told of how a place was found: with the place itself, and when it changes. On both databases."""

import json
from datetime import timedelta

from db.engine import Database
from intake.facts import Located, Position
from tests.conftest import START
from tests.intake.conftest import Client, add_agency, book, ring
from tests.intake.test_positions_api import KEY, REPORT, patch, pin
from tests.routing.cases import owed

HERE = {"lat": -7.0083, "lon": 113.8591}


async def test_the_envelope_tells_of_the_coordinates_that_it_has(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    await ring(database, START)
    sent = (await operator.post(f"{REPORT}/dispatches", json={"agencies": ["damkar"]})).json()["dispatches"][0]

    async def told() -> list[tuple[object, ...]]:
        async with database.reading() as reading:
            places = [json.loads(one.body)["data"]["report"]["location"] for one in await owed(reading, sent["id"])]
        return [tuple(one[name] for name in ("lat", "method", "radius_m", "measured_at")) for one in places]

    for seconds, radius_m in ((0, 1500.0), (9, 1500.0), (20, 40.0)):
        at = START + timedelta(seconds=seconds)
        await book(database, Located(KEY, at, Position(HERE["lat"], HERE["lon"], radius_m, "Cell", at)))
    cell = [
        (-7.0083, "Cell", 1500.0, "2026-03-14T01:59:26.535897Z"),
        (-7.0083, "Cell", 40.0, "2026-03-14T01:59:46.535897Z"),
    ]
    expected = [(None, None, None, None), *cell]
    assert await told() == expected, "that it was measured anew is told to nobody by itself"
    await pin(operator, HERE)
    expected.append((-7.0083, "pin", None, None))
    assert await told() == expected, "a person says so, too"
    await pin(operator, {"lat": -7.5, "lon": 113.5, "radius_m": 30})
    await patch(operator, {"lat": -7.25, "lon": 113.5})
    await patch(operator, {"lat": None, "lon": None})
    expected += [(-7.5, "pin", 30.0, None), (-7.25, "typed", None, None), (None, None, None, None)]
    assert await told() == expected
