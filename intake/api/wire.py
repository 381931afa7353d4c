"""From rows to the shapes of the wire."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import asdict

from db import calls, dispatches, entries, recordings
from db.calls import CallRow, LegRow
from db.dispatches import DispatchRow
from db.engine import Reading
from db.entries import EntryRow
from db.machine_room import ServiceRow
from db.recordings import RecordingRow
from db.reports import ReportRow
from intake import calling_back
from intake.api import schemas

ENDED = "ended"
CURSOR = r"^[0-7][0-9a-f]{15}$"


async def summaries(reading: Reading, rows: Sequence[ReportRow]) -> list[schemas.ReportSummary]:
    """Return reports as lists show them, in three statements whatever their number."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    by_report = await calls.by_reports(reading, ids)
    sent = await dispatches.of_reports(reading, ids)
    return [
        schemas.ReportSummary.model_validate(_report(row, by_report.get(row.id), sent.get(row.id, []), reading.now))
        for row in rows
    ]


async def whole(reading: Reading, row: ReportRow) -> schemas.Report:
    """Return a report with everything that belongs to it."""
    call = (await calls.by_reports(reading, [row.id])).get(row.id)
    sent = (await dispatches.of_reports(reading, [row.id])).get(row.id, [])
    values = _report(row, call, sent, reading.now)
    if call is not None:
        rows = await calls.legs_of(reading, call.id)
        legs = [_leg(leg) for leg in rows]
        kept = await recordings.of_call(reading, call.id)
        message = await recordings.of_call(reading, call.id, "message")
        more = {
            "metadata": call.metadata,
            "legs": legs,
            "recording": _recording(kept),
            "message": _recording(message),
            "call_back_owed": calling_back.is_owed(call, rows),
        }
        values["call"] = _call(call, reading.now) | more
    values["entries"] = [entry(one) for one in await entries.of_report(reading, row.id)]
    return schemas.Report.model_validate(values)


def entry(row: EntryRow) -> schemas.Entry:
    """Return an entry."""
    return schemas.Entry.model_validate(asdict(row))


def dispatch(row: DispatchRow) -> schemas.Dispatch:
    """Return a dispatch."""
    return schemas.Dispatch.model_validate(asdict(row))


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


def _report(row: ReportRow, call: CallRow | None, sent: list[DispatchRow], now: datetime) -> dict[str, object]:
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
            "number_raw": row.caller_number_raw,
            "name": row.caller_name,
            "withheld": row.caller_withheld,
        },
        "location": {"text": row.location_text, "lat": row.location_lat, "lon": row.location_lon},
        "narrative": row.narrative,
        "call": _call(call, now) if call is not None else None,
        "dispatches": [asdict(one) for one in sent],
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
