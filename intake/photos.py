"""Photos that an agency's people send with a dispatch, as a proof of what they did; only the centre's staff see them.

A photo may hold where and with what it was taken (EXIF), and people who were not asked; so no agency is shown any, its
own neither (docs/decisions/0057-photos-are-for-staff.md). The file is on the disk before the row is committed.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Literal

import structlog

from db import agencies, dispatches, duplicates, entries, photos, reports, seals
from db.dispatches import DispatchRow
from db.engine import Database, DatabaseUnavailableError, Reading, Transaction
from db.photos import PhotoRow
from db.reports import ReportRow
from db.states import AT_WORK
from intake import phone, photo_store
from intake.photo_refusals import MOST, PhotoError, PhotoNotKeptError, PhotoNotNowError, TooManyPhotosError
from intake.photo_store import Taken
from intake.words import storable
from routing import answers, standing
from routing.refusals import UnknownDispatchError

log = structlog.get_logger(__name__)
Via = Literal["api", "signed", "page"]
SWEPT_EVERY: Final = timedelta(hours=1)
WAITS_AT_MOST_S: Final = 3600.0  # from a file to its row; no sender is still at it then


def may_send(row: DispatchRow, report: ReportRow, now: datetime) -> bool:
    """Tell whether photos of a dispatch are taken: since it was accepted, until a day after it ended."""
    over_at = phone.ended_at(row, report)
    return row.state in (*AT_WORK, "resolved") and (over_at is None or now < over_at + phone.OPEN_FOR)


async def expect(reading: Reading, dispatch_id: str, agency_id: int) -> None:
    """Say before a photo is sent whether it would be taken. Raises UnknownDispatchError, PhotoNotNowError."""
    report_id = await dispatches.report_of(reading, dispatch_id)
    row = await dispatches.find(reading, dispatch_id)
    if report_id is None or row is None or row.agency_id != agency_id:
        raise UnknownDispatchError
    if not may_send(row, (await reports.by_ids(reading, [report_id]))[report_id], reading.now):
        raise PhotoNotNowError


async def keep(
    database: Database, folder: Path | None, photo: BinaryIO, dispatch_id: str, agency_id: int, by: str, via: Via
) -> tuple[PhotoRow, bool]:
    """Keep a photo; the same one again is that photo, and False.

    Raises UnknownDispatchError, DatabaseUnavailableError and each PhotoError of this room.
    """
    if folder is None:
        raise PhotoNotKeptError
    try:
        taken = await asyncio.to_thread(photo_store.take, folder, photo)
    except OSError as error:
        log.warning("photo_not_kept", why=str(error))
        raise PhotoNotKeptError from error
    try:
        async with database.transaction() as tx:
            row, is_new = await _attach(tx, dispatch_id, agency_id, taken, by, via)
    except (PhotoError, UnknownDispatchError):
        await _done(photo_store.drop, folder, taken)
        raise
    await _done(photo_store.settle if is_new else photo_store.drop, folder, taken)
    return row, is_new


async def _attach(
    tx: Transaction, dispatch_id: str, agency_id: int, taken: Taken, by: str, via: Via
) -> tuple[PhotoRow, bool]:
    report = await duplicates.lock_of_dispatch(tx, dispatch_id)
    before = await dispatches.find(tx, dispatch_id)
    if report is None or before is None or before.agency_id != agency_id:
        raise UnknownDispatchError
    same = [one for one in await photos.of_dispatch(tx, dispatch_id) if one.sha256 == taken.sha256]
    if same:
        return same[0], False
    if not may_send(before, report, tx.now):
        raise PhotoNotNowError
    if before.photos >= MOST:
        raise TooManyPhotosError
    by = storable(" ".join(by.split()))[: answers.LONGEST_NAME]
    row = PhotoRow(
        dispatch_id=dispatch_id,
        number=before.photos + 1,
        file=taken.file,
        type=taken.type,
        bytes=taken.bytes,
        sha256=taken.sha256,
        by=by or None,
        via=via,
        received_at=tx.now,
    )
    await photos.add(tx, row)
    if via in answers.BY_SYSTEM:
        await standing.heard(tx, {agency_id: before.agency})
    who = f"{before.agency} (page)" if via == "page" else before.agency
    await answers.heard(tx, report, before, who)
    name = next((agency.name for agency in await agencies.every(tx) if agency.code == before.agency), before.agency)
    way = ", lewat halaman ponsel" if via == "page" else ""
    text = f"{name}{f' ({by})' if by else ''} mengirim foto {row.number}{way}."
    await entries.add(tx, report.id, name[:128], text, automatic=True)
    marks = await seals.marks(tx, report.id, {"photo": row.sha256} | ({"by": by} if by else {}))
    tx.record(who, "photo.kept", dispatch_id, report=before.report, number=row.number, via=via, marks=marks)
    await reports.touch(tx, report.id)
    return row, True


async def _done(what: Callable[[Path, str], None], folder: Path, taken: Taken) -> None:
    try:
        await asyncio.to_thread(what, folder, taken.file)
    except OSError as error:
        log.warning("photo_left_to_the_sweep", why=str(error))


async def sweep(database: Database, folder: Path) -> None:
    """Remove what waited for a row in vain, and let wait no more what has one. Raises OSError."""
    for file in await asyncio.to_thread(lambda: list(photo_store.waiting(folder, WAITS_AT_MOST_S))):
        async with database.reading() as reading:
            kept = await photos.is_kept(reading, file)
        await asyncio.to_thread(photo_store.settle if kept else photo_store.drop, folder, file)
        log.info("photo_swept", kept=kept)


async def sweep_forever(database: Database, folder: Path, stop: asyncio.Event) -> None:
    """Sweep now and every hour until `stop` is set."""
    while not stop.is_set():
        try:
            await sweep(database, folder)
        except (DatabaseUnavailableError, OSError) as error:
            log.warning("photos_not_swept", why=str(error))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SWEPT_EVERY.total_seconds()):
                await stop.wait()
