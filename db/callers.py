"""Callers by their numbers: the centre's rules for them, numbers of many people, and what a number has done before."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from msgspec import Struct, field
from sqlalchemy import CompoundSelect, and_, bindparam, case, delete, func, or_, select, union

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import among, several

c, p, r = tables.calls.c, tables.pilots.c, tables.reports.c
w = tables.worklist_calls.c
_rules = select(tables.caller_rules.c.rules, tables.caller_rules.c.version)
ROW = 1
COUNTED = ("normal", "ghost", "prank", "information")
UNANSWERED = ("abandoned", "failed")


class TrunkNumbers(Struct, frozen=True):
    """How a trunk writes numbers: `strip` comes before all of them, `area` is left out before local ones (5 to 8
    digits), and what goes out over it begins like `out` (`e164`: +62…, `digits`: 62…, `national`: 0…)."""

    strip: str | None = None
    area: str | None = None
    out: str = "e164"


class CallerRules(Struct, frozen=True, omit_defaults=True):
    """What a centre may set about callers; times in the unit of their name."""

    short_call_s: int = 5
    short_calls_owed: int = 3
    short_calls_forgotten_h: int = 24
    call_back_within_s: int = 300
    call_back_tries: int = 3
    daily_cap: int = 200
    link_within_h: int = 24
    history_days: int = 30
    first_strike_h: int = 24
    strike_h: int = 72
    trunks: dict[str, TrunkNumbers] = field(default_factory=dict)


class PilotRow(Struct, frozen=True):
    """A number behind which are many people: a hospital's switchboard."""

    id: str
    number: str
    name: str
    marked_at: datetime
    marked_by: str


class Caller(Struct, frozen=True):
    """Who called, of one report; `pilot`: its number is many people's; `item`: the worklist holds the call."""

    report_id: int
    report: str
    number: str | None
    classification: str
    exercise: bool
    pilot: bool
    item: str | None

    @property
    def one(self) -> str | None:
        """Return the number if it is surely one caller's, who can be called back."""
        return None if self.pilot else self.number


class Past(Struct, frozen=True):
    """One earlier (or later) report of a number."""

    id: int
    number: str
    opened_at: datetime
    status: str
    classification: str
    kind: str | None
    location_text: str | None
    outcome: str | None


class History(Struct, frozen=True):
    """What a number has done: all its reports, how many since a time by class and unanswered, and the newest of them,
    those that are not closed first."""

    total: int
    by_class: dict[str, int]
    unanswered: int
    not_closed: int
    reports: list[Past]


async def rules(reading: Reading) -> tuple[CallerRules, int]:
    """Return the rules that hold, and their version (0: nobody ever changed them)."""
    row = (await reading.connection.execute(_rules)).one_or_none()
    return (CallerRules(), 0) if row is None else (msgspec.convert(row.rules, CallerRules), row.version)


async def save_rules(tx: Transaction, new: CallerRules, version: int, by: str) -> None:
    """Save rules as a version; the first one makes the row."""
    values = {"version": version, "rules": msgspec.to_builtins(new), "changed_at": tx.now, "changed_by": by}
    statement = tx.insert_or(tables.caller_rules).values(id=ROW, **values)
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


async def pilots(reading: Reading) -> list[PilotRow]:
    """Return all pilot numbers by name."""
    return await reading.rows(PilotRow, select(tables.pilots).order_by(p.name, p.number))


async def pilot(reading: Reading, number: str) -> PilotRow | None:
    """Return the pilot number, or None when it is none."""
    return await reading.row(PilotRow, select(tables.pilots).where(p.number == number))


async def mark(tx: Transaction, number: str, name: str, by: str) -> PilotRow | None:
    """Mark a number; None: it is marked already."""
    values = {"id": new_id(tx.now), "number": number, "name": name, "marked_at": tx.now, "marked_by": by}
    statement = tx.insert_or(tables.pilots).values(**values).on_conflict_do_nothing().returning(tables.pilots)
    return await tx.row(PilotRow, statement)


async def unmark(tx: Transaction, pilot_id: str) -> PilotRow | None:
    """Delete a pilot number and return what it was; None: there is none."""
    statement = delete(tables.pilots).where(p.id == pilot_id).returning(tables.pilots)
    return await tx.row(PilotRow, statement)


def reports_of(number: str, after: datetime | None = None) -> CompoundSelect[tuple[int]]:
    """Return the ids of a number's reports: it rang, or a person wrote it; of those `after` a time, when it is given.

    Each side has its index, with the time in it: a number that rings all day costs no more than another.
    """
    rang, written = select(c.report_id).where(c.number == number), select(r.id).where(r.caller_number == number)
    if after is not None:
        rang, written = rang.where(c.arrived_at > after), written.where(r.opened_at > after)
    return union(rang, written)


_by_person = r.caller_number
_who = case((c.number.in_(select(p.number)), _by_person), else_=func.coalesce(c.number, _by_person))
"""Whose report it is: the number that rang; a person's word where it is many people's, or the carrier sent none."""

_callers = (
    select(
        r.id.label("report_id"),
        r.number.label("report"),
        _who.label("number"),
        r.classification,
        r.exercise,
        p.id.is_not(None).label("pilot"),
        w.item_id.label("item"),
    )
    .select_from(tables.reports)
    .outerjoin(tables.calls, c.report_id == r.id)
    .outerjoin(tables.pilots, p.number == _who)
    .outerjoin(tables.worklist_calls, w.report_id == r.id)
)
_of_reports = _callers.where(among(r.id, "ids"))


async def of_reports(reading: Reading, report_ids: Collection[int]) -> dict[int, Caller]:
    """Return who called, by report id."""
    rows = (await reading.connection.execute(_of_reports, {"ids": several(report_ids)})).mappings()
    return {row["report_id"]: Caller(**row) for row in rows}


async def history(reading: Reading, number: str, since: datetime, but: int, most: int = 20) -> History:
    """Return what a number has done apart from one report, in one statement on one index; no tests, no exercises."""
    recent, is_open = r.opened_at >= since, r.status != "closed"
    columns = [getattr(r, name) for name in Past.__struct_fields__ if name != "outcome"]

    def counted(*which: object) -> object:
        return func.sum(case((and_(*which), 1), else_=0)).over()  # type: ignore[arg-type]

    statement = (
        select(
            *columns,
            c.outcome,
            func.count().over().label("total"),
            counted(is_open).label("not_closed"),  # type: ignore[attr-defined]
            counted(recent, c.outcome.in_(UNANSWERED)).label("unanswered"),  # type: ignore[attr-defined]
            *(counted(recent, r.classification == name).label(f"n_{name}") for name in COUNTED),  # type: ignore[attr-defined]
        )
        .select_from(tables.reports)
        .outerjoin(tables.calls, c.report_id == r.id)
        .where(r.id.in_(reports_of(number)), r.id != but, r.classification != "test", r.exercise.is_(False))
        .order_by(case((is_open, 0), else_=1), r.id.desc())
        .limit(most)
    )
    rows = (await reading.connection.execute(statement)).mappings().all()
    if not rows:
        return History(0, dict.fromkeys(COUNTED, 0), 0, 0, [])
    first = rows[0]
    return History(
        total=first["total"],
        by_class={name: int(first[f"n_{name}"]) for name in COUNTED},
        unanswered=int(first["unanswered"]),
        not_closed=int(first["not_closed"]),
        reports=[Past(**{name: row[name] for name in Past.__struct_fields__}) for row in rows],
    )


async def answered_after(reading: Reading, number: str, at: datetime) -> int | None:
    """Return the report of the first call of a number that rang after a time and was answered at a desk, or None."""
    taken = tables.legs.c.taken & (tables.legs.c.kind == "operator")
    statement = (
        select(r.id)
        .join(tables.calls, c.report_id == r.id)
        .where(r.id.in_(reports_of(number, at)), r.opened_at > at, r.classification.not_in(("test", "ghost")))
        .where(c.arrived_at > at, select(tables.legs.c.key).where(tables.legs.c.call_id == c.id, taken).exists())
        .order_by(r.id)
        .limit(1)
    )
    return (await reading.connection.execute(statement)).scalar_one_or_none()


_taken = select(tables.legs.c.key).where(
    tables.legs.c.call_id == c.id, tables.legs.c.taken, tables.legs.c.kind == "operator"
)
_after = bindparam("after", type_=c.arrived_at.type)
_answered_since = union(
    select(c.number).where(among(c.number, "numbers"), c.arrived_at > _after, _taken.exists()),
    select(r.caller_number)
    .join(tables.calls, c.report_id == r.id)
    .where(among(r.caller_number, "numbers"), r.opened_at > _after, _taken.exists()),
)


async def answered_since(reading: Reading, numbers: Collection[str], at: datetime) -> set[str]:
    """Return those of the numbers of which a call that rang after a time was answered at a desk, whatever it was."""
    asked = {"numbers": several(numbers), "after": at}
    return set((await reading.connection.execute(_answered_since, asked)).scalars())


async def rings_now(reading: Reading, number: str) -> bool:
    """Tell whether a number is on the line."""
    is_it = or_(c.number == number, r.caller_number == number)
    statement = select(c.id).join(tables.reports).where(tables.IN_PROGRESS, is_it).limit(1)
    return (await reading.connection.execute(statement)).first() is not None


async def nobody_to_call(reading: Reading, since: datetime) -> int:
    """Return how many calls since a time nobody answered that gave no number to call back."""
    no_number = func.coalesce(c.number, r.caller_number).is_(None)
    which = r.opened_at >= since, no_number, r.classification != "test", r.exercise.is_(False)
    statement = select(func.count()).select_from(tables.reports).join(tables.calls, c.report_id == r.id)
    return int((await reading.connection.execute(statement.where(*which, c.outcome.in_(UNANSWERED)))).scalar_one())
