"""Routes for administrators: who may log in, and who is logged in now."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from msgspec.structs import asdict
from pydantic import AfterValidator

from db import people
from db.people import SESSION_ID, UserRow
from intake import access, staff
from intake.access import Who
from intake.api import bodies, versions
from intake.api import people_schemas as schemas
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals
from intake.api.versions import IF_MATCH, VERSIONED, IfMatch, with_etag
from intake.staff import UnknownSessionError, UnknownUserError

SESSION: Final = rf"^[0-9a-f]{{{SESSION_ID}}}$"


def _user_name(text: str) -> str:
    if not access.NAME.fullmatch(text):
        raise UnknownUserError
    return text


def _session_id(text: str) -> str:
    if not re.match(SESSION, text, re.ASCII):
        raise UnknownSessionError
    return text


Name = Annotated[str, AfterValidator(_user_name), Path(description="the name to log in with")]
SessionId = Annotated[str, AfterValidator(_session_id), Path(json_schema_extra={"pattern": SESSION})]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["admin"])
    admin = Annotated[Who, admins_only(context)]

    @routes.get("/users", responses=refusals(*ON_READ))
    async def users(_: admin) -> schemas.Users:
        """Everyone who logs in, or may not any more. For administrators, like all here."""
        async with database.reading() as reading:
            return schemas.Users(users=[_user(row) for row in await people.users(reading)])

    @routes.post("/users", status_code=201, responses=refusals(*ON_WRITE, 409) | {201: VERSIONED})
    async def add_user(body: schemas.UserIn, who: admin, response: Response) -> schemas.User:
        """Add a person. A password has 12 characters or more; a few words in a row are easy to keep in mind."""
        password_hash = await access.hashed(body.password)
        async with database.transaction() as tx:
            row = await access.add_user(tx, body.name, body.role, password_hash, who.name)
            return with_etag(_user(row), response)

    @routes.patch(
        "/users/{name}", responses=refusals(*ON_WRITE, 404, 409, 412, 428) | {200: VERSIONED}, openapi_extra=IF_MATCH
    )
    async def change_user(
        name: Name, body: schemas.UserChangeIn, who: admin, response: Response, if_match: IfMatch = None
    ) -> schemas.User:
        """Change a person's role, set a password, disable or enable them. It ends their sessions at once.

        If-Match is the person's `version` in the list. Where somebody changed them since, 412 with both values of what
        was sent and is not so; that a password was changed meanwhile is told by the version alone.
        """
        seen = versions.seen(if_match)
        password_hash = await access.hashed(body.password) if body.password is not None else None
        async with database.transaction() as tx:
            row = await staff.change(
                tx, name, who.name, role=body.role, password_hash=password_hash, disabled=body.disabled, seen=seen
            )
            return with_etag(_user(row), response)

    @routes.post("/users/{name}/end-sessions", responses=refusals(*ON_WRITE, 404))
    async def end_sessions(name: Name, who: admin, _: bodies.Nothing | None = None) -> schemas.Done:
        """End all sessions of a person at once; the person may log in again."""
        async with database.transaction() as tx:
            await staff.end_sessions(tx, name, who.name)
        return schemas.Done()

    @routes.get("/sessions", responses=refusals(*ON_READ))
    async def sessions(_: admin) -> schemas.Sessions:
        """Who is logged in now, and from where."""
        async with database.reading() as reading:
            rows = await people.sessions(reading)
        return schemas.Sessions(sessions=[schemas.Session.model_validate(asdict(row)) for row in rows])

    @routes.post("/sessions/{session_id}/end", responses=refusals(*ON_WRITE, 404))
    async def end_session(session_id: SessionId, who: admin, _: bodies.Nothing | None = None) -> schemas.Done:
        """End one session at once."""
        async with database.transaction() as tx:
            await staff.end_session(tx, session_id, who.name)
        return schemas.Done()

    return routes


def _user(row: UserRow) -> schemas.User:
    return schemas.User.model_validate({name: getattr(row, name) for name in schemas.User.model_fields})
