"""How a report ends: what became of it, closed, left to a neighbouring centre, reopened.

Use cases like those of `desk`: in the caller's open transaction, the report locked first, each old and new value an
entry. What agencies called resolved is closed by who has checked it with the caller (`steps.check_close`); the word
of the agency, that of the centre and that of the caller stay three. Reopening keeps the clock: nothing of a report's
times begins anew but the deadlines of its dispatches.
"""

from dataclasses import dataclass

from db import agencies
from db.engine import Transaction
from db.reports import ReportRow
from intake import desk, dispositions, grouping
from intake.dispositions import NOT_OURS
from intake.refusals import NotACentreError
from intake.report import Classification, Value
from intake.steps import Told


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a report; None: as it says itself. `caller`: whether the caller was told. `note` is an entry."""

    classification: Classification | None = None
    disposition: str | None = None
    caller: Told | None = None
    note: str = ""


async def dispose(tx: Transaction, number: str, ending: Ending, by: str, public_url: str) -> ReportRow:
    """Write down what became of a report; one that is no emergency, and not closed yet, is closed with it.

    Raises UnknownReportError, UnfitDispositionError, IllegalStepError.
    """
    row = await desk.locked(tx, number)
    classification = ending.classification or row.classification
    if classification != "normal" and row.status != "closed":
        return await _close(tx, row, ending, by, public_url)
    ends = await dispositions.decided(tx, classification, ending.disposition, row.disposition)
    wanted: dict[str, Value] = {"class": classification, "disposition": ends}
    if ending.caller is not None:
        wanted["caller_told"] = ending.caller
    return await _alter(tx, row, wanted, ending.note, by, public_url)


async def close(tx: Transaction, number: str, ending: Ending, by: str, public_url: str) -> ReportRow:
    """Close a report.

    Raises UnknownReportError, UnfitDispositionError, IllegalStepError (NoDispositionError, NotVerifiedError).
    """
    return await _close(tx, await desk.locked(tx, number), ending, by, public_url)


async def reopen(tx: Transaction, number: str, note: str, by: str, public_url: str) -> ReportRow:
    """Go on with a report that was resolved or closed. Raises UnknownReportError, IllegalStepError."""
    row = await desk.locked(tx, number)
    grouping.check(row, "reopen")
    return await _alter(tx, row, dispositions.brought(row, "reopen", {"status": "reopened"}), note, by, public_url)


async def not_ours(tx: Transaction, number: str, centre: str, note: str, by: str, public_url: str) -> ReportRow:
    """Close a report that a neighbouring 112 centre, an agency of ours, has accepted: it is theirs now.

    They may have any report of its group. Raises UnknownReportError, NotACentreError, IllegalStepError
    (JoinedReportError, NotTakenOverError).
    """
    row = await desk.locked(tx, number)
    grouping.check(row, None)
    if not any(one.code == centre and one.is_centre for one in await agencies.every(tx)):
        raise NotACentreError
    await grouping.may_be_left(tx, row, centre)
    wanted: dict[str, Value] = {"class": "normal", "disposition": NOT_OURS, "status": "closed"}
    return await _alter(tx, row, wanted, note, by, public_url)


async def _close(tx: Transaction, row: ReportRow, ending: Ending, by: str, public_url: str) -> ReportRow:
    classification = ending.classification or row.classification
    await grouping.may_be_closed(tx, row)
    wanted = await dispositions.closing(tx, row, classification, ending.disposition, ending.caller)
    return await _alter(tx, row, wanted, ending.note, by, public_url)


async def _alter(
    tx: Transaction, row: ReportRow, wanted: dict[str, Value], note: str, by: str, public_url: str
) -> ReportRow:
    changes = dispositions.differing(row, wanted)
    return await desk.alter(tx, row, changes, by, public_url, note) if changes or note else row
