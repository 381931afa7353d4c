"""A caller who gave up is called back, on a real Asterisk: the desk's telephone rings, and then the caller's."""

from typing import Any

import pytest

from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
SITI = Caller("+6281200000001")
SHORTLY = {"extensions.conf": "[globals](+)\nOUT_RINGS_S=2"}


no_trunk = pytest.mark.parametrize("pbx", [{"values": {"TRUNK_CONTACT": ""}}], indirect=True, ids=["no trunk"])
shortly = pytest.mark.parametrize("pbx", [{"appended": SHORTLY}], indirect=True, ids=["rings 2 s"])
sees_who_is_gone = pytest.mark.parametrize("pbx", [{"values": {"QUALIFY_S": "1"}}], indirect=True, ids=["within 1 s"])


def gave_up(people: People, product: Product, caller: Caller = SITI) -> Json:
    """Let somebody ring and hang up before anybody answers, and return the report."""
    people.call(caller, hang_up_ms=300).wait()
    (report,) = product.all_ended(1)
    assert report["call"]["outcome"] == "abandoned"
    return report


def ask(product: Product, report: Json, device: str = "PJSIP/op1") -> Json:
    """Ask for a call back."""
    return product.post(f"/reports/{report['number']}/call-back", {"device": device})


def leg_of(product: Product, report: Json) -> Json | None:
    """The leg of the call back, once it is over."""
    legs = [leg for leg in product.report(report["number"])["call"]["legs"] if leg["kind"] == "callback"]
    return legs[0] if legs and legs[0]["to"] is not None else None


def gone(pbx: RealAsterisk) -> set[str]:
    """Who is seen to be gone."""
    shown = pbx.cli("pjsip show contacts").splitlines()
    return {line.split()[1].partition("/")[0] for line in shown if " Unavail " in line}


def nothing_else_changed(pbx: RealAsterisk, product: Product, report: Json) -> None:
    """One report, whose call ended as it did; and nobody is left on the line."""
    (after,) = agreed({"pbx-1": pbx}, product)
    assert (after["number"], after["call"]) == (report["number"], report["call"])
    assert pbx.cli("core show channels concise") == ""


def test_one_who_answers(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    people.operator(1, answer_ms=200, log_in=False)
    called = people.carrier(answer_ms=300, hang_up_ms=500)
    asked = ask(acting, report)
    refused = acting.http.post(f"/api/v1/reports/{report['number']}/call-back", json={"device": "PJSIP/op2"})
    assert (refused.status_code, refused.json()["error"]) == (409, "already_calling_back")
    assert acting.done(asked)["result"] == "done"
    leg = until(lambda: leg_of(acting, report), "the call back is over")
    assert (leg["device"], leg["taken"], leg["key"]) == ("PJSIP/op1", True, f"callback-{asked['id']}")
    assert leg["from"] < leg["answered_at"] < leg["to"]
    assert f"To: <sip:{SITI.number}@" in called.trace()
    assert "From: <sip:112@" in called.trace(), "who is called sees the centre's number, and no desk"
    nothing_else_changed(pbx, acting, report)
    assert acting.done(ask(acting, report))["result"] == "done"  # once more


@shortly
@pytest.mark.parametrize(("there", "result"), [({"busy": True}, "busy"), ({"answer_ms": None}, "no_answer")])
def test_one_who_is_not_reached(
    pbx: RealAsterisk, people: People, acting: Product, there: dict[str, Any], result: str
) -> None:
    report = gave_up(people, acting)
    people.operator(1, answer_ms=100, log_in=False)
    people.carrier(**there)
    assert acting.done(ask(acting, report))["result"] == result
    leg = until(lambda: leg_of(acting, report), "the call back is over")
    assert leg["taken"] is False
    nothing_else_changed(pbx, acting, report)


@no_trunk
def test_a_trunk_that_is_gone(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    people.operator(1, answer_ms=100, log_in=False)
    assert acting.done(ask(acting, report))["result"] == "unreachable"
    leg = until(lambda: leg_of(acting, report), "the call back is over")
    assert leg["taken"] is False
    nothing_else_changed(pbx, acting, report)


def test_a_desk_that_gives_up_first(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    people.operator(1, answer_ms=50, hang_up_ms=500, log_in=False)
    people.carrier(answer_ms=None)
    assert acting.done(ask(acting, report))["result"] == "cancelled"
    nothing_else_changed(pbx, acting, report)


def test_a_desk_that_is_busy(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    people.operator(1, busy=True, log_in=False)
    assert acting.done(ask(acting, report))["result"] == "desk_busy"
    nothing_else_changed(pbx, acting, report)


@sees_who_is_gone
def test_a_desk_that_is_unplugged(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    until(lambda: "op1" in gone(pbx), "the telephone is seen to be gone")
    assert acting.done(ask(acting, report))["result"] == "desk_unreachable"
    assert acting.done(ask(acting, report, "PJSIP/trunk"))["result"] == "refused"
    assert acting.done(ask(acting, report, "PJSIP/op9"))["result"] == "refused"
    nothing_else_changed(pbx, acting, report)


def test_a_number_that_is_not_dialled(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting, Caller("+62809123456"))
    people.operator(1, answer_ms=50, log_in=False)
    called = people.carrier()
    ended = acting.done(ask(acting, report))
    assert (ended["state"], ended["result"]) == ("failed", "refused")
    assert "OUT_ALLOWED" in ended["detail"]
    assert "To: " not in called.trace()
    nothing_else_changed(pbx, acting, report)


def test_the_bridge_is_killed_while_the_caller_is_rung(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    people.operator(1, answer_ms=50, log_in=False)
    people.carrier(answer_ms=1000, hang_up_ms=200)
    with pbx.stream() as ami:
        asked = ask(acting, report)
        ami.wait_event("DialBegin", count=2)
        acting.kill()
        ami.wait_event("Hangup", count=2)
    acting.start()
    assert acting.done(asked)["result"] == "done"
    leg = until(lambda: leg_of(acting, report), "the call back is over")
    assert leg["taken"] is True
    assert leg["from"] < leg["answered_at"] < leg["to"]
    nothing_else_changed(pbx, acting, report)


def test_a_caller_who_rings_again_meanwhile_is_a_report(pbx: RealAsterisk, people: People, acting: Product) -> None:
    report = gave_up(people, acting)
    people.operator(1, answer_ms=50, log_in=False)
    people.carrier(busy=True)
    with pbx.stream() as ami:
        asked = ask(acting, report)
        ami.wait_event("DialBegin")
        people.call(SITI, hang_up_ms=300).wait()
    assert acting.done(asked)["result"] == "busy"
    newer, older = acting.all_ended(2)
    assert older["number"] == report["number"] != newer["number"]
    assert {one["number"] for one in agreed({"pbx-1": pbx}, acting)} == {older["number"], newer["number"]}
