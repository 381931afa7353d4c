"""A report becomes more urgent: from then on nobody has longer than its new priority gives; nothing gets later."""

from datetime import timedelta

from db import dispatches, envelopes
from db.engine import Transaction
from db.states import UNANSWERED
from routing import outbox, rulebook


async def hasten(tx: Transaction, report_id: int, priority: str | None, kind: str | None = None) -> None:
    """Pull forward the deadlines of a locked report's dispatches, and send what they are owed now.

    Where something may be due by the new priority, the row is to be looked at now: `escalation` and `silence` say what.
    """
    shortest = timedelta(seconds=await rulebook.accept_within_s(tx, kind, priority))
    rows = await outbox.unfinished(tx, report_id)
    for row in rows:
        values: dict[str, object] = {"escalate_at": tx.now}
        if row.state in UNANSWERED:
            within = min(row.accept_within, shortest)
            accept_by = min(row.accept_by, tx.now + within)
            values = {
                "accept_within_s": int(within.total_seconds()),
                "accept_by": accept_by,
                "escalate_at": min(row.escalate_at or tx.now, max(accept_by, tx.now)),
            }
        if row.escalate_at is None:  # its report is over: reopened, it has that long
            del values["escalate_at"]
        if values:
            await dispatches.change(tx, row.id, values)
    await envelopes.hasten(tx, [row.id for row in rows], priority)
    tx.wake("outbox")
