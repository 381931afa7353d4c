"""What is due for a dispatch that nobody at its agency has accepted, and when the next thing is.

=======  ===================================  =====================================================================
step     after the dispatch                   what
=======  ===================================  =====================================================================
1        its time to accept (P1: 60 s)        overdue: the operator is told, to reach the agency another way
2        three times that (P1: 180 s)         the next agency of the ladder gets it too, the supervisor is told
3, ...   every three times that again         the supervisor is told again, until somebody accepts
=======  ===================================  =====================================================================

An agency that rejects takes the second step at once; when nobody else has the report, the third and so on follow.
Whoever accepts ends the ladder of their own dispatch and of no other. After a time in which nobody could look (all
processes down) only the present step is taken, once, and how late that was is said.

Counted is from `accept_by` and in the time to accept, `within`: a report that is reopened, or becomes more urgent, has
other ones than it had at first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from db.states import UNANSWERED

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


def plan(state: str, accept_by: datetime, within: timedelta, done: int, now: datetime, *, alone: bool) -> Plan:
    """Return what is due at `now` for a dispatch of which `done` steps were taken.

    `alone`: no agency has its report and something still to do; it decides for who rejected, whose row alone says when.
    """
    if state == REJECTED:
        words: tuple[Word, ...] = ("next",) if done < 2 else ("again",) if alone else ()
        return Plan(words, max(done + alone, 2), now + _repeat(within) if alone else None, timedelta())
    if state not in UNANSWERED:
        return Plan((), done, None, timedelta())
    step, due = _current(accept_by, within, now)
    if step <= done:
        return Plan((), done, _due(accept_by, within, done + 1), timedelta())
    told: list[Word] = ["overdue"] if done < 1 else []
    told += ["next"] if done < 2 <= step else ["again"] if step > 2 else []
    late = now - due
    return Plan(tuple(told), step, _due(accept_by, within, step + 1), late if late > TOLD_LATE else timedelta())


def at_once(accept_by: datetime, within: timedelta) -> Plan:
    """Return the second step, taken before its time because somebody at the desk does not wait."""
    return Plan(("next",), 2, _due(accept_by, within, 3), timedelta())


def _current(accept_by: datetime, within: timedelta, now: datetime) -> tuple[int, datetime]:
    """Return the last step whose time has come (0: none), and that time."""
    step = 0
    if now >= accept_by:
        step = 1
    if now >= (second := _due(accept_by, within, 2)):
        step = 2 + int((now - second) // _repeat(within))
    return step, _due(accept_by, within, step)


def _due(accept_by: datetime, within: timedelta, step: int) -> datetime:
    if step <= 1:
        return accept_by
    return accept_by + (NEXT_AFTER - 1) * within + (step - 2) * _repeat(within)


def _repeat(within: timedelta) -> timedelta:
    return max(NEXT_AFTER * within, SHORTEST_REPEAT)
