"""What the phone page of a dispatch shows: for agencies without a system of their own, whose people follow a link.

The link's token opens this one dispatch, and nothing else, until a day after the dispatch ended or its report was
closed. It shows what an agency may see of the report; of one that the agency does not have (any more), only its number.
Nothing is booked by looking: messengers fetch a link to preview it.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db import agencies, answers, dispatches, reports
from db.answers import AnswerRow
from db.choices import KindRow, kinds
from db.dispatches import DispatchRow
from db.engine import Reading
from db.reports import ReportRow
from db.states import NOT_LIVE
from intake import grouping
from intake.duplicates import merged_with
from intake.refusals import NoPageError
from intake.visible import visible
from routing import outbox
from routing.refusals import UnknownDispatchError
from routing.steps import ANSWERS, AnswerWord, step
from routing.visible import VisibleReport

OPEN_FOR: Final = timedelta(hours=24)
SHOWN: Final = 20
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_DIALLED: Final = re.compile(r"\+?[0-9]{3,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Opened:
    """What is behind a token; `seen` is None when the agency does not have the report (any more)."""

    dispatch: DispatchRow
    report: ReportRow
    agency: str  # its name
    kind: KindRow | None
    seen: VisibleReport | None
    answers: list[AnswerRow]
    instead: DispatchRow | None = None  # of a dispatch that was cancelled because the agency has another: that one

    @property
    def steps(self) -> list[AnswerWord]:
        """What the agency may say now, the next step first; nothing when it is over."""
        if self.report.status == "closed":
            return []
        return [word for word in ANSWERS if step(self.dispatch.state, word)]

    @property
    def said(self) -> list[AnswerRow]:
        """The last answers, the newest first."""
        return self.answers[: -SHOWN - 1 : -1]

    @property
    def dial(self) -> str | None:
        """The caller's number when a telephone can dial it."""
        if self.seen is None:
            return None
        number = self.seen.caller_said or ""
        return number if _DIALLED.fullmatch(number) else None


async def link(reading: Reading, dispatch_id: str, public_url: str) -> str:
    """Return the page's address, for staff to give to an agency by telephone or chat. Whoever asks is in the record.

    Raises UnknownDispatchError, and NoPageError when it would open nothing.
    """
    found = await dispatches.find(reading, dispatch_id)
    if found is None:
        raise UnknownDispatchError
    if found.page_token is None or await opened(reading, found.page_token) is None:
        raise NoPageError
    return outbox.page_url(public_url, found.page_token)


async def opened(reading: Reading, token: str) -> Opened | None:
    """Return what a token opens now, or None: unknown, malformed, and over for a day are all the same."""
    found = await dispatches.of_page(reading, token) if _TOKEN.fullmatch(token) else None
    if found is None:
        return None
    report = (await reports.by_ids(reading, [found.report_id]))[found.report_id]
    agency = await agencies.find(reading, found.agency)
    over_at = ended_at(found, report)
    if agency is None or agency.disabled_at is not None or (over_at is not None and reading.now >= over_at + OPEN_FOR):
        return None
    return Opened(
        dispatch=found,
        report=report,
        agency=agency.name,
        kind=None if report.kind is None else await kinds.find(reading, report.kind),
        seen=await _seen(reading, found, report),
        answers=await answers.of_dispatch(reading, found.id),
        instead=await _instead(reading, found, report),
    )


async def _seen(reading: Reading, found: DispatchRow, report: ReportRow) -> VisibleReport | None:
    if found.state in NOT_LIVE:
        return None
    return (await visible(reading, report)).shown_to(found.caller_number, found.agency)


async def _instead(reading: Reading, found: DispatchRow, report: ReportRow) -> DispatchRow | None:
    """Return the dispatch of the same incident that this agency has instead of one that a join cancelled.

    Wherever it went since: joined on to a third report, or sent anew when the join was undone.
    """
    if found.state != "cancelled" or report.status == "closed" or merged_with(found.cancel_reason) is None:
        return None
    goes_on = await grouping.unfinished(reading, report)
    return next((one for one in goes_on if one.agency_id == found.agency_id), None)


def ended_at(dispatch: DispatchRow, report: ReportRow) -> datetime | None:
    """Return when the dispatch ended or its report was closed, whichever came first; None: it goes on."""
    ends = (dispatch.rejected_at, dispatch.cancelled_at, dispatch.resolved_at, report.closed_at)
    return min((at for at in ends if at is not None), default=None)
