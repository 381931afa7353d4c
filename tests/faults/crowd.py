"""A crowd that rings without end: callers of every kind, in no order, and operators who take them or do not, hold them,
pass them on, pick them up from each other, or leave them to the voice menu.
"""

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Final

from tests.faults.ledgers import rings
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, CallerProcess, Handset, People
from tests.waiting import until

AT_ONCE: Final = 12  # processes of callers
MOVES_EVERY: Final = 6  # so often something is done with a call, in turn: `_moves`
DESKS: Final = range(1, 9)
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
        self._rung = count(1)
        self._stop = threading.Event()
        self._trouble: list[BaseException] = []
        self._thread = threading.Thread(target=self._ring_all, name="crowd")

    def begin(self) -> None:
        """Let operators sit down and callers ring."""
        for desk in DESKS:
            hang_up_ms = 400 * desk if desk <= 4 else None  # half of the operators end the talk themselves
            self._people.operator(desk, answer_ms=100 * desk if desk < 8 else 1500, hang_up_ms=hang_up_ms)
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
                self._move(next(self._rung))
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

    def _move(self, rung: int) -> None:
        """Now and then, do with a call what phones do. In a crowd the call may be over before it is done, and a PBX
        that is down does nothing."""
        moves = (self._hold, self._send_on, self._pick_up, self._leave)
        if rung % MOVES_EVERY:
            return
        move = moves[rung // MOVES_EVERY % len(moves)]
        with contextlib.suppress(AssertionError, TimeoutError, LookupError, RuntimeError, subprocess.TimeoutExpired):
            move()

    def _talking(self) -> Handset:
        """A phone that talks. Raises AssertionError: none does."""
        phones = [self._people.phone(f"op{desk}") for desk in DESKS]
        self._random.shuffle(phones)
        return until(lambda: next((one for one in phones if one.talks), None), "somebody talks", within_s=2)

    def _hold(self) -> None:
        phone = self._talking()
        phone.hold()
        phone.resume()

    def _send_on(self) -> None:
        self._talking().transfer(str(self._random.choice(DESKS)))

    def _pick_up(self) -> None:
        """Desk 8 rings alone, and another desk takes the call from it."""
        with self._only({8}):
            self._place(Caller(f"+62813{self.placed:07d}"), hang_up_ms=2500)
            until(lambda: self._channel("PJSIP/op8-", "Ringing"), "desk 8 rings", within_s=3)
            self._callers.append(self._people.dial(self._random.randint(1, 7), "*88"))
            until(lambda: not self._channel("PJSIP/op8-", "Ringing"), "it rings no more", within_s=3)

    def _leave(self) -> None:
        """Nobody is logged in; who rings falls into the voice menu, if that is there."""
        self._pbx.cli("dialplan set global OVERFLOW_EMPTY_S 1")
        with self._only(set()):
            caller = self._place(Caller(f"+62814{self.placed:07d}"), hang_up_ms=self._random.randint(2500, 5000))
            until(lambda: self._channel("Local/menu@", "Up") or not caller.running, "he hears the menu", within_s=6)

    @contextmanager
    def _only(self, stay: set[int]) -> Iterator[None]:
        """Everybody else leaves, and comes back in the end."""
        try:
            for desk in self._logged_in() - stay:
                self._people.log_out(desk)
            yield
        finally:
            until(self._all_are_back, "everybody is back", within_s=20)

    def _place(self, caller: Caller, *, hang_up_ms: int) -> CallerProcess:
        placed = self._people.call(caller, hang_up_ms=hang_up_ms)
        self._callers.append(placed)
        self.placed += 1
        return placed

    def _logged_in(self) -> set[int]:
        return {int(desk) for desk in re.findall(r"[(]PJSIP/op([1-8])[)]", self._pbx.cli("queue show 112"))}

    def _all_are_back(self) -> bool:
        try:
            for desk in set(DESKS) - self._logged_in():
                self._people.log_in(desk)
        except (RuntimeError, subprocess.TimeoutExpired):  # the PBX is down
            return False
        return True

    def _channel(self, begins: str, state: str) -> bool:
        rows = self._pbx.cli("core show channels concise").splitlines()
        return any(row.startswith(begins) and f"!{state}!" in row for row in rows)
