"""Reports are linked by people, and by a rule that they undo. Nothing is merged. On both databases."""

from db.engine import Database
from tests.conftest import SetClock
from tests.intake.conftest import Client
from tests.intake.rang import rang


async def test_a_person_links_two_reports_and_undoes_it(operator: Client, database: Database, clock: SetClock) -> None:
    first = await rang(database, clock(), 1)
    second = await rang(database, clock.forward(minutes=1), 2, "081299999999", outcome="answered")
    before = (await operator.get("/api/v1/state")).json()["seq"]
    made = await operator.post(f"/api/v1/reports/{first}/links", json={"to": second})
    assert made.status_code == 201, made.text
    link = made.json()
    assert (link["report"], link["to"], link["rule"]) == (second, first, None), "the later one to the earlier one"
    assert (await operator.get("/api/v1/state")).json()["seq"] == before + 3, "both reports and the worklist"
    for report, words in ((second, f"Tautan ke {first}"), (first, f"Tautan dari {second}")):
        texts = [one["text"] for one in (await operator.get(f"/api/v1/reports/{report}")).json()["entries"]]
        assert texts[-1] == f"{words}: ditautkan oleh the operator"
        assert (await operator.get(f"/api/v1/reports/{report}/links")).json()["links"] == [link]
    (item,) = (await operator.get("/api/v1/worklist", params={"closed": True})).json()["items"]
    assert (item["closed_because"], item["reports"]) == ("linked", [first])
    again = await operator.post(f"/api/v1/reports/{second}/links", json={"to": first})
    assert (again.status_code, again.json()["error"]) == (409, "already_linked")
    undone = await operator.post(f"/api/v1/links/{link['id']}/undo")
    assert (undone.status_code, undone.json()["undone_by"]) == (200, "the operator")
    assert [one["id"] for one in (await operator.get("/api/v1/worklist")).json()["items"]] == [item["id"]]
    assert (await operator.post(f"/api/v1/reports/{second}/links", json={"to": first})).status_code == 201


async def test_a_link_to_a_caller_whom_nobody_talked_to_ticks_nothing_off(
    operator: Client, database: Database, clock: SetClock
) -> None:
    first = await rang(database, clock(), 1)
    second = await rang(database, clock.forward(minutes=1), 2, "081299999999")
    assert (await operator.post(f"/api/v1/reports/{second}/links", json={"to": first})).status_code == 201
    assert (await operator.get("/api/v1/worklist")).json()["owed"] == 2


async def test_links_that_cannot_be(operator: Client, database: Database, clock: SetClock) -> None:
    report = await rang(database, clock(), 1)
    itself = await operator.post(f"/api/v1/reports/{report}/links", json={"to": report})
    assert (itself.status_code, itself.json()["error"]) == (409, "links_itself")
    nobody = await operator.post(f"/api/v1/reports/{report}/links", json={"to": "112-20260314-9999"})
    assert (nobody.status_code, nobody.json()["error"]) == (404, "unknown_report")
    for unknown in ("0190163d-8694-739b-aea5-966c26f8ad91", "x"):
        refused = await operator.post(f"/api/v1/links/{unknown}/undo")
        assert (refused.status_code, refused.json()["error"]) == (404, "unknown_link")
