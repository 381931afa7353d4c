"""What the desk does with a dispatch that was sent: cancel it, send again what died of it, see its report end.

Use cases like those of `desk`: in the caller's open transaction, the report locked first, told in the report itself.
"""

from dataclasses import replace

from db import agencies, dispatches, duplicates, entries, envelopes, reports
from db.dispatches import DispatchRow
from db.engine import Reading, Transaction
from db.reports import ReportRow
from intake.desk import called, ended
from intake.visible import visible
from routing import endings, outbox
from routing.refusals import (
    AgencyDisabledError,
    AgencyRemovedError,
    NoSystemError,
    NothingDeadError,
    UnknownDispatchError,
)
from routing.visible import VisibleEntry

UNTOLD = {
    "by us": "",
    "otherwise": " (belum pernah terkirim: hubungi lewat telepon)",
    "by telephone": "",  # their name says so
    "nothing": " (belum pernah dikirim; instansi tidak diberi tahu)",
}


async def cancel(tx: Transaction, dispatch_id: str, reason: str, by: str, public_url: str) -> DispatchRow:
    """Cancel a dispatch; twice is once. Its agency is told why, unless it cannot have heard of the dispatch.

    Raises UnknownDispatchError, DispatchOverError.
    """
    report, found = await _locked(tx, dispatch_id)
    if found.state == "cancelled":
        return found
    heard = await endings.cancel(tx, found, reason, by)
    await reports.touch(tx, report.id)
    report, found = await _locked(tx, dispatch_id)
    report = await ended(tx, report, found, by)
    text = f"Penugasan ke {await _name(tx, found)} dibatalkan{UNTOLD[heard]}: {reason}"
    await entries.add(tx, report.id, by, text, automatic=True)
    if heard != "nothing":
        seen = await visible(tx, report)
        why = VisibleEntry(tx.now, by, f"Penugasan dibatalkan: {reason}")  # every form shows entries
        seen = replace(seen, entries=(*seen.entries, why))
        return await outbox.enclose(tx, found, "dispatch.cancelled", seen, public_url, reason=reason)
    return found


async def send_again(tx: Transaction, dispatch_id: str, by: str, public_url: str) -> DispatchRow:
    """Make due what is dead of a dispatch: the same `webhook-id`s, the tries counted on, in their order.

    An agency that was told of the closing before is told it once more, after.
    Raises UnknownDispatchError, NothingDeadError, AgencyRemovedError, AgencyDisabledError, NoSystemError.
    """
    report, found = await _locked(tx, dispatch_id)
    revived = await envelopes.revive(tx, [dispatch_id])
    if not revived:
        raise NothingDeadError
    if await agencies.find(tx, found.agency) is None:
        raise AgencyRemovedError
    if found.agency_no_system:
        raise NoSystemError
    if found.agency_disabled:
        raise AgencyDisabledError
    for one in revived:
        tx.record(by, "envelope.again", one.id, dispatch=dispatch_id)
    await reports.touch(tx, report.id)
    tx.wake("outbox")
    owed = [one.type for one in await envelopes.of_dispatch(tx, dispatch_id) if one.state == "pending"]
    if report.status == "closed" and "report.closed" not in owed:
        await outbox.enclose(tx, found, "report.closed", await visible(tx, report), public_url)
    text = f"Dikirim ulang ke {await _name(tx, found)}."
    await entries.add(tx, report.id, by, text, automatic=True)
    return (await _locked(tx, dispatch_id))[1]


async def _locked(tx: Transaction, dispatch_id: str) -> tuple[ReportRow, DispatchRow]:
    report = await duplicates.lock_of_dispatch(tx, dispatch_id)
    if report is None:
        raise UnknownDispatchError
    found = await dispatches.find(tx, dispatch_id)
    if found is None:
        raise UnknownDispatchError
    return report, found


async def _name(reading: Reading, found: DispatchRow) -> str:
    of_code = {one.code: called(one) if not one.is_sent_to else one.name for one in await agencies.every(reading)}
    return of_code.get(found.agency, found.agency)
