"""A crowd that rings without end: callers of every kind, in no order, and operators who take them or do not."""

import contextlib
import threading
from random import Random
from typing import Final

from tests.faults.ledgers import rings
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, CallerProcess, People
from tests.waiting import until

AT_ONCE: Final = 12  # processes of callers
NAMES: Final = (
    b"Event: VarSet",
    b"Ani, Uid: forged-9",
    "Rina\u2028Uniqueid: forged-1\u2028Channel: PJSIP/forged-1\u0085Linkedid: forged".encode(),
    b'"Quoted" \\ <sip:x@y>; %0D%0AAction: Ping',
    b"Jos\xe9",
    b"A" * 80,
)


class Crowd:
    """Callers around one PBX. `begin` lets them ring in a thread of their own; `end` waits until all have hung up."""

    def __init__(self, pbx: RealAsterisk, people: People, random: Random, calls: int) -> None:
        self.placed = 0
        self._pbx, self._people, self._random, self._calls = pbx, people, random, calls
        self._callers: list[CallerProcess] = []
        self._stop = threading.Event()
        self._trouble: list[BaseException] = []
        self._thread = threading.Thread(target=self._ring_all, name="crowd")

    def begin(self) -> None:
        """Let operators sit down and callers ring."""
        for desk in range(1, 9):
            hang_up_ms = 400 * desk if desk <= 4 else None  # half of the operators end the talk themselves
            self._people.operator(desk, answer_ms=100 * desk, hang_up_ms=hang_up_ms)
        self._thread.start()

    @property
    def done(self) -> bool:
        """True once everybody has rung."""
        return not self._thread.is_alive()

    def placed_more(self, calls: int) -> None:
        """Wait until so many more have rung, or all have."""
        wanted = self.placed + calls
        until(lambda: self.placed >= wanted or self.done, "more callers ring", within_s=60)

    def end(self) -> None:
        """Wait until nobody is on the line; who lost his way (a phone whose PBX died) is hung up after a while."""
        self._thread.join()
        if self._trouble:
            raise self._trouble[0]
        for caller in self._callers:
            with contextlib.suppress(AssertionError, TimeoutError):  # a PBX that died is no fault of the caller's
                caller.wait(10)
            caller.end()
        with contextlib.suppress(AssertionError):
            until(self._silent, "the line is silent", within_s=8)
            return
        self._pbx.cli("channel request hangup all")
        until(self._silent, "the line is silent", within_s=20)

    def give_up(self) -> None:
        """Let everybody who is on the line end: their PBX died, and to its next one they would be strangers."""
        for caller in list(self._callers):
            caller.end()

    @property
    def channels(self) -> int:
        """How many there are on the PBX now."""
        return int(self._pbx.cli("core show channels count").split()[0])

    def _silent(self) -> bool:
        return self.channels == 0

    def _ring_all(self) -> None:
        try:
            # not everybody who dials rings: a PBX that restarts refuses some
            while self.placed < self._calls or len(rings(self._pbx)) < self._calls:
                until(self._has_room, "somebody hangs up", within_s=90)
                self._ring()
                self._stop.wait(self._random.uniform(0.05, 0.5))  # how callers come: by no clock
        except BaseException as error:
            self._trouble.append(error)

    def _has_room(self) -> bool:
        return sum(caller.running for caller in self._callers) < AT_ONCE

    def _ring(self) -> None:
        random, n = self._random, self.placed
        number = f"+62812{n % 10**7:07d}"
        talks_ms = random.randint(1500, 4000)
        match random.choices(range(7), (40, 18, 10, 5, 7, 5, 15))[0]:
            case 0:  # waits, most likely talks; some operators hang up first
                calls = random.randint(1, 2)
                made = self._people.call(Caller(number), calls=calls, hang_up_ms=talks_ms)
            case 1:  # gives up in the queue
                calls = random.randint(1, 3)
                made = self._people.call(Caller(number), calls=calls, hang_up_ms=random.randint(20, 90))
            case 2:  # gives up before it
                calls = 1
                made = self._people.call(Caller(number), hang_up_ms=0)
            case 3:
                calls = 1
                made = self._people.call(Caller(number), cancel=True)
            case 4:
                calls = 1
                made = self._people.call(Caller(number, withheld=True), hang_up_ms=talks_ms)
            case 5:
                calls = 1
                made = self._people.call(Caller(None), "s", hang_up_ms=talks_ms)
            case _:
                calls = 1
                made = self._people.call(Caller(number, random.choice(NAMES)), hang_up_ms=random.choice((50, talks_ms)))
        self._callers.append(made)
        self.placed += calls
