"""Somebody at the desk does not wait until an agency's time is up. On both databases."""

from db import entries, live, reports
from db.dispatches import DispatchRow
from db.engine import Database
from tests.intake.conftest import Client
from tests.intake.test_escalating import NUMBER, answer, look, rows
from tests.intake.test_escalating import sent as sent


async def test_the_next_agency_has_it_at_once_and_only_once(
    operator: Client, database: Database, sent: DispatchRow
) -> None:
    url = f"/api/v1/dispatches/{sent.id}/escalate"
    done = await operator.post(url)
    assert done.status_code == 200, done.text
    assert (done.json()["followed"], done.json()["dispatch"]["escalation"]) == (True, 2)
    assert {code: row.state for code, row in (await rows(database)).items()} == {"damkar": "queued", "bpbd": "queued"}
    async with database.reading() as reading:
        report = await reports.find(reading, NUMBER)
        assert report is not None
        said = [one.text for one in await entries.of_report(reading, report.id) if "tanpa menunggu" in one.text]
        told = [row.subject for row in await live.after(reading, 0, 500) if row.kind == "escalation"]
    assert len(said) == 1
    assert told == [sent.id]

    again = await operator.post(url)
    assert (again.status_code, again.json()["error"]) == (409, "escalated_already")
    assert await look(database) == 0, "its ladder goes on with the step after, when that is due"
    last = (await rows(database))["bpbd"]
    await answer(database, last, "accepted")
    late = await operator.post(f"/api/v1/dispatches/{last.id}/escalate")
    assert (late.status_code, late.json()["error"]) == (409, "not_waiting")
    assert (await operator.post("/api/v1/dispatches/" + "0" * 26 + "/escalate")).status_code == 404


async def test_where_the_rules_know_nobody_else_that_is_said(
    operator: Client, database: Database, sent: DispatchRow
) -> None:
    for code in ("damkar", "bpbd"):
        row = (await rows(database))[code]
        assert (await operator.post(f"/api/v1/dispatches/{row.id}/escalate")).json()["followed"] is True
    row = (await rows(database))["polres"]
    assert (await operator.post(f"/api/v1/dispatches/{row.id}/escalate")).json()["followed"] is False
    assert len(await rows(database)) == 3
