"""From rows to the shapes of the wire."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec.structs import asdict

from db import calls, deliveries, dispatches, entries, giving_up, guide_answers, handovers, recordings, worklist
from db.answers import AnswerRow
from db.calls import CallRow, LegRow
from db.deliveries import DeliveryRow
from db.dispatches import DispatchRow
from db.engine import Reading
from db.entries import EntryRow
from db.machine_room import ServiceRow
from db.recordings import RecordingRow
from db.reports import ReportRow
from intake import grouping, unanswered
from intake.api import dispatch_schemas, location_wire, schemas
from intake.news import POSITION
from intake.report import NUMBER, leaves

ENDED = "ended"
CURSOR = r"^[0-7][0-9a-f]{15}$"


async def summaries(reading: Reading, rows: Sequence[ReportRow]) -> list[schemas.ReportSummary]:
    """Return reports as lists show them, in five statements whatever their number."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    by_report = await calls.by_reports(reading, ids)
    sent = await _dispatches(reading, ids)
    return [
        schemas.ReportSummary.model_validate(_report(row, by_report.get(row.id), sent.get(row.id, []), reading.now))
        for row in rows
    ]


async def whole(reading: Reading, row: ReportRow) -> schemas.Report:
    """Return a report with everything that belongs to it."""
    call = (await calls.by_reports(reading, [row.id])).get(row.id)
    sent = (await _dispatches(reading, [row.id])).get(row.id, [])
    values = _report(row, call, sent, reading.now)
    if call is not None:
        rows = await calls.legs_of(reading, call.id)
        legs = [_leg(leg) for leg in rows]
        kept = await recordings.of_call(reading, call.id)
        message = await recordings.of_call(reading, call.id, "message")
        more = {
            "metadata": {name: value for name, value in call.metadata.items() if name != POSITION},
            "position": call.metadata.get(POSITION),
            "legs": legs,
            "recording": _recording(kept),
            "message": _recording(message),
            "call_back_owed": unanswered.promised(call, rows) and not await _is_settled(reading, row.id),
        }
        values["call"] = _call(call, reading.now) | more
    values["location"] = await location_wire.whole(reading, row)
    values["entries"] = [entry(one) for one in await entries.of_report(reading, row.id)]
    values["steps"] = await grouping.may(reading, row)
    answered = [] if row.kind is None else await guide_answers.of_report(reading, row.id, row.kind)
    values["guide"] = [asdict(one) for one in answered]
    handed = await handovers.last_of(reading, row.id)
    values["handover"] = None if handed is None else asdict(handed)
    return schemas.Report.model_validate(values)


async def _is_settled(reading: Reading, report_id: int) -> bool:
    item = await worklist.of_report(reading, report_id)
    return item is not None and item.closed_at is not None


def entry(row: EntryRow) -> schemas.Entry:
    """Return an entry."""
    return schemas.Entry.model_validate(asdict(row))


async def sent(reading: Reading, rows: Sequence[DispatchRow]) -> list[dispatch_schemas.Dispatch]:
    """Return dispatches."""
    delivered = await deliveries.of_reports(reading, [row.report_id for row in rows])
    gave_up = await giving_up.of(reading, rows)
    return [
        dispatch_schemas.Dispatch.model_validate(_dispatch(row, delivered.get(row.id), gave_up, reading.now))
        for row in rows
    ]


def kept_answer(row: AnswerRow) -> dispatch_schemas.KeptAnswer:
    """Return an answer of the log."""
    return dispatch_schemas.KeptAnswer.model_validate(asdict(row))


def service(row: ServiceRow, now: datetime) -> schemas.Service:
    """Return what a service last said."""
    alarms = [asdict(alarm) for alarm in row.alarms]
    return schemas.Service.model_validate(asdict(row) | {"alarms": alarms, "fresh": row.is_fresh(now)})


def cursor(before_id: int) -> str:
    """Return the opaque cursor of the reports older than this one."""
    return f"{before_id:016x}"


def from_cursor(text: str) -> int:
    """Return what `cursor` was given, of a text that `CURSOR` matches."""
    return int(text, 16)


def _recording(kept: RecordingRow | None) -> dict[str, object] | None:
    return None if kept is None else asdict(kept) | {"heard": kept.file is not None}


async def _dispatches(reading: Reading, report_ids: list[int]) -> dict[int, list[dict[str, object]]]:
    """Return the dispatches of reports by report id, the oldest first."""
    found = await dispatches.of_reports(reading, report_ids)
    delivered = await deliveries.of_reports(reading, report_ids)
    gave_up = await giving_up.of(reading, [row for rows in found.values() for row in rows])
    return {
        report_id: [_dispatch(row, delivered.get(row.id), gave_up, reading.now) for row in rows]
        for report_id, rows in found.items()
    }


def _dispatch(
    row: DispatchRow, delivery: DeliveryRow | None, gave_up: Collection[str], now: datetime
) -> dict[str, object]:
    shown = None
    if delivery is not None:
        shown = asdict(delivery)
        shown["state"] = delivery.told()
        shown["next_try_at"] = delivery.next_try_at if shown["state"] in ("pending", "failing") else None
    return asdict(row) | {"overdue": row.is_overdue(now), "gave_up": row.id in gave_up, "delivery": shown}


def _report(row: ReportRow, call: CallRow | None, sent: list[dict[str, object]], now: datetime) -> dict[str, object]:
    return {
        "number": row.number,
        "version": row.version,
        "status": row.status,
        "class": row.classification,
        "kind": row.kind,
        "priority": row.priority,
        "source": row.source,
        "external_id": row.external_id,
        "exercise": row.exercise,
        "opened_at": row.opened_at,
        "caller": {
            "number": row.caller_number,
            "number_raw": row.caller_number_raw if call is None else call.number_raw,
            "name": row.caller_name,
            "withheld": row.caller_withheld,
        },
        "caller_typed": row.caller_number_raw if NUMBER in row.field_versions else None,
        "location": location_wire.location(row),
        "narrative": row.narrative,
        "flags": {
            leaf.removeprefix("flags."): value for leaf, value in leaves(row).items() if leaf.startswith("flags.")
        },
        "disposition": row.disposition,
        "caller_told": row.caller_told,
        "duplicate_of": row.duplicate_of,
        "joined": row.joined or 0,
        "call": _call(call, now) if call is not None else None,
        "dispatches": sent,
    }


def _call(row: CallRow, now: datetime) -> dict[str, object]:
    operator = {"user": row.operator_user, "member": row.operator_member, "device": row.operator_device}
    return asdict(row) | {
        "waited_s": _waited_s(row, now),
        "operator": operator if row.operator_device is not None else None,
    }


def _waited_s(row: CallRow, now: datetime) -> float | None:
    """Return how long the caller waited for a human, from the ring on; None when nothing we hold says how long."""
    until = row.answered_at or (row.ended_at if row.operator_device is None else None)
    if until is None:
        if row.stage == ENDED or row.operator_device is not None:
            return None
        until = now
    return max(0.0, round((until - row.arrived_at).total_seconds(), 3))


def _leg(row: LegRow) -> dict[str, object]:
    return asdict(row) | {"from": row.from_at, "to": row.to_at}
