"""Ends before a receiver has taken all: a dispatch is cancelled, a report is closed.

Cancelled, what is still pending is withdrawn and the cancellation goes in its place: an agency that no try was begun
for hears nothing at all. Closed, the agencies that have the report are told so after what is pending; a creation that
no receiver has taken is dead with all that follows it, and people see that in red. Where a try was begun its receiver
may have it, whatever we saw, so there the closing is sent all the same.

A try may be in flight at that moment. Its claim is left on its envelope: the next envelope waits until the try has
ended (or its lease), and then it is logged how (`lanes`): never is the creation the last thing an agency receives.
"""

from typing import Final, Literal

from db import dispatches, envelopes, seals
from db.dispatches import DispatchRow
from db.engine import Transaction
from db.states import AT_WORK, FINISHED, NOT_LIVE, UNANSWERED
from routing import outbox, silence
from routing.escalation import REJECTED
from routing.refusals import DispatchOverError
from routing.visible import VisibleReport

CANCELLED: Final = "dispatch_cancelled"  # this and the next are causes of an envelope's end
REMOVED: Final = "agency_removed"
CLOSED: Final = "report_closed"
REOPENED: Final = "report_reopened"
NO_SYSTEM: Final = "agency_no_system"
Heard = Literal["by us", "otherwise", "by telephone", "nothing"]


async def cancel(tx: Transaction, row: DispatchRow, reason: str, by: str) -> Heard:
    """Cancel a dispatch of a locked report that is not cancelled: its ladder ends, what is pending is withdrawn.

    Return how its agency has heard of it: by us, when a try was begun once; otherwise, when they took it all the same,
    by telephone (or may have, for they had no system); by telephone, when they have no system now. Unless they have
    heard nothing, the caller owes them a `dispatch.cancelled`. Raises DispatchOverError.
    """
    if row.state in FINISHED:
        raise DispatchOverError(f"This dispatch has ended: the agency {row.state} it. There is nothing to cancel.")
    values = {"state": "cancelled", "cancelled_at": tx.now, "cancel_reason": reason, "escalate_at": None}
    await dispatches.change(tx, row.id, values)
    withdrawn = await envelopes.end(tx, row.id, "withdrawn", CANCELLED, of=("pending", "dead"))
    ids = [one.id for one in withdrawn]
    marks = await seals.marks(tx, row.report_id, {"reason": reason})
    tx.record(by, "dispatch.cancelled", row.id, report=row.report, agency=row.agency, withdrawn=ids, marks=marks)
    if row.agency_no_system:
        return "by telephone"  # as far as somebody telephoned; what it got while it had a system, it got
    if any(one.tries for one in await envelopes.of_dispatch(tx, row.id)):
        return "by us"
    is_known = row.state in AT_WORK or not row.sequence  # it was owed nothing, having no system: people telephoned
    return "otherwise" if is_known else "nothing"


async def close(tx: Transaction, *, report_id: int, report: VisibleReport, public_url: str) -> list[DispatchRow]:
    """Owe every agency that has a locked report a `report.closed`, and end all ladders.

    Return the dispatches that no receiver has taken: they are dead.
    """
    dead: list[DispatchRow] = []
    await dispatches.end_ladders(tx, report_id)
    for row in await outbox.live(tx, report_id):
        closing = await outbox.enclose(tx, row, "report.closed", report, public_url)
        if row.delivered_at is not None or row.agency_no_system:
            continue
        dying = await envelopes.end(tx, row.id, "dead", CLOSED, before=closing.sequence)  # who claims one comes first
        if not any(one.tries for one in await envelopes.of_dispatch(tx, row.id)):
            dying += await envelopes.end(tx, row.id, "dead", CLOSED)
        for one in dying:
            tx.record("routing", "envelope.dead", one.id, dispatch=row.id, reason="report closed")
        dead.append(row)
    return dead


async def at_disabled(tx: Transaction, agency_id: int) -> None:
    """End what a disabled agency is owed, dead, and let the ladders of what it has not answered go on.

    Whoever disables it has locked the open reports; its lane ends what somebody sent in that very moment.
    """
    await dispatches.look_now(tx, agency_id)
    for died in await envelopes.end_of_agency(tx, agency_id, outbox.DISABLED):
        tx.record("routing", "envelope.dead", died.id, dispatch=died.dispatch_id, reason="agency disabled")


async def at_no_system(tx: Transaction, agency_id: int) -> None:
    """Withdraw what is owed to an agency that has no computer system any more: people telephone it."""
    for one in await envelopes.end_of_agency(tx, agency_id, NO_SYSTEM, "withdrawn"):
        tx.record("routing", "envelope.withdrawn", one.id, dispatch=one.dispatch_id, reason="agency has no system")


async def reopen(tx: Transaction, report_id: int, priority: str | None) -> None:
    """Take up a locked report's dispatches again: what died of the closing is due, and who never answered has to.

    They have as long for it as they had at first, from now; who is at work, as long as between two words of theirs. Who
    rejected and was not followed yet is, now. A closing that no try was begun for is no news any more. The caller then
    owes the agencies a `report.updated`.
    """
    rows = await outbox.every(tx, report_id)
    live = [row.id for row in rows if row.state not in NOT_LIVE]
    for id in live:
        for one in await envelopes.take_back(tx, id, "report.closed", REOPENED):
            tx.record("routing", "envelope.withdrawn", one.id, dispatch=id, reason="report reopened")
    for died in await envelopes.revive(tx, live, CLOSED):
        tx.record("routing", "envelope.again", died.id, dispatch=died.dispatch_id, reason="report reopened")
    for row in rows:
        if row.state in UNANSWERED:
            accept_by = tx.now + row.accept_within
            within_s = int(row.accept_within.total_seconds())
            look_at = tx.now if row.agency_no_system else accept_by
            anew = {"accept_by": accept_by, "accept_within_s": within_s, "escalate_at": look_at, "escalation": 0}
            await dispatches.change(tx, row.id, anew)
        elif row.state in AT_WORK:
            await dispatches.change(tx, row.id, {"escalate_at": silence.speaks_until(priority, tx.now)})
        elif row.state == REJECTED and row.escalation < 2:
            await dispatches.change(tx, row.id, {"escalate_at": tx.now})
