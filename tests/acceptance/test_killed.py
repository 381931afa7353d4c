"""`kill -9` of the whole product while a call waits: the report is there once and ends with the right outcome."""

import pytest

from tests.acceptance.product import Product
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, CallerProcess, People
from tests.waiting import until

pytestmark = pytest.mark.real
SITI = Caller("+6281200000001")


def waiting_and_killed(people: People, product: Product) -> CallerProcess:
    """Let a caller wait, and kill the product."""
    caller = people.call(SITI)
    until(lambda: [one for one in product.get("/calls")["calls"] if one["call"]["stage"] == "queued"], "the call waits")
    product.kill()
    return caller


def test_the_caller_gives_up_after_the_start(people: People, product: Product) -> None:
    caller = waiting_and_killed(people, product)
    product.start()
    caller.hang_up()
    (report,) = product.all_ended(1)
    assert report["call"]["outcome"] == "abandoned"


def test_an_operator_answers_while_it_is_down(pbx: RealAsterisk, people: People, product: Product) -> None:
    caller = waiting_and_killed(people, product)
    with pbx.stream() as witness:
        people.operator(1, answer_ms=50)
        witness.wait_event("AgentConnect")
    product.start()
    talking = until(
        lambda: [one for one in product.get("/calls")["calls"] if one["call"]["stage"] == "talking"],
        "the talk is found",
    )
    assert talking[0]["call"]["operator"]["device"] == "PJSIP/op1"
    caller.hang_up()
    (report,) = product.all_ended(1)
    assert report["call"]["outcome"] == "answered"


def test_the_caller_gives_up_while_it_is_down(pbx: RealAsterisk, people: People, product: Product) -> None:
    caller = waiting_and_killed(people, product)
    with pbx.stream() as witness:
        caller.hang_up()
        witness.wait_event("Hangup", Context="line-112")
    product.start()
    (report,) = product.all_ended(1)
    assert report["call"]["outcome"] == "abandoned"
    assert report["call"]["recovered"] is False, "it was heard live; only its end was read from the CEL file"
    assert len(product.reports()) == 1


def test_a_call_that_comes_while_it_is_down_is_found(pbx: RealAsterisk, people: People, product: Product) -> None:
    product.kill()
    with pbx.stream() as witness:
        caller = people.call(SITI)
        witness.wait_event("QueueCallerJoin")
    product.start()
    (found,) = until(lambda: product.get("/calls")["calls"], "the waiting caller is found")
    assert found["call"]["recovered"] is True
    caller.hang_up()
    (report,) = product.all_ended(1)
    assert report["call"]["outcome"] == "abandoned"
    assert report["caller"]["number"] == "+6281200000001"
