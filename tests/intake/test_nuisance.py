"""A strike is fair: two people, an end, lifted by one real report; and every call still rings. On both databases."""

import asyncio
import functools

import pytest

from db import reports, strikes
from db.engine import Database
from intake import access
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, add_agency
from tests.intake.rang import rang
from tests.intake.test_callers import change, known
from tests.intake.test_endings import waits_for_a_lock
from tests.routing.running import until


async def pranked(client: Client, database: Database, clock: SetClock, n: int) -> str:
    """Let the number make a nuisance of itself, and return the report."""
    report = await rang(database, clock.forward(minutes=1), n, outcome="answered")
    await change(client, report, **{"class": "prank"})
    return report


@pytest.fixture
async def second(database: Database) -> dict[str, str]:
    """The headers of a second person."""
    async with database.transaction() as tx:
        return {"Authorization": f"Bearer {await access.create_token(tx, 'the second', 'operator')}"}


async def struck(client: Client, second: dict[str, str], report: str) -> Json:
    """Ask for a strike, and have it confirmed."""
    asked = await client.post(f"/api/v1/reports/{report}/strike", json={"note": "anak-anak"})
    assert asked.status_code == 201, asked.text
    confirmed = await client.post(f"/api/v1/strikes/{asked.json()['id']}/confirm", headers=second)
    assert confirmed.status_code == 200, confirmed.text
    return dict(confirmed.json())


async def test_it_needs_a_second_person_and_expires(
    operator: Client, second: dict[str, str], database: Database, clock: SetClock
) -> None:
    client = operator
    report = await pranked(client, database, clock, 1)
    asked = await client.post(f"/api/v1/reports/{report}/strike", json={"note": "anak-anak"})
    assert (asked.status_code, asked.json()["holds"], asked.json()["expires_at"]) == (201, False, None)
    same = await client.post(f"/api/v1/strikes/{asked.json()['id']}/confirm")
    assert (same.status_code, same.json()["error"]) == (409, "same_person")
    ring = await rang(database, clock.forward(minutes=1), 2)
    assert (await known(client, ring))["marked"] is False
    held = (await client.post(f"/api/v1/strikes/{asked.json()['id']}/confirm", headers=second)).json()
    assert (held["holds"], held["confirmed_by"]) == (True, "the second")
    again = await client.post(f"/api/v1/strikes/{asked.json()['id']}/confirm", headers=second)
    assert (again.status_code, again.json()["error"]) == (409, "strike_over")
    ring = await rang(database, clock.forward(minutes=1), 3)
    shown = await known(client, ring)
    assert (shown["marked"], shown["strikes"][0]["note"], shown["strikes"][0]["report"]) == (True, "anak-anak", report)
    listed = (await client.get("/api/v1/strikes")).json()["strikes"]
    assert [one["id"] for one in listed] == [asked.json()["id"]]
    clock.forward(hours=24)
    assert (await known(client, ring))["marked"] is False


async def test_the_second_one_lasts_longer(
    operator: Client, second: dict[str, str], database: Database, clock: SetClock
) -> None:
    client = operator
    first = await struck(client, second, await pranked(client, database, clock, 1))
    clock.forward(hours=25)
    second = await struck(client, second, await pranked(client, database, clock, 2))
    assert first["expires_at"] < second["expires_at"]
    clock.forward(hours=71)
    ring = await rang(database, clock(), 3)
    assert (await known(client, ring))["marked"] is True
    clock.forward(hours=2)
    assert (await known(client, ring))["marked"] is False


@pytest.mark.parametrize("how", ["sent", "closed", "joined to a sent one", "joined and sent", "joined and closed"])
async def test_one_real_report_lifts_it(
    operator: Client, second: dict[str, str], database: Database, clock: SetClock, how: str
) -> None:
    client = operator
    await add_agency(database, "damkar", "kebakaran")
    prank = await pranked(client, database, clock, 1)
    await struck(client, second, prank)
    ring = await rang(database, clock.forward(minutes=1), 2, outcome="answered")
    assert (await known(client, ring))["marked"] is True
    of = ring
    if "joined" in how:
        of = str((await client.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"])
    wanted = how.split()
    ways = [one for one in (["sent", "joined"] if "to" in wanted else wanted) if one != "and"]
    for way in ways:
        body: Json = {"of": of} if way == "joined" else {"agencies": ["damkar"]}
        path = f"{ring}/duplicates" if way == "joined" else f"{of}/dispatches"
        if way == "closed":
            path, body = f"{of}/close", {"disposition": "advised"}
        done = await client.post(f"/api/v1/reports/{path}", json=body)
        assert done.is_success, done.text
    shown = await known(client, ring)
    assert (shown["marked"], shown["strikes"][0]["lifted_because"]) == (False, f"laporan nyata {ring}")
    texts = [one["text"] for one in (await client.get(f"/api/v1/reports/{prank}")).json()["entries"]]
    assert texts[-1] == f"Teguran untuk nomor ini dicabut: laporan nyata {ring}"


async def test_a_strike_is_locked_after_its_report_also_when_a_real_one_lifts_it(
    operator: Client, database: Database, database_kind: str, clock: SetClock
) -> None:
    prank = await pranked(operator, database, clock, 1)
    asked = (await operator.post(f"/api/v1/reports/{prank}/strike", json={})).json()
    ring = await rang(database, clock.forward(minutes=1), 2, outcome="answered")
    body = {"disposition": "advised"}
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        row = await reports.find(tx, prank)
        assert row is not None
        await reports.lock(tx, row.id)
        closing = tasks.create_task(operator.post(f"/api/v1/reports/{ring}/close", json=body))
        if database_kind == "postgresql":
            await until(functools.partial(waits_for_a_lock, database))
        await strikes.find(tx, asked["id"])
    assert closing.result().status_code == 200
    assert (await known(operator, ring))["strikes"][0]["lifted_because"] == f"laporan nyata {ring}"


async def test_the_same_report_that_proves_real_lifts_its_own(
    operator: Client, database: Database, clock: SetClock
) -> None:
    report = await pranked(operator, database, clock, 1)
    assert (await operator.post(f"/api/v1/reports/{report}/strike", json={})).status_code == 201
    body = {"class": "normal", "disposition": "advised"}
    assert (await operator.post(f"/api/v1/reports/{report}/close", json=body)).status_code == 200
    (one,) = (await operator.get("/api/v1/strikes")).json()["strikes"]
    assert one["lifted_because"] == f"laporan nyata {report}"


async def test_a_person_lifts_it_with_a_reason(operator: Client, database: Database, clock: SetClock) -> None:
    report = await pranked(operator, database, clock, 1)
    asked = (await operator.post(f"/api/v1/reports/{report}/strike", json={})).json()
    lifted = await operator.post(f"/api/v1/strikes/{asked['id']}/lift", json={"because": "tertekan di saku"})
    assert (lifted.status_code, lifted.json()["lifted_because"]) == (200, "tertekan di saku")
    again = await operator.post(f"/api/v1/strikes/{asked['id']}/lift", json={"because": "sekali lagi"})
    assert (again.status_code, again.json()["error"]) == (409, "strike_over")


async def test_what_is_no_strike(operator: Client, database: Database, clock: SetClock) -> None:
    real = await rang(database, clock(), 1, outcome="answered")
    nobody = await rang(database, clock(), 2, "anonymous", outcome="answered")
    await change(operator, nobody, **{"class": "prank"})
    for report, code in ((real, "no_nuisance"), (nobody, "nobodys_number")):
        refused = await operator.post(f"/api/v1/reports/{report}/strike", json={})
        assert (refused.status_code, refused.json()["error"]) == (409, code)
    prank = await pranked(operator, database, clock, 3)
    assert (await operator.post(f"/api/v1/reports/{prank}/strike", json={})).status_code == 201
    twice = await operator.post(f"/api/v1/reports/{prank}/strike", json={})
    assert (twice.status_code, twice.json()["error"]) == (409, "already_a_strike")
    for unknown in ("0190163d-8694-739b-aea5-966c26f8ad91", "x"):
        assert (await operator.post(f"/api/v1/strikes/{unknown}/confirm")).status_code == 404
