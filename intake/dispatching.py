"""What the desk does with a dispatch that was sent: cancel it, send again what died of it, see its report end.

Use cases like those of `desk`: in the caller's open transaction, the report locked first, told in the report itself.
"""

from dataclasses import replace
from typing import Final

from db import agencies, dispatches, entries, envelopes, reports
from db.dispatches import DispatchRow
from db.engine import Reading, Transaction
from db.reports import ReportRow
from intake.visible import visible
from routing import again, endings, outbox
from routing.refusals import AgencyRemovedError, NothingDeadError, UnknownDispatchError
from routing.visible import VisibleEntry

NOT_OVER: Final = ("open", "working", "dispatched", "reopened")


async def cancel(tx: Transaction, dispatch_id: str, reason: str, by: str, public_url: str) -> DispatchRow:
    """Cancel a dispatch; twice is once. Its agency is told why, unless it cannot have heard of the dispatch.

    When nobody has the report any more it is `working` again; when all others call it resolved, it is.
    Raises UnknownDispatchError, DispatchOverError.
    """
    report, found = await _locked(tx, dispatch_id)
    if found.state == "cancelled":
        return found
    told = await endings.cancel(tx, found, reason, by)
    report = await _without(tx, report, by)
    unsent = "" if told else " (belum pernah dikirim; instansi tidak diberi tahu)"
    text = f"Penugasan ke {await _name(tx, found)} dibatalkan{unsent}: {reason}"
    await entries.add(tx, report.id, by, text, automatic=True)
    if told:
        seen = await visible(tx, report)
        why = VisibleEntry(tx.now, by, f"Penugasan dibatalkan: {reason}")  # every form shows entries
        seen = replace(seen, entries=(*seen.entries, why))
        await outbox.enclose(tx, found, "dispatch.cancelled", seen, public_url, reason=reason)
    return (await _locked(tx, dispatch_id))[1]


async def send_again(tx: Transaction, dispatch_id: str, by: str, public_url: str) -> DispatchRow:
    """Make due what is dead of a dispatch. An agency that was told of the closing before is told it once more, after.

    Raises UnknownDispatchError, NothingDeadError, AgencyRemovedError.
    """
    report, found = await _locked(tx, dispatch_id)
    dead = [one.id for one in await envelopes.of_dispatch(tx, dispatch_id) if one.state == "dead"]
    if not dead:
        raise NothingDeadError
    if await agencies.find(tx, found.agency) is None:
        raise AgencyRemovedError
    await again.send_again(tx, dead, by)
    owed = [one.type for one in await envelopes.of_dispatch(tx, dispatch_id) if one.state == "pending"]
    if report.status == "closed" and "report.closed" not in owed:
        await outbox.enclose(tx, found, "report.closed", await visible(tx, report), public_url)
    text = f"Dikirim ulang ke {await _name(tx, found)}."
    await entries.add(tx, report.id, by, text, automatic=True)
    return (await _locked(tx, dispatch_id))[1]


async def _locked(tx: Transaction, dispatch_id: str) -> tuple[ReportRow, DispatchRow]:
    report_id = await dispatches.report_of(tx, dispatch_id)
    if report_id is None:
        raise UnknownDispatchError
    report = await reports.lock(tx, report_id)
    found = await dispatches.find(tx, dispatch_id)
    if found is None:
        raise UnknownDispatchError
    return report, found


async def _without(tx: Transaction, report: ReportRow, by: str) -> ReportRow:
    """Make the version of a report that one dispatch fewer has, with the status that follows from that; tell it."""
    live = await outbox.live(tx, report.id)
    status = report.status
    if not live and status == "dispatched":
        status = "working"
    elif live and status in NOT_OVER and all(one.state == "resolved" for one in live):
        status = "resolved"
    changes = {} if status == report.status else {"status": status}
    if changes:
        tx.record(by, "IncidentStateChange", report.number, state=status)
    new = await reports.change(tx, report, changes, list(changes))
    tx.tell("report", new.number, new.version)
    return new


async def _name(reading: Reading, found: DispatchRow) -> str:
    return next((one.name for one in await agencies.every(reading) if one.code == found.agency), found.agency)
