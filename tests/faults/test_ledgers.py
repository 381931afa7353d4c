"""The ledgers see what they are there to see: each kind of difference, in ledgers that have it."""

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.product import Json
from tests.acceptance.receiver import Receiver
from tests.faults.ledgers import Difference, Ring, compare_calls, compare_dispatch_rows, compare_dispatches, rings_in

TAPES = Path(__file__).resolve().parents[1] / "tapes"
RUNG = {
    ("pbx-1", "1.0"): Ring(1.0, "+62811", "PJSIP/trunk-1", answered=True, ended_at=9.0),
    ("pbx-1", "2.0"): Ring(2.0, "+62812", "PJSIP/trunk-2", ended_at=9.0, by_caller=True),
    ("pbx-1", "3.0"): Ring(3.0, "+62813", "PJSIP/trunk-3", ended_at=9.0),
}


def report(uniqueid: str, outcome: str | None, stage: str = "ended") -> Json:
    """A report, as far as the ledgers look at it."""
    return {"call": {"pbx": "pbx-1", "uniqueid": uniqueid, "stage": stage, "outcome": outcome}}


SAME = [report("1.0", "answered"), report("2.0", "abandoned"), report("3.0", "failed")]


def of_calls(reports: list[Json]) -> Difference:
    """Compare reports with RUNG."""
    difference = Difference()
    compare_calls(RUNG, reports, difference)
    return difference


def test_equal_ledgers_do_not_differ() -> None:
    assert not of_calls([*SAME, {"call": None}]), "a walk-in report has no call"


def test_calls_that_differ() -> None:
    first, second, third = RUNG
    assert of_calls(SAME[1:]) == Difference(lost=[first])
    assert of_calls([*SAME, SAME[1]]) == Difference(doubled=[second])
    assert of_calls([*SAME, report("4.0", "abandoned")]) == Difference(invented=[("pbx-1", "4.0")])
    assert of_calls([report("1.0", "failed"), *SAME[1:]]) == Difference(wrong_outcome=[(first, "answered", "failed")])
    assert of_calls([*SAME[:2], report("3.0", None, "queued")]) == Difference(
        wrong_outcome=[(third, "failed", "queued")]
    )
    assert of_calls([*SAME[:2], report("3.0", None)]) == Difference(unknown_outcome=[third])


def test_dispatches_that_differ() -> None:
    def envelope(dispatch: str) -> Json:
        return {"type": "dispatch.created", "data": {"dispatch": {"id": dispatch, "sequence": 1}}}

    agency = Receiver(envelopes=[envelope("a"), envelope("a"), envelope("b"), envelope("b")], ids=["1", "1", "2", "3"])
    states = {"a": "delivered", "b": "accepted", "c": "delivered", "d": "queued"}
    difference = Difference()
    compare_dispatches(states, ["a", "b", "c", "d", "e"], agency, difference)
    assert difference == Difference(undelivered=["c", "e"], ids_twice=["b"]), "d is visibly not delivered"


@pytest.mark.parametrize(
    ("state", "rows", "differ"),
    [
        ("queued", ["created"], False),
        ("delivered", ["created", "delivered"], False),
        ("accepted", ["created"], False),
        ("queued", [], True),
        ("queued", ["created", "created"], True),
        ("delivered", ["created"], True),
        ("accepted", ["created", "delivered", "delivered"], True),
    ],
)
def test_dispatches_and_their_audit_rows(state: str, rows: list[str], differ: bool) -> None:
    written = Counter((f"dispatch.{row}", "a") for row in rows)
    compare_dispatch_rows({"id": "a", "state": state}, written, difference := Difference())
    assert bool(difference.audit) is differ


@pytest.mark.parametrize(
    ("story", "outcomes"),
    [
        ("directed-pickup", ["answered"]),
        ("operator-lost-requeued", ["answered"]),
        ("two-callers-joined", ["answered", "answered"]),
        ("caller-calls-again", ["abandoned", "answered"]),
        ("late-ring", ["answered"]),
        ("no-number", ["answered"]),
        ("call-out-over-trunk", []),
        ("call-out-by-console", []),
    ],
)
def test_what_asterisk_wrote(story: str, outcomes: list[str]) -> None:
    assert [ring.outcome for ring in rings_in([TAPES / f"{story}.cel.csv"]).values()] == outcomes


def test_killed_between_a_phone_and_its_caller(tmp_path: Path) -> None:
    """AMI says that a person took the call a moment before CEL lets the caller in; whoever heard that is not wrong."""
    told = (TAPES / "answered.cel.csv").read_text("utf-8").splitlines(keepends=True)
    taken = next(n for n, line in enumerate(told) if line.startswith('"ANSWER"') and "AppQueue" in line)
    for lines, accepted in ((told[:taken], {"failed"}), (told[: taken + 1], {"failed", "answered"})):
        (tmp_path / "Master.csv").write_text("".join(lines), "utf-8")
        [(uniqueid, ring)] = rings_in([tmp_path / "Master.csv"]).items()
        agreeing = set()
        for outcome in ("failed", "answered", "abandoned"):
            compare_calls({("pbx-1", uniqueid): ring}, [report(uniqueid, outcome)], difference := Difference())
            agreeing |= set() if difference else {outcome}
        assert agreeing == accepted
