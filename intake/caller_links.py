"""One-use links by which a caller's own browser tells where it is.

The link's token is the whole credential: 256 random bits, of which only the hash is kept; it expires, and is used up by
the first position or place that is told. Looking uses nothing up: messengers fetch a link to preview it.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db import duplicates, entries, location_links, reports, sms
from db.engine import Reading, Transaction
from db.location_links import LinkRow
from db.positions import NewPosition, Source
from db.sms import SmsRow
from intake import coordinates, numbers, steps
from intake.coordinates import CoordinatesError
from intake.link_words import WORDS, Language
from intake.marks import of_position
from intake.positions import learn, words
from intake.refusals import IllegalStepError, TooManyLinksError, UnfitNumberError, UnknownReportError
from routing.outbox import token_hash

LASTS: Final = timedelta(minutes=30)
MOST_OPEN: Final = 5
SOURCE: Final[Source] = "link"
AUTHOR: Final = "penelepon"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
NO_GATEWAY: Final = (
    "No SMS gateway is set (INTAKE112_SMS_URL), so nothing was sent. Send the link by another way, or read it aloud."
)
NO_NUMBER: Final = "The caller has no number that an SMS could go to. Say one as `to`, or send the link by another way."
NOT_SENT: Final = "Nothing was sent, as you asked. Send the link by another way, or read it aloud."
PLAIN: Final = "INTAKE112_PUBLIC_URL is not https: browsers tell no position there, only what the caller types arrives."


@dataclass(frozen=True, slots=True)
class Made:
    """A new link: its address, shown this once, and the SMS that carries it, if one does; what there is to know."""

    url: str
    link: LinkRow
    sms: SmsRow | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller's page sent: a position of the browser, or a place in words, or both."""

    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    measured_at: datetime | None = None
    place: str = ""


async def make(
    tx: Transaction,
    number: str,
    by: str,
    public_url: str,
    *,
    send: bool,
    to: str | None,
    language: Language,
    has_gateway: bool,
) -> Made:
    """Make a link for a report's caller, and owe the SMS that carries it.

    Raises UnknownReportError, IllegalStepError, TooManyLinksError, UnfitNumberError.
    """
    found = await reports.find(tx, number)
    if found is None:
        raise UnknownReportError
    row = await reports.lock(tx, found.id)
    if row.status == "closed":
        why = "This report is closed. Set it reopened first, then make a link."
        raise IllegalStepError(why, steps.MAY["closed"], now="closed")
    if await location_links.open_of(tx, row.id) >= MOST_OPEN:
        raise TooManyLinksError
    receiver = numbers.e164(to) if to is not None else row.caller_number
    if to is not None and receiver is None:
        raise UnfitNumberError
    token = secrets.token_urlsafe(32)
    url, expires_at = f"{public_url}/l/{token}", tx.now + LASTS
    owed: SmsRow | None = None
    notes = [] if public_url.startswith("https:") else [PLAIN]
    if not send:
        notes.append(NOT_SENT)
    elif not has_gateway:
        notes.append(NO_GATEWAY)
    elif receiver is None:
        notes.append(NO_NUMBER)
    else:
        text = WORDS[language]["sms"].format(url=url, minutes=LASTS // timedelta(minutes=1))
        owed = await sms.queue(tx, row.id, receiver, text, by, expires_at)
    sms_id = None if owed is None else owed.id
    link = await location_links.add(tx, token_hash(token), row.id, by, expires_at, sms_id)
    way = f", lewat SMS ke {owed.to}" if owed is not None else ", untuk disampaikan petugas"
    await entries.add(tx, row.id, by, f"Tautan posisi dibuat untuk penelepon{way}.", automatic=True)
    await reports.touch(tx, row.id)
    tx.record(by, "link.made", number, sms=sms_id)
    return Made(url, link, owed, notes)


async def opened(reading: Reading, token: str) -> LinkRow | None:
    """Return the link that a token opens now, or None: unknown, malformed, used and expired are all the same."""
    return await location_links.usable(reading, token_hash(token)) if _TOKEN.fullmatch(token) else None


async def tell(tx: Transaction, token: str, told: Told, public_url: str) -> bool:
    """Book what a caller's page sent, and use the link up. False: it opens nothing (any more)."""
    link = await opened(tx, token)
    if link is None:
        return False
    row = (await duplicates.lock_ids(tx, [link.report_id]))[link.report_id]
    if not await location_links.use(tx, link.token_hash):
        return False
    await reports.touch(tx, row.id)
    learnt: list[NewPosition] = []
    texts: list[str] = []
    if told.lat is not None and told.lon is not None:
        learnt.append(
            NewPosition(
                report_id=row.id,
                at=tx.now,
                measured_at=_believed(told.measured_at, link.created_at, tx.now),
                method="browser",
                lat=told.lat,
                lon=told.lon,
                radius_m=told.accuracy_m,
                source=SOURCE,
                by=AUTHOR,
            )
        )
        texts.append(f"Posisi dari peramban penelepon: {words(told.lat, told.lon, told.accuracy_m, None)}")
    if told.place:
        texts.append(f"Penelepon menulis tempatnya: {told.place}")
        if (read := _read(told.place, row.location_lat, row.location_lon)) is not None:
            learnt.append(
                NewPosition(
                    report_id=row.id,
                    at=tx.now,
                    method=read.method,
                    lat=read.lat,
                    lon=read.lon,
                    radius_m=read.radius_m,
                    source=SOURCE,
                    detail={"pasted": told.place},
                    by=AUTHOR,
                )
            )
    await learn(tx, learnt, public_url)
    for text in texts:
        await entries.add(tx, row.id, AUTHOR, text, automatic=True)
    also = {"place": told.place or None}
    said = await of_position(tx, row.id, told.lat, told.lon, told.accuracy_m, also)
    tx.record(AUTHOR, "link.used", row.number, positions=len(learnt), marks=said)
    return True


def _read(place: str, lat: float | None, lon: float | None) -> coordinates.Place | None:
    """Return the coordinates in what a caller typed, if it is coordinates: mostly it is words."""
    try:
        return coordinates.read(place, None if lat is None or lon is None else (lat, lon))
    except CoordinatesError:
        return None


def _believed(measured_at: datetime | None, since: datetime, until: datetime) -> datetime | None:
    """A browser's time that cannot be is none: its clock is the caller's."""
    return measured_at if measured_at is not None and since - LASTS <= measured_at <= until else None
