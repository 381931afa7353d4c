"""The page at /l/TOKEN: a caller tells where they are, by their browser's position or in words, without log-in.

The token in the address is the whole credential, so the page tells it to nobody: no referrer, no other host, no cache,
no search engine. GET books nothing (messengers fetch links to preview them). POST books one position or place and uses
the link up; what opens nothing (unknown, used, expired) is one and the same page.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from db import reports
from db.engine import DatabaseUnavailableError, DeadlockError, Reading
from db.location_links import LinkRow
from intake import caller_links
from intake.aml import EPOCH
from intake.api.context import Context
from intake.api.errors import RETRY_AFTER_S
from intake.api.guard import LONGEST_BODY
from intake.api.phone import HEADERS as OF_PHONE
from intake.api.phone import is_foreign
from intake.caller_links import Told
from intake.guesses import Guesses
from intake.link_words import WORDS, Language, language
from intake.words import storable

log = structlog.get_logger(__name__)
HEADERS: Final = OF_PHONE | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "geolocation=(self)",
}
LONGEST_PLACE: Final = 500
DONE: Final = "selesai"
_NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,12})?", re.ASCII)
Field = Annotated[str, Form(max_length=LONGEST_BODY)]


def router(context: Context) -> APIRouter:
    """Return the routes of the caller's page."""
    routes = APIRouter(include_in_schema=False)
    guesses = Guesses(context.database.clock)
    templates = Environment(loader=PackageLoader("intake"), autoescape=True, undefined=StrictUndefined)

    def said(spoken: Language, what: str, status: int, **values: object) -> HTMLResponse:
        words = WORDS[spoken]
        html = templates.get_template("phone_message.html").render(
            language=spoken, title=words[f"{what}_title"], text=words[what].format(**values)
        )
        return HTMLResponse(html, status, HEADERS)

    def gone(request: Request, spoken: Language) -> HTMLResponse:
        """One answer to all that opens nothing; slower, to who tries much. Who has a token is never made to wait."""
        who = request.client.host if request.client else ""
        if (wait_s := guesses.wait_s(who)) > 0:
            page = said(spoken, "slow", 429, seconds=wait_s)
            page.headers["Retry-After"] = str(wait_s)
            return page
        guesses.count(who)
        log.warning("caller_link_unknown", address=who)
        return said(spoken, "gone", 404)

    def away(spoken: Language) -> HTMLResponse:
        page = said(spoken, "away", 503)
        page.headers["Retry-After"] = str(RETRY_AFTER_S)
        return page

    async def shown(
        reading: Reading, link: LinkRow, spoken: Language, refused: str = "", typed: str = ""
    ) -> HTMLResponse:
        words, zone = WORDS[spoken], context.timezone
        html = templates.get_template("link.html").render(
            language=spoken,
            w=words,
            exercise=(await reports.by_ids(reading, [link.report_id]))[link.report_id].exercise,
            expires_at=link.expires_at,
            at=lambda time: f"{time.astimezone(zone):%H:%M %Z}",
            refused=words[refused] if refused else "",
            typed=typed,
        )
        return HTMLResponse(html, 422 if refused else 200, HEADERS)

    @routes.get("/l/" + DONE)
    async def done(request: Request, lang: str = "") -> Response:
        return said(language(lang, request.headers.get("accept-language")), "done", 200)

    @routes.get("/l/{token:path}")
    async def look(request: Request, token: str, lang: str = "") -> Response:
        spoken = language(lang, request.headers.get("accept-language"))
        try:
            async with context.database.reading() as reading:
                link = await caller_links.opened(reading, token)
                return gone(request, spoken) if link is None else await shown(reading, link, spoken)
        except DatabaseUnavailableError:
            return away(spoken)

    @routes.post("/l/{token:path}")
    async def tell(
        request: Request, token: str, lang: str = "", lat: Field = "", lon: Field = "", accuracy: Field = "",
        at: Field = "", place: Field = "",
    ) -> Response:  # fmt: skip
        spoken = language(lang, request.headers.get("accept-language"))
        if is_foreign(request, context.public_url):
            log.warning("foreign_page", address=request.client.host if request.client else "")
            return said(spoken, "foreign", 403)
        place = storable(" ".join(place.split()))
        try:
            async with context.database.reading() as reading:
                link = await caller_links.opened(reading, token)
                if link is None:
                    return gone(request, spoken)
                told = _told(lat, lon, accuracy, at, place)
                if isinstance(told, str):
                    return await shown(reading, link, spoken, told, place[:LONGEST_PLACE])
            async with context.database.transaction() as tx:
                if not await caller_links.tell(tx, token, told, context.public_url):
                    return gone(request, spoken)  # somebody was first, or it expired between the two
        except DeadlockError:  # done again
            raise
        except DatabaseUnavailableError:
            return away(spoken)
        return RedirectResponse(f"/l/{DONE}?lang={spoken}", 303, HEADERS)

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
