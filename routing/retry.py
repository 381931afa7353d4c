"""When an envelope is tried again.

Times count from the *first* try, so a schedule does not drift with slow failures: a try that took ten seconds to time
out is followed at the next slot still ahead, and slots that passed meanwhile (a slow receiver, our own process down)
are not made up for in a burst. An envelope is never given up here; the last interval repeats for ever.

=========  =============================================  ==================
priority   seconds after the first try                    then every
=========  =============================================  ==================
P1         2, 5, 10, 20, 30, 60                           minute
P2, none   10, 30, 60, 120, 300                           5 minutes
P3         30, 120, 300, 900                              15 minutes
slow       60, 300                                        5 minutes
=========  =============================================  ==================

Slow is for answers that trying again does not mend (400, 401, 404, 410, 422, a redirect): somebody has to act, and is
alarmed; until then we knock seldom, and for P3 no more often than for any other failure.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SCHEDULES = {
    "P1": (2, 5, 10, 20, 30, 60),
    "P2": (10, 30, 60, 120, 300),
    "P3": (30, 120, 300, 900),
}
EVERY_S = {"P1": 60, "P2": 300, "P3": 900}
SLOW, SLOW_EVERY_S = (60, 300), 300
LONGEST_WAIT_S = 900.0
JITTER = 0.1
_WORTH_TRYING_SOON = {408, 425, 429}


def is_lasting(status: int) -> bool:
    """Return whether a refusal with this status is one that only a person can mend."""
    return 300 <= status < 500 and status not in _WORTH_TRYING_SOON


def next_try(
    priority: str | None,
    first_try_at: datetime,
    now: datetime,
    *,
    lasting: bool = False,
    asked_s: float | None = None,
    jitter: float = 0.0,
) -> datetime:
    """Return when to try again after a try that failed at `now`: the first slot of the schedule after `now`.

    `lasting` takes the slow schedule. `asked_s` (the receiver's Retry-After) moves the try later, though never by more
    than the schedule's last interval: a receiver cannot silence an emergency. `jitter` (0 to 1) puts the try off by up
    to a tenth of the wait, so that agencies which fell together do not come back as a herd; it is never earlier.
    """
    first_try_at = min(first_try_at, now)  # a clock that was set back must not put a try off by its step
    known = priority or "P2"
    slots, every_s = SCHEDULES[known], EVERY_S[known]
    if lasting and known != "P3":
        slots, every_s = SLOW, SLOW_EVERY_S
    passed = (now - first_try_at).total_seconds()
    slot = next((float(s) for s in slots if s > passed), None)
    if slot is None:
        slot = slots[-1] + every_s * (int((passed - slots[-1]) // every_s) + 1)
    due = first_try_at + timedelta(seconds=slot)
    if asked_s is not None:
        due = max(due, now + timedelta(seconds=min(asked_s, every_s)))
    return due + (due - now) * (JITTER * jitter)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, from 0 to LONGEST_WAIT_S; None when it says nothing sound."""
    if header is None:
        return None
    header = header.strip()
    if re.fullmatch(r"[0-9]+", header, re.ASCII):
        return LONGEST_WAIT_S if len(header) > 6 else min(float(header), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(0.0, (at - now).total_seconds()), LONGEST_WAIT_S)
