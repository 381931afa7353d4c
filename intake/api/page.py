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

STATIC = resources.files("intake") / "static"
MEDIA = {
    "locate.js": "text/javascript",
    "door.css": "text/css",
    "phone.css": "text/css",
    "icon.svg": "image/svg+xml",
}
TEXTS = {
    "wrong": "Nama atau kata sandi salah. Coba lagi, atau minta kata sandi baru kepada administrator.",
    "away": "Basis data tidak menjawab, jadi tidak ada yang dapat masuk sekarang. Panggilan tetap berdering di "
    "telepon. Coba lagi sebentar lagi.",
    "wait": "Terlalu banyak percobaan yang salah. Tunggu {} detik, lalu coba lagi.",
    "line": "Terlalu banyak yang masuk sekaligus dari peramban yang belum dikenal. Tunggu {} detik, lalu coba lagi.",
}


def router(context: Context) -> APIRouter:
    """Return the routes of the pages."""
    routes = APIRouter(include_in_schema=False)
    templates = Environment(loader=PackageLoader("intake"), autoescape=True, undefined=StrictUndefined)

    def log_in_page(request: Request, message: str = "", status: int = 200) -> HTMLResponse:
        html = templates.get_template("masuk.html").render(
            language="id", message=message, needs_tls=not _keeps_cookie(request, context.public_url)
        )
        return HTMLResponse(html, status)

    @routes.get("/masuk")
    async def masuk(request: Request) -> Response:
        return log_in_page(request)

    @routes.post("/masuk")
    async def log_in(
        request: Request,
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
            page = log_in_page(request, TEXTS["away"], 503)
            page.headers["Retry-After"] = str(RETRY_AFTER_S)
            return page
        except WrongPasswordError as error:
            return log_in_page(request, TEXTS["wrong"], error.status)
        except TooManyTriesError as error:
            text = TEXTS["line" if isinstance(error, LongLineError) else "wait"]
            page = log_in_page(request, text.format(error.wait_s), error.status)
            page.headers["Retry-After"] = str(error.wait_s)
            return page
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
