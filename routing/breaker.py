"""An agency's back-off: when all of it fails, retries go one at a time, and no first try waits.

Every envelope has a schedule of its own (`retry`). When FAILURES tries in a row have failed, over all envelopes of an
agency, its breaker is open: retries then go one at a time, at the times of a P1 that the agency has owed since it began
to fail (2, 5, 10 ... 60 s, then every minute). An agency that owes one P1 sees no difference; one that owes three
hundred envelopes gets a knock a minute instead of three hundred, and its slots stay free. A breaker slows retries and
nothing else: it drops nothing, disables nobody, and a first try never asks it.

While an agency fails, the last free slot is kept for the first try of a P1: it goes at once, whatever else hangs.

What is here is values in, plan out; `standing` saves it, and lifts it when the agency speaks.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from routing.retry import next_try

FAILURES = 5


@dataclass(frozen=True, slots=True)
class Backoff:
    """Tries that failed in a row, since when, and when the next retry may go (None: each as it is due)."""

    failures: int = 0
    since: datetime | None = None
    retry_after: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether retries go one at a time."""
        return self.retry_after is not None


@dataclass(frozen=True, slots=True)
class Share:
    """What a lane may claim next: so many of these, and `spare` slots stay free."""

    which: Literal["all", "urgent", "first", "retries"]
    most: int
    spare: int


def failed(before: Backoff, began: datetime, now: datetime, *, is_retry: bool, jitter: float) -> Backoff:
    """Return the back-off after a try that began at `began` has failed at `now`.

    A first try that fails while the breaker is open leaves the time of the next retry as it is: one may be on its way.
    """
    failures, since = before.failures + 1, before.since or began
    if failures < FAILURES:
        return Backoff(failures, since)
    if before.retry_after is not None and not is_retry:
        return Backoff(failures, since, before.retry_after)
    return Backoff(failures, since, next_try("P1", since, now, jitter=jitter))


def shares(backoff: Backoff, now: datetime, free: int) -> list[Share]:
    """Return what a lane with `free` slots may claim, in this order."""
    if not backoff.failures:
        return [Share("all", free, 0)]
    urgent = Share("urgent", free, 0)
    if backoff.retry_after is None:
        return [urgent, Share("all", free, 1)]
    probe = [Share("retries", 1, 1)] if backoff.retry_after <= now else []
    return [urgent, Share("first", free, 1), *probe]
