"""The wallboard's numbers, and the links of the screens that show them. On both databases."""

import json
from datetime import timedelta

from sqlalchemy import select

from db import live, machine_room, tables
from db.engine import Database
from intake.facts import Arrived, CallKey, Ended, LegEnded, Outcome, Rang, Taken
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, Client, Json, LogIn, add_agency, book, ring
from tests.intake.sitting import OP1, OP2, at_pbx, later, machines, person

OP7 = "PJSIP/op7"  # nobody sits there, so no answered call changes the state of a desk
CALLER = "+6281234567890"


async def called(database: Database, n: int, ago_s: float, answered_s: float | None, lasts_s: float | None) -> None:
    """Let somebody have called; seconds are after the arrival, except `ago_s`."""
    key, arrived = CallKey("pbx-1", f"c.{n}"), database.clock() - timedelta(seconds=ago_s)

    await book(database, Arrived(key, arrived, f"c.{n}", "trunk", "112", CALLER, "Siti Contoh"))
    phone = f"p.{n}"
    if answered_s is not None:
        at = arrived + timedelta(seconds=answered_s)
        await book(database, Rang(key, at, phone, OP7, "op"), Taken(key, at, phone, OP7, "op"))
    if lasts_s is not None:
        ended = arrived + timedelta(seconds=lasts_s)
        outcome: Outcome = "abandoned" if answered_s is None else "answered"
        legs = [] if answered_s is None else [LegEnded(key, ended, phone, "16")]
        await book(database, *legs, Ended(key, ended, outcome, "16"))


async def board(client: Client, clock: SetClock, **headers: str) -> Json:
    """Return the wallboard, read anew."""
    clock.forward(seconds=2)
    answer = await client.get("/api/v1/wallboard", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_each_number_is_what_its_definition_says(client: Client, database: Database, clock: SetClock) -> None:
    """It is 08:59 in Sumenep."""
    await add_agency(database, "damkar", "kebakaran")
    await machines(database)
    await (siti := await person(client, database, "siti")).start(OP1)
    await at_pbx(database, "ready", OP1)
    await (await person(client, database, "budi")).start(OP2)
    await at_pbx(database, "paused", OP2)
    await at_pbx(database, "ready", "PJSIP/op3")
    await called(database, 1, 60 * 60 * 10, 5, 60)  # yesterday
    for day in range(1, 5):
        await called(database, 10 + day, 60 * 60 * 24 * day, 5, 60)  # 08 o'clock; the first day is no whole one
    await called(database, 2, 3600, 10, 90)
    await called(database, 3, 1800, 20, 90)
    await called(database, 4, 1700, None, 40)
    await called(database, 5, 1600, None, 3)
    await called(database, 6, 30, None, None)  # waits
    told = {"source": "walk-in", "priority": "P1"}
    sent = await client.post("/api/v1/reports", json=told, headers=siti.headers)
    number = sent.json()["number"]
    url = f"/api/v1/reports/{number}/dispatches"
    await client.post(url, json={"agencies": ["damkar"]}, headers=siti.headers)
    await later(database, clock, seconds=118)
    shown = await board(client, clock, **siti.headers)
    assert shown["now"] == shown["as_of"]
    assert shown["waiting"]["count"] == 1
    assert shown["operators"] == {
        "shifts": 2,
        "ready": 1,
        "break": 1,
        "talking": 0,
        "wrap_up": 0,
        "other": 0,
        "without_shift": 1,
    }
    today = shown["today"]
    assert today["since"] == "2026-03-13T17:00:00Z"
    assert (today["arrived"], today["ended"], today["abandoned"], today["unanswered"]) == (5, 4, 2, 0)
    assert today["answering"] == {"within_s": 15, "target": 0.9, "in_time": 1, "counted": 4, "gave_up": 1, "unknown": 0}
    (waiting,) = shown["dispatches"].pop("oldest")
    assert shown["dispatches"] == {"unaccepted": 1, "overdue": 1, "rejected": 0, "silent": 0}
    assert (waiting["report"], waiting["agency"], waiting["overdue"]) == (number, "Damkar", True)
    hours = {one["hour"]: one for one in shown["hours"]["of"]}
    assert shown["hours"]["days"] == 3
    assert hours[8] == {"hour": 8, "calls": 4, "mean": 1.0}
    assert hours[9] == {"hour": 9, "calls": 0, "mean": 0.0}
    assert hours[10]["calls"] is None, "it is still to come"
    await siti.wish("break")
    await at_pbx(database, "paused", OP1)
    assert (await board(client, clock, **siti.headers))["operators"]["break"] == 2


async def test_all_screens_of_a_process_cost_one_reading_in_two_seconds(
    operator: Client, database: Database, clock: SetClock
) -> None:
    before = await board(operator, clock)
    await called(database, 1, 5, None, None)
    clock.forward(seconds=1.9)
    again = (await operator.get("/api/v1/wallboard")).json()
    assert again["as_of"] == before["as_of"], "and it says how old it is"
    assert again["now"] > again["as_of"]
    clock.forward(seconds=0.2)
    assert (await operator.get("/api/v1/wallboard")).json()["waiting"]["count"] == 1


async def test_lamps_say_what_is_known_and_no_more(operator: Client, database: Database, clock: SetClock) -> None:
    async def lamps() -> dict[str, str]:
        return {one["name"]: one["state"] for one in (await board(operator, clock))["lamps"]}

    unknown = {"trunk": "unknown", "ami": "unknown", "queue": "unknown", "database": "ok", "lanes": "unknown"}
    assert await lamps() == unknown, "nothing is expected here, so nothing is known to be well"
    await machines(database)
    assert (await lamps())["ami"] == "ok"
    assert (await lamps())["queue"] == "bad", "there is no telephone to ring"
    await at_pbx(database, "ready")
    assert (await lamps())["queue"] == "ok"
    gone = [machine_room.Alarm("trunk", "Trunk x is gone.")]
    async with database.transaction() as tx:
        await machine_room.beat(tx, "bridge:pbx-1:0a1b2c3d", "connected", "", alarms=gone)
    assert (await lamps())["trunk"] == "bad"
    clock.forward(seconds=60)
    assert await lamps() == unknown | {"ami": "bad"}, "what a silent bridge said last is past"


async def test_a_screens_link_shows_the_numbers_opens_nothing_else_and_is_revoked(
    as_role: LogIn, database: Database, clock: SetClock
) -> None:
    supervisor = await as_role("supervisor")
    await ring(database, clock(), CALLER)
    made = await supervisor.post("/api/v1/walls", json={"name": "Ruang operator"})
    assert made.status_code == 201, made.text
    page, _, token = made.json()["url"].partition("#")
    assert page == f"{PUBLIC_URL}/papan/layar"
    assert (await supervisor.post("/api/v1/walls", json={"name": "Ruang operator"})).json()["error"] == "name_taken"
    assert (await supervisor.get("/api/v1/walls")).json()["walls"] == [
        {"name": "Ruang operator", "made_at": made.json()["made_at"]}
    ], "the link itself is told once"
    answer = await supervisor.get("/papan/layar", headers={"Authorization": ""})
    assert (answer.status_code, 'data-role="wall"' in answer.text) == (200, True)
    theirs = f"Bearer {token}"
    shown = json.dumps(await board(supervisor, clock, Authorization=theirs))
    assert '"count": 1' in shown
    for secret in (CALLER, CALLER[3:], "Siti Contoh"):
        assert secret not in shown
    for path in ("/api/v1/state", "/api/v1/calls", "/api/v1/live", "/api/v1/desks", "/api/v1/supervision"):
        assert (await supervisor.get(path, headers={"Authorization": theirs})).status_code == 403
    revoked = await supervisor.post("/api/v1/walls/Ruang operator/revoke", json={})
    assert revoked.status_code == 200
    assert (await supervisor.get("/api/v1/wallboard", headers={"Authorization": theirs})).status_code == 401
    assert (await supervisor.get("/api/v1/walls")).json()["walls"] == []
    assert (await supervisor.post("/api/v1/walls/Ruang operator/revoke", json={})).json()["error"] == "unknown_wall"
    assert (await supervisor.post("/api/v1/walls/the supervisor/revoke", json={})).status_code == 404, "only screens"
    async with database.reading() as reading:
        rows = await reading.connection.execute(select(tables.audit.c.action, tables.audit.c.subject))
        told = [row.subject for row in await live.after(reading, 0, 100) if row.kind == "settings"]
        assert token not in (await reading.connection.execute(select(tables.tokens.c.token_hash))).scalars().all()
    assert [tuple(row) for row in rows if row.action.startswith("wall.")] == [
        ("wall.made", "wall:Ruang operator"),
        ("wall.revoked", "wall:Ruang operator"),
    ]
    assert told == ["wall:Ruang operator"] * 2
