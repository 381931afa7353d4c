"""The end of a shift: who leaves hands over their open reports with a note, and somebody takes them.

Whoever's reports they are is who wrote, or did, something on them. Use cases in the caller's open transaction; the
reports are locked first, in the order of their ids.
"""

from collections.abc import Sequence
from typing import Final

from db import entries, handovers, people, reports, seals
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

MOST: Final = 200
ANYBODY: Final = "petugas berikutnya"


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
    rows = await _rows(tx, by, numbers)
    row = await handovers.add(tx, by, to, note, [one.id for one in rows])
    for one in rows:
        await entries.add(tx, one.id, by, f"Diserahkan kepada {to or ANYBODY}: {note}", automatic=True)
    found = [await reports.touch(tx, one.id) for one in rows]
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


async def _rows(tx: Transaction, by: str, numbers: Sequence[str] | None) -> list[ReportRow]:
    if numbers is None:
        found = await handovers.open_reports_of(tx, by, MOST)
        if not found:
            raise NothingToHandOverError
    else:
        found = []
        for number in dict.fromkeys(numbers):
            row = await reports.find(tx, number)
            if row is None:
                raise UnknownReportError(f"There is no report {number}. The list of reports shows their numbers.")
            found.append(row)
    locked = [await reports.lock(tx, one.id) for one in sorted(found, key=lambda one: one.id)]
    if numbers is None:
        return [one for one in locked if one.status != "closed"]
    if closed := [one.number for one in locked if one.status == "closed"]:
        raise ReportClosedError(
            f"{', '.join(closed)}: a closed report cannot be handed over. Leave it out, or reopen it."
        )
    return locked
