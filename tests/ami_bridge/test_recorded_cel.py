"""What real Asterisk wrote into its logs while a tape was recorded tells the same calls as the tape."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge import reading, resync, tape
from ami_bridge.threads import Line, Threads
from intake.facts import (
    Arrived,
    CallBackBegan,
    CallBackOver,
    CallBackTaken,
    Ended,
    Fact,
    JoinedWith,
    Queued,
    Rang,
    Taken,
    Transferred,
)

TAPES = Path(__file__).parents[1] / "tapes"
STORIES = [path.name.removesuffix(".cel.csv") for path in sorted(TAPES.glob("*.cel.csv"))]
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
RANG_FOR_EITHER = "two-callers-parted"  # two with one linkedid wait: for whom a phone rings no log says
CEL_LAG = timedelta(milliseconds=20)  # CEL and AMI stamp the same event one after the other


def play(raw_frames: list[bytes]) -> list[Fact]:
    """Return the facts of some frames."""
    threads, facts = Threads(LINE), []
    for told in map(reading.read, raw_frames):
        if told is not None:
            facts += threads.advance(told.event, LONG_AGO, recovered=told.recovered)
    return facts


def heard(name: str) -> list[Fact]:
    """Return the facts of what was heard live."""
    return play([one.raw for one in tape.read_all(TAPES / f"{name}.tape") if one.raw])


def logged(name: str) -> list[Fact]:
    """Return the facts of what the logs hold."""
    cel, queue_log = TAPES / f"{name}.cel.csv", TAPES / f"{name}.queue_log"
    return play(resync.told(cel, None, queue_log, None, LONG_AGO).frames)


def told(facts: list[Fact]) -> dict[str, list[object]]:
    """Return what is told of each call; of a phone's member only where both may know it: when it took the call."""
    calls: dict[str, list[object]] = defaultdict(list)
    for fact in facts:
        said = calls[fact.key.uniqueid]
        match fact:
            case Arrived():
                said.append((fact.number_raw, fact.name, fact.dialled, fact.trunk, fact.late))
            case Queued():
                said.append(fact.queue)
            case Rang():
                said.append((fact.leg, fact.device, fact.kind))
            case Taken():
                said.append((fact.leg, fact.device, fact.kind))
            case Transferred(attended=True, to=str(to)) if "/" not in to:
                pass  # by Asterisk's own keys: for CEL the same as three who talk
            case Transferred():
                said.append((fact.by, fact.to, fact.attended))
            case JoinedWith():
                said.append(fact.other)
            case CallBackBegan():
                said.append(fact.device)
            case CallBackOver():
                said.append(fact.result)
            case CallBackTaken():
                said.append("taken")
            case Ended():
                said.append((fact.outcome,))
            case _:
                pass  # hold is in no log, nor is what the trunk said of the caller
    return calls


@pytest.mark.parametrize("name", STORIES)
def test_the_logs_tell_what_was_heard(name: str) -> None:
    late, live = logged(name), heard(name)
    if name == RANG_FOR_EITHER:
        answered = {fact.leg for fact in live if isinstance(fact, Taken)}
        late, live = (
            [fact for fact in facts if not isinstance(fact, Rang) or fact.leg in answered] for facts in (late, live)
        )
    assert told(late) == told(live)


@pytest.mark.parametrize("name", STORIES)
def test_the_logs_tell_it_at_the_true_times(name: str) -> None:
    times: list[list[datetime]] = []
    for facts in (heard(name), logged(name)):
        decisive = [fact for fact in facts if isinstance(fact, Arrived | Queued | Taken | Ended)]
        times.append([fact.at for fact in decisive if fact.at is not None])
    live, late = times
    assert all(abs(a - b) < CEL_LAG for a, b in zip(live, late, strict=True))


def test_there_are_logs_of_the_stories_that_only_a_bridge_can_decide() -> None:
    assert {"directed-pickup", "local-members", "blind-transfer-fails", "two-callers-joined"} <= set(STORIES)
