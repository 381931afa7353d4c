"""What a handset told of where it is joins the call of its number, whichever comes first, once.

The call is the newest of the number that was there within WINDOW of the message; a message whose call is not there yet
waits for it as a row, and `join_waiting` finds it when the ring comes. A person's place stays, whatever a handset says.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db import duplicates, entries, handsets, positions, reports
from db.engine import Transaction
from db.handsets import HandsetRow
from db.ids import new_id
from db.positions import NewPosition
from intake import aml, marks, numbers
from intake.aml import AmlError, Fix, NoPositionError
from intake.positions import learn, words
from intake.words import storable

WINDOW: Final = timedelta(minutes=15)
MOST_POSITIONS: Final = 100  # of handsets, of one report
MOST_TOLD: Final = 20  # of those as entries
AUTHOR: Final = "AML"
SENDER: Final = re.compile(r"handset(-.+)?")  # names of machines that may post what handsets tell
AHEAD: Final = timedelta(minutes=5)  # a gateway's clock may be so much before ours
OLDEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Message:
    """What a gateway posted: whose it is, the message as it came, and what of it could be read."""

    number_raw: str
    text: str
    read: Fix | AmlError
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message. `again`: it had come before."""

    row: HandsetRow
    report: str | None
    again: bool


def of_sms(number_raw: str, text: str, sent_at: datetime | None) -> Message:
    """Read an SMS; whatever it is, it is a message."""
    try:
        return Message(number_raw, text, aml.of_sms(text), sent_at)
    except AmlError as error:
        return Message(number_raw, text, error, sent_at)


def of_https(fields: Mapping[str, str]) -> Message:
    """Read the fields of AML by HTTPS; whatever they are, they are a message."""
    number, text = fields.get("device_number", ""), "&".join(f"{name}={value}" for name, value in fields.items())
    try:
        return Message(number, text, aml.of_https(fields))
    except AmlError as error:
        return Message(number, text, error)


async def take(tx: Transaction, message: Message, by: str, public_url: str) -> Taken:
    """Keep a message, and join it to its call if that is there."""
    number, read = numbers.e164(message.number_raw), message.read
    state, reason = "waiting", None
    if isinstance(read, AmlError):
        state, reason = ("no_position" if isinstance(read, NoPositionError) else "refused"), str(read)
    elif number is None:
        state, reason = "refused", "the sender's number is no telephone number that calls could be known by"
    if state == "waiting":
        await handsets.before_rings(tx, numbers.ending(number))
    values: dict[str, object] = {
        "id": new_id(tx.now),
        "key": _key(number or message.number_raw, message),
        "sent_at": _believed(message.sent_at, tx.now),
        "by": by,
        "number": number,
        "number_raw": storable(message.number_raw[:64]),
        "text": aml.kept(message.text),
        "state": state,
        "reason": reason,
        "detail": {},
    }
    if isinstance(read, Fix):
        values |= {
            "measured_at": read.measured_at,
            "method": read.method,
            "lat": read.lat,
            "lon": read.lon,
            "radius_m": read.radius_m,
            "detail": read.detail,
        }
    row = await handsets.add(tx, values)
    if row is None:
        row = await handsets.with_key(tx, str(values["key"]))
        number_of = None if row.report_id is None else (await reports.by_ids(tx, [row.report_id]))[row.report_id].number
        return Taken(row, number_of, again=True)
    tx.record(by, "handset.told", f"handset:{row.id}", state=state)
    if state != "waiting" or number is None:
        return Taken(row, None, again=False)
    report_id = await handsets.report_of_call(tx, number, row.told_at, WINDOW)
    if report_id is None:
        return Taken(row, None, again=False)
    report = (await duplicates.lock_ids(tx, [report_id]))[report_id]
    await reports.touch(tx, report_id)
    row = await _join(tx, row, report_id, report.number, public_url)
    return Taken(row, report.number, again=False)


async def join_waiting(tx: Transaction, callers: Mapping[int, tuple[str, datetime]], public_url: str) -> None:
    """Join what waits for calls: their callers' numbers and arrivals, by id of the report.

    The reports' next version is the caller's to make. Take `handsets.beside_rings` first of all.
    """
    if not callers:
        return
    arrivals = [arrived for _, arrived in callers.values()]
    span = min(arrivals) - WINDOW, max(arrivals) + WINDOW
    by_number: dict[str, list[tuple[datetime, int]]] = {}
    for report_id, (number, arrived) in callers.items():
        by_number.setdefault(number, []).append((arrived, report_id))
    for row in await handsets.waiting(tx, by_number, *span):
        fit = [one for one in by_number[row.number or ""] if abs(one[0] - row.told_at) <= WINDOW]
        if fit:
            report = await reports.lock(tx, max(fit)[1])
            await _join(tx, row, report.id, report.number, public_url)


async def _join(tx: Transaction, row: HandsetRow, report_id: int, report: str, public_url: str) -> HandsetRow:
    told = [one for one in (await positions.of_reports(tx, [report_id]))[report_id] if one.source == "handset"]
    if len(told) >= MOST_POSITIONS:
        reason = f"the report has {MOST_POSITIONS} positions of handsets already"
        return await handsets.join(tx, row.id, report_id, reason)
    one = NewPosition(
        report_id=report_id,
        at=row.at,
        measured_at=row.measured_at,
        method=row.method,
        lat=row.lat,
        lon=row.lon,
        radius_m=row.radius_m,
        source="handset",
        detail=row.detail,
        by=AUTHOR,
    )
    await learn(tx, [one], public_url)
    if len(told) < MOST_TOLD and row.lat is not None and row.lon is not None:
        place = words(row.lat, row.lon, row.radius_m, row.method)
        await entries.add(tx, report_id, AUTHOR, f"Posisi dari ponsel penelepon: {place}", automatic=True)
    said = await marks.of_position(tx, report_id, row.lat, row.lon, row.radius_m, row.detail)
    tx.record(AUTHOR, "position.learnt", report, handset=row.id, marks=said)
    return await handsets.join(tx, row.id, report_id, None)


def _key(number: str, message: Message) -> str:
    """The same place of the same moment is the same, by whatever way it came; what cannot be read is its text."""
    read = message.read
    what = message.text.strip()
    if isinstance(read, Fix) and read.measured_at is not None:
        what = f"{read.lat:.5f} {read.lon:.5f} {read.measured_at:%Y%m%d%H%M%S}"
    return hashlib.sha256(f"{number}\n{what}".encode("utf-8", "replace")).hexdigest()


def _believed(sent_at: datetime | None, now: datetime) -> datetime | None:
    """A gateway's time that cannot be is none: the message came now."""
    return sent_at if sent_at is not None and now - OLDEST <= sent_at <= now + AHEAD else None
