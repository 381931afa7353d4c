"""Two bridges tell the same call, one of them behind, cut into transactions anywhere: saved is what one would tell.

The comparison is exact: a second call is booked in the same transactions with only the first telling of each fact, and
both must agree in every column, in versions, entries, audit rows and live events.
"""

import itertools
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from ami_bridge import reading, tape
from ami_bridge.threads import Line, Threads
from db import calls, entries, reports, worklist
from db.engine import Database, Reading
from intake import booking, numbers
from intake.facts import (
    Arrived,
    CallKey,
    Described,
    Ended,
    Fact,
    Held,
    JoinedWith,
    LegEnded,
    Located,
    Position,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
    Untaped,
)

WIB = ZoneInfo("Asia/Jakarta")
AT = datetime(2026, 3, 14, 1, 59, 26, 535897, tzinfo=UTC)
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
TAPES = Path(__file__).parents[1] / "tapes"
EXAMPLES = 400 if os.environ.get("INTAKE112_PROVE") else 50
_examples = itertools.count(1)
OF_NUMBER = ("caller_number", "caller_number_raw", "caller_digits")
OF_CALL = ("number", "number_raw", "number_digits")
Tellings = tuple[tuple[Fact, ...], list[list[int]]]
MARK = re.compile(r"[0-9a-f]{64}")


def last_digits(row: object, names: tuple[str, ...]) -> dict[str, str]:
    """Return what of a row's numbers is the same in every telling."""
    return {name: str(getattr(row, name))[-1] for name in names}


@cache
def recorded(name: str) -> tuple[Fact, ...]:
    """Return the facts of a tape."""
    threads, facts = Threads(LINE), list[Fact]()
    for one in tape.read_all(TAPES / name):
        if (told := reading.read(one.raw)) is not None:
            facts += threads.advance(told.event, one.at)
    return tuple(facts)


def at(seconds: float) -> datetime:
    """Return a time after the ring."""
    return AT + timedelta(seconds=seconds)


K, O = CallKey("pbx-1", "c.1"), CallKey("pbx-1", "c.2")  # noqa: E741  # one and the other
EVERYTHING: tuple[Fact, ...] = (
    Arrived(K, at(0), "c.1", "trunk", "112", "081200000001", "Siti", late=True),
    Described(K, at(0.1), False, "081200000001", "Siti Contoh", "112", "c.1.wav", {"cell": "1"}),
    Located(K, at(0.1), Position(-7.0083, 113.8591, 150.0, "Cell", at(-60))),
    Queued(K, at(0.2), "112", "queue:1"),
    Rang(K, at(0.3), "p.1", "PJSIP/op1", "op1"),
    Rang(K, at(0.3), "p.2", "PJSIP/op2", "op2"),
    LegEnded(K, at(3), "queue:1", None),
    Taken(K, at(3), "p.1", "PJSIP/op1", "op1"),
    LegEnded(K, at(3.1), "p.2", "26 Answered elsewhere"),
    Held(K, at(5), "PJSIP/op1"),
    Resumed(
        K,
        at(5.4),
    ),
    Held(K, at(5.8), None),
    Resumed(K, at(6)),
    LegEnded(K, at(9), "p.1", "44"),
    Queued(K, at(9.1), "112", "queue:2"),
    Untaped(K, at(9.2)),
    Taken(K, None, "p.3", "PJSIP/op3", None),
    Taken(K, at(12), "p.3", "PJSIP/op3", "op3"),
    Arrived(O, at(13), "c.2", "trunk", "112", None, None),
    JoinedWith(K, at(14), O),
    JoinedWith(O, at(14), K),
    Transferred(K, at(15), "PJSIP/op3", "+62328662113", attended=False),
    Described(K, at(15.5), True, "0812", "Siti", None),
    Rang(K, at(16), "t.1", "PJSIP/trunk", None, "agency"),
    Taken(K, at(18), "t.1", "PJSIP/trunk", None, "agency"),
    Transferred(K, at(20), None, "PJSIP/op1", attended=True),
    Ended(O, at(20), "failed", "pbx restarted"),
    Ended(K, None, None, "ended while the bridge was not listening", recovered=True),
    Ended(K, at(30), "answered", "16 Normal Clearing"),
    Located(K, at(31), Position(-7.01, 113.86, 12.0, "GPS", at(30))),
)
# A call back is a leg of another call, where there is a request: test_calling_back tells each fact of one twice.
STORIES = ["everything", *sorted(path.name for path in TAPES.glob("*.tape") if not path.name.startswith("call-back"))]


@st.composite
def tellings(draw: st.DrawFn) -> Tellings:
    """Draw a story, and the order in which two bridges tell it: each fact's place in it, by transactions."""
    name = draw(st.sampled_from(STORIES))
    facts = EVERYTHING if name == "everything" else recorded(name)
    first, second = list(range(len(facts))), list(range(len(facts)))
    order: list[int] = []
    while first or second:
        ahead, behind = (first, second) if draw(st.booleans()) else (second, first)
        run = draw(st.integers(1, 6))
        source = ahead or behind
        order += source[:run]
        del source[:run]
    transactions = []
    while order:
        size = draw(st.integers(1, 12))
        transactions.append(order[:size])
        order = order[size:]
    return facts, transactions


def own_number(raw: str | None, prefix: str) -> str | None:
    """Return another caller's number for a valid one: callers of one number are linked, and one is called back."""
    if raw is None or numbers.e164(raw) is None:
        return raw
    return f"+62812{int(re.sub('[^0-9]', '', prefix)):07d}{raw[-1]}"


def renamed(fact: Fact, prefix: str) -> Fact:
    """Return the fact of a call of its own, by a caller of its own."""
    fact = replace(fact, key=replace(fact.key, uniqueid=prefix + fact.key.uniqueid))
    if isinstance(fact, Arrived | Described):
        return replace(fact, number_raw=own_number(fact.number_raw, prefix))
    if isinstance(fact, JoinedWith):
        return replace(fact, other=replace(fact.other, uniqueid=prefix + fact.other.uniqueid))
    return fact


async def held(reading: Reading, report_id: int) -> object:
    """Return what the worklist holds of a report's call."""
    item = await worklist.of_report(reading, report_id)
    return item and (item.reason, item.rings, item.short, item.first_at, item.owed_at, item.closed_because)


async def saved(database: Database, prefix: str, keys: Sequence[CallKey]) -> list[object]:
    """Return all that is saved of calls, without what is another's: ids, numbers, and the prefix."""
    found: list[object] = []
    async with database.reading() as reading:
        rows = await calls.by_keys(reading, [(key.pbx, prefix + key.uniqueid) for key in keys])
        of_id = await reports.by_ids(reading, [row.report_id for row in rows.values()])
        own = {report.number: f"report {n}" for n, report in enumerate(sorted(of_id.values(), key=lambda r: r.number))}
        for key in keys:
            call = rows[key.pbx, prefix + key.uniqueid]
            report = of_id[call.report_id]
            subject = {"number": report.number}
            audit = text("SELECT action, detail FROM audit WHERE subject = :number ORDER BY n")
            live = text("SELECT version FROM live_events WHERE subject = :number ORDER BY seq")
            found += [
                replace(call, id=0, report_id=0, uniqueid="", **last_digits(call, OF_CALL)),
                replace(report, id=0, number="", **last_digits(report, OF_NUMBER)),
                await held(reading, report.id),
                [replace(leg, call_id=0) for leg in await calls.legs_of(reading, call.id)],
                [
                    re.sub(r"112-\d{8}-\d+", lambda number: own[number[0]], entry.text).replace(prefix, "")
                    for entry in await entries.of_report(reading, report.id)
                ],
                [
                    (r.action, MARK.sub("a mark", r.detail).replace(prefix, ""))  # each report has a key of its own
                    for r in await reading.connection.execute(audit, subject)
                ],
                list((await reading.connection.execute(live, subject)).scalars()),
            ]
    return found


async def book(database: Database, facts: Sequence[Fact]) -> None:
    """Book facts in one transaction."""
    async with database.transaction() as tx:
        await booking.book(tx, facts, WIB, "http://112.test")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tellings())
async def test_two_tellings_are_saved_as_one(
    database: Database, drawn: tuple[tuple[Fact, ...], list[list[int]]]
) -> None:
    facts, transactions = drawn
    twice, once = (f"{kind}{next(_examples)}-" for kind in ("twice", "once"))
    told: set[int] = set()
    for transaction in transactions:
        await book(database, [renamed(facts[place], twice) for place in transaction])
        new = [place for n, place in enumerate(transaction) if place not in told and place not in transaction[:n]]
        await book(database, [renamed(facts[place], once) for place in new])
        told.update(new)
    keys = list(dict.fromkeys(fact.key for fact in facts))
    assert await saved(database, twice, keys) == await saved(database, once, keys)
    assert len({fact.key for fact in facts if isinstance(fact, Arrived)}) == len(keys)
