"""Whom nobody answered is on the worklist, and one request calls back, on a real Asterisk."""

import pytest

from db import callers
from db.engine import Database
from tests.acceptance.product import Json, Product
from tests.acceptance.test_call_back import SITI, gave_up
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import People
from tests.waiting import until

pytestmark = pytest.mark.real


async def owe_short_calls(database: Database) -> None:
    """Nobody in this test rings for five seconds."""
    async with database.transaction() as tx:
        await callers.save_rules(tx, callers.CallerRules(short_call_s=0), 1, "test")


def test_given_up_called_back_and_rung_again(pbx: RealAsterisk, people: People, acting: Product) -> None:
    acting.beside(owe_short_calls)
    first = gave_up(people, acting)
    (item,) = acting.get("/worklist")["items"]
    assert (item["reports"], item["reason"], item["next_step"]) == ([first["number"]], "abandoned", "call_back")
    assert item["owed_at"] is not None
    people.operator(1, answer_ms=200, log_in=False)
    called = people.carrier(answer_ms=300, hang_up_ms=500)
    asked = acting.post(f"/worklist/{item['id']}/call-back", {"device": "PJSIP/op1"})
    assert acting.done(asked)["result"] == "done"
    assert f"To: <sip:{SITI.number}@" in called.trace()
    closed = acting.get(f"/worklist/{item['id']}")
    assert (closed["closed_because"], closed["next_step"]) == ("called_back", None)
    assert [(one["step"], one["result"]) for one in closed["steps"]] == [("call_back", "done")]
    assert acting.get("/worklist")["items"] == []

    def over() -> Json | None:
        legs = acting.report(first["number"])["call"]["legs"]
        return legs[-1] if legs[-1]["kind"] == "callback" and legs[-1]["to"] else None

    until(over, "the call back is over")
    people.call(SITI, hang_up_ms=300).wait()
    again, before = acting.all_ended(2)
    assert before["number"] == first["number"] != again["number"], "every ring its own report"
    (link,) = acting.get(f"/reports/{again['number']}/links")["links"]
    assert (link["report"], link["to"], link["rule"]) == (again["number"], first["number"], "same_number")
    assert [one["reports"] for one in acting.get("/worklist")["items"]] == [[again["number"]]]
    assert {one["number"] for one in agreed({"pbx-1": pbx}, acting)} == {again["number"], first["number"]}
