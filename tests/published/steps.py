"""The steps of the published test: what is played on a real Asterisk, and what a product must say of it.

Every step has callers' numbers of its own, so what a product says of one step is never taken for another's. A step is
over when the product says what is expected and also knows of a call that came *after* it (`+6281299...`): what it will
say twice it has said twice by then.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tests.faults.ledgers import rings
from tests.faults.wire import Wire, lasts, reached
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.published.product import Said, UnderTest
from tests.waiting import until

NOTICES_S: Final = 30.0  # for a product to see that its line is gone
HOSTILE: Final = "Ani, Uid: x\u2028Event: Hangup\u2028Uniqueid: 1.1\u0085Channel: PJSIP/forged-1".encode()
Outcomes = dict[str, list[str]]  # by caller's number


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    step: str
    expected: str
    said: str
    passed: bool


@dataclass(frozen=True)
class Stage:
    """What a step has in its hands."""

    pbx: RealAsterisk
    people: People
    wire: Wire
    product: UnderTest
    quiet_s: float
    away_s: float
    patience_s: float  # for a product to say what it knows

    def talks(self) -> int:
        """How many callers were answered so far."""
        return sum(ring.answered for ring in rings(self.pbx).values())

    def waits(self) -> int:
        """How many callers ring or wait now."""
        return sum(ring.ended_at is None for ring in rings(self.pbx).values())

    def call(self, caller: Caller, hang_up_ms: int) -> None:
        """One whole call that the caller ends."""
        self.people.call(caller, hang_up_ms=hang_up_ms).wait()


def two_operators_ring(stage: Stage) -> Outcomes:
    """One caller rings two operators and gives up."""
    with operators(stage, None, None):
        stage.call(Caller("+6281200000101"), hang_up_ms=1500)
    return {"+6281200000101": ["abandoned"]}


def a_quiet_line(stage: Stage) -> Outcomes:
    """Nobody calls for a while, then somebody does."""
    lasts(stage.quiet_s)
    stage.call(Caller("+6281200000201"), hang_up_ms=300)
    return {"+6281200000201": ["abandoned"]}


def cut_in_a_call(stage: Stage) -> Outcomes:
    """The AMI connection is cut while a caller waits; he is answered, and hangs up."""
    before = stage.wire.connections
    caller = stage.people.call(Caller("+6281200000301"))
    until(lambda: stage.waits() == 1, "the caller waits")
    stage.wire.cut()
    talks = stage.talks()
    with operators(stage, 50):
        until(lambda: stage.talks() > talks, "they talk")
        caller.hang_up()
        caller.wait()
    with suppress(AssertionError):  # a product that never comes back fails by what it says
        reached(stage.wire, before + 1, "the product connects again", NOTICES_S)
    return {"+6281200000301": ["answered"]}


def store_away(stage: Stage) -> Outcomes:
    """Where the product keeps its calls is away while one caller gives up and another is answered."""
    stage.product.take_away()
    stage.call(Caller("+6281200000401"), hang_up_ms=300)
    talks = stage.talks()
    with operators(stage, 50):
        stage.call(Caller("+6281200000402"), hang_up_ms=1500)
    assert stage.talks() == talks + 1, "the second caller was answered"
    lasts(stage.away_s)
    stage.product.give_back()
    return {"+6281200000401": ["abandoned"], "+6281200000402": ["answered"]}


def killed(stage: Stage) -> Outcomes:
    """The product is killed (-9) while a caller waits, and started again; another came and went meanwhile."""
    caller = stage.people.call(Caller("+6281200000501"))
    until(lambda: stage.waits() == 1, "the caller waits")
    stage.product.kill()
    stage.call(Caller("+6281200000502"), hang_up_ms=300)
    stage.product.start()
    talks = stage.talks()
    with operators(stage, 50):
        until(lambda: stage.talks() > talks, "they talk")
        caller.hang_up()
        caller.wait()
    return {"+6281200000501": ["answered"], "+6281200000502": ["abandoned"]}


def thirty_at_once(stage: Stage) -> Outcomes:
    """30 calls at once; 10 give up at once, 20 wait for an operator, who ends the talk."""
    with operators(stage, *[100] * 8, hang_up_ms=200):
        patient = stage.people.call(Caller("+6281200000601"), calls=20)
        hasty = stage.people.call(Caller("+6281200000602"), calls=10, hang_up_ms=0)
        for callers in (patient, hasty):
            callers.wait(60)
    return {"+6281200000601": ["answered"] * 20, "+6281200000602": ["abandoned"] * 10}


def a_hostile_name(stage: Stage) -> Outcomes:
    """A caller whose display name holds line separators and headers."""
    talks = stage.talks()
    with operators(stage, 50):
        stage.call(Caller("+6281200000701", HOSTILE), hang_up_ms=1500)
    assert stage.talks() == talks + 1, "the caller was answered"
    return {"+6281200000701": ["answered"]}


def a_pickup(stage: Stage) -> Outcomes:
    """One operator's phone rings; another operator takes the call from his own by the pickup code."""
    talks = stage.talks()
    with operators(stage, None):
        caller = stage.people.call(Caller("+6281200000801"))
        until(lambda: stage.pbx.cli("core show channels concise").count("!Ringing!"), "the phone rings")
        stage.people.dial(2, "*81")
        until(lambda: stage.talks() > talks, "the other operator has him")
        caller.hang_up()
        caller.wait()
    return {"+6281200000801": ["answered"]}


STEPS: Final[dict[str, Callable[[Stage], Outcomes]]] = {
    "a: rings two operators, gives up": two_operators_ring,
    "b: quiet line, then a call": a_quiet_line,
    "c: AMI cut in a call": cut_in_a_call,
    "d: store away during calls": store_away,
    "d: killed (-9) during calls": killed,
    "e: 30 calls at once": thirty_at_once,
    "f: hostile display name": a_hostile_name,
    "g: directed pickup": a_pickup,
}


class operators:  # noqa: N801  # used like a function
    """Operators at desks 1, 2, ... who answer after so many milliseconds (None: never) while the block lasts."""

    def __init__(self, stage: Stage, *answer_ms: int | None, hang_up_ms: int | None = None) -> None:
        self._stage, self._answer_ms, self._hang_up_ms = stage, answer_ms, hang_up_ms

    def __enter__(self) -> None:
        for desk, answer_ms in enumerate(self._answer_ms, 1):
            self._stage.people.operator(desk, answer_ms=answer_ms, hang_up_ms=self._hang_up_ms)

    def __exit__(self, *_: object) -> None:
        until(lambda: self._stage.pbx.cli("core show channels count").startswith("0 active ch"), "all hung up", 30)
        for desk in range(1, len(self._answer_ms) + 1):
            self._stage.people.log_out(desk)
            self._stage.people.unplug(f"op{desk}")


def run(stage: Stage, letters: str) -> Iterator[Row]:
    """Play the steps with these letters, and yield each one's line of the table as soon as it is decided."""
    for closing, (name, play) in enumerate(STEPS.items(), 1):
        if name[0] not in letters:
            continue
        expected = play(stage)
        after = f"+62812990000{closing:02d}"
        stage.call(Caller(after), hang_up_ms=300)
        wanted = _counted({**expected, after: ["abandoned"]})

        def look(wanted: Counter[Said] = wanted) -> bool:
            return _about(stage.product.calls(), wanted) == wanted

        with suppress(AssertionError):
            until(look, "the product says it", stage.patience_s)
        said = _about(stage.product.calls(), _counted(expected))
        yield Row(name, _words(_counted(expected)), _words(said), said == _counted(expected))


def _counted(outcomes: Outcomes) -> Counter[Said]:
    return Counter(Said(number, outcome) for number, all_of_them in outcomes.items() for outcome in all_of_them)


def _about(said: list[Said], wanted: Counter[Said]) -> Counter[Said]:
    numbers = {one.number for one in wanted}
    return Counter(one for one in said if one.number in numbers)


def _words(calls: Counter[Said]) -> str:
    by_outcome: Counter[str] = Counter()
    for said, times in calls.items():
        by_outcome[said.outcome] += times
    return ", ".join(f"{times} {outcome}" for outcome, times in sorted(by_outcome.items())) or "nothing"
