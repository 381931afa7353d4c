"""What the desk asks of a real Asterisk: it happens to whom it was asked for, and to nobody else."""

import pytest

from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed, talked
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
SITI, BUDI = Caller("+6281200000001"), Caller("+6281200000002")


def waiting(product: Product, calls: int) -> list[Json]:
    """Wait until so many callers are in the queue, and return their reports, the first caller first."""

    def look() -> list[Json] | None:
        found: list[Json] = product.get("/calls")["calls"]
        return found if [one["call"]["stage"] for one in found] == ["queued"] * calls else None

    return until(look, f"{calls} callers wait")


def hung_up(product: Product, report: Json) -> Json:
    """Hang up the caller of a report, and return what became of it."""
    return product.done(product.hang_up(report))


def test_one_who_waits_is_hung_up_and_the_other_waits_on(pbx: RealAsterisk, people: People, acting: Product) -> None:
    siti, budi = people.call(SITI), people.call(BUDI)
    first, second = waiting(acting, 2)
    assert hung_up(acting, first)["result"] == "done"
    by_number = {SITI.number: siti, BUDI.number: budi}
    gone, stays = (by_number.pop(one["caller"]["number_raw"]) for one in (first, second))
    gone.wait()
    (left,) = waiting(acting, 1)
    assert left["number"] == second["number"]
    stays.hang_up()
    stays.wait()
    reports = {one["number"]: one for one in agreed({"pbx-1": pbx}, acting)}
    assert [reports[one["number"]]["call"]["outcome"] for one in (first, second)] == ["failed", "abandoned"]
    said = [entry["text"] for entry in acting.get(f"/reports/{first['number']}")["entries"]]
    assert any(text.startswith("Panggilan diputus atas permintaan ") for text in said)
    refused = acting.http.post(f"/api/v1/reports/{first['number']}/call/hang-up", json={})
    assert (refused.status_code, refused.json()["error"]) == (409, "call_over")


def test_a_talk_is_ended_for_both(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.operator(1, answer_ms=50)
    caller = people.call(SITI)
    talked(pbx, 1)
    (report,) = until(lambda: acting.get("/calls")["calls"], "the call is there")
    assert hung_up(acting, report)["result"] == "done"
    caller.wait()
    (report,) = agreed({"pbx-1": pbx}, acting)
    assert report["call"]["outcome"] == "answered"
    assert pbx.cli("core show channels concise") == ""


def test_a_telephone_joins_the_queue_pauses_and_leaves(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.operator(1, answer_ms=50, log_in=False)

    def member(action: str) -> Json:
        asked = acting.post("/queues/112/members", {"action": action, "device": "PJSIP/op1", "name": "Siti Fiktif"})
        return acting.done(asked)

    assert member("pause")["result"] == "refused"  # it is no member yet
    assert member("add")["result"] == "done"
    again = member("add")
    assert (again["state"], again["result"]) == ("failed", "refused")
    assert "Already there" in again["detail"]
    assert member("pause")["result"] == "done"
    caller = people.call(SITI)
    waiting(acting, 1)
    assert "paused" in pbx.cli("queue show 112")
    assert member("unpause")["result"] == "done"
    talked(pbx, 1)
    caller.hang_up()
    caller.wait()
    assert member("remove")["result"] == "done"
    (report,) = agreed({"pbx-1": pbx}, acting)
    assert (report["call"]["operator"]["member"], report["call"]["outcome"]) == ("Siti Fiktif", "answered")
    assert "Siti Fiktif" not in pbx.cli("queue show 112")


def test_control_comes_back_with_asterisk_and_says_when_it_is_away(
    pbx: RealAsterisk, people: People, acting: Product
) -> None:
    pbx.stop()
    until(lambda: not acting.can_act(), "it says that it cannot")
    refused = acting.http.post("/api/v1/queues/112/members", json={"action": "add", "device": "PJSIP/op1"})
    assert (refused.status_code, refused.json()["error"]) == (409, "control_away")
    pbx.start()
    until(acting.can_act, "it can again", within_s=20)
    caller = people.call(SITI)
    (report,) = waiting(acting, 1)
    assert hung_up(acting, report)["result"] == "done"
    caller.wait()
