"""Routes of the worklist: callers whom nobody talked to, and what is done about them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from msgspec.structs import asdict

from db import callers
from db import worklist as saved
from db.callers import CallerRules
from db.engine import Reading
from db.worklist import ItemRow, StepRow
from intake import worklist
from intake.access import Who
from intake.api import bodies, caller_schemas, schemas
from intake.api.callers import AN_ID, an_id
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only
from intake.api.control import shown_control
from intake.caller_refusals import UnknownItemError
from intake.closing import Ending
from intake.unanswered import DAY

ItemId = Annotated[str, an_id(UnknownItemError), AN_ID]
NextStep = Literal["call_back", "message", "search", "close"]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/worklist."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.get("/worklist", responses=refusals(*ON_READ))
    async def items(
        who: staff,
        closed: Annotated[bool, Query(description="those that are closed, the newest first")] = False,
        owed: Annotated[bool | None, Query(description="only those that are owed a call back, or are not")] = None,
        owner: Annotated[bodies.Short | None, Query(description="only theirs")] = None,
        order: Annotated[Literal["rings", "due"], Query(description="of open ones; `due`: owed longest")] = "rings",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> caller_schemas.Worklist:
        """Callers whom nobody talked to, by how often they rang and how long ago, or by `order`. `/live` tells changes.

        Who read it is in the record, once in ten minutes.
        """
        async with database.reading() as reading:
            rules = (await callers.rules(reading))[0]
            rows = await saved.page(
                reading, closed=closed, owed=owed, owner=owner, limit=limit, offset=offset, due=order == "due"
            )
            totals = await saved.totals(reading)
            since = reading.now - DAY
            shown = caller_schemas.Worklist(
                now=reading.now,
                owed=totals.owed,
                not_owed=totals.not_owed,
                without_number=await callers.nobody_to_call(reading, since),
                owed_24h=await saved.owed_since(reading, since),
                daily_cap=rules.daily_cap,
                items=await _items(reading, rows),
            )
        context.reads.looked_at(who, "worklist.read", "worklist")
        return shown

    @routes.get("/worklist/{item_id}", responses=refusals(*ON_READ, 404))
    async def item(item_id: ItemId, who: staff) -> caller_schemas.Item:
        """One item. Who read it is in the record, once in ten minutes."""
        async with database.reading() as reading:
            shown = await _item(reading, item_id)
        context.reads.looked_at(who, "worklist.read", item_id)
        return shown

    @routes.post("/worklist/{item_id}/take", responses=refusals(*ON_WRITE, 404, 409))
    async def take(item_id: ItemId, who: staff, body: caller_schemas.TakeIn | None = None) -> caller_schemas.Item:
        """Make it one's own; with `over`, even another's."""
        async with database.transaction() as tx:
            await worklist.take(tx, item_id, who.name, over=body is not None and body.over)
            return await _item(tx, item_id)

    @routes.post("/worklist/{item_id}/steps", status_code=201, responses=refusals(*ON_WRITE, 404, 409))
    async def step(item_id: ItemId, body: caller_schemas.StepIn, who: staff) -> caller_schemas.Item:
        """Write what was done about it. Calls back write themselves."""
        async with database.transaction() as tx:
            await worklist.step(tx, item_id, body.step, body.note, who.name)
            return await _item(tx, item_id)

    @routes.post("/worklist/{item_id}/call-back", status_code=202, responses=refusals(*ON_WRITE, 404, 409))
    async def call_back(item_id: ItemId, who: staff, body: caller_schemas.CallBackIn | None = None) -> schemas.Control:
        """Ask the PBX to ring a desk's telephone and, when it is taken up, the caller; who answers closes the item.

        Whoever asks takes the item if nobody has. GET /api/v1/controls/{id} tells how it ended, and so does the item.
        """
        async with database.transaction() as tx:
            return shown_control(await worklist.call_back(tx, item_id, body.device if body else None, who.name))

    @routes.post("/worklist/{item_id}/close", responses=refusals(*ON_WRITE, 404, 409))
    async def close(item_id: ItemId, body: caller_schemas.CloseIn, who: staff) -> caller_schemas.Item:
        """Close it with a reason. 409 `steps_left`: to give up, one must have called back often enough.

        With `reports` those of its reports are closed in the same step that are `open`: on which nobody has worked.
        """
        ends = None if body.reports is None else Ending(body.reports.classification, body.reports.disposition)
        async with database.transaction() as tx:
            await worklist.close(tx, item_id, body.because, body.note, who.name, context.public_url, ends)
            return await _item(tx, item_id)

    return routes


async def _item(reading: Reading, item_id: str) -> caller_schemas.Item:
    row = await saved.look(reading, item_id)
    if row is None:
        raise UnknownItemError
    return (await _items(reading, [row]))[0]


async def _items(reading: Reading, rows: Sequence[ItemRow]) -> list[caller_schemas.Item]:
    if not rows:
        return []
    rules, _ = await callers.rules(reading)
    ids = [row.id for row in rows]
    of_item, steps = await saved.reports_of(reading, ids), await saved.steps_of(reading, ids)
    shown = []
    for row in rows:
        due_at = row.owed_at + timedelta(seconds=rules.call_back_within_s) if row.owed_at is not None else None
        is_open = row.closed_at is None
        more = {
            "reports": [one.number for one in of_item[row.id]],
            "not_closed": [one.number for one in of_item[row.id] if one.status != "closed"],
            "short_rings": row.short,
            "due_at": due_at,
            "overdue": is_open and due_at is not None and due_at < reading.now,
            "tries_needed": rules.call_back_tries,
            "next_step": next_step(row, steps[row.id], rules) if is_open else None,
            "steps": [asdict(one) | {"control": one.control_id} for one in steps[row.id]],
        }
        shown.append(caller_schemas.Item.model_validate(asdict(row) | more))
    return shown


def next_step(row: ItemRow, steps: Sequence[StepRow], rules: CallerRules) -> NextStep:
    """Return what comes next: call back often enough, send a message, look for number and place, close."""
    if row.number is not None and row.tries < rules.call_back_tries:
        return "call_back"
    done = {one.step for one in steps}
    if row.number is not None and "message" not in done:
        return "message"
    return "close" if "search" in done else "search"
