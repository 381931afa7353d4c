"""How a report may end: the centre's own list, which of it fits a class, and what a step brings with it.

The product itself uses those `OF_SYSTEM`: `NOT_OURS` by its own step, `TEST` for our own calls, `DUPLICATE` for what
is closed with the report to which it was joined. Of a class that is no emergency it takes the first that fits, so that
one key closes a silent call. A code is kept for ever; what nobody shall choose any more is disabled.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from db.choices import DispositionRow, dispositions
from db.engine import Reading
from db.reports import ReportRow
from intake import report, steps
from intake.refusals import UnfitDispositionError
from intake.report import Value
from intake.steps import Step

NOT_OURS: Final = "not_ours"
TEST: Final = "test"
DUPLICATE: Final = "duplicate"
OF_SYSTEM: Final = (NOT_OURS, TEST, DUPLICATE)


def fitting(rows: Sequence[DispositionRow], classification: str) -> list[str]:
    """Return the codes that people may choose for a report of this class, in their order."""
    chosen = [one for one in rows if one.disabled_at is None and one.code != NOT_OURS]
    return [one.code for one in chosen if classification in one.classes]


async def decided(reading: Reading, classification: str, disposition: str | None, present: str | None) -> str | None:
    """Return how a report of this class ends: as was said, else as it says itself, else the first if no emergency.

    None: an emergency of which nobody has said it. Raises UnfitDispositionError.
    """
    fit = fitting(await dispositions.every(reading), classification)
    if disposition is not None:
        if disposition not in fit:
            raise UnfitDispositionError(f"A report of class {classification} ends as one of these: {', '.join(fit)}.")
        return disposition
    if present in fit:
        return present
    return fit[0] if fit and classification != "normal" else None


async def closing(
    reading: Reading, row: ReportRow, classification: str, disposition: str | None, caller: str | None
) -> dict[str, Value]:
    """Return the fields with which a report is closed. Raises IllegalStepError, UnfitDispositionError."""
    ends = await decided(reading, classification, disposition, row.disposition)
    fit = fitting(await dispositions.every(reading), classification)
    told = caller or row.caller_told
    steps.check_close(row.status, classification, disposition=ends, caller=told, fit=fit)
    return {"class": classification, "disposition": ends, "caller_told": told, "status": "closed"}


async def taken(reading: Reading, row: ReportRow, step: Step, changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return changes with all that a legal step of a report brings with it.

    Raises IllegalStepError when what it needs is missing, UnfitDispositionError.
    """
    if step == "close":
        classification = str(changes.get("class", row.classification))
        closed = await closing(reading, row, classification, None, None)
        return dict(changes) | differing(row, closed)
    return brought(row, step, changes)


def brought(row: ReportRow, step: Step, changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return changes with what a step takes back: reopened, it has not ended; resolved, nobody has checked that."""
    undone: dict[str, Value] = {}
    if step == "reopen":
        undone = {"disposition": None, "caller_told": None}
    elif step == "resolve":
        undone = {"caller_told": None}
    return dict(changes) | differing(row, undone)


def differing(row: ReportRow, wanted: Mapping[str, Value]) -> dict[str, Value]:
    """Return what of these fields a report does not have yet."""
    now = report.leaves(row)
    return {leaf: value for leaf, value in wanted.items() if now[leaf] != value}
