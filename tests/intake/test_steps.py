"""Every step of a report from every status, and what it needs, as pure functions."""

import itertools
from typing import get_args

import pytest

from intake import steps
from intake.refusals import IllegalStepError
from intake.steps import LEADS_TO, MAY, Status, Step

# By the design: open -> working -> dispatched -> resolved -> closed, and reopened.
TABLE = """
             work  dispatch  resolve  close  not_ours  reopen
open         yes   yes       yes      yes    -         -
working      -     yes       yes      yes    -         -
dispatched   -     yes       yes      -      yes       -
resolved     -     -         -        yes    yes       yes
closed       -     -         -        -      -         yes
reopened     yes   yes       yes      yes    -         -
"""


def legal() -> set[tuple[str, str]]:
    """Return what the table above allows."""
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    return {(row[0], step) for row in rows for step, word in zip(head, row[1:], strict=True) if word == "yes"}


@pytest.mark.parametrize(("now", "step"), [*itertools.product(get_args(Status), get_args(Step))])
def test_every_status_and_every_step(now: Status, step: Step) -> None:
    if (now, step) in legal():
        steps.check(now, step)
        return
    with pytest.raises(IllegalStepError, match=f"This report is {now}") as refused:
        steps.check(now, step)
    assert {(now, one) for one in refused.value.allowed} == {pair for pair in legal() if pair[0] == now}
    for one in MAY[now]:
        assert steps.HOW[one] in str(refused.value), "it says what can be done instead"


@pytest.mark.parametrize(("now", "to"), [pair for pair in itertools.product(MAY, MAY) if pair[0] != pair[1]])
def test_a_change_of_status_is_a_step(now: Status, to: Status) -> None:
    wanted = [step for step in MAY[now] if LEADS_TO[step] == to and step in steps.BY_PATCH.values()]
    if wanted:
        assert steps.of_patch(now, to) == wanted[0]
        return
    with pytest.raises(IllegalStepError) as refused:
        steps.of_patch(now, to)
    assert refused.value.allowed == MAY[now]
    assert str(refused.value).endswith(".")
    assert to in ("open", "dispatched") or (now, steps.BY_PATCH[to]) not in legal()


def test_no_status_is_an_end() -> None:
    assert {now for now, _ in legal()} == set(get_args(Status))
    reached: set[Status] = {"open"}
    for _ in MAY:
        reached |= {LEADS_TO[step] for now in reached for step in MAY[now]}
    assert reached == set(get_args(Status))


CLOSING = {  # status, class, disposition, caller: what is refused
    "an emergency that the telephone solved": ("working", "normal", "advised", None, None),
    "nobody said how it ended": ("working", "normal", None, None, "no_disposition"),
    "an agency's word that nobody checked": ("resolved", "normal", "resolved", None, "not_verified"),
    "the caller was told": ("resolved", "normal", "resolved", "told", None),
    "nobody answers there": ("resolved", "normal", "resolved", "unreachable", None),
    "no emergency, whoever resolved it": ("resolved", "prank", "prank", None, None),
    "an agency has it": ("dispatched", "normal", "resolved", "told", "illegal_step"),
    "an agency has it, though it is a prank": ("dispatched", "prank", "prank", None, "illegal_step"),
    "twice": ("closed", "normal", "resolved", "told", "illegal_step"),
}


@pytest.mark.parametrize("name", CLOSING)
def test_what_closing_needs(name: str) -> None:
    now, classification, disposition, caller, refusal = CLOSING[name]
    try:
        steps.check_close(now, classification, disposition=disposition, caller=caller, fit=["resolved"])
    except IllegalStepError as error:
        assert error.code == refusal  # noqa: PT017  # a third of them are refused, with an error each
    else:
        assert refusal is None


def test_what_is_not_ours_is_somebody_elses() -> None:
    steps.check_not_ours("dispatched", taken_over=True, others=[])
    with pytest.raises(IllegalStepError, match="has not accepted"):
        steps.check_not_ours("dispatched", taken_over=False, others=[])
    with pytest.raises(IllegalStepError, match="still have this report: damkar"):
        steps.check_not_ours("dispatched", taken_over=True, others=["damkar"])


def test_what_is_no_status() -> None:
    with pytest.raises(ValueError, match="lost"):
        steps.known("lost")
