"""The route by which a recording is heard: for a reason, which the report tells, and never from a cache."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import AfterValidator, StringConstraints

from db import calls, entries, recordings, reports
from db.recordings import Part, RecordingRow
from intake.access import Who
from intake.api import bodies
from intake.api.context import ON_READ, Context, refusals, staff_only
from intake.api.operators import Number
from intake.facts import MACHINE
from intake.refusals import NoRecordingError, RecordingAwayError, UnknownReportError

Reason = Annotated[
    str,
    StringConstraints(min_length=3, max_length=200, strip_whitespace=True),
    AfterValidator(bodies.storable_text),
    Query(description="why it is heard; the report tells it"),
]
HEARD: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/x-wav": {}}, "description": "The sound"},
    206: {"description": "A part of it"},
}
ONE_HEARING: Final = timedelta(minutes=10)  # a player asks for many parts
SOUNDS: Final[dict[Part, str]] = {"call": "Rekaman", "message": "Pesan suara"}
UNCACHED = {"Cache-Control": "no-store", "Content-Disposition": "inline"}


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, store = context.database, context.recordings
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    told: dict[tuple[str, str, Part], datetime] = {}  # who heard which report's, and when that was told last

    @routes.get("/reports/{number}/recording", response_class=FileResponse, responses=HEARD | refusals(*ON_READ, 404))
    async def recording(number: Number, reason: Reason, who: staff, part: Part = "call") -> FileResponse:
        """Hear the recording of a report's call, or the message that the caller left. Ranges are answered.

        Who hears it is in the record, and in the report with the reason, once in ten minutes.
        """
        async with database.transaction() as tx:
            report = await reports.find(tx, number)
            if report is None:
                raise UnknownReportError
            call = (await calls.by_reports(tx, [report.id])).get(report.id)
            kept = await recordings.of_call(tx, call.id, part) if call is not None else None
            path = await asyncio.to_thread(_path, store, kept)
            for one in [one for one, at in told.items() if tx.now - at > ONE_HEARING]:
                del told[one]
            now, is_told = tx.now, (who.name, number, part) in told
            if not is_told:
                said = f"{SOUNDS[part]} didengarkan oleh {who.name}: {reason}"
                await entries.add(tx, report.id, MACHINE, said, automatic=True)
                tx.tell("report", *(await calls.touch(tx, [report.id]))[report.id])
                tx.record(who.name, "recording.played", number, part=part)
        if not is_told:
            told[who.name, number, part] = now
        return FileResponse(path, media_type="audio/x-wav", headers=UNCACHED)

    return routes


def _path(store: Path | None, kept: RecordingRow | None) -> Path:
    if kept is None or kept.file is None:
        raise NoRecordingError
    path = store / kept.file if store is not None else None
    if path is None or not path.is_file():
        raise RecordingAwayError
    return path
