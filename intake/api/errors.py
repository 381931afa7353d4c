"""What the API answers when something cannot be done: a code for programs, a sentence for people."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from db.engine import DatabaseUnavailableError, DeadlockError, DiskFullError
from intake.access import TooManyTriesError
from intake.map_refusals import UnfitMapError
from intake.refusals import ConflictError, DeskError, IllegalStepError, StaleRowError
from intake.words import storable
from routing.refusals import RefusedError

log = structlog.get_logger(__name__)
RETRY_AFTER_S = 2
LIMITS = ("max_length", "min_length", "le", "ge", "lt", "gt")
SENTENCES = {
    400: "The request could not be read. Send JSON as the description at /openapi.json says.",
    404: "There is nothing at this address. /openapi.json lists what there is.",
    405: "This address does not take this method; the Allow header says which it takes.",
}


class NotLoggedInError(DeskError, status=401):
    """Nobody is logged in. Send `Authorization: Bearer …` with a token, or log in at /masuk."""


class NotAllowedError(DeskError, status=403):
    """Your role may not do this. Ask an administrator."""


class ForeignPageError(DeskError, status=403):
    """This request came from a page of another site, so your log-in does not count for it. Use our own pages."""


class MissingIfMatchError(DeskError, status=428, code="if_match_missing"):
    """Say which version you saw: send its ETag as If-Match. Then two people's changes merge and none is lost."""


class BadIfMatchError(DeskError, status=400, code="if_match_malformed"):
    """If-Match is the report's ETag, a number in quotes such as "7"."""


def answer(
    status: int, /, code: str, message: str, headers: Mapping[str, str] | None = None, **more: object
) -> JSONResponse:
    """Return the answer that tells of an error."""
    return JSONResponse({"error": code, "message": message, **more}, status, dict(headers or {}))


def unavailable(error: DatabaseUnavailableError) -> JSONResponse:
    """Return the answer while the database cannot be reached or cannot save."""
    log.warning("database_unavailable", why=str(error))
    if isinstance(error, DiskFullError):
        trouble, when = "The disk of the database is full", "once somebody has made room there"
    else:
        trouble, when = "The database does not answer", "in a few seconds"
    message = f"{trouble}; nothing was saved. Send the same request again {when}."
    return answer(503, "database_unavailable", message, {"Retry-After": str(RETRY_AFTER_S)})


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Give every error its answer."""

    @app.exception_handler(RefusedError)
    def refused(_: Request, error: RefusedError) -> JSONResponse:
        more: dict[str, object] = {}
        headers: dict[str, str] = {}
        match error:
            case ConflictError():
                more = {"current_version": error.current_version, "conflicts": error.conflicts}
                headers = {"ETag": f'"{error.current_version}"'}
            case StaleRowError():
                more = {"current_version": error.current_version, "conflicts": error.conflicts}
                headers = {"ETag": f'"{error.current_version}"'}
            case IllegalStepError():
                more = {"allowed": list(error.allowed), "status": error.now, "held_by": list(error.held_by)}
            case UnfitMapError():
                more = {"why": error.why, "found": error.found}
            case TooManyTriesError():
                headers = {"Retry-After": str(error.wait_s)}
            case _:
                pass
        if error.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return answer(error.status, error.code, str(error), headers, **more)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = [storable(str(part)) for part in first["loc"]]
        if first["type"] == "json_invalid":
            return answer(422, "invalid", "The body is not JSON. Send a JSON object.", field="body")
        field = ".".join(place[1:]) or place[0]
        return answer(422, "invalid", f"{field}: {_said(first)}", field=field, why=first["type"], limit=_limit(first))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        message = SENTENCES.get(error.status_code, str(error.detail))
        headers = error.headers
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(sorted(_methods(routers, request)))}
        return answer(error.status_code, code, message, headers)

    @app.exception_handler(DatabaseUnavailableError)
    def away(_: Request, error: DatabaseUnavailableError) -> JSONResponse:
        return unavailable(error)

    @app.exception_handler(DeadlockError)
    def deadlock(_: Request, error: DeadlockError) -> JSONResponse:
        raise error  # the guard does it again

    @app.exception_handler(Exception)
    def broken(_: Request, error: Exception) -> JSONResponse:
        log.error("request_failed", exc_info=error)
        message = "Something broke here; nothing was saved. The log has it. Try again, then tell the administrator."
        return answer(500, "internal", message)


def _methods(routers: Sequence[APIRouter], request: Request) -> set[str]:
    """Return the methods of all routes at this address (the framework tells those of the first one only)."""
    found: set[str] = set()
    for router in routers:
        for route in router.routes:
            if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
                found |= route.methods or set()
    return found or {"GET", "HEAD"}  # /openapi.json, the one address that is no router's


def _limit(error: Mapping[str, Any]) -> float | None:
    """Return the number that a value has to keep to, of an error that is about one."""
    found = (error.get("ctx", {}).get(name) for name in LIMITS)
    return next((one for one in found if isinstance(one, int | float)), None)


def _said(error: Mapping[str, object]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "there is no such field. /openapi.json lists the fields."
        case "missing":
            return "this field is needed."
        case _:
            text = storable(str(error["msg"])).removeprefix("Value error, ")
            return text if text.endswith(".") else f"{text}."
