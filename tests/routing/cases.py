"""Reports and agencies to try things on."""

import itertools
from dataclasses import replace

from db import reports, tables
from db.dispatches import DispatchRow
from db.engine import Database, Reading, Transaction
from db.envelopes import EnvelopeRow
from db.reports import ReportRow
from intake.visible import shown
from routing import outbox
from routing.envelope import VisibleReport
from routing.outbox import NewAgency
from routing.rules import Proposal

PUBLIC_URL = "https://112.example"
_days = itertools.count(1)


async def add_report(tx: Transaction, kind: str | None = "kebakaran", priority: str | None = "P1") -> ReportRow:
    """Open a report."""
    values = {"status": "working", "classification": "normal", "source": "walk-in", "exercise": False}
    number = await reports.take_number(tx, f"{next(_days):08d}")
    return await reports.add(tx, number, {**values, "opened_at": tx.now, "kind": kind, "priority": priority})


def visible(row: ReportRow) -> VisibleReport:
    """Return what an agency sees of a report without a call and without entries."""
    return shown(row, ())


async def add_agency(
    database: Database, code: str = "damkar", url: str = "https://damkar.example/hook", allow: str | None = None
) -> NewAgency:
    """Add an agency; `allow` is the network it may be in."""
    async with database.transaction() as tx:
        return await outbox.add_agency(tx, code, code.title(), url, [allow] if allow else [], [])


async def put(
    tx: Transaction, report: ReportRow, agency: str = "damkar", proposal: Proposal | None = None
) -> DispatchRow:
    """Dispatch a report."""
    return await outbox.put(
        tx,
        report_id=report.id,
        report=visible(report),
        agency_code=agency,
        by="rina",
        public_url=PUBLIC_URL,
        proposal=proposal,
    )


async def dispatch(database: Database, agency: str = "damkar", priority: str | None = "P1") -> DispatchRow:
    """Open a report and dispatch it."""
    async with database.transaction() as tx:
        return await put(tx, await add_report(tx, priority=priority), agency)


async def owed(reading: Reading, dispatch_id: str) -> list[EnvelopeRow]:
    """Return the whole envelopes of a dispatch, in their order."""
    v = tables.envelopes.c
    rows = await reading.connection.execute(
        tables.envelopes.select().where(v.dispatch_id == dispatch_id).order_by(v.sequence)
    )
    return [EnvelopeRow(**row) for row in rows.mappings()]


async def update(tx: Transaction, report: ReportRow, narrative: str) -> list[DispatchRow]:
    """Tell the agencies of a report a new narrative."""
    seen = replace(visible(report), narrative=narrative)
    return await outbox.update(tx, report_id=report.id, report=seen, public_url=PUBLIC_URL)
