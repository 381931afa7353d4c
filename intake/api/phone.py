"""The phone page at /a/TOKEN: an agency's people see a dispatch and answer it by hand, without script or log-in.

The token in the address is the whole credential, so the page tells it to nobody: no referrer, no other host, no cache,
no search engine. GET books nothing (messengers fetch links to preview them). POST books one answer and leads back to
the page, which says from the log what became of it: no reload and no second tap makes a second answer. What cannot
follow (a page that was open while the centre closed the report) is not booked, and the page says so.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from db import answers
from db.answers import AnswerRow
from db.engine import DatabaseUnavailableError, DeadlockError, Reading
from db.states import AT_WORK
from intake import access, answering, phone
from intake.api.context import Context
from intake.api.errors import RETRY_AFTER_S
from intake.api.guard import LONGEST_BODY
from intake.guesses import Guesses
from intake.phone import Opened
from intake.phone_words import WORDS, Language, language, lasting
from intake.words import storable
from routing.answers import LONGEST_NAME, LONGEST_NOTE, Answer, key_hash
from routing.clipping import degrees, in_words
from routing.refusals import RefusedError
from routing.steps import AnswerWord, answer_word

log = structlog.get_logger(__name__)
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}
Field = Annotated[str, Form(max_length=LONGEST_BODY)]


def router(context: Context) -> APIRouter:
    """Return the routes of the phone page."""
    routes = APIRouter(include_in_schema=False)
    guesses = Guesses(context.database.clock)
    templates = Environment(loader=PackageLoader("intake"), autoescape=True, undefined=StrictUndefined)

    def said(spoken: Language, what: str, status: int, **values: object) -> HTMLResponse:
        words = WORDS[spoken]
        text = words[what].format(**values)
        html = templates.get_template("phone_message.html").render(
            language=spoken, title=words[f"{what}_title"], text=text
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
        log.warning("phone_page_unknown", address=who)
        return said(spoken, "gone", 404)

    def away(spoken: Language) -> HTMLResponse:
        page = said(spoken, "away", 503)
        page.headers["Retry-After"] = str(RETRY_AFTER_S)
        return page

    def shown(
        spoken: Language,
        found: Opened,
        now: datetime,
        told: AnswerRow | None = None,
        refused: str = "",
        typed: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        words, zone = WORDS[spoken], context.timezone
        before = next((one.by or "" for one in reversed(found.answers) if one.via == "page"), "")
        html = templates.get_template("phone.html").render(
            language=spoken,
            w=words,
            found=found,
            over=_over(found),
            now=now,
            told=told,
            refused=words[refused] if refused else "",
            typed=typed or {"answer": "", "by": before, "note": ""},
            once=secrets.token_urlsafe(16),
            at=lambda time: f"{time.astimezone(zone):%d-%m-%Y %H:%M:%S %Z}",
            lasting=lambda time: lasting(time, words),
            degrees=degrees,
            in_words=in_words,
            silent=found.dispatch.state in AT_WORK and found.dispatch.asked > 0,
        )
        return HTMLResponse(html, status, HEADERS)

    @routes.get("/a/{token:path}")
    async def look(request: Request, token: str, lang: str = "", jawaban: str = "") -> Response:
        spoken = language(lang, request.headers.get("accept-language"))
        try:
            async with context.database.reading() as reading:
                found = await phone.opened(reading, token)
                if found is None:
                    return gone(request, spoken)
                return shown(spoken, found, reading.now, await _told(reading, found, jawaban))
        except DatabaseUnavailableError:
            return away(spoken)

    @routes.post("/a/{token:path}")
    async def say(
        request: Request, token: str, lang: str = "", answer: Field = "", by: Field = "", note: Field = "",
        once: Field = "",
    ) -> Response:  # fmt: skip
        spoken = language(lang, request.headers.get("accept-language"))
        if is_foreign(request, context.public_url):
            log.warning("foreign_page", address=request.client.host if request.client else "")
            return said(spoken, "foreign", 403)
        word, by = answer_word(answer), storable(" ".join(by.split()))
        note = storable(note.replace("\r\n", "\n").strip())
        try:
            async with context.database.reading() as reading:
                found = await phone.opened(reading, token)
                if found is None:
                    return gone(request, spoken)
                typed = {"answer": answer, "by": by, "note": note}
                refused = _refused(word, by, note)
                if word is None or refused:
                    return shown(spoken, found, reading.now, refused=refused, typed=typed, status=422)
                key = json.dumps([found.dispatch.id, once or secrets.token_urlsafe(16), word, by, note])
                if word not in found.steps and await _told(reading, found, key_hash("page", key)) is None:
                    return shown(spoken, found, reading.now, refused="not_now", typed=typed, status=409)
            try:
                async with context.database.transaction() as tx:
                    agency_id = found.dispatch.agency_id
                    await answering.book_answer(
                        tx, found.dispatch.id, agency_id, Answer(word, by, note=note or None), via="page", key=key
                    )
            except RefusedError:  # things changed between the two
                async with context.database.reading() as reading:
                    found = await phone.opened(reading, token) or found
                    return shown(spoken, found, reading.now, refused="not_now", typed=typed, status=409)
        except DeadlockError:  # done again
            raise
        except DatabaseUnavailableError:
            return away(spoken)
        back = f"/a/{token}?lang={spoken}&jawaban={key_hash('page', key)}"
        return RedirectResponse(back, 303, HEADERS)

    return routes


def _over(found: Opened) -> str:
    """Return the name of the sentence that says why nothing more is to be done; empty while something is."""
    if found.dispatch.state in ("rejected", "cancelled", "resolved"):
        return f"over_{found.dispatch.state}"
    return "over_closed" if found.report.status == "closed" else ""


def _refused(word: AnswerWord | None, by: str, note: str) -> str:
    """Return the name of the sentence that says what is missing, or nothing."""
    if word is None:
        return "no_answer"
    if not by:
        return "needs_name"
    if word == "rejected" and not note:
        return "needs_reason"
    return "too_long" if len(by) > LONGEST_NAME or len(note) > LONGEST_NOTE else ""


async def _told(reading: Reading, found: Opened, key: str) -> AnswerRow | None:
    """Return the answer that a POST led back from, out of the log: the address alone proves nothing."""
    row = await answers.with_key(reading, found.dispatch.agency_id, key) if len(key) == 64 and key.isalnum() else None
    return row if row is not None and row.dispatch_id == found.dispatch.id else None


def is_foreign(request: Request, public_url: str) -> bool:
    """Tell whether another site's page sent this.

    Since our page gives no referrer, browsers call its origin "null", too: that alone is no sign, and those that have
    no Sec-Fetch-Site shall be able to answer.
    """
    headers = request.headers
    origin = headers.get("origin")
    origin = None if origin == "null" else origin
    return not access.from_our_pages(headers.get("host"), origin, headers.get("sec-fetch-site"), public_url)
