"""The one way to a report's next version: by a person, a rule, an agency's word, or what is done to its group."""

from collections.abc import Mapping
from typing import Final

from db import entries, reports
from db.engine import Transaction
from db.reports import ReportRow
from intake import by_kind, callers, report
from intake.report import Value

NOTHING: Final[Mapping[str, object]] = {}


async def next_version(
    tx: Transaction,
    row: ReportRow,
    changes: Mapping[str, Value],
    by: str,
    because: str = "",
    more: Mapping[str, object] = NOTHING,
) -> ReportRow:
    """Save changes of a locked report as its next version, and tell it; return it as it is then.

    Each field's old and new value is an entry, with `because`; so is what follows: what was open is worked on by this,
    a kind brings its priority (`by_kind`). `more`: columns that are no fields. The caller's number learns what became
    of it (`callers.changed`).
    """
    values = report.columns(changes)
    if "status" in changes:
        values["closed_at"] = tx.now if changes["status"] == "closed" else None
        values |= {"reopened_at": tx.now} if changes["status"] == "reopened" else {}
    if row.status == "open":
        values = {"status": "working"} | values  # derived, so it is no change that a person's can conflict with
    if "kind" in changes and "priority" not in changes:
        values["priority"] = await by_kind.priority(tx, row, changes["kind"])
    new = await reports.change(tx, row, values | dict(more), list(changes))
    was, now = report.leaves(row), report.leaves(new)
    why = f" ({because})" if because else ""
    for leaf in dict.fromkeys((*changes, "status")):
        if leaf in report.LABELS and was[leaf] != now[leaf]:
            await entries.add(tx, row.id, by, f"{report.told(leaf, was[leaf], now[leaf])}{why}", automatic=True)
    if "priority" not in changes:
        await by_kind.tell(tx, new, row.priority, by)
    tx.tell("report", new.number, new.version)
    return await callers.changed(tx, row, new)
