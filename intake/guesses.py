"""Slows those who guess: after a few wrong tries each one more must wait, twice as long each time, a minute at most.

Kept in memory, of each who guessed lately: a restart forgets it, and whoever comes from another address begins anew.
What is guessed here (passwords, tokens of 256 bits) must not rest on this alone.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final

FREE_TRIES: Final = 5
LONGEST_WAIT_S: Final = 60
FORGET_AFTER: Final = timedelta(minutes=15)
REMEMBERED: Final = 10_000


class Guesses:
    """Who guessed wrong, how often, and when last."""

    def __init__(self, clock: Callable[[], datetime], free: int = FREE_TRIES) -> None:
        self._clock = clock
        self._free = free
        self._wrong: OrderedDict[Hashable, tuple[int, datetime]] = OrderedDict()

    def wait_s(self, who: Hashable) -> int:
        """Return for how many seconds this one must wait before the next try; 0: none."""
        count, last = self._wrong.get(who, (0, self._clock()))
        if count < self._free:
            return 0
        wait_s = min(2.0 ** min(count - self._free, 10), LONGEST_WAIT_S)
        left = last + timedelta(seconds=wait_s) - self._clock()
        return max(0, -(-left // timedelta(seconds=1)))

    def count(self, who: Hashable) -> None:
        """Count a wrong try; those of a quarter of an hour ago are forgotten."""
        now = self._clock()
        count, last = self._wrong.pop(who, (0, now))
        self._wrong[who] = (1 if now - last > FORGET_AFTER else count + 1, now)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def take_back(self, who: Hashable) -> None:
        """Count one try less: it was not wrong."""
        count, last = self._wrong.get(who, (0, self._clock()))
        if count > 1:
            self._wrong[who] = (count - 1, last)
        else:
            self._wrong.pop(who, None)

    def forget(self, who: Hashable) -> None:
        """Forget the wrong tries of one who knew it."""
        self._wrong.pop(who, None)
