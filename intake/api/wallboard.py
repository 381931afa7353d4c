"""Routes of the wallboard: its numbers, and the links of the screens that show them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import AfterValidator

from db import board as counted
from db import dispatches, people
from db.engine import Reading
from db.people import TokenRow
from intake import board, walls
from intake.access import Who
from intake.api import board_schemas as shapes
from intake.api import bodies, health, lamps, shifts
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_or_wall, supervisors_only
from intake.api.people_schemas import Done
from intake.api.shift_schemas import Desk
from intake.board import Mean
from intake.walls import UnknownWallError

SHARED_FOR: Final = timedelta(seconds=2)
OLDEST: Final = 4  # dispatches that are named


def _wall_name(text: str) -> str:
    if not walls.NAME.fullmatch(text):
        raise UnknownWallError
    return text


WallName = Annotated[str, AfterValidator(_wall_name), Path(description="what the screen is called")]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/wallboard and /api/v1/walls."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    wall = Annotated[Who, staff_or_wall(context)]
    supervisor = Annotated[Who, supervisors_only(context)]
    numbers = _Numbers(context)

    @routes.get("/wallboard", responses=refusals(*ON_READ))
    async def wallboard(_: wall) -> shapes.Wallboard:
        """The numbers of the wallboard: none is older than two seconds, and nothing in it is of a caller.

        For the desk, and for a screen's own token, which may read nothing else.
        """
        return (await numbers.get()).model_copy(update={"now": database.clock()})

    @routes.get("/walls", responses=refusals(*ON_READ))
    async def screens(_: supervisor) -> shapes.Walls:
        """The screens whose links count. For supervisors and administrators, like all here."""
        async with database.reading() as reading:
            rows = await people.tokens_of_role(reading, walls.ROLE)
        return shapes.Walls(walls=[shapes.Wall.model_validate(_wall(row)) for row in rows])

    @routes.post("/walls", status_code=201, responses=refusals(*ON_WRITE, 409))
    async def make(body: shapes.WallIn, who: supervisor) -> shapes.NewWall:
        """Make a screen's link, which shows the wallboard and opens nothing else. It is told this once."""
        async with database.transaction() as tx:
            row, url = await walls.make(tx, body.name, who.name, context.public_url)
        return shapes.NewWall.model_validate(_wall(row) | {"url": url})

    @routes.post("/walls/{name}/revoke", responses=refusals(*ON_WRITE, 404))
    async def revoke(name: WallName, who: supervisor, _: bodies.Nothing | None = None) -> Done:
        """Let a screen's link count no more, at once."""
        async with database.transaction() as tx:
            await walls.revoke(tx, name, who.name)
        return Done()

    return routes


def _wall(row: TokenRow) -> dict[str, object]:
    return {"name": row.name, "made_at": row.created_at}


class _Numbers:
    """The numbers, read once for all screens of this process; the means once an hour."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._one = asyncio.Lock()
        self._last: shapes.Wallboard | None = None
        self._mean: tuple[datetime, Mean] | None = None

    async def get(self) -> shapes.Wallboard:
        """Return them, at most SHARED_FOR old. Raises DatabaseUnavailableError."""
        async with self._one:
            now = self._context.database.clock()
            if self._last is None or not timedelta(0) <= now - self._last.as_of < SHARED_FOR:
                self._last = await self._read()
            return self._last

    async def _read(self) -> shapes.Wallboard:
        checks, alarms = await health.looked(self._context)
        async with self._context.database.reading() as reading:
            midnight = board.midnight(reading.now.astimezone(self._context.timezone).date(), self._context.timezone)
            calls = await counted.call_times(reading, midnight)
            unaccepted, overdue, _ = await dispatches.waiting(reading)
            troubled = await counted.troubled(reading)
            oldest = await counted.unaccepted(reading, OLDEST)
            waits = board.waits(await counted.in_progress(reading))
            return shapes.Wallboard(
                now=reading.now,
                as_of=reading.now,
                waiting=shapes.Waiting(count=len(waits), longest_since=waits[0] if waits else None),
                operators=operators(await shifts.every_desk(reading, self._context.shifts)),
                today=_today(board.today(calls, reading.now), midnight),
                dispatches=shapes.Dispatches(
                    unaccepted=unaccepted,
                    overdue=overdue,
                    rejected=troubled.rejected,
                    silent=troubled.silent,
                    oldest=[_unaccepted(row, reading.now) for row in oldest],
                ),
                hours=await self._hours(reading, midnight),
                lamps=await lamps.lamps(reading, self._context.shifts, checks, alarms),
            )

    async def _hours(self, reading: Reading, midnight: datetime) -> shapes.Hours:
        zone = self._context.timezone
        local = reading.now.astimezone(zone)
        hour = reading.now.replace(minute=0, second=0, microsecond=0)
        if self._mean is None or self._mean[0] != hour:
            first = await counted.first_call(reading)
            begin = board.midnight(local.date() - timedelta(days=board.MEAN_DAYS), zone)
            before = await counted.calls_by_quarter(reading, begin, midnight)
            self._mean = hour, board.mean(before, first, local.date(), zone)
        mean = self._mean[1]
        now = board.by_hour(await counted.calls_by_quarter(reading, midnight, reading.now), zone)
        return shapes.Hours(
            days=mean.days,
            of=[
                shapes.Hour(
                    hour=one,
                    calls=now[one] if one <= local.hour else None,
                    mean=round(mean.by_hour[one], 2) if mean.days else None,
                )
                for one in range(board.HOURS)
            ],
        )


def operators(desks: Sequence[Desk]) -> shapes.Operators:
    """Count the desks at which somebody has a shift by their state."""
    states = Counter(str(desk.state) for desk in desks if desk.shift is not None)
    known = {"ready": states["ready"], "break": states["break"], "talking": states["talking"]}
    known["wrap_up"] = states["wrap-up"]
    total = states.total()
    without = sum(desk.shift is None for desk in desks)
    more = {"shifts": total, "other": total - sum(known.values()), "without_shift": without}
    return shapes.Operators.model_validate(known | more)


def _today(day: board.Day, since: datetime) -> shapes.Today:
    answering = shapes.Answering(
        within_s=int(board.IN_TIME.total_seconds()),
        target=board.TARGET,
        in_time=day.answering.in_time,
        counted=day.answering.counted,
        gave_up=day.answering.gave_up,
        unknown=day.answering.unknown,
    )
    return shapes.Today(
        since=since,
        arrived=day.arrived,
        ended=day.ended,
        abandoned=day.abandoned,
        unanswered=day.unanswered,
        answering=answering,
    )


def _unaccepted(row: counted.UnacceptedRow, now: datetime) -> shapes.Unaccepted:
    return shapes.Unaccepted(
        report=row.report,
        agency=row.agency,
        priority=row.priority,
        kind=row.kind,
        exercise=row.exercise,
        since=row.created_at,
        accept_by=row.accept_by,
        overdue=row.accept_by <= now,
    )
