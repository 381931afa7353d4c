"""Routes for administrators: add an agency, change where it is reached, give it a new secret."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field, StringConstraints

from db.agencies import AgencyRow
from intake import numbers, terms
from intake.access import Who, check_free
from intake.api import bodies, versions
from intake.api.choice_schemas import Name
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals
from intake.api.deliveries import Code
from intake.api.out import Out
from intake.api.schemas import Versioned
from intake.api.versions import IF_MATCH, VERSIONED, IfMatch, with_etag
from routing import authority, egress, keys, outbox, standing
from routing.formats import Format

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(bodies.storable_text)]
Range = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(bodies.storable_text)]
Ranges = Annotated[list[Range], Field(max_length=20, description="that may be dialled though they are not public")]
Jurisdiction = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"\S"), AfterValidator(bodies.storable_text)
]

Authority = Annotated[
    str | None,
    Field(
        max_length=authority.LONGEST,
        description="the certificate, in PEM, of the authority that alone is believed for its TLS; empty or null: "
        "public authorities",
    ),
]


Phone = Annotated[
    str | None,
    Field(
        max_length=32,
        pattern=r"^\+?[0-9][0-9 ()./-]{1,30}$",
        description="its duty number, which people telephone, or two with `/` between; links go by SMS to those that "
        "are mobile numbers",
    ),
]


class AgencyIn(bodies.In):
    """An agency to add. `kinds`: reports of these go there, by a rule at the end of the rules.

    `caller_number` null: it is told who called, unless it is Open311's. `url` null: it has no computer system, and
    people telephone `phone`.
    """

    code: bodies.Code
    name: Name
    url: Url | None = None
    allow_cidr: Ranges = Field(default_factory=list)
    kinds: Annotated[list[bodies.Code], Field(max_length=100)] = Field(default_factory=list)
    next: bodies.Code | None = Field(None, description="who gets those reports too when this one does not accept")
    format: Format = "native"
    jurisdiction_id: Jurisdiction | None = None
    caller_number: bool | None = None
    is_centre: bool = False
    ca_pem: Authority = None
    phone: Phone = None


class AgencyChangeIn(bodies.In):
    """What to change of an agency; a field that is not sent stays as it is. `url` null: it has no system any more."""

    name: Name = Field("-", json_schema_extra=bodies.optional)
    url: Url | None = None
    allow_cidr: Ranges = Field([], json_schema_extra=bodies.optional)
    ca_pem: Authority = None
    phone: Phone = None


class ApiKeyIn(bodies.In):
    """The api_key that an Open311 platform gave the centre; null: none."""

    api_key: str | None = Field(min_length=4, max_length=128, pattern=r"^[!-~]+$")


class RotateIn(bodies.In):
    """For how many hours the old secret is honoured too; 0: it was given away."""

    grace_h: Annotated[int, Field(ge=0, le=720)] = 24


class AgencySettings(Versioned):
    """Where an agency is reached, and in which form. `old_secret_until`: so long two secrets are honoured."""

    code: str
    name: str
    url: str | None = Field(description="null: it has no computer system")
    phone: str | None
    sms_to: list[str] = Field(description="its mobile numbers, to which links go by SMS; empty: `phone` takes none")
    allow_cidr: list[str]
    format: str
    jurisdiction_id: str | None
    has_api_key: bool = Field(description="whether what is sent carries an api_key, which is shown nowhere")
    is_centre: bool
    ca_pem: str | None
    old_secret_until: datetime | None


class AddedAgency(Out):
    """An agency that was added. `secret` and `token` are shown this once. `resolves`: its host has an address now."""

    agency: AgencySettings
    secret: str
    token: str
    resolves: bool


class RotatedSecret(Out):
    """A new secret, shown this once. `cut_short`: a secret that was to be honoured until then is honoured no more."""

    secret: str
    old_secret_until: datetime | None
    cut_short: datetime | None


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/agencies that tell where one is reached."""
    database = context.database
    routes = APIRouter(prefix="/api/v1/agencies", tags=["admin"])
    admin = Annotated[Who, admins_only(context)]

    @routes.post("", status_code=201, responses=refusals(*ON_WRITE, 409))
    async def add(body: AgencyIn, who: admin) -> AddedAgency:
        """Add an agency: its secret signs what it is sent, with its token it answers. Both are shown this once."""
        check_free(body.code)
        check_free(body.name)
        ca_pem = authority.read(body.ca_pem or "")
        addresses = await egress.check_url_resolved(body.url, body.allow_cidr) if body.url else []
        async with database.transaction() as tx:
            new = await outbox.add_agency(
                *(tx, body.code, body.name, body.url or "", body.allow_cidr, body.kinds, who.name),
                next_code=body.next,
                format=body.format,
                jurisdiction_id=body.jurisdiction_id,
                caller_number=body.caller_number,
                is_centre=body.is_centre,
                ca_pem=ca_pem,
                phone=body.phone,
            )
            tx.tell("agency", body.code)
            shown = _shown(new.agency, tx.now)
        return AddedAgency(agency=shown, secret=new.secret, token=new.token, resolves=bool(addresses) or not body.url)

    @routes.get("/{code}/settings", responses=refusals(*ON_READ, 404) | {200: VERSIONED})
    async def settings(code: Code, _: admin, response: Response) -> AgencySettings:
        """Where an agency is reached, and in which form. Its secret is shown nowhere."""
        async with database.reading() as reading:
            row = await standing.agency_of(reading, code)
            return with_etag(_shown(row, reading.now), response)

    @routes.patch(
        "/{code}/settings", responses=refusals(*ON_WRITE, 404, 412, 428) | {200: VERSIONED}, openapi_extra=IF_MATCH
    )
    async def change(
        code: Code, body: AgencyChangeIn, who: admin, response: Response, if_match: IfMatch = None
    ) -> AgencySettings:
        """Change an agency's name, URL, ranges or own authority; every try from now on goes there."""
        seen = versions.seen(if_match)
        values = body.model_dump(exclude_unset=True)
        async with database.reading() as reading:
            there = await standing.agency_of(reading, code)
        if "name" in values:
            check_free(body.name)
        if values.keys() & {"url", "allow_cidr"}:
            ranges = values.get("allow_cidr", there.allow_cidr)
            url = values.get("url", there.url)
            await egress.check_url_resolved(url, ranges) if url else egress.networks_of(ranges)
        if "url" in values:
            values["url"] = body.url or ""
        if "ca_pem" in values:
            values["ca_pem"] = authority.read(body.ca_pem or "")
        async with database.transaction() as tx:
            row = await terms.change(tx, code, seen, values, who.name)
            return with_etag(_shown(row, tx.now), response)

    @routes.post("/{code}/rotate-secret", responses=refusals(*ON_WRITE, 404))
    async def rotate(code: Code, who: admin, body: RotateIn | None = None) -> RotatedSecret:
        """Give an agency a new secret, shown this once. Until the grace is over both sign and both are honoured."""
        grace = timedelta(hours=(body or RotateIn()).grace_h)
        async with database.transaction() as tx:
            await standing.agency_of(tx, code)
            rotated = await keys.rotate(tx, code, grace, by=who.name)
            tx.tell("agency", code)
        return RotatedSecret(secret=rotated.secret, old_secret_until=rotated.until, cut_short=rotated.cut_short)

    @routes.post("/{code}/api-key", responses=refusals(*ON_WRITE, 404, 409))
    async def api_key(code: Code, body: ApiKeyIn, who: admin, response: Response) -> AgencySettings:
        """Set the api_key that an Open311 platform wants; every try from now on carries it. It is shown nowhere."""
        async with database.transaction() as tx:
            await standing.agency_of(tx, code)
            await keys.set_api_key(tx, code, body.api_key, by=who.name)
            return with_etag(_shown(await standing.agency_of(tx, code), tx.now), response)

    return routes


def _shown(row: AgencyRow, now: datetime) -> AgencySettings:
    return AgencySettings(
        version=row.version,
        code=row.code,
        name=row.name,
        url=row.url or None,
        phone=row.phone,
        sms_to=numbers.textable(row.phone),
        allow_cidr=list(row.allow_cidr),
        format=row.format,
        jurisdiction_id=row.jurisdiction_id,
        has_api_key=row.api_key is not None,
        is_centre=row.is_centre,
        ca_pem=row.ca_pem,
        old_secret_until=row.secret_previous_until if len(row.secrets_at(now)) > 1 else None,
    )
