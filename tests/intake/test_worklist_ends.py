"""Calling back by one's own telephone, and the reports of an item that end with it. On both databases."""

from sqlalchemy import update

from db import controls, tables
from db.engine import Database
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json
from tests.intake.rang import rang, report_of
from tests.intake.sitting import machines, person
from tests.intake.test_worklist import WORKLIST, only


async def test_ones_own_telephone_calls_back(
    operator: Client, database: Database, clock: SetClock, client: Client
) -> None:
    await machines(database)
    await rang(database, clock(), 1)
    path = f"{WORKLIST}/{(await only(operator))['id']}/call-back"
    refused = await operator.post(path)
    assert (refused.status_code, refused.json()["error"]) == (409, "no_device")
    assert "send `device`" in refused.json()["message"]
    siti = await person(client, database, "siti")
    client.headers.pop("Authorization")
    assert (await siti.post(path.removeprefix("/api/v1")))[1]["error"] == "no_device"
    await siti.start("PJSIP/op2")
    status, said = await siti.post(path.removeprefix("/api/v1"))
    assert (status, said.get("action")) == (202, "call-back"), said
    async with database.transaction() as tx:
        (row,) = [one for one in await controls.unfinished(tx, "pbx-1") if one.action == "call-back"]
        await controls.end(tx, row.id, "failed", "busy", "")
        assert row.arguments["device"] == "PJSIP/op2"
        await tx.connection.execute(update(tables.shifts).values(pbx="pbx-2"))
    status, said = await siti.post(f"/reports/{await report_of(database, 1)}/call-back")
    assert (status, said["error"]) == (409, "no_device")
    assert "pbx-2" in said["message"]


async def test_its_reports_may_be_closed_with_it(operator: Client, database: Database, clock: SetClock) -> None:
    numbers = [await rang(database, clock.forward(minutes=1), n) for n in range(3)]
    await operator.post(f"/api/v1/reports/{numbers[1]}/entries", json={"text": "Terdengar teriakan"})
    item = await only(operator)
    assert item["not_closed"] == numbers
    path = f"{WORKLIST}/{item['id']}/close"
    ends: Json = {"reports": {"disposition": "pocket_dial"}}
    for body, status, error in (
        ({}, 422, "invalid"),
        (ends, 409, "item_open"),
        ({"because": "found", "reports": {"disposition": "resolved"}}, 422, "unfit_disposition"),
        ({"because": "found", "reports": {"class": "normal"}}, 409, "no_disposition"),
    ):
        refused = await operator.post(path, json=body)
        assert (refused.status_code, refused.json()["error"]) == (status, error), refused.text
    assert (await only(operator))["not_closed"] == numbers, "all or nothing"
    closed = await operator.post(path, json={"because": "found"} | ends)
    assert (closed.status_code, closed.json()["not_closed"]) == (200, [numbers[1]]), "somebody works on that one"
    first = (await operator.get(f"/api/v1/reports/{numbers[0]}")).json()
    assert (first["status"], first["class"], first["disposition"]) == ("closed", "ghost", "pocket_dial")
    assert (await operator.post(path, json={"because": "found"} | ends)).json()["error"] == "item_closed"


async def test_the_reports_of_an_item_that_closed_by_itself(
    operator: Client, database: Database, clock: SetClock
) -> None:
    missed = await rang(database, clock(), 1)
    await rang(database, clock.forward(minutes=2), 2, outcome="answered")
    item = await only(operator, closed="true")
    assert item["not_closed"] == [missed]
    closed = await operator.post(f"{WORKLIST}/{item['id']}/close", json={"reports": {}})
    assert (closed.status_code, closed.json()["not_closed"], closed.json()["closed_because"]) == (200, [], "answered")
    assert (await operator.get(f"/api/v1/reports/{missed}")).json()["disposition"] == "silent"
