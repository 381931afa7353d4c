"""A later report is linked to an earlier one: by a person, or by a rule that people see and undo. It merges nothing.

A link ticks off what the worklist holds of the earlier report's call when somebody has talked to the later caller;
undone, it is owed again. Reports are locked before what the worklist holds, the lowest id first like everywhere
(`duplicates.lock`); only a ring has its own already when it learns of an earlier one.
"""

from typing import Final

from msgspec.structs import replace

from db import calls, duplicates, entries, links, reports, worklist
from db.engine import Transaction
from db.links import LinkRow
from db.reports import ReportRow
from db.worklist import ItemRow
from intake.caller_refusals import AlreadyLinkedError, LinksItselfError, LinkUndoneError, UnknownLinkError
from intake.refusals import UnknownReportError

RULE: Final = "aturan otomatis"  # the author of what rules link
MOST_TOLD: Final = 30  # entries of links in the report of one who rings all night; later ones are links all the same
SAME_NUMBER: Final = "same_number"
WHY: Final = {SAME_NUMBER: "nomor yang sama menelepon lagi; dapat dibatalkan"}


async def link(tx: Transaction, number: str, other: str, by: str) -> LinkRow:
    """Link two reports, whichever was opened later to the other.

    Raises UnknownReportError, LinksItselfError, AlreadyLinkedError.
    """
    if number == other:
        raise LinksItselfError
    later, earlier = sorted([await _found(tx, number), await _found(tx, other)], key=lambda row: -row.id)
    await duplicates.lock(tx, later, earlier)
    made = await links.add(tx, later.id, earlier.id, by, None)
    if made is None:
        raise AlreadyLinkedError
    await _write(tx, later, earlier, made, f"ditautkan oleh {by}")
    await _tick_off(tx, made, by)
    return made


async def link_by_rule(tx: Transaction, later_id: int, earlier_id: int, rule: str = SAME_NUMBER) -> LinkRow | None:
    """Link two locked reports by a rule. None: they are linked, or were, and a person has undone it."""
    if later_id == earlier_id:
        return None
    made = await links.add(tx, later_id, earlier_id, RULE, rule)
    if made is not None:
        rows = await reports.by_ids(tx, [later_id, earlier_id])
        await _write(tx, rows[later_id], rows[earlier_id], made, WHY[rule])
    return made


async def undo(tx: Transaction, link_id: str, by: str) -> LinkRow:
    """Undo a link; a rule never makes it again. What it ticked off is owed again, unless the number has an open item.

    Raises UnknownLinkError, LinkUndoneError.
    """
    found = await links.find(tx, link_id)
    if found is None:
        raise UnknownLinkError
    locked = await duplicates.lock_ids(tx, [found.report_id, found.to_report_id])
    later, earlier = locked[found.report_id], locked[found.to_report_id]
    if not await links.undo(tx, link_id, by):
        raise LinkUndoneError
    await entries.add(tx, later.id, by, f"Tautan ke {earlier.number} dibatalkan", automatic=True)
    await entries.add(tx, earlier.id, by, f"Tautan dari {later.number} dibatalkan", automatic=True)
    tx.record(by, "link.undone", link_id, report=later.number, to=earlier.number)
    await _tell(tx, later.id, earlier.id)
    item = await worklist.closed_by_link(tx, link_id)
    if item is not None and (item.number is None or await worklist.open_of(tx, item.number) is None):
        await worklist.change(tx, item.id, closed_at=None, closed_by=None, closed_because=None, link_id=None)
        tx.record(by, "worklist.reopened", item.id, link=link_id)
        tx.tell("worklist", item.id)
    return replace(found, undone_at=tx.now, undone_by=by)


async def tick_off(tx: Transaction, item: ItemRow, made: LinkRow | None, because: str, by: str) -> None:
    """Close a locked item because somebody has talked to its caller."""
    link_id = None if made is None else made.id
    await worklist.change(tx, item.id, closed_at=tx.now, closed_by=by, closed_because=because, link_id=link_id)
    tx.record(by, "worklist.closed", item.id, because=because)
    tx.tell("worklist", item.id)


async def _tick_off(tx: Transaction, made: LinkRow, by: str) -> None:
    """Close what the worklist holds of the earlier report, if the later one is somebody who was talked to."""
    held = await worklist.of_report(tx, made.to_report_id)
    call = (await calls.by_reports(tx, [made.report_id])).get(made.report_id)
    talked = call is None or call.operator_device is not None
    if held is None or held.closed_at is not None or not talked or await worklist.of_report(tx, made.report_id):
        return
    item = await worklist.find(tx, held.id)
    if item is not None and item.closed_at is None:
        await tick_off(tx, item, made, "linked", by)


async def _write(tx: Transaction, later: ReportRow, earlier: ReportRow, made: LinkRow, why: str) -> None:
    await entries.add(tx, later.id, made.made_by, f"Tautan ke {earlier.number}: {why}", automatic=True)
    if (told := await links.count_to(tx, earlier.id)) <= MOST_TOLD:
        more = f" (tautan berikutnya tidak dicatat lagi di sini, setelah {MOST_TOLD})" if told == MOST_TOLD else ""
        await entries.add(tx, earlier.id, made.made_by, f"Tautan dari {later.number}: {why}{more}", automatic=True)
    tx.record(made.made_by, "link.made", made.id, report=later.number, to=earlier.number, rule=made.rule)
    await _tell(tx, later.id, earlier.id)


async def _tell(tx: Transaction, *report_ids: int) -> None:
    for report_id in report_ids:
        await reports.touch(tx, report_id)


async def _found(tx: Transaction, number: str) -> ReportRow:
    row = await reports.find(tx, number)
    if row is None:
        raise UnknownReportError
    return row
