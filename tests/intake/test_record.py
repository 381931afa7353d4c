"""What the record holds of what people said: marks under the report's key, never the words. On both databases."""

import json

from sqlalchemy import select

from db import chain, reports, seals, tables
from db.chain import AuditRow
from db.engine import Database
from tests.intake.conftest import Client, Json, add_agency

NAME, NUMBER, PLACE, WORDS = "Bu Contoh", "081200000009", "Gang Buntu 7", "anaknya sesak napas"


async def rows(database: Database) -> list[AuditRow]:
    """Return the whole record."""
    async with database.reading() as reading:
        return await chain.rows_after(reading, 0, 1_000)


async def worked_on(client: Client, database: Database) -> tuple[Json, str]:
    """Open, edit and write on a report, send it and have it answered and cancelled; return it, and the answerer."""
    token = await add_agency(database, "damkar", "kebakaran")
    caller = {"number": NUMBER, "name": NAME}
    opened = await client.post("/api/v1/reports", json={"source": "walk-in", "caller": caller, "kind": "kebakaran"})
    report: Json = opened.json()
    path = f"/api/v1/reports/{report['number']}"
    change = {"location": {"text": PLACE}, "narrative": WORDS}
    assert (await client.patch(path, json=change, headers={"If-Match": '"1"'})).status_code == 200
    assert (await client.post(f"{path}/entries", json={"text": f"{WORDS} sekali"})).status_code == 201
    (sent,) = (await client.post(f"{path}/dispatches", json={})).json()["dispatches"]
    said = {"answer": "accepted", "by": "Pak Regu", "note": f"menuju {PLACE}"}
    answered = await client.post(
        f"/agency/v1/dispatches/{sent['id']}/answers", json=said, headers={"Authorization": f"Bearer {token}"}
    )
    assert answered.status_code == 200
    cancelled = await client.post(f"/api/v1/dispatches/{sent['id']}/cancel", json={"reason": f"{NAME} sudah aman"})
    assert cancelled.status_code == 200
    return report, sent["id"]


async def test_no_word_of_a_person_is_in_the_record(operator: Client, database: Database) -> None:
    await worked_on(operator, database)
    written = await rows(database)
    text = "\n".join(row.detail for row in written)
    for word in (NAME, NUMBER, PLACE, WORDS, "Pak Regu", "+6281200000009"):
        assert word not in text
    marked = {row.action: set(json.loads(row.detail)["marks"]) for row in written if "marks" in json.loads(row.detail)}
    assert {"caller.number", "caller.name", "kind"} <= marked["report.opened"]
    assert marked["report.changed"] == {"location.text", "narrative"}
    assert marked["entry.written"] == {"text"}
    assert marked["dispatch.accepted"] == {"by", "note"}
    assert marked["dispatch.cancelled"] == {"reason"}
    assert {row.actor for row in written if row.action == "dispatch.accepted"} == {"damkar"}


async def test_a_mark_shows_what_was_said_until_it_is_erased(operator: Client, database: Database) -> None:
    report, _ = await worked_on(operator, database)
    (changed,) = [row for row in await rows(database) if row.action == "report.changed"]
    mark = json.loads(changed.detail)["marks"]["location.text"]
    async with database.transaction() as tx:
        row = await reports.find(tx, report["number"])
        assert row is not None
        assert await seals.fits(tx, row.id, "location.text", PLACE, mark) is True
        assert await seals.fits(tx, row.id, "location.text", "Gang Buntu 8", mark) is False
        assert await seals.fits(tx, row.id, "narrative", PLACE, mark) is False, "a mark is of a field"
        await seals.forget(tx, row.id)
        assert await seals.fits(tx, row.id, "location.text", PLACE, mark) is None
        assert (await tx.connection.execute(select(tables.report_keys))).all() == []
    assert (await chain.verify(database)).bad is None
    again = await operator.post(f"/api/v1/reports/{report['number']}/entries", json={"text": "setelah penghapusan"})
    assert again.status_code == 201


async def test_the_same_words_in_two_reports_have_two_marks(operator: Client, database: Database) -> None:
    for _ in range(2):
        await operator.post("/api/v1/reports", json={"source": "walk-in", "caller": {"name": NAME}})
    opened = [json.loads(row.detail)["marks"] for row in await rows(database) if row.action == "report.opened"]
    assert opened[0]["caller.name"] != opened[1]["caller.name"]
