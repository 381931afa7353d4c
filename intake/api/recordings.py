"""The routes by which a recording is heard: first a reason, which the report tells, then the sound, from no cache.

Why a play of its own and not a reason in the address of the sound: docs/decisions/0051-plays.md.
"""

import asyncio
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import AfterValidator, StringConstraints

from db import calls, entries, plays, recordings, reports, seals
from db.calls import CallRow
from db.engine import Reading
from db.recordings import Part, RecordingRow
from intake.access import Who
from intake.api import bodies
from intake.api.bodies import In
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only
from intake.api.operators import Number
from intake.api.out import Out
from intake.facts import MACHINE
from intake.refusals import DeskError, NoRecordingError, RecordingAwayError, UnknownReportError
from routing.outbox import token_hash

HEARD: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/x-wav": {}}, "description": "The sound"},
    206: {"content": {"audio/x-wav": {}}, "description": "The parts that Range asks for"},
    400: {"content": {"text/plain": {}}, "description": "Range cannot be read"},
    416: {"content": {"text/plain": {}}, "description": "Range asks for what is behind the end"},
}
PLAY_LASTS: Final = timedelta(minutes=15)
SOUNDS: Final[dict[Part, str]] = {"call": "Rekaman", "message": "Pesan suara"}
UNCACHED = {"Cache-Control": "no-store", "Content-Disposition": "inline"}
PlayKey = Annotated[str, Query(min_length=1, max_length=64, description="`play` of POST …/recording/plays")]


class PlayIn(In):
    """Why it is heard: the report tells it."""

    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=200, strip_whitespace=True, pattern=r"\S"),
        AfterValidator(bodies.storable_text),
    ]
    part: Part = "call"


class Play(Out):
    """What lets you, and nobody else, hear it: GET `url`, as often and in such parts as a player likes, until then."""

    play: str
    url: str
    until: datetime


class UnknownPlayError(DeskError, status=404):
    """This play is not yours for this report, or is over. Say why again: POST …/recording/plays gives a new one."""


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, store = context.database, context.recordings
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.post("/reports/{number}/recording/plays", status_code=201, responses=refusals(*ON_WRITE, 404))
    async def play(number: Number, body: PlayIn, who: staff) -> Play:
        """Say why you want to hear the recording of a report's call, or the message that the caller left.

        Who hears it is in the record, and in the report with the reason, each time.
        """
        async with database.reading() as reading:
            call = await _call(reading, number)
            kept = await recordings.of_call(reading, call.id, body.part)
        await asyncio.to_thread(_path, store, kept)
        async with database.transaction() as tx:
            token, until = secrets.token_urlsafe(32), tx.now + PLAY_LASTS
            await plays.add(tx, token_hash(token), call.id, body.part, who.name, until)
            said = f"{SOUNDS[body.part]} didengarkan oleh {who.name}: {body.reason}"
            await entries.add(tx, call.report_id, MACHINE, said, automatic=True)
            tx.tell("report", *(await calls.touch(tx, [call.report_id]))[call.report_id])
            marks = await seals.marks(tx, call.report_id, {"reason": body.reason})
            tx.record(who.name, "recording.played", number, part=body.part, marks=marks)
        return Play(play=token, url=f"/api/v1/reports/{number}/recording?play={token}", until=until)

    @routes.get("/reports/{number}/recording", response_class=FileResponse, responses=HEARD | refusals(*ON_READ, 404))
    async def recording(number: Number, play: PlayKey, who: staff) -> FileResponse:
        """Hear what a play is for. Ranges are answered; nothing of it may be kept by a cache."""
        async with database.reading() as reading:
            call = await _call(reading, number)
            part = await plays.part(reading, token_hash(play), call.id, who.name)
            if part is None:
                raise UnknownPlayError
            kept = await recordings.of_call(reading, call.id, part)
        path = await asyncio.to_thread(_path, store, kept)
        return FileResponse(path, media_type="audio/x-wav", headers=UNCACHED)

    return routes


async def _call(reading: Reading, number: str) -> CallRow:
    report = await reports.find(reading, number)
    if report is None:
        raise UnknownReportError
    call = (await calls.by_reports(reading, [report.id])).get(report.id)
    if call is None:
        raise NoRecordingError
    return call


def _path(store: Path | None, kept: RecordingRow | None) -> Path:
    """Return the file: one of the store's own, whatever the row says."""
    if kept is None or kept.file is None:
        raise NoRecordingError
    path = (store / kept.file).resolve() if store is not None else None
    if store is None or path is None or path.parent != store.resolve() or not path.is_file():
        raise RecordingAwayError
    return path
