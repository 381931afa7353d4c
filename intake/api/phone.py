"""The phone page at /a/TOKEN: an agency's people see a dispatch and answer it by hand, without script or log-in.

Its frame is `public_page`. GET books nothing (messengers fetch links to preview them). POST books one answer and leads
back to the page, which says from the log what became of it: no reload and no second tap makes a second answer. What
cannot follow (a page that was open while the centre closed the report) is not booked, and the page says so. A photo is
a form of its own: whatever becomes of it, no answer waits for it.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from db import answers
from db.answers import AnswerRow
from db.engine import DatabaseUnavailableError, DeadlockError, Reading
from db.states import AT_WORK
from intake import answering, phone, photos
from intake.api import photo_body
from intake.api.context import Context
from intake.api.public_page import Field, PublicPage
from intake.phone import Opened
from intake.phone_words import WORDS, Language, language, lasting
from intake.photo_refusals import MOST, MOST_MB, PhotoError
from intake.words import storable
from routing.answers import LONGEST_NAME, LONGEST_NOTE, Answer, key_hash
from routing.clipping import degrees, in_words
from routing.refusals import RefusedError
from routing.steps import AnswerWord, answer_word

PHOTO_SAID: Final = (
    "photo_none",
    "not_a_photo",
    "photo_too_large",
    "photo_cut",
    "photo_not_now",
    "too_many_photos",
    "photo_not_kept",
)


def router(context: Context) -> APIRouter:
    """Return the routes of the phone page."""
    routes = APIRouter(include_in_schema=False)
    frame = PublicPage(context, WORDS, unknown="phone_page_unknown")

    def shown(
        spoken: Language,
        found: Opened,
        now: datetime,
        told: AnswerRow | None = None,
        photo: str = "",
        refused: str = "",
        typed: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        words, zone = WORDS[spoken], context.timezone
        before = next((one.by or "" for one in reversed(found.answers) if one.via == "page"), "")
        return frame.page(
            "phone.html",
            spoken,
            status,
            found=found,
            over=_over(found),
            now=now,
            told=told,
            refused=words[refused].format(mb=MOST_MB, most=MOST) if refused else "",
            photo_kept=photo.isdecimal() and len(photo) < 4 and 1 <= int(photo) <= found.dispatch.photos,
            photos_taken=photos.may_send(found.dispatch, found.report, now) and found.dispatch.photos < MOST,
            most_mb=MOST_MB,
            typed=typed or {"answer": "", "by": before, "note": ""},
            once=secrets.token_urlsafe(16),
            at=lambda time: f"{time.astimezone(zone):%d-%m-%Y %H:%M:%S %Z}",
            lasting=lambda time: lasting(time, words),
            degrees=degrees,
            in_words=in_words,
            silent=found.dispatch.state in AT_WORK and found.dispatch.asked > 0,
        )

    @routes.get("/a/{token:path}")
    async def look(request: Request, token: str, lang: str = "", jawaban: str = "", foto: str = "") -> Response:
        spoken = language(lang, request.headers.get("accept-language"))
        try:
            async with context.database.reading() as reading:
                found = await phone.opened(reading, token)
                if found is None:
                    return frame.gone(request, spoken)
                told = await _told(reading, found, jawaban)
                return shown(spoken, found, reading.now, told, foto, refused=foto if foto in PHOTO_SAID else "")
        except DatabaseUnavailableError:
            return frame.away(spoken)

    @routes.post("/a/{token}/foto")
    async def send(request: Request, token: str, lang: str = "") -> Response:
        spoken = language(lang, request.headers.get("accept-language"))
        if (foreign := frame.foreign(request, spoken)) is not None:
            return foreign
        try:
            async with context.database.reading() as reading:
                found = await phone.opened(reading, token)
            if found is None:
                return frame.gone(request, spoken)
            try:
                async with photo_body.from_form(request) as (photo, by):
                    one = found.dispatch
                    row, _ = await photos.keep(
                        context.database, context.photos, photo, one.id, one.agency_id, by, "page"
                    )
                became = str(row.number)
            except PhotoError as error:
                became = error.code
        except DatabaseUnavailableError:
            return frame.away(spoken)
        return frame.lead(f"/a/{token}?lang={spoken}&foto={became}")

    @routes.post("/a/{token:path}")
    async def say(
        request: Request, token: str, lang: str = "", answer: Field = "", by: Field = "", note: Field = "",
        once: Field = "",
    ) -> Response:  # fmt: skip
        spoken = language(lang, request.headers.get("accept-language"))
        if (foreign := frame.foreign(request, spoken)) is not None:
            return foreign
        word, by = answer_word(answer), storable(" ".join(by.split()))
        note = storable(note.replace("\r\n", "\n").strip())
        try:
            async with context.database.reading() as reading:
                found = await phone.opened(reading, token)
                if found is None:
                    return frame.gone(request, spoken)
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
            return frame.away(spoken)
        return frame.lead(f"/a/{token}?lang={spoken}&jawaban={key_hash('page', key)}")

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
