"""Routes for administrators: the tokens of machines, and another one for an agency."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field

from db import agencies, people
from db.people import TokenRow
from intake import access, tokens
from intake.access import Who
from intake.api import bodies
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals
from intake.api.deliveries import Code
from intake.api.out import Out
from intake.api.people_schemas import Done, UserName
from intake.tokens import UnknownTokenError
from routing import keys, standing


def _token_name(text: str) -> str:
    if not access.NAME.fullmatch(text):
        raise UnknownTokenError
    return text


Name = Annotated[str, AfterValidator(_token_name), Path(description="the token's name")]


class TokenIn(bodies.In):
    """A token to make. A `machine` opens reports of the source that is its name; the others do what people do."""

    name: UserName
    role: Literal["machine", "operator", "supervisor", "admin"]


class RenewIn(bodies.In):
    """For how many hours the old token is honoured too; 0: somebody else has it, it ends at once."""

    grace_h: Annotated[int, Field(ge=0, le=720)] = 24


class Token(Out):
    """What may be known of a token: neither it nor its hash. `agency`: whose it is, by its code.

    `created_at`: when it was made, or renewed. `old_until`: so long an old one is honoured, too.
    """

    name: str
    role: str
    agency: str | None
    created_at: datetime
    disabled_at: datetime | None
    old_until: datetime | None


class Tokens(Out):
    """All tokens by name, disabled ones too: their names stay taken."""

    tokens: list[Token]


class NewToken(Out):
    """A token, shown this once."""

    name: str
    role: str
    token: str


class RenewedToken(Out):
    """A new token, shown this once. `old_token_until` null: the old one is honoured no more."""

    token: str
    old_token_until: datetime | None


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/tokens, and the one that gives an agency another."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["admin"])
    admin = Annotated[Who, admins_only(context)]

    @routes.get("/tokens", responses=refusals(*ON_READ))
    async def every(_: admin) -> Tokens:
        """All tokens: of machines, of agencies, of screens. For administrators, like all here."""
        async with database.reading() as reading:
            codes = {row.id: row.code for row in await agencies.every(reading)}
            old = await people.old_tokens(reading)
            rows = await people.tokens(reading)
        return Tokens(tokens=[_shown(row, codes.get(row.agency_id or 0), old.get(row.name)) for row in rows])

    @routes.post("/tokens", status_code=201, responses=refusals(*ON_WRITE, 409))
    async def make(body: TokenIn, who: admin) -> NewToken:
        """Make a token for a machine. It is shown this once: only its hash is kept."""
        async with database.transaction() as tx:
            token = await tokens.make(tx, body.name, body.role, who.name)
        return NewToken(name=body.name, role=body.role, token=token)

    @routes.post("/tokens/{name:path}/disable", responses=refusals(*ON_WRITE, 404, 409))
    async def disable(name: Name, who: admin, _: bodies.Nothing | None = None) -> Done:
        """Let a token count no more, at once and for good; its name stays taken.

        A machine's is renewed by `renew`, an agency's by `renew-token`, a screen's link is made anew. Refused where
        nobody could administer by the API any more.
        """
        async with database.transaction() as tx:
            await tokens.disable(tx, name, who.name)
        return Done()

    @routes.post("/tokens/{name:path}/renew", responses=refusals(*ON_WRITE, 404, 409))
    async def renew_machine(name: Name, who: admin, body: RenewIn | None = None) -> RenewedToken:
        """Give a machine a new token, shown this once: its name stays the source of its reports.

        The old one is honoured for 24 hours, or as said; 0: somebody else has it, it ends at once. One that was
        disabled counts again, by the new token alone.
        """
        grace = timedelta(hours=(body or RenewIn()).grace_h)
        async with database.transaction() as tx:
            token, until = await tokens.renew(tx, name, grace, who.name)
        return RenewedToken(token=token, old_token_until=until)

    @routes.post("/agencies/{code}/renew-token", responses=refusals(*ON_WRITE, 404))
    async def renew(code: Code, who: admin, body: RenewIn | None = None) -> RenewedToken:
        """Give an agency a new token to answer with, shown this once.

        Without a word the old one is honoured for 24 hours, as an old secret is: the agency puts the new one into its
        receiver by hand, and until then its answers must be heard; one that is refused looks like silence, and the
        report goes on to another agency. `grace_h` 0 is for a token that somebody else has: it ends at once, so that
        nobody accepts in the agency's name, and until the agency has the new one it answers by signature, on its
        phone page or by telephone. One that was disabled is honoured no more, whatever the grace. Asked twice, the
        old ones of both times are honoured, unless one of the times says 0.
        """
        grace = timedelta(hours=(body or RenewIn()).grace_h)
        async with database.transaction() as tx:
            await standing.agency_of(tx, code)
            token, until = await keys.renew_token(tx, code, grace, by=who.name)
        return RenewedToken(token=token, old_token_until=until)

    return routes


def _shown(row: TokenRow, agency: str | None, old_until: datetime | None) -> Token:
    return Token(
        name=row.name,
        role=row.role,
        agency=agency,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        old_until=old_until,
    )
