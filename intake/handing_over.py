"""The end of a shift: who leaves hands over their open reports with a note, and somebody takes them.

Whoever's reports they are is who wrote, or did, something on them. Who leaves without a word leaves a hand-over all the
same, to whoever takes it. Use cases in the caller's open transaction; the reports are locked first, in the order of
their ids, before any shift.
"""

from collections.abc import Sequence
from typing import Final

from db import calls, entries, handovers, people, reports, seals, worklist
from db.engine import Transaction
from db.handovers import HandoverRow
from db.reports import ReportRow
from intake.refusals import (
    HandoverTakenError,
    NothingToHandOverError,
    ReportClosedError,
    UnknownHandoverError,
    UnknownPersonError,
    UnknownReportError,
)

ANYBODY: Final = "petugas berikutnya"
LEFT: Final = "Giliran berakhir tanpa serah terima"
OVER: Final = "Diambil alih pengawas"


async def hand_over(
    tx: Transaction, by: str, to: str | None, note: str, numbers: Sequence[str] | None
) -> tuple[HandoverRow, list[str]]:
    """Hand over reports (None: all of one's own that are not closed), to somebody or to whoever takes them.

    Return the hand-over and the reports' numbers.
    Raises UnknownPersonError, UnknownReportError, ReportClosedError, NothingToHandOverError.
    """
    if to is not None:
        person = await people.user(tx, to)
        if person is None or person.disabled_at is not None:
            raise UnknownPersonError
    rows = await _own(tx, by) if numbers is None else await _named(tx, numbers)
    if not rows:
        raise NothingToHandOverError
    return await _hand_over(tx, by, to, note, rows, by)


async def leave(tx: Transaction, user: str, by: str) -> None:
    """Show that what somebody who is gone had open is nobody's now: hand their reports over to whoever takes them, and
    take their name off the worklist.
    """
    if rows := await _own(tx, user):
        await _hand_over(tx, user, None, LEFT, rows, by)
    for item_id in await worklist.free(tx, user):
        tx.record(by, "worklist.freed", item_id, owner=user)
        tx.tell("worklist", item_id)


async def _hand_over(
    tx: Transaction, user: str, to: str | None, note: str, rows: Sequence[ReportRow], by: str
) -> tuple[HandoverRow, list[str]]:
    """Hand over somebody's locked reports; the entries are theirs, or the reports would be `by`'s from now on."""
    row = await handovers.add(tx, user, to, note, [one.id for one in rows])
    text = f"Diserahkan kepada {to or ANYBODY}: {note}"
    await calls.write_entries(tx, user, [(one.id, text) for one in rows])
    await reports.touch_all(tx, [one.id for one in rows])
    found = [one.number for one in rows]
    marks = await seals.marks(tx, rows[0].id, {"note": note}) if rows else {}  # by the key of the first report
    tx.record(by, "handover.made", row.id, reports=found, marks=marks)
    tx.tell("handover", row.id)
    return row, found


async def take(tx: Transaction, handover_id: str, by: str) -> tuple[HandoverRow, list[str]]:
    """Take what was handed over. Raises UnknownHandoverError, HandoverTakenError."""
    row = await handovers.find(tx, handover_id)
    if row is None:
        raise UnknownHandoverError
    numbers = (await handovers.numbers(tx, [handover_id]))[handover_id]
    for number in numbers:
        report = await reports.find(tx, number)
        if report is not None:
            await reports.touch(tx, report.id)
            await entries.add(tx, report.id, by, f"Serah terima dari {row.from_user} diterima", automatic=True)
    if not await handovers.take(tx, handover_id, by):
        raise HandoverTakenError
    tx.record(by, "handover.taken", handover_id, reports=numbers)
    tx.tell("handover", handover_id)
    return await handovers.find(tx, handover_id) or row, numbers


async def take_over(tx: Transaction, number: str, by: str) -> list[str]:
    """Make a report one's own, whoever's it is; return whose it was. It is saved as their hand-over, taken at once.

    Raises UnknownReportError, ReportClosedError.
    """
    (report,) = await _named(tx, [number])
    theirs = [one for one in await handovers.holders(tx, report.id) if one != by]
    for user in theirs:
        row = await handovers.add(tx, user, by, OVER, [report.id])
        await handovers.take(tx, row.id, by)
        tx.tell("handover", row.id)
    said = f"Laporan diambil alih dari {', '.join(theirs)}" if theirs else "Laporan diambil alih"
    await entries.add(tx, report.id, by, said, automatic=True)
    await reports.touch(tx, report.id)
    tx.record(by, "report.taken_over", number, of=theirs)
    return theirs


async def _own(tx: Transaction, user: str) -> list[ReportRow]:
    """Return what is somebody's and not closed, locked: all of it, however much it is."""
    seen = [one.id for one in await handovers.open_reports_of(tx, user)]
    if not seen:
        return []
    locked = await calls.lock_reports(tx, seen)
    return [one for one in await handovers.open_reports_of(tx, user) if one.id in locked]  # as it is now


async def _named(tx: Transaction, numbers: Sequence[str]) -> list[ReportRow]:
    found = []
    for number in dict.fromkeys(numbers):
        row = await reports.find(tx, number)
        if row is None:
            raise UnknownReportError(f"There is no report {number}. The list of reports shows their numbers.")
        found.append(row)
    locked = [await reports.lock(tx, one.id) for one in sorted(found, key=lambda one: one.id)]
    if closed := [one.number for one in locked if one.status == "closed"]:
        raise ReportClosedError(
            f"{', '.join(closed)}: a closed report cannot be handed over. Leave it out, or reopen it."
        )
    return locked
