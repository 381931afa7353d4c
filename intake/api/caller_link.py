"""The page at /l/TOKEN: a caller tells where they are, by their browser's position or in words, without log-in.

Its frame is `public_page`. GET books nothing (messengers fetch links to preview them). POST books one position or
place and uses the link up; what opens nothing is unknown, used or expired.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from db import reports
from db.engine import DatabaseUnavailableError, DeadlockError, Reading
from db.location_links import LinkRow
from intake import caller_links
from intake.aml import EPOCH
from intake.api.context import Context
from intake.api.public_page import SOURCES, Field, PublicPage
from intake.caller_links import Told
from intake.link_words import WORDS, Language, language
from intake.words import storable

LONGEST_PLACE: Final = 500
DONE: Final = "selesai"
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,12})?", re.ASCII)


def router(context: Context) -> APIRouter:
    """Return the routes of the caller's page."""
    routes = APIRouter(include_in_schema=False)
    frame = PublicPage(
        context,
        WORDS,
        unknown="caller_link_unknown",
        sources=f"script-src 'self'; {SOURCES}",
        headers={"Permissions-Policy": "geolocation=(self)"},
    )

    async def shown(
        reading: Reading, link: LinkRow, spoken: Language, refused: str = "", typed: str = ""
    ) -> HTMLResponse:
        words, zone = WORDS[spoken], context.timezone
        return frame.page(
            "link.html",
            spoken,
            422 if refused else 200,
            exercise=(await reports.by_ids(reading, [link.report_id]))[link.report_id].exercise,
            expires_at=link.expires_at,
            at=lambda time: f"{time.astimezone(zone):%H:%M %Z}",
            refused=words[refused] if refused else "",
            typed=typed,
        )

    @routes.get("/l/" + DONE)
    async def done(request: Request, lang: str = "") -> Response:
        return frame.said(language(lang, request.headers.get("accept-language")), "done", 200)

    @routes.get("/l/{token:path}")
    async def look(request: Request, token: str, lang: str = "") -> Response:
        spoken = language(lang, request.headers.get("accept-language"))
        try:
            async with context.database.reading() as reading:
                link = await caller_links.opened(reading, token)
                return frame.gone(request, spoken) if link is None else await shown(reading, link, spoken)
        except DatabaseUnavailableError:
            return frame.away(spoken)

    @routes.post("/l/{token:path}")
    async def tell(
        request: Request, token: str, lang: str = "", lat: Field = "", lon: Field = "", accuracy: Field = "",
        at: Field = "", place: Field = "",
    ) -> Response:  # fmt: skip
        spoken = language(lang, request.headers.get("accept-language"))
        if (foreign := frame.foreign(request, spoken)) is not None:
            return foreign
        place = storable(" ".join(place.split()))
        try:
            async with context.database.reading() as reading:
                link = await caller_links.opened(reading, token)
                if link is None:
                    return frame.gone(request, spoken)
                told = _told(lat, lon, accuracy, at, place)
                if isinstance(told, str):
                    return await shown(reading, link, spoken, told, place[:LONGEST_PLACE])
            async with context.database.transaction() as tx:
                if not await caller_links.tell(tx, token, told, context.public_url):
                    return frame.gone(request, spoken)  # somebody was first, or it expired between the two
        except DeadlockError:  # done again
            raise
        except DatabaseUnavailableError:
            return frame.away(spoken)
        return frame.lead(f"/l/{DONE}?lang={spoken}")

    return routes


def _told(lat: str, lon: str, accuracy: str, at: str, place: str) -> Told | str:
    """Return what was sent, or the name of the sentence that says what is wrong with it."""
    if len(place) > LONGEST_PLACE:
        return "too_long"
    if not lat and not lon:
        return Told(place=place) if place else "nothing"
    north, east, metres = (float(one) if _NUMBER.fullmatch(one) else None for one in (lat, lon, accuracy))
    if north is None or east is None or abs(north) > 90 or abs(east) > 180 or north == east == 0:
        return "unfit"
    radius = metres if metres is not None and 0 <= metres <= 1_000_000 else None
    return Told(north, east, radius, _moment(at), place)


def _moment(at: str) -> datetime | None:
    """Return the browser's time, milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=int(at)) if re.fullmatch(r"\d{10,14}", at, re.ASCII) else None
