"""The log-in at /masuk, which needs no script, and the files of the plain pages. The console's are in `console.py`."""

from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException

from db.engine import DatabaseUnavailableError
from db.people import BROWSER_KNOWN_FOR
from intake import access
from intake.access import COOKIE, LONGEST_SESSION, TooManyTriesError
from intake.api.context import Context
from intake.api.errors import RETRY_AFTER_S, ForeignPageError
from intake.api.guard import LONGEST_BODY
from intake.door import BROWSER_COOKIE, LongLineError, WrongPasswordError
from intake.door_words import WORDS
from intake.phone_words import language

STATIC = resources.files("intake") / "static"
MEDIA = {
    "locate.js": "text/javascript",
    "plain.css": "text/css",
    "icon.svg": "image/svg+xml",
}


def router(context: Context) -> APIRouter:
    """Return the routes of the pages."""
    routes = APIRouter(include_in_schema=False)
    templates = Environment(loader=PackageLoader("intake"), autoescape=True, undefined=StrictUndefined)

    def log_in_page(request: Request, lang: str, said: str = "", status: int = 200, wait_s: int = 0) -> HTMLResponse:
        spoken = language(lang or context.language, None)
        words = WORDS[spoken]
        html = templates.get_template("masuk.html").render(
            w=words,
            language=spoken,
            message=words[said].format(seconds=wait_s) if said else "",
            needs_tls=not _keeps_cookie(request, context.public_url),
        )
        return HTMLResponse(html, status, {"Retry-After": str(wait_s)} if wait_s else None)

    @routes.get("/masuk")
    async def masuk(request: Request, lang: str = "") -> Response:
        return log_in_page(request, lang)

    @routes.post("/masuk")
    async def log_in(
        request: Request,
        lang: str = "",
        username: Annotated[str, Form(max_length=LONGEST_BODY)] = "",
        password: Annotated[str, Form(max_length=LONGEST_BODY)] = "",
    ) -> Response:
        _refuse_foreign(request, context.public_url)
        address = request.client.host if request.client else ""
        try:
            cookies = request.cookies
            entered = await context.door.log_in(
                username, password, address, cookies.get(COOKIE), cookies.get(BROWSER_COOKIE)
            )
        except DatabaseUnavailableError:
            return log_in_page(request, lang, "away", 503, RETRY_AFTER_S)
        except WrongPasswordError as error:
            return log_in_page(request, lang, "wrong", error.status)
        except TooManyTriesError as error:
            said = "line" if isinstance(error, LongLineError) else "wait"
            return log_in_page(request, lang, said, error.status, error.wait_s)
        welcome = RedirectResponse("/", 303)
        kept = ((COOKIE, entered.session, LONGEST_SESSION), (BROWSER_COOKIE, entered.browser, BROWSER_KNOWN_FOR))
        for name, value, lasts in kept:
            welcome.set_cookie(
                name,
                value,
                max_age=int(lasts.total_seconds()),
                path="/",
                secure=True,
                httponly=True,
                samesite="strict",
            )
        return welcome

    @routes.post("/keluar")
    async def log_out(request: Request) -> Response:
        _refuse_foreign(request, context.public_url)
        if session := request.cookies.get(COOKIE):
            await context.door.log_out(session)
        goodbye = RedirectResponse("/masuk", 303)
        goodbye.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return goodbye

    @routes.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in MEDIA:
            raise HTTPException(404)
        return FileResponse(str(STATIC / name), media_type=MEDIA[name], headers={"Cache-Control": "no-cache"})

    return routes


def _refuse_foreign(request: Request, public_url: str) -> None:
    headers = request.headers
    if not access.from_our_pages(headers.get("host"), headers.get("origin"), headers.get("sec-fetch-site"), public_url):
        raise ForeignPageError


def _keeps_cookie(request: Request, public_url: str) -> bool:
    """Tell whether a browser will keep a `__Host-` cookie of ours: over https, or from this very machine."""
    return (
        public_url.startswith("https:")
        or request.url.scheme == "https"
        or (urlsplit(str(request.url)).hostname or "") in ("127.0.0.1", "localhost", "::1")
    )
