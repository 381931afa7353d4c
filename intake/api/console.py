"""The console's pages: one script for all of them, which looks at the address (`console/src/pages.ts`).

`console/` is built into `intake/static/console/`: `index.html`, a template that says who has logged in, and files whose
names hold the hash of their contents, so browsers keep those for ever and ask again only for the page.
"""

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException

from db.engine import DatabaseUnavailableError
from intake import access, walls
from intake.access import COOKIE, STAFF, SUPERVISORS, Role
from intake.api.context import Context
from intake.api.errors import RETRY_AFTER_S
from intake.door_words import WORDS
from intake.phone_words import language

BUILT: Final = Path(str(resources.files("intake"))) / "static" / "console"
PAGES: Final[dict[str, frozenset[Role]]] = {
    "/": STAFF,
    "/pengawas": SUPERVISORS,
    "/papan": STAFF,
    "/statistik": SUPERVISORS,
    "/admin": SUPERVISORS,
}
MEDIA: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
FOR_EVER: Final = "public, max-age=31536000, immutable"
NOT_BUILT: Final = "The console was not built into this installation. Run `make setup`, or install the wheel."


def router(context: Context, built: Path = BUILT) -> APIRouter:
    """Return the routes of the console's pages and files. `built`: the folder that Vite made."""
    routes = APIRouter(include_in_schema=False)
    plain = Environment(loader=PackageLoader("intake"), autoescape=True, undefined=StrictUndefined)
    pages = Environment(loader=FileSystemLoader(built), autoescape=True, undefined=StrictUndefined)

    def page(roles: frozenset[Role]) -> Callable[[Request], Awaitable[Response]]:
        async def shown(request: Request) -> Response:
            session = request.cookies.get(COOKIE)
            try:
                who = await access.holder(context.database, session) if session else None
            except DatabaseUnavailableError:  # somebody reloads the page in the middle of an outage
                spoken = language(context.language, None)
                html = plain.get_template("tunggu.html").render(language=spoken, w=WORDS[spoken], seconds=RETRY_AFTER_S)
                return HTMLResponse(html, 503, {"Retry-After": str(RETRY_AFTER_S)})
            if who is None or who.role not in STAFF:
                return RedirectResponse("/masuk", 303)
            if who.role not in roles:
                return RedirectResponse("/", 303)
            if not (built / "index.html").is_file():
                return HTMLResponse(NOT_BUILT, 503)
            html = pages.get_template("index.html").render(
                language=context.language,
                user=who.name,
                role=who.role,
                timezone=str(context.timezone),
                version=context.version,
            )
            return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

        return shown

    @routes.get(walls.PAGE)
    async def wall() -> Response:
        """A screen's page: empty without the token that stands behind the address's `#`, which the browser keeps."""
        if not (built / "index.html").is_file():
            return HTMLResponse(NOT_BUILT, 503)
        nobody = {"user": "", "role": walls.ROLE, "timezone": str(context.timezone), "version": context.version}
        html = pages.get_template("index.html").render(language=context.language, **nobody)
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    for path, roles in PAGES.items():
        routes.add_api_route(path, page(roles), methods=["GET"])

    @routes.get("/static/console/assets/{name}")
    async def asset(name: str) -> Response:
        file = built / "assets" / name
        if file.suffix not in MEDIA or file.parent != built / "assets" or not file.is_file():
            raise HTTPException(404)
        return FileResponse(file, media_type=MEDIA[file.suffix], headers={"Cache-Control": FOR_EVER})

    return routes
