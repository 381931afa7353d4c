"""What the record holds of what people said: marks under the report's key, never the words. On both databases."""

import json

from sqlalchemy import select

from db import chain, reports, seals, tables
from db.chain import AuditRow
from db.engine import Database
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, add_agency, book
from tests.intake.rang import E164, rang
from tests.intake.test_aml import V1
from tests.intake.test_booking import ARRIVED, DESCRIBED
from tests.intake.test_position import HERE

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


async def test_who_marks_and_unmarks_which_switchboard_can_be_shown(operator: Client, database: Database) -> None:
    pilot = (await operator.post("/api/v1/pilots", json={"number": NUMBER, "name": NAME})).json()
    assert (await operator.delete(f"/api/v1/pilots/{pilot['id']}")).status_code == 204
    written = [row for row in await rows(database) if row.action.startswith("pilot.")]
    assert [row.action for row in written] == ["pilot.marked", "pilot.unmarked"]
    marked, unmarked = (json.loads(row.detail)["marks"] for row in written)
    assert marked == unmarked
    async with database.transaction() as tx:
        assert await seals.fits(tx, pilot["id"], "number", pilot["number"], marked["number"]) is True
        assert await seals.fits(tx, pilot["id"], "name", NAME, marked["name"]) is True
        await seals.forget(tx, pilot["id"])
        assert await seals.fits(tx, pilot["id"], "name", NAME, marked["name"]) is None
    assert all(pilot["number"] not in row.detail and NAME not in row.detail for row in written)


async def test_the_same_words_in_two_reports_have_two_marks(operator: Client, database: Database) -> None:
    for _ in range(2):
        await operator.post("/api/v1/reports", json={"source": "walk-in", "caller": {"name": NAME}})
    opened = [json.loads(row.detail)["marks"] for row in await rows(database) if row.action == "report.opened"]
    assert opened[0]["caller.name"] != opened[1]["caller.name"]


async def marked(database: Database, action: str, report: str, said: Json) -> None:
    """Assert that the last row of an action has fitting marks of exactly these values."""
    last = [row for row in await rows(database) if row.action == action][-1]
    marks = json.loads(last.detail)["marks"]
    for value in said.values():
        assert str(value) not in last.detail
    async with database.reading() as reading:
        row = await reports.find(reading, report)
        assert row is not None
        assert marks.keys() == said.keys(), action
        for name, value in said.items():
            assert await seals.fits(reading, row.id, name, value, marks[name]) is True, (action, name)


async def test_notes_of_people_are_marked(operator: Client, database: Database) -> None:
    opened = await operator.post("/api/v1/reports", json={"source": "walk-in", "kind": "kebakaran"})
    number = opened.json()["number"]
    path = f"/api/v1/reports/{number}"

    async def done(way: str, body: Json) -> None:
        answer = await operator.post(f"{path}/{way}", json=body)
        assert answer.status_code in (200, 201), answer.text

    kinds = (await operator.get("/api/v1/kinds")).json()["kinds"]
    asked = next(one for one in kinds if one["code"] == "kebakaran")["guide"][0]
    answer = asked["answers"][0]["code"]
    await done("guide", {"question": asked["code"], "answer": answer})
    (row,) = [row for row in await rows(database) if row.action == "guide.answered"]
    async with database.reading() as reading:
        found = await reports.find(reading, number)
        assert found is not None
        mark = json.loads(row.detail)["marks"]["answer"]
        assert await seals.fits(reading, found.id, "answer", answer, mark) is True
    await done("close", {"class": "prank", "note": WORDS})
    await marked(database, "entry.written", number, {"text": WORDS})
    await done("reopen", {"note": PLACE})
    await marked(database, "entry.written", number, {"text": PLACE})
    handed = await operator.post("/api/v1/handovers", json={"note": f"{WORDS} lagi", "reports": [number]})
    assert handed.status_code == 201, handed.text
    await marked(database, "handover.made", number, {"note": f"{WORDS} lagi"})
    assert (await chain.verify(database)).bad is None


async def test_what_is_said_of_callers_is_marked(operator: Client, database: Database, clock: SetClock) -> None:
    number = await rang(database, clock(), 1)
    (item,) = (await operator.get("/api/v1/worklist")).json()["items"]
    item_path = f"/api/v1/worklist/{item['id']}"
    assert (await operator.post(f"{item_path}/steps", json={"step": "search", "note": WORDS})).status_code == 201
    await marked(database, "worklist.step", number, {"note": WORDS})
    closed = await operator.post(f"{item_path}/close", json={"because": "found", "note": PLACE})
    assert closed.status_code == 200, closed.text
    await marked(database, "worklist.closed", number, {"note": PLACE})
    etag = (await operator.get(f"/api/v1/reports/{number}")).headers["ETag"]
    changed = await operator.patch(f"/api/v1/reports/{number}", json={"class": "prank"}, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    strike = await operator.post(f"/api/v1/reports/{number}/strike", json={"note": WORDS})
    await marked(database, "strike.asked", number, {"note": WORDS})
    assert (
        await operator.post(f"/api/v1/strikes/{strike.json()['id']}/lift", json={"because": PLACE})
    ).status_code == 200
    await marked(database, "strike.lifted", number, {"because": PLACE})


async def test_positions_are_marked(operator: Client, database: Database, clock: SetClock) -> None:
    number = await rang(database, clock(), 1)
    told = await operator.post("/api/v1/aml", json={"from": E164, "text": V1, "at": clock().isoformat()})
    assert told.json()["state"] == "joined", told.text
    here = {"location.lat": -7.0083, "location.lon": 113.8591}
    await marked(database, "position.learnt", number, here | {"location.radius_m": 14.0, "confidence": 68.0})
    pin = {"lat": -7.0083, "lon": 113.8591}  # what is shown already: a person says so, too
    assert (await operator.post(f"/api/v1/reports/{number}/positions", json=pin)).status_code == 201
    await marked(database, "report.changed", number, here)
    link = (await operator.post(f"/api/v1/reports/{number}/location-link", json={})).json()["url"]
    sent = await operator.post(link, data={"lat": "-7.01", "lon": "113.86", "accuracy": "23.4", "place": PLACE})
    assert sent.status_code in (200, 303), sent.text
    said = {"location.lat": -7.01, "location.lon": 113.86, "location.radius_m": 23.4, "place": PLACE}
    await marked(database, "link.used", number, said)


async def test_the_networks_position_is_marked(operator: Client, database: Database) -> None:
    await book(database, ARRIVED, DESCRIBED, HERE)
    number = (await operator.get("/api/v1/reports")).json()["reports"][0]["number"]
    marks = [json.loads(row.detail).get("marks") for row in await rows(database) if row.action == "CallStateChange"]
    assert [set(one) for one in marks if one] == [{"location.lat", "location.lon", "location.radius_m", "provided_by"}]
    async with database.reading() as reading:
        row = await reports.find(reading, number)
        assert row is not None
        (one,) = [one for one in marks if one]
        assert await seals.fits(reading, row.id, "location.lat", -7.0083, one["location.lat"]) is True
