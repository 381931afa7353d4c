"""What the end of a try changes: its envelope, the delivery log, the dispatch, how we stand with the agency.

`together` saves the common case, many at once and a statement for each step: receivers took them and said nothing. All
else goes `alone`: failures, answers in the body, envelopes that ended meanwhile, claims that are no longer ours. Both
lock the reports first, then dispatches, envelopes and agencies; neither commits.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from db import dispatches, duplicates, envelopes, reports
from db.agencies import AgencyRow
from db.dispatches import DispatchRow
from db.engine import Transaction
from db.envelopes import EnvelopeRow
from routing import standing
from routing.answers import Answer
from routing.delivery import Delivered, Outcome, Refused, Unreachable
from routing.retry import is_lasting, next_try
from routing.steps import Step, step

TOPIC = "outbox"
BookAnswer = Callable[[Transaction, str, int, Answer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class End:
    """How the try of a claimed envelope ended that began at `began`; `answer` is what a 2xx body said."""

    row: EnvelopeRow
    agency: AgencyRow
    began: datetime
    outcome: Outcome
    answer: Answer | None = None

    @property
    def is_common(self) -> bool:
        """Whether it may be saved with others."""
        return isinstance(self.outcome, Delivered) and self.answer is None

    @property
    def claim(self) -> tuple[str, str]:
        """The envelope and the claim under which it was tried."""
        if self.row.claim_id is None:
            raise AssertionError("a claimed envelope has a claim")
        return self.row.id, self.row.claim_id


async def together(tx: Transaction, ends: Sequence[End]) -> set[str]:
    """Save common ends, and return the ids of the envelopes that are saved; the others must go alone.

    Left out are those whose report somebody else has locked (nobody waits for one), and all that is not as usual.
    """
    times = Counter(end.row.id for end in ends)
    found = await dispatches.lock_free(tx, [end.row.dispatch_id for end in ends])
    usual = {
        end.row.id: end
        for end in ends
        if times[end.row.id] == 1 and end.row.dispatch_id in found and found[end.row.dispatch_id].state != "cancelled"
    }
    if not usual:
        return set()
    saved = await envelopes.delivered(tx, [end.claim for end in usual.values()])
    ours = [end for id, end in usual.items() if id in saved]
    if not ours:
        return set()
    await envelopes.log_attempts(tx, [_attempt(tx, end) for end in ours])
    moved, failing = list[DispatchRow](), dict[int, str]()
    for end in ours:
        dispatch = found[end.row.dispatch_id]
        if dispatch.sequence > end.row.sequence:
            tx.wake(TOPIC)  # what came after it may go
        if dispatch.agency_failures:
            failing[dispatch.agency_id] = dispatch.agency
        if end.row.type == "dispatch.created" and step(dispatch.state, "delivered"):
            moved.append(dispatch)
            tx.record("routing", "dispatch.delivered", dispatch.id, report=dispatch.report, agency=dispatch.agency)
    if moved:
        await dispatches.delivered(tx, [dispatch.id for dispatch in moved])
        await reports.touch_all(tx, {dispatch.report_id for dispatch in moved})
    if failing:
        await standing.heard(tx, failing)
    return saved


async def alone(tx: Transaction, end: End, book_answer: BookAnswer, jitter: float) -> bool:
    """Save how a try ended, even if its envelope ended before. False: the claim is not ours; nothing is saved."""
    row, outcome = end.row, end.outcome
    report = await duplicates.lock_of_dispatch(tx, row.dispatch_id)
    if report is None:
        raise AssertionError("a claimed envelope has a report")
    report_id = report.id
    if not await envelopes.complete(tx, *end.claim, _ending(tx, row, outcome, jitter)):
        taken = {"state": "delivered", "cause": None, "delivered_at": tx.now}
        late = taken if isinstance(outcome, Delivered) else {}
        if not await envelopes.complete_late(tx, *end.claim, late):
            return False
        tx.wake(TOPIC)  # what took its place waits for the end of this try
    await envelopes.log_attempts(tx, [_attempt(tx, end)])
    match outcome:
        case Delivered():
            await _move(tx, row, report_id, "delivered")
        case Refused() | Unreachable(sent=True):
            await _move(tx, row, report_id, "sent")
        case Unreachable():
            pass
    if end.answer is not None:
        await book_answer(tx, row.dispatch_id, row.agency_id, end.answer)
    if isinstance(outcome, Delivered):
        await standing.heard(tx, {end.agency.id: end.agency.code})
    else:
        await standing.failed(tx, end.agency, end.began, is_retry=row.tries > 1, jitter=jitter)
    return True


def _attempt(tx: Transaction, end: End) -> dict[str, object]:
    outcome = end.outcome
    return {
        "envelope_id": end.row.id,
        "try_number": end.row.tries,
        "at": tx.now,
        "outcome": outcome.code,
        "status": outcome.status,
        "latency_ms": outcome.latency_ms,
        "detail": outcome.excerpt,
    }


def _ending(tx: Transaction, row: EnvelopeRow, outcome: Outcome, jitter: float) -> dict[str, object]:
    if isinstance(outcome, Delivered):
        return {"state": "delivered", "delivered_at": tx.now}
    lasting = isinstance(outcome, Refused) and is_lasting(outcome.status)
    due = next_try(
        row.priority,
        row.first_try_at or tx.now,
        tx.now,
        lasting=lasting,
        asked_s=outcome.retry_after_s,
        jitter=jitter,
    )
    return {"next_try_at": due, "refused_status": outcome.status if lasting else None}


async def _move(tx: Transaction, row: EnvelopeRow, report_id: int, to: Step) -> None:
    """Move the dispatch on to sent or delivered, unless it is there already; only its creation does that."""
    dispatch = await dispatches.find(tx, row.dispatch_id)
    if dispatch is not None and dispatch.sequence > row.sequence:
        tx.wake(TOPIC)  # what came after it may go
    if dispatch is None or row.type != "dispatch.created":
        return
    if (new := step(dispatch.state, to)) is None:
        if dispatch.state == "cancelled":  # while the try was in flight: it stays so, and shows what they have
            times = {"sent_at": dispatch.sent_at or row.first_try_at}
            times |= {"delivered_at": dispatch.delivered_at or tx.now} if to == "delivered" else {}
            await dispatches.change(tx, dispatch.id, times)
            tx.record("routing", f"dispatch.{to}", dispatch.id, report=dispatch.report, cancelled=True)
            await reports.touch(tx, report_id)
        return
    times = {"sent_at": dispatch.sent_at or row.first_try_at, f"{new}_at": tx.now}
    if new == "sent":
        times = {"sent_at": row.first_try_at}
    await dispatches.change(tx, dispatch.id, {"state": new, **times})
    tx.record("routing", f"dispatch.{new}", dispatch.id, report=dispatch.report, agency=dispatch.agency)
    await reports.touch(tx, report_id)
