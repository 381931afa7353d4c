"""The record, for administrators: who did what, the newest first. To read it is in the record, too."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from pydantic import AfterValidator, StringConstraints

from db import chain
from intake.access import Who
from intake.api.bodies import storable_text
from intake.api.context import ON_READ, Context, admins_only, refusals
from intake.api.out import Out

Wanted = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(storable_text)]
LATEST = 2**63 - 1


class AuditRow(Out):
    """A row of the record. `detail` holds ids, names of fields and marks, never what a person said."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class AuditPage(Out):
    """Rows, the newest first; `next` is `before` of the older ones, null at the end."""

    rows: list[AuditRow]
    next: int | None


def router(context: Context) -> APIRouter:
    """Return the route under /api/v1/audit."""
    routes = APIRouter(prefix="/api/v1", tags=["admin"])
    admin = Annotated[Who, admins_only(context)]

    @routes.get("/audit", responses=refusals(*ON_READ))
    async def audit(
        who: admin,
        before: Annotated[int | None, Query(ge=1, le=LATEST, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        actor: Annotated[Wanted | None, Query(description="who; `name*`: all that begin so")] = None,
        action: Annotated[Wanted | None, Query(description="what; `agency.*`: all that begin so")] = None,
        subject: Annotated[Wanted | None, Query(description="of what; `112-20260314*`: all that begin so")] = None,
    ) -> AuditPage:
        """Who did what, the newest first. That somebody read it is in the record, once in ten minutes."""
        asked = {"actor": actor, "action": action, "subject": subject}
        filters = {name: one for name, one in asked.items() if one is not None}
        async with context.database.reading() as reading:
            found = await chain.rows_before(reading, before, limit + 1, filters)
        context.reads.looked_at(who, "audit.read", "audit")
        shown = [_shown(row) for row in found[:limit]]
        return AuditPage(rows=shown, next=shown[-1].n if len(found) > limit else None)

    return routes


def _shown(row: chain.AuditRow) -> AuditRow:
    return AuditRow(
        n=row.n,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        detail=msgspec.json.decode(row.detail),
        hash=row.hash,
    )
