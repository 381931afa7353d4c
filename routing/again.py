"""Dead envelopes are sent again when a person says so: the same `webhook-id`, the tries counted on."""

from collections.abc import Collection

from db import envelopes, reports
from db.engine import Transaction


async def send_again(tx: Transaction, envelope_ids: Collection[str], by: str) -> list[str]:
    """Make dead envelopes due now, and return the ids of those that were dead.

    Whatever else is dead of the same dispatches comes with them, so that they arrive in their order. Locks the reports,
    the oldest first, and makes each one's next version. For some hundreds at a time: all of it is one transaction.
    """
    of = await envelopes.dispatches_of(tx, envelope_ids)
    for report_id in sorted(set(of.values())):
        await reports.lock(tx, report_id)
    revived = await envelopes.revive(tx, of)
    for one in revived:
        tx.record(by, "envelope.again", one.id, dispatch=one.dispatch_id)
    for report_id in sorted({of[one.dispatch_id] for one in revived}):
        await reports.touch(tx, report_id)
    if revived:
        tx.wake("outbox")
    return [one.id for one in revived]
