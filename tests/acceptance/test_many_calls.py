"""30 calls at once: 30 reports, each outcome right; a call out over the trunk: none."""

import os
from collections import Counter

import pytest

from tests.acceptance.product import Product
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People

pytestmark = pytest.mark.real
ROUNDS = 10 if os.environ.get("INTAKE112_PROVE") else 1


def test_thirty_at_once_a_third_of_them_giving_up(pbx: RealAsterisk, people: People, product: Product) -> None:
    for desk in range(1, 9):
        people.operator(desk, answer_ms=200, hang_up_ms=300)
    for done in range(ROUNDS):
        callers = [
            *(people.call(Caller(f"+6281200000{n}"), calls=5) for n in (111, 112, 113, 114)),
            *(people.call(Caller(f"+6281200000{n}"), calls=5, hang_up_ms=0) for n in (221, 222)),
        ]
        product.all_ended(30 * (done + 1), within_s=90)
        for caller in callers:
            caller.wait()
    reports = product.reports()
    assert len(reports) == 30 * ROUNDS
    assert len({report["number"] for report in reports}) == 30 * ROUNDS
    outcomes = Counter((report["caller"]["number"][:-1], report["call"]["outcome"]) for report in reports)
    assert outcomes == {("+628120000011", "answered"): 20 * ROUNDS, ("+628120000022", "abandoned"): 10 * ROUNDS}
    for report in reports:
        answered = report["call"]["outcome"] == "answered"
        assert (report["call"]["operator"] is not None) is answered
        assert (report["call"]["answered_at"] is not None) is answered


def test_a_call_out_over_the_trunk_is_no_report(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.operator(1, answer_ms=50, log_in=False)
    people.carrier(answer_ms=50, hang_up_ms=100)
    with pbx.stream() as witness:
        people.call_out("+6281200000003")
        witness.wait_event("Hangup", Context="line-112")
    people.call(Caller("+6281200000004"), hang_up_ms=0).wait()
    (only,) = product.all_ended(1)
    assert only["caller"]["number"] == "+6281200000004"
