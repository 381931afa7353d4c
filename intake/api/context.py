"""What the routes work with, and who may use them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from db.engine import Database
from db.machine_room import Alarm
from intake import access
from intake.access import ADMINS, COOKIE, STAFF, SUPERVISORS, WITH_MACHINES, WITH_WALLS, Role, Who
from intake.api.errors import ForeignPageError, NotAllowedError, NotLoggedInError
from intake.api.guard import WRITES
from intake.api.schemas import Conflict, Problem
from intake.door import Door
from intake.live import Tail
from intake.reads import Reads
from intake.refusals import DisabledAgencyError
from intake.shifts import ShiftRules
from intake.signed import Signers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Expected:
    """A service that must be there: its name, the states in which it is well, and what to do when it is not."""

    name: str
    states: frozenset[str]
    advice: str


@dataclass(frozen=True, slots=True)
class Context:
    """One running API."""

    database: Database
    public_url: str
    timezone: tzinfo
    language: str
    version: str
    expected: Sequence[Expected]
    notes: Mapping[str, str]  # what this installation goes without: a sentence by its code
    stop: asyncio.Event
    alarms: Callable[[], Mapping[str, Sequence[Alarm]]]  # of the services in this very process, by name
    recordings: Path | None  # the store; None: this server has none
    shifts: ShiftRules
    sms: bool  # there is a gateway that sends them
    photos: Path | None  # the folder; None: this server takes none
    maps: Path | None  # the folder of the centre's own map files; None: it has none
    aml_secret: str | None  # of the `hmac` of AML by HTTPS; None: it is not checked
    tail: Tail = field(init=False)
    door: Door = field(init=False)
    signers: Signers = field(init=False)
    reads: Reads = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tail", Tail(self.database))
        object.__setattr__(self, "door", Door(self.database))
        object.__setattr__(self, "signers", Signers(self.database))
        object.__setattr__(self, "reads", Reads(self.database))


_bearer = HTTPBearer(auto_error=False, description="a machine's token: `intake112 token create`")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="a person's session: log in at /masuk")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
Cookie = Annotated[str | None, Security(_cookie)]
_signature = APIKeyHeader(
    name="webhook-signature",
    auto_error=False,
    description="of an agency, over `webhook-id.webhook-timestamp.body` with its secret, after Standard Webhooks",
)
Signature = Annotated[str | None, Security(_signature)]


class Allowed:
    """Dependencies that let only certain roles pass, and say who it is."""

    def __init__(self, context: Context) -> None:
        self.staff = self._only(context, STAFF)
        self.supervisors = self._only(context, SUPERVISORS)
        self.admins = self._only(context, ADMINS)
        self.with_machines = self._only(context, WITH_MACHINES)
        self.with_walls = self._only(context, WITH_WALLS)

    @staticmethod
    def _only(context: Context, roles: frozenset[Role]) -> Callable[..., Awaitable[Who]]:
        async def who(request: Request, bearer: Bearer, cookie: Cookie) -> Who:
            found: Who | None = None
            if bearer is not None:
                found = await access.bearer(context.database, bearer.credentials)
            elif cookie is not None:
                found = await access.holder(context.database, cookie)
            admitted = _admitted(request, found, roles, context.public_url)
            if admitted.by_cookie and cookie is not None and request.method in WRITES:
                await access.prolong(context.database, admitted, cookie)
            return admitted

        return who

    @staticmethod
    def agency(context: Context, signs: Callable[[Request], bytes] | None) -> Callable[..., Awaitable[Who]]:
        """Let agencies pass; `signs` is what they sign of a request, None: its body."""

        async def who(request: Request, bearer: Bearer, signature: Signature) -> Who:
            found: Who | None = None
            if bearer is not None:
                found = await access.bearer(context.database, bearer.credentials)
            elif signature is not None:
                address = request.client.host if request.client else ""
                text = await request.body() if signs is None else signs(request)
                found = await context.signers.who(request.headers, text, address)
            return _admitted(request, found, frozenset({"agency"}), context.public_url)

        return who


def _admitted(request: Request, who: Who | None, roles: frozenset[Role], public_url: str) -> Who:
    if who is None:
        raise NotLoggedInError
    if who.role not in roles:
        log.warning("not_allowed", who=who.name, role=who.role, path=request.url.path)
        raise NotAllowedError
    if who.disabled:
        log.warning("agency_disabled", who=who.name, path=request.url.path)
        raise DisabledAgencyError
    if who.by_cookie and request.method in WRITES:
        headers = request.headers
        if not access.from_our_pages(
            headers.get("host"), headers.get("origin"), headers.get("sec-fetch-site"), public_url
        ):
            log.warning("foreign_page", who=who.name, path=request.url.path)
            raise ForeignPageError
    return who


SAID = {
    400: "The request could not be read",
    401: "Nobody is logged in",
    403: "The role may not do this",
    404: "There is no such thing",
    409: "The present state does not allow it; the message says what can be done",
    413: "The body is too long",
    415: "The body is not of the kind that is taken here",
    422: "A field was refused; the message names it",
    428: "If-Match is missing",
    429: "Too many bad signatures from this address; Retry-After says how long to wait",
    503: "The database does not answer; send it again later",
    507: "The server's disk cannot take it",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of the errors a route may answer.

    All but 422 only name the schema that 422 brings: FastAPI builds a validator for every model it is given, which was
    a third of an application's start.
    """
    named = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described: dict[int | str, dict[str, Any]] = {
        status: {"content": named, "description": SAID[status]} for status in statuses if status != 412
    }
    if 422 in statuses:
        described[422] = {"model": Problem, "description": SAID[422]}
    if 412 in statuses:
        described[412] = {"model": Conflict, "description": "Others changed the same fields; both values are shown"}
    return described


ON_READ = (401, 403, 422, 503)
ON_WRITE = (400, 401, 403, 413, 415, 422, 503)


def staff_only(context: Context) -> Any:
    """Return the dependency of routes for operators, supervisors and administrators."""
    return Depends(Allowed(context).staff)


def supervisors_only(context: Context) -> Any:
    """Return the dependency of routes for supervisors and administrators."""
    return Depends(Allowed(context).supervisors)


def admins_only(context: Context) -> Any:
    """Return the dependency of routes for administrators."""
    return Depends(Allowed(context).admins)


def staff_or_machine(context: Context) -> Any:
    """Return the dependency of routes for the desk, and for machines that bring reports."""
    return Depends(Allowed(context).with_machines)


def staff_or_wall(context: Context) -> Any:
    """Return the dependency of the one route that a wall's screen may read, beside the desk."""
    return Depends(Allowed(context).with_walls)


def agency_only(context: Context, signs: Callable[[Request], bytes] | None = None) -> Any:
    """Return the dependency of routes for agencies; `signs` is what they sign of a request, None: its body."""
    return Depends(Allowed.agency(context, signs))
