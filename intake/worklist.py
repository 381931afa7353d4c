"""What operators do about callers whom nobody answered: take an item, call back, write what else was done, close it.

Items are born, and mostly closed, by themselves: see `unanswered`. Whoever gives up has called back `call_back_tries`
times before, or says that the caller was found, or why nobody needs to be called.
"""

from typing import Final, Literal

from db import callers, calls, entries, reports, seals, worklist
from db.controls import ControlRow
from db.engine import Transaction
from db.worklist import ItemRow
from intake import closing, control
from intake.caller_refusals import ItemClosedError, ItemOpenError, ItemTakenError, StepsLeftError, UnknownItemError
from intake.closing import Ending
from intake.refusals import CallerOnLineError

Step = Literal["message", "search"]
"""A message was sent; the same number or place was looked for among the reports."""
Because = Literal["unreachable", "found", "not_needed"]
CLOSED: Final[dict[Because, str]] = {
    "unreachable": "tidak dapat dihubungi",
    "found": "penelepon ditemukan dengan cara lain",
    "not_needed": "tidak perlu ditelepon balik",
}


async def take(tx: Transaction, item_id: str, by: str, *, over: bool) -> ItemRow:
    """Make an item one's own; `over`: even though it is another's.

    Raises UnknownItemError, ItemClosedError, ItemTakenError.
    """
    item = await _open(tx, item_id)
    if item.owner == by:
        return item
    if item.owner is not None and not over:
        raise ItemTakenError(f"{item.owner} has taken this item. Send `over` to take it over.")
    item = await worklist.change(tx, item.id, owner=by, taken_at=tx.now)
    tx.record(by, "worklist.taken", item.id, over=over)
    tx.tell("worklist", item.id)
    return item


async def step(tx: Transaction, item_id: str, done: Step, note: str | None, by: str) -> ItemRow:
    """Write what was done about an item. Raises UnknownItemError, ItemClosedError."""
    marks = await _marks(tx, await worklist.look(tx, item_id), note)  # has to do with the report: before the item
    item = await _open(tx, item_id)
    await worklist.add_step(tx, item.id, done, by, note=note)
    tx.record(by, "worklist.step", item.id, step=done, marks=marks)
    tx.tell("worklist", item.id)
    return item


async def call_back(tx: Transaction, item_id: str, device: str | None, by: str) -> ControlRow:
    """Ask for a desk's telephone to be rung, and then the caller of an item; whoever asks takes the item if nobody has.

    Raises UnknownItemError, ItemClosedError, and what `control.call_back` raises.
    """
    seen = await worklist.look(tx, item_id)
    if seen is None:
        raise UnknownItemError
    if seen.closed_at is not None:
        raise ItemClosedError
    if seen.number is not None and await callers.rings_now(tx, seen.number):
        raise CallerOnLineError("This caller is on the line now, in another call. Answer it.")
    newest = (await worklist.reports_of(tx, [item_id]))[item_id][-1]
    return await control.call_back(tx, newest.number, device, by)


async def close(
    tx: Transaction,
    item_id: str,
    because: Because | None,
    note: str | None,
    by: str,
    public_url: str,
    reports_end: Ending | None = None,
) -> list[str]:
    """Close an item with its reason; the report of its first call tells it.

    `reports_end`: close those of its reports, too, on which nobody has worked (`open`), and return their numbers;
    without a reason these alone, of an item that is closed.
    Raises UnknownItemError, ItemClosedError, StepsLeftError, UnfitDispositionError, NoDispositionError.
    """
    seen = await worklist.look(tx, item_id)
    if seen is None:
        raise UnknownItemError
    held = [one.id for one in (await worklist.reports_of(tx, [item_id]))[item_id]]
    await calls.lock_reports(tx, held)
    if because is not None:
        await _close(tx, item_id, because, note, by)
    elif seen.closed_at is None:
        raise ItemOpenError
    if reports_end is None:
        return []
    rows = await reports.by_ids(tx, held)
    untouched = [rows[id].number for id in held if rows[id].status == "open" and rows[id].is_alone]
    for number in untouched:
        await closing.close(tx, number, reports_end, by, public_url)
    return untouched


async def _close(tx: Transaction, item_id: str, because: Because, note: str | None, by: str) -> None:
    item = await _open(tx, item_id)
    needed = (await callers.rules(tx))[0].call_back_tries
    if because == "unreachable" and item.number is not None and item.tries < needed:
        raise StepsLeftError(
            f"Somebody has called back {item.tries} of {needed} times. Call back again, or close it as found or "
            "not needed."
        )
    item = await worklist.change(tx, item.id, closed_at=tx.now, closed_by=by, closed_because=because, note=note)
    tx.record(by, "worklist.closed", item.id, because=because, marks=await _marks(tx, item, note))
    tx.tell("worklist", item.id)
    said = f"Daftar telepon balik ditutup: {CLOSED[because]}" + (f" ({note})" if note else "")
    await entries.add(tx, item.report_id, by, said, automatic=True)
    await reports.touch(tx, item.report_id)


async def _open(tx: Transaction, item_id: str) -> ItemRow:
    item = await worklist.find(tx, item_id)
    if item is None:
        raise UnknownItemError
    if item.closed_at is not None:
        raise ItemClosedError
    return item


async def _marks(tx: Transaction, item: ItemRow | None, note: str | None) -> dict[str, str]:
    """Return the mark of a note, under the key of the item's report."""
    return {} if item is None or note is None else await seals.marks(tx, item.report_id, {"note": note})
