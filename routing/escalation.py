"""What is due for a dispatch that nobody at its agency has accepted, and when the next thing is.

=======  ===================================  =====================================================================
step     after the dispatch                   what
=======  ===================================  =====================================================================
1        its time to accept (P1: 60 s)        overdue: the operator is told, to reach the agency another way
2        three times that (P1: 180 s)         the next agency of the ladder gets it too, the supervisor is told
3, ...   every three times that again         the supervisor is told again, until somebody accepts
=======  ===================================  =====================================================================

An agency that rejects takes the second step at once. Whoever accepts ends the ladder of their own dispatch and of no
other. After a time in which nobody could look (all processes down) only the present step is taken, once, and how late
that was is said.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

UNANSWERED: Final = frozenset({"queued", "sent", "delivered"})
REJECTED: Final = "rejected"
NEXT_AFTER: Final = 3  # times the time to accept
SHORTEST_REPEAT: Final = timedelta(minutes=3)
TOLD_LATE: Final = timedelta(seconds=5)
Word = Literal["overdue", "next", "again"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, the steps that are done by it, when to look again (None: never), and by how much it is late."""

    words: tuple[Word, ...]
    done: int
    next_at: datetime | None
    late: timedelta


NOTHING: Final = Plan((), 0, None, timedelta())


def plan(state: str, sent_at: datetime, accept_by: datetime, done: int, now: datetime) -> Plan:
    """Return what is due at `now` for a dispatch made at `sent_at`, of which `done` steps were taken."""
    if state == REJECTED:
        return Plan(("next",) if done < 2 else (), max(done, 2), None, timedelta())
    if state not in UNANSWERED:
        return Plan((), done, None, timedelta())
    step, due = _current(sent_at, accept_by, now)
    if step <= done:
        return Plan((), done, _due(sent_at, accept_by, done + 1), timedelta())
    words: list[Word] = ["overdue"] if done < 1 else []
    words += ["next"] if done < 2 <= step else ["again"] if step > 2 else []
    late = now - due
    return Plan(tuple(words), step, _due(sent_at, accept_by, step + 1), late if late > TOLD_LATE else timedelta())


def _current(sent_at: datetime, accept_by: datetime, now: datetime) -> tuple[int, datetime]:
    """Return the last step whose time has come (0: none), and that time."""
    step, due = 0, accept_by
    if now >= accept_by:
        step = 1
    if now >= (second := _due(sent_at, accept_by, 2)):
        step = 2 + int((now - second) // _repeat(sent_at, accept_by))
    if step:
        due = _due(sent_at, accept_by, step)
    return step, due


def _due(sent_at: datetime, accept_by: datetime, step: int) -> datetime:
    if step <= 1:
        return accept_by
    return sent_at + NEXT_AFTER * (accept_by - sent_at) + (step - 2) * _repeat(sent_at, accept_by)


def _repeat(sent_at: datetime, accept_by: datetime) -> timedelta:
    return max(NEXT_AFTER * (accept_by - sent_at), SHORTEST_REPEAT)
