"""Ends before a receiver has taken all: a dispatch is cancelled, a report is closed.

Cancelled, what is still pending is withdrawn and the cancellation goes in its place: an agency that no try was begun
for hears nothing at all. Closed, the agencies that have the report are told so after what is pending; a creation that
no receiver has taken is dead with all that follows it, and people see that in red. Where a try was begun its receiver
may have it, whatever we saw, so there the closing is sent all the same.

A try may be in flight at that moment. Its claim is left on its envelope: the next envelope waits until the try has
ended (or its lease), and then it is logged how (`lanes`): never is the creation the last thing an agency receives.
"""

from db import dispatches, envelopes
from db.dispatches import DispatchRow
from db.engine import Transaction
from routing import outbox, silence
from routing.escalation import UNANSWERED
from routing.refusals import DispatchOverError
from routing.visible import VisibleReport

CANCELLED, CLOSED, REMOVED = "dispatch_cancelled", "report_closed", "agency_removed"  # causes of an envelope's end
OVER = {"rejected": "the agency rejected it", "resolved": "the agency resolved it"}


async def cancel(tx: Transaction, row: DispatchRow, reason: str, by: str) -> bool:
    """Cancel a dispatch of a locked report: its ladder ends, what is pending is withdrawn.

    True: a try was begun once, so the caller owes its agency a `dispatch.cancelled`. Raises DispatchOverError.
    """
    if row.state in OVER:
        raise DispatchOverError(f"This dispatch has ended: {OVER[row.state]}. There is nothing to cancel.")
    values = {"state": "cancelled", "cancelled_at": tx.now, "cancel_reason": reason, "escalate_at": None}
    await dispatches.change(tx, row.id, values)
    withdrawn = await envelopes.end(tx, row.id, "withdrawn", CANCELLED, of=("pending", "dead"))
    ids = [one.id for one in withdrawn]
    tx.record(by, "dispatch.cancelled", row.id, report=row.report, agency=row.agency, withdrawn=ids)
    return any(one.tries for one in await envelopes.of_dispatch(tx, row.id))


async def close(tx: Transaction, *, report_id: int, report: VisibleReport, public_url: str) -> list[DispatchRow]:
    """Owe every agency that has a locked report a `report.closed`, and end all ladders.

    Return the dispatches that no receiver has taken: they are dead.
    """
    dead: list[DispatchRow] = []
    await dispatches.end_ladders(tx, report_id)
    for row in await outbox.live(tx, report_id):
        told = await outbox.enclose(tx, row, "report.closed", report, public_url)
        if row.delivered_at is not None:
            continue
        owed = await envelopes.of_dispatch(tx, row.id)
        closing = next(one for one in owed if one.sequence == told.sequence)
        begun = any(one.tries for one in owed)
        for one in await envelopes.end(tx, row.id, "dead", CLOSED, but=closing.id if begun else ""):
            tx.record("routing", "envelope.dead", one.id, dispatch=row.id, reason="report closed")
        dead.append(row)
    return dead


async def reopen(tx: Transaction, report_id: int, priority: str | None) -> None:
    """Take up a locked report's dispatches again: what died of the closing is due, and who never answered has to.

    They have as long for it as they had at first; who is at work, as long as between two words of theirs. The caller
    then owes the agencies a `report.updated`.
    """
    rows = await outbox.live(tx, report_id)
    for one in await envelopes.revive(tx, [row.id for row in rows], CLOSED):
        tx.record("routing", "envelope.again", one.id, dispatch=one.dispatch_id, reason="report reopened")
    for row in rows:
        if row.state in UNANSWERED:
            await dispatches.change(tx, row.id, {"escalate_at": tx.now + (row.accept_by - row.created_at)})
        elif row.state in silence.AT_WORK:
            await dispatches.change(tx, row.id, {"escalate_at": silence.speaks_until(priority, tx.now)})
