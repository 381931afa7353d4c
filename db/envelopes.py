"""The outbox: envelopes that are owed to agencies, claimed with a lease, completed behind a fence.

A claim is one statement on both databases. On PostgreSQL its rows are chosen `FOR UPDATE SKIP LOCKED`; SQLite has one
writer. Completion is fenced by the claim's id: a worker that slept past its lease finds that the envelope is no longer
its own, and nothing is recorded twice. Envelopes of one dispatch go in order: a later one waits for the former. Of an
agency that is paused or disabled nothing is claimed, and no retry before its own back-off (`retry_after`) is over.

No first try waits for any time, and a time further ahead than anybody here ever waits is over: it was written before
somebody set the clock back.

An envelope is `pending` until a receiver takes it (`delivered`), a cancellation makes it needless (`withdrawn`), or its
report was closed or its agency removed or disabled first (`dead`, and may be made due again). Whoever ends one leaves
the claim of a try that is in flight: the next envelope waits for the end of that try, and the try tells how it ended.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy import (
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.sql import ColumnElement

from db import tables
from db.engine import Reading, Transaction
from db.several import several

v = tables.envelopes.c
a = tables.agencies.c
Which = Literal["all", "urgent", "first", "retries"]
PENDING: Final = v.state == literal_column("'pending'")  # not bound: a prepared plan could not use the partial index
LONGEST_HOLD: Final = timedelta(seconds=70)  # a lease, and a back-off: a minute and its jitter (`routing.breaker`)
LONGEST_WAIT: Final = timedelta(seconds=340)  # between two tries (`routing.retry`), with their jitter
LONGEST_P3_WAIT: Final = timedelta(seconds=1000)


class EnvelopeRow(Struct, frozen=True):
    """One envelope; `id` is its webhook-id, `body` the exact bytes to sign and send."""

    id: str
    dispatch_id: str
    agency_id: int
    sequence: int
    type: str
    priority: str | None
    content_type: str
    body: bytes
    state: str
    cause: str | None
    created_at: datetime
    first_try_at: datetime | None
    next_try_at: datetime
    tries: int
    claim_id: str | None
    lease_until: datetime | None
    delivered_at: datetime | None
    refused_status: int | None
    turn: int  # 0 and 1 are first tries, 2 and 3 retries; 1 and 3 have no priority


_owed: Final = (v.id, v.dispatch_id, v.sequence, v.type, v.state, v.cause, v.created_at, v.tries)


def due_at() -> ColumnElement[datetime]:
    """When a pending envelope is to be tried, as things stand: its agency is to be joined, no lease is looked at."""
    return case((and_(v.tries > 0, a.retry_after > v.next_try_at), a.retry_after), else_=v.next_try_at)


class OwedRow(Struct, frozen=True):
    """What became of an envelope, without its body."""

    id: str
    dispatch_id: str
    sequence: int
    type: str
    state: str
    cause: str | None
    created_at: datetime
    tries: int


class AttemptRow(Struct, frozen=True):
    """One try at delivering an envelope."""

    n: int
    envelope_id: str
    try_number: int
    at: datetime
    outcome: str
    status: int | None
    latency_ms: int
    detail: str


async def add(tx: Transaction, values: Mapping[str, object]) -> None:
    """Put an envelope into the outbox; it is due at once, unless another `state` than `pending` is given."""
    fresh = {"state": "pending", "tries": 0, "created_at": tx.now, "next_try_at": tx.now}
    await tx.connection.execute(insert(tables.envelopes).values(fresh | dict(values)))


async def claim(
    tx: Transaction, agency_id: int, claim_id: str, lease_until: datetime, limit: int, which: Which = "all"
) -> list[EnvelopeRow]:
    """Claim up to `limit` due envelopes of an agency: first tries before retries, P1 first, then the oldest.

    `which` narrows them: `urgent` are first tries of P1.
    """
    values = {"of_agency": agency_id, "claim": claim_id, "lease": lease_until, "now": tx.now, "most": limit}
    rows = await tx.rows(EnvelopeRow, CLAIMS[which], values)
    return sorted(rows, key=lambda row: (row.tries > 1, row.priority or "P9", row.next_try_at, row.id))


def _claim(narrowed: ColumnElement[bool]) -> Any:
    former = tables.envelopes.alias()
    now = bindparam("now", type_=v.next_try_at.type)
    open_to_it = exists().where(
        a.id == v.agency_id,
        or_(a.removed_at.is_not(None), and_(a.paused_at.is_(None), a.disabled_at.is_(None))),
        or_(v.tries == 0, a.retry_after.is_(None), a.retry_after <= now),
    )
    due = (
        select(v.id)
        .where(
            v.agency_id == bindparam("of_agency"),
            PENDING,
            v.next_try_at <= now,
            or_(v.lease_until.is_(None), v.lease_until < now),
            narrowed,
            open_to_it,
            ~exists().where(
                and_(
                    former.c.dispatch_id == v.dispatch_id,
                    former.c.sequence < v.sequence,
                    or_(former.c.state == "pending", former.c.lease_until >= now),
                )
            ),
        )
        .order_by(v.turn, v.priority, v.next_try_at, v.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    return (
        update(tables.envelopes)
        .where(v.id.in_(due.scalar_subquery()))
        .values(
            claim_id=bindparam("claim"),
            lease_until=bindparam("lease"),
            tries=v.tries + 1,
            first_try_at=func.coalesce(v.first_try_at, now),
        )
        .returning(tables.envelopes)
    )


CLAIMS: Final[dict[Which, Any]] = {
    "all": _claim(true()),
    "urgent": _claim(and_(v.turn == 0, v.priority == "P1")),
    "first": _claim(v.turn < 2),
    "retries": _claim(v.turn >= 2),
}


async def complete(tx: Transaction, envelope_id: str, claim_id: str, values: Mapping[str, object]) -> bool:
    """Save how a claimed try ended and give the claim back. False: the claim was no longer ours, nothing is saved."""
    statement = (
        update(tables.envelopes)
        .where(v.id == envelope_id, v.claim_id == claim_id, v.state == "pending")
        .values({"claim_id": None, "lease_until": None, **values})
    )
    return (await tx.connection.execute(statement)).rowcount == 1


async def delivered(tx: Transaction, claims: Collection[tuple[str, str]]) -> set[str]:
    """Complete many (envelope, claim) that receivers took; return the envelopes whose claim was still ours."""
    values = {"ids": several(id for id, _ in claims), "claims": several(claims), "now": tx.now}
    return set((await tx.connection.execute(_delivered, values)).scalars())


_delivered = (
    update(tables.envelopes)
    .where(
        v.id.in_(bindparam("ids", expanding=True)),  # SQLite finds no row by a pair: it reads the whole table
        tuple_(v.id, v.claim_id).in_(bindparam("claims", expanding=True)),
        v.state == "pending",
    )
    .values(state="delivered", delivered_at=bindparam("now"), claim_id=None, lease_until=None)
    .returning(v.id)
)


async def complete_late(tx: Transaction, envelope_id: str, claim_id: str, values: Mapping[str, object]) -> bool:
    """Save how a claimed try ended whose envelope was withdrawn or died meanwhile; like `complete`."""
    statement = (
        update(tables.envelopes)
        .where(v.id == envelope_id, v.claim_id == claim_id, v.state.in_(("withdrawn", "dead")))
        .values({"claim_id": None, "lease_until": None, **values})
    )
    return (await tx.connection.execute(statement)).rowcount == 1


async def end(
    tx: Transaction,
    dispatch_id: str,
    state: str,
    cause: str,
    *,
    of: tuple[str, ...] = ("pending",),
    before: int | None = None,
) -> list[OwedRow]:
    """Move the envelopes of a dispatch that are in one of the states `of` (with a sequence below `before`) to `state`.

    Return them in their order, as they are then. Who has one in his hand is waited for.
    """
    chosen = v.state.in_(of), true() if before is None else v.sequence < before
    return await _end(tx, dispatch_id, state, cause, *chosen)


async def end_of_agency(tx: Transaction, agency_id: int, cause: str, state: str = "dead") -> list[OwedRow]:
    """Let all that an agency is owed be dead, or withdrawn, and return it.

    What another transaction has in its hand is left to its lane, so that nobody waits for a lock here.
    """
    found = select(v.id).where(v.agency_id == agency_id, PENDING).with_for_update(skip_locked=True)
    statement = (
        update(tables.envelopes)
        .where(v.id.in_(found.scalar_subquery()), PENDING)
        .values(state=state, cause=cause)
        .returning(*_owed)
    )
    rows = [OwedRow(**row) for row in (await tx.connection.execute(statement)).mappings()]
    return sorted(rows, key=lambda row: (row.dispatch_id, row.sequence))


async def take_back(tx: Transaction, dispatch_id: str, type: str, cause: str) -> list[OwedRow]:
    """Withdraw the envelopes of this type, dead ones too, that no try was begun for, and return them."""
    chosen = v.state.in_(("pending", "dead")), v.type == type, v.tries == 0
    return await _end(tx, dispatch_id, "withdrawn", cause, *chosen)


async def _end(
    tx: Transaction, dispatch_id: str, state: str, cause: str, *chosen: ColumnElement[bool]
) -> list[OwedRow]:
    statement = (
        update(tables.envelopes)
        .where(v.dispatch_id == dispatch_id, *chosen)
        .values(state=state, cause=cause)
        .returning(*_owed)
    )
    rows = [OwedRow(**row) for row in (await tx.connection.execute(statement)).mappings()]
    return sorted(rows, key=lambda row: row.sequence)


async def revive(tx: Transaction, dispatch_ids: Collection[str], cause: str | None = None) -> list[OwedRow]:
    """Make the dead envelopes of these dispatches (that died of `cause`) due now, and return them in their order."""
    chosen = [v.dispatch_id.in_(dispatch_ids), v.state == "dead"] + ([v.cause == cause] if cause else [])
    statement = (
        update(tables.envelopes)
        .where(*chosen)
        .values(state="pending", cause=None, refused_status=None, next_try_at=tx.now)
        .returning(*_owed)
    )
    rows = [OwedRow(**row) for row in (await tx.connection.execute(statement)).mappings()]
    return sorted(rows, key=lambda row: (row.dispatch_id, row.sequence))


async def hasten(tx: Transaction, dispatch_ids: Collection[str], priority: str | None) -> None:
    """Give what these dispatches are owed another priority, and make it due now."""
    sooner = case((v.next_try_at > tx.now, tx.now), else_=v.next_try_at)
    chosen = v.dispatch_id.in_(dispatch_ids), v.state == "pending"
    await tx.connection.execute(update(tables.envelopes).where(*chosen).values(priority=priority, next_try_at=sooner))


async def count_dead(reading: Reading) -> int:
    """Return how many envelopes died before any receiver took them, and were not sent again."""
    statement = select(func.count()).select_from(tables.envelopes).where(v.state == "dead")
    count: int = (await reading.connection.execute(statement)).scalar_one()
    return count


async def log_attempts(tx: Transaction, lines: Sequence[Mapping[str, object]]) -> None:
    """Add lines to the delivery log."""
    await tx.connection.execute(_log, [dict(line) for line in lines])


_log = insert(tables.attempts)


async def attempts(reading: Reading, envelope_id: str) -> list[AttemptRow]:
    """Return the tries at one envelope, the first try first."""
    log = tables.attempts.c
    statement = select(tables.attempts).where(log.envelope_id == envelope_id).order_by(log.n)
    return await reading.rows(AttemptRow, statement)


async def of_dispatch(reading: Reading, dispatch_id: str) -> list[OwedRow]:
    """Return the envelopes of a dispatch in their order."""
    statement = select(*_owed).where(v.dispatch_id == dispatch_id).order_by(v.sequence)
    return await reading.rows(OwedRow, statement)


async def make_due(
    tx: Transaction,
    agency_id: int,
    *,
    envelope_id: str | None = None,
    since: datetime | None = None,
    refused: bool = True,
    held: bool = False,
) -> int:
    """Make what an agency is owed, and nobody is sending, due now; return how many envelopes that are.

    `refused`: those too that only a person can mend; `held`: those too whose own time has come. One envelope, those
    made at `since` or later, or all. What another transaction has in its hand is left to it, so that nobody waits for
    a lock here. Dead ones stay so (`revive`).
    """
    found = select(v.id).where(
        v.agency_id == agency_id,
        and_(PENDING, or_(v.lease_until.is_(None), v.lease_until < tx.now)),
        true() if held else v.next_try_at > tx.now,
        true() if refused else v.refused_status.is_(None),
        true() if envelope_id is None else v.id == envelope_id,
        true() if since is None else v.created_at >= since,
    )
    ids = found.with_for_update(skip_locked=True).scalar_subquery()
    due = update(tables.envelopes).where(v.id.in_(ids)).values(next_try_at=tx.now)
    return int((await tx.connection.execute(due)).rowcount)


async def due_by_agency(reading: Reading) -> dict[int, datetime]:
    """Return, for every agency that is owed an envelope and not paused, when its next unclaimed one is due.

    A disabled one is owed none; one that was made in the moment of that is for its lane to end.
    """
    due = due_at()
    soonest = func.min(case((v.lease_until > due, v.lease_until), else_=due))
    statement = (
        select(v.agency_id, soonest.label("due"))
        .join(tables.agencies, a.id == v.agency_id)
        .where(PENDING, or_(a.paused_at.is_(None), a.removed_at.is_not(None), a.disabled_at.is_not(None)))
        .group_by(v.agency_id)
    )
    return {row.agency_id: row.due for row in await reading.connection.execute(statement)}


async def bring_near(tx: Transaction) -> None:
    """Make due what waits for a time further ahead than any is ever set: a clock was ahead, and was set back since."""
    longest = case((v.priority == "P3", _time(tx.now + LONGEST_P3_WAIT)), else_=_time(tx.now + LONGEST_WAIT))
    far = or_(v.next_try_at > longest, and_(v.tries == 0, v.next_try_at > tx.now))
    await tx.connection.execute(update(tables.envelopes).where(PENDING, far).values(next_try_at=tx.now))
    leased = update(tables.envelopes).where(v.lease_until > tx.now + LONGEST_HOLD)
    await tx.connection.execute(leased.values(lease_until=None))


def _time(at: datetime) -> ColumnElement[datetime]:
    return literal(at, v.next_try_at.type)


async def oldest_unsent_s(reading: Reading) -> float:
    """Return the age of the oldest envelope that no receiver has taken, in seconds; 0 when there is none."""
    oldest = (await reading.connection.execute(select(func.min(v.created_at)).where(PENDING))).scalar_one()
    return 0.0 if oldest is None else float((reading.now - oldest).total_seconds())
