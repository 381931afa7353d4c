"""Duplicates at the API: proposed with a reason while the second caller talks, joined and undone. On both databases."""

import asyncio
from datetime import timedelta

from msgspec.structs import replace
from sqlalchemy import event, text

from db import duplicates, live, reports
from db.engine import Database
from intake import area_data, placing
from tests.conftest import SetClock
from tests.intake.area import FILES
from tests.intake.conftest import Client, Json, LogIn, add_agency, ring

LIMITS = "/api/v1/duplicate-limits"


def duplicates_of(number: str) -> str:
    """Return the address of a report's duplicates."""
    return f"/api/v1/reports/{number}/duplicates"


async def fire(operator: Client, **more: object) -> str:
    """Open a report of a fire in the market."""
    place = {"text": "Pasar Contoh", "lat": -7.0083, "lon": 113.8591}
    body = {"source": "walk-in", "kind": "kebakaran", "priority": "P2", "location": place}
    return str((await operator.post("/api/v1/reports", json=body | more)).json()["number"])


async def told(database: Database, after: int) -> dict[str, int | None]:
    """Return which reports `/live` told since, with their versions."""
    async with database.reading() as reading:
        return {row.subject: row.version for row in await live.after(reading, after) if row.kind == "report"}


async def test_proposed_joined_and_undone_with_one_key_each(
    operator: Client, database: Database, clock: SetClock
) -> None:
    first = await fire(operator)
    far = await fire(operator, location={"text": "Pasar Contoh", "lat": -7.5, "lon": 113.8591})
    clock.forward(minutes=4)
    second = await ring(database, clock.now)
    assert (await operator.get(duplicates_of(second))).json()["proposed"] == [], "nobody knows where he is"
    etag = (await operator.get(f"/api/v1/reports/{second}")).headers["ETag"]
    body = {"kind": "kebakaran", "priority": "P2", "location": {"lat": -7.0074, "lon": 113.8591}}
    await operator.patch(f"/api/v1/reports/{second}", json=body, headers={"If-Match": etag})
    seen = (await operator.get(duplicates_of(second))).json()
    assert (seen["of"], seen["group"], seen["cut"]) == (None, [], False)
    (proposed,) = seen["proposed"]
    assert (proposed["number"], proposed["by_way_of"], proposed["obstacle"]) == (first, first, None)
    assert proposed["reason"] == {
        "distance_m": 100.1,
        "minutes": 4.0,
        "kind": "same",
        "same_place": False,
        "text": "100 m, 4 menit, jenis sama",
    }
    async with database.reading() as reading:
        seq = (await live.span(reading))[1]
    joined = await operator.post(duplicates_of(second), json={"of": first})
    assert joined.status_code == 200, joined.text
    assert (joined.json()["of"], joined.json()["proposed"]) == (first, [])
    assert [(one["number"], one["joined_to"], one["caller"]["name"]) for one in joined.json()["group"]] == [
        (first, None, None),
        (second, first, "Siti Contoh"),
    ]
    again = await operator.post(duplicates_of(second), json={"of": first})
    assert (again.status_code, again.json()) == (200, joined.json())
    shown = {one["number"]: one for one in (await operator.get("/api/v1/reports")).json()["reports"]}
    assert {number: (one["duplicate_of"], one["joined"]) for number, one in shown.items()} == {
        first: (None, 1),
        far: (None, 0),
        second: (first, 0),
    }
    assert await told(database, seq) == {number: shown[number]["version"] for number in (first, second)}
    texts = [one["text"] for one in (await operator.get(f"/api/v1/reports/{first}")).json()["entries"]]
    assert texts[-1] == f"Laporan {second} digabung dengan laporan ini: 100 m, 4 menit, jenis sama."
    third = await fire(operator, location={"lat": -7.0038, "lon": 113.8591})
    (proposed,) = (await operator.get(duplicates_of(third))).json()["proposed"]
    assert (proposed["number"], proposed["by_way_of"]) == (first, second), "near the one, so joined to its head"
    undone = await operator.post(f"{duplicates_of(second)}/undo", json={})
    assert (undone.status_code, undone.json()["of"], undone.json()["group"]) == (200, None, [])
    assert first in [one["number"] for one in undone.json()["proposed"]]
    assert (await operator.post(duplicates_of(second), json={"of": first})).status_code == 200
    assert (await operator.delete(duplicates_of(second))).status_code == 200
    assert (await operator.get(f"/api/v1/reports/{second}")).json()["duplicate_of"] is None


async def test_the_same_place_by_its_code_and_what_a_joined_report_may(operator: Client, database: Database) -> None:
    async with database.transaction() as tx:
        await placing.load(tx, area_data.cut(FILES, "99.01"), "9.0.0", "99.01", "start")
    await add_agency(database, "damkar", "kebakaran")
    first = await fire(operator, location={"place": "99.01.02.2001", "text": "Belakang balai"})
    second = await fire(operator, location={"place": "99.01.02.2001"})
    (proposed,) = (await operator.get(duplicates_of(second))).json()["proposed"]
    assert (proposed["number"], proposed["reason"]["same_place"]) == (first, True)
    assert (await operator.post(f"/api/v1/reports/{second}/dispatches", json={})).status_code == 201
    assert (await operator.post(duplicates_of(second), json={"of": first})).status_code == 200
    (damkar,) = (await operator.get(f"/api/v1/reports/{first}/dispatches/proposed")).json()["proposed"]
    assert damkar["has_it"], "it has the other report, and would not be sent this one"
    assert (await operator.get(f"/api/v1/reports/{second}")).json()["steps"] == []
    ways: dict[str, Json] = {
        "close": {"disposition": "resolved"},
        "reopen": {},
        "not-ours": {"agency": "damkar"},
        "dispatches": {"agencies": ["damkar"]},
    }
    for way, body in ways.items():
        refused = (await operator.post(f"/api/v1/reports/{second}/{way}", json=body)).json()
        assert (refused["error"], refused["allowed"]) == ("joined", []), way


async def test_what_is_refused(operator: Client, clock: SetClock) -> None:
    first, second = await fire(operator), await fire(operator)

    async def refused(number: str, of: object) -> tuple[int, str]:
        answer = await operator.post(duplicates_of(number), json={"of": of})
        return answer.status_code, answer.json().get("error")

    assert await refused(first, first) == (422, "same_report")
    assert await refused(first, "112-20260314-9999") == (422, "unknown_other")
    assert await refused("112-20260314-9999", first) == (404, "unknown_report")
    assert await refused(first, "x") == (422, "invalid")
    answer = await operator.delete(duplicates_of(first))
    assert (answer.status_code, answer.json()["error"]) == (409, "not_joined")
    etag = (await operator.get(f"/api/v1/reports/{first}")).headers["ETag"]
    await operator.patch(f"/api/v1/reports/{first}", json={"status": "resolved"}, headers={"If-Match": etag})
    assert await refused(second, first) == (409, "not_joinable")
    (proposed,) = (await operator.get(duplicates_of(second))).json()["proposed"]
    assert proposed["obstacle"].startswith(f"{first} is resolved. If the incident goes on, set that one reopened")


async def test_the_limits_are_the_centres(as_role: LogIn, database: Database, clock: SetClock) -> None:
    client = await as_role("supervisor")
    first = await fire(client)
    clock.forward(minutes=90)
    second = await fire(client, kind="hewan")
    standing: Json = (await client.get(LIMITS)).json()
    assert (standing["within_m"], standing["within_min"], standing["joinable_h"]) == (500, 60, 12)
    assert (await client.get(duplicates_of(second))).json()["proposed"] == []
    new = {"within_m": 500, "within_min": 120, "joinable_h": 1, "fits": [["hewan", "*"]]}
    unset, first_of_all = {"If-Match": '"0"'}, {"If-Match": '"1"'}
    assert (await client.put(LIMITS, json=new, headers=unset)).json() == new | {"version": 1}
    assert (await client.get(LIMITS)).headers["ETag"] == '"1"'
    (proposed,) = (await client.get(duplicates_of(second))).json()["proposed"]
    assert (proposed["number"], proposed["reason"]["kind"]) == (first, "fits")
    assert "joinable_h" in proposed["obstacle"]
    for wrong in ([["hewan", "naga"]], [["hewan"]]):
        refused = await client.put(LIMITS, json=new | {"fits": wrong}, headers=first_of_all)
        assert refused.status_code == 422
    await as_role("operator")
    assert (await client.put(LIMITS, json=new, headers=first_of_all)).status_code == 403


async def test_of_two_who_set_the_limits_the_second_sees_both_values(as_role: LogIn) -> None:
    client = await as_role("supervisor")
    theirs = {"within_m": 300, "within_min": 60, "joinable_h": 12, "fits": [["hewan", "*"]]}
    mine = theirs | {"within_m": 900, "fits": []}
    for version in (0, 1):  # when nobody had set any, and then
        seen = {"If-Match": f'"{version}"'}
        at_once = await asyncio.gather(*(client.put(LIMITS, json=one, headers=seen) for one in (theirs, mine)))
        assert sorted(answer.status_code for answer in at_once) == [200, 412]
        refused = next(answer.json() for answer in at_once if answer.status_code == 412)
        now = (await client.get(LIMITS)).json()
        assert (refused["current_version"], now["version"]) == (version + 1, version + 1)
        assert refused["conflicts"].keys() == {"within_m", "fits"}
        assert refused["conflicts"]["within_m"]["theirs"] == now["within_m"]
        assert {*refused["conflicts"]["fits"].values()} == {"hewan/*", ""}
    assert (await client.put(LIMITS, json=mine)).status_code == 428


async def test_looking_for_them_reads_an_index_and_so_many_at_most(operator: Client, database: Database) -> None:
    number = await fire(operator)
    seen: list[tuple[str, tuple[object, ...]]] = []
    async with database.transaction() as tx:
        row = await reports.find(tx, number)
        assert row is not None
        connection = tx.connection.sync_connection
        assert connection is not None

        @event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
            seen.append((statement, parameters))

        await duplicates.near(tx, row, (-7.1, -7.0, 113.8, 113.9), timedelta(hours=1), 501)
        await duplicates.group(tx, replace(row, joined=1))
        event.remove(connection, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        if not database.is_sqlite:
            await tx.connection.execute(text("SET LOCAL enable_seqscan = off"))  # what is cheaper with an empty table
        plans = [str((await tx.connection.exec_driver_sql(explain + said, values)).all()) for said, values in seen]
    assert "ix_reports_opened_at" in plans[0]
    assert "ix_reports_duplicate_of" in plans[1]
    assert "LIMIT" in seen[0][0]
