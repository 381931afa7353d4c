"""Three ledgers that must agree after every fault: what Asterisk wrote, what the product says, what agencies received.

Asterisk's own record of calls (CEL) is read here by a reader of its own that shares no line with `ami_bridge`: a ring
is a channel that began as the first of its call, and either waited in the queue or began on the 112 line, unless there
it was Asterisk who called (its application is then AppDial2 once); it was answered when that very channel entered a
bridge (by a person, or in the context `overflow` by the voice menu); who ended it stands in its HANGUP.

I1: every ring is one report, and every dispatch that was promised (201) is delivered or visibly not.
I2: one webhook-id for one envelope. I3: every call has its audit rows, and the chain is whole.
"""

import asyncio
import contextlib
import csv
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from db import chain
from db.engine import Database
from tests.acceptance.product import Json, Product
from tests.acceptance.receiver import Receiver
from tests.pbx.asterisk import RealAsterisk
from tests.waiting import until

COLUMNS: Final = (
    17  # of asterisk-conf/cel_custom.conf; by their place: type, time, ..., context, channel, app, ..., ids, extra
)
TYPE, TIME, NUMBER, CONTEXT, CHANNEL, APP, UNIQUEID, LINKEDID, EXTRA = 0, 1, 3, 8, 9, 10, 12, 13, 16
BY_THE_CALLER: Final = {0, 16, 26, 127}  # hang-up causes of BYE and CANCEL; 44 is a phone whose sound stopped
VISIBLY_NOT: Final = {"queued", "sent"}  # an agency that has not got it yet: red on the desk
Key = tuple[str, str]


@dataclass(slots=True)
class Ring:
    """One ring by CEL. `ended_at` None: CEL does not say (Asterisk was killed, or the call lasts)."""

    began_at: float
    number: str
    channel: str
    answered: bool = False
    menu: bool = False  # the voice menu answered
    ended_at: float | None = None
    by_caller: bool = False
    taken: bool = False  # by a phone, which is in the call a moment before the caller

    @property
    def torn(self) -> bool:
        """True when Asterisk was killed in that moment: a person took the call; whether they spoke, nobody can say."""
        return self.taken and not self.answered and self.ended_at is None

    @property
    def outcome(self) -> str:
        """How it ended by 2-telephony: a person's answer counts, then the menu's, then who hung up; a PBX that dies
        makes it fail.
        """
        if self.answered:
            return "answered"
        if self.menu:
            return "overflow"
        return "abandoned" if self.by_caller else "failed"


def read_cel(files: Iterable[Path]) -> list[list[str]]:
    """Return every whole line of CEL files, in order of time. A line torn by a kill is left out."""
    rows = []
    for file in files:
        for line in file.read_text("utf-8", "surrogateescape").split("\n")[:-1]:
            row = next(csv.reader([line]), [])
            if len(row) == COLUMNS:
                rows.append(row)
    return sorted(rows, key=lambda row: float(row[TIME]))  # stable: within a millisecond the file's order stays


def rings(pbx: RealAsterisk) -> dict[str, Ring]:
    """Return every ring of a PBX by its uniqueid; rotated files beside the present one count too."""
    return rings_in(sorted(pbx.cel_file.parent.glob(f"{pbx.cel_file.name}*")))


def rings_in(files: Iterable[Path]) -> dict[str, Ring]:
    """Return every ring in CEL files by its uniqueid."""
    found: dict[str, Ring] = {}
    line: set[str] = set()
    called: set[str] = set()
    waited: set[str] = set()
    for row in read_cel(files):
        own, first = row[UNIQUEID], row[UNIQUEID] == row[LINKEDID]
        called |= {own} if row[APP] == "AppDial2" else set()
        waited |= {own} if row[APP] == "Queue" else set()
        if row[TYPE] == "CHAN_START" and first:
            line |= {own} if row[CONTEXT] == "line-112" else set()
            found[own] = Ring(float(row[TIME]), row[NUMBER], row[CHANNEL])
        elif own in found and row[TYPE] == "BRIDGE_ENTER":
            found[own].menu |= row[CONTEXT] == "overflow"
            found[own].answered |= row[CONTEXT] != "overflow"
        elif not first and row[LINKEDID] in found and row[TYPE] == "ANSWER" and row[APP] == "AppQueue":
            found[row[LINKEDID]].taken = True
        elif own in found and row[TYPE] == "HANGUP":
            said = json.loads(row[EXTRA])
            found[own].ended_at = float(row[TIME])
            found[own].by_caller = said["hangupsource"] == row[CHANNEL] and said["hangupcause"] in BY_THE_CALLER
    return {own: ring for own, ring in found.items() if own in waited or own in line - called}


def talked(pbx: RealAsterisk, calls: int) -> None:
    """Wait until so many callers were answered."""
    until(lambda: sum(ring.answered for ring in rings(pbx).values()) >= calls, f"{calls} calls are answered")


@dataclass(slots=True)
class Difference:
    """Where the ledgers disagree; true when they do anywhere."""

    lost: list[Key] = field(default_factory=list)
    doubled: list[Key] = field(default_factory=list)
    invented: list[Key] = field(default_factory=list)
    wrong_outcome: list[tuple[Key, str, str | None]] = field(default_factory=list)
    unknown_outcome: list[Key] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    ids_twice: list[str] = field(default_factory=list)
    audit: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def __str__(self) -> str:
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return "; ".join(f"{name} {len(what)}: {what[:5]}" for name, what in found.items() if what) or "no difference"


def compare(
    pbxs: Mapping[str, RealAsterisk],
    product: Product,
    promised: Sequence[str] = (),
    agency: Receiver | None = None,
) -> Difference:
    """Compare the ledgers. `pbxs` by the product's name for each; `promised`: ids of dispatches answered with 201."""
    reports = product.reports()
    rung = {(name, uniqueid): ring for name, pbx in pbxs.items() for uniqueid, ring in rings(pbx).items()}
    difference = Difference()
    compare_calls(rung, reports, difference)
    states = {dispatch["id"]: dispatch["state"] for report in reports for dispatch in report["dispatches"]}
    compare_dispatches(states, promised, agency, difference)
    compare_audit(product, reports, difference)
    return difference


def agreed(
    pbxs: Mapping[str, RealAsterisk],
    product: Product,
    promised: Sequence[str] = (),
    agency: Receiver | None = None,
    within_s: float = 30,
) -> list[Json]:
    """Wait until the ledgers agree and every call is over; return the reports. Fails with the difference."""
    last = Difference()

    def look() -> bool:
        nonlocal last
        last = compare(pbxs, product, promised, agency)
        return not last

    try:
        until(look, "the ledgers agree", within_s)
    except AssertionError as error:
        raise AssertionError(f"{error}: {last}") from None
    return product.reports()


def epoch(wire_time: str) -> float:
    """Return a time of the API as CEL writes it: seconds since 1970."""
    return datetime.fromisoformat(wire_time).timestamp()


def compare_calls(rung: Mapping[Key, Ring], reports: Sequence[Json], difference: Difference) -> None:
    """I1 for rings: each is one report, with its outcome."""
    said: dict[Key, list[Json]] = defaultdict(list)
    for report in reports:
        if report["call"] is not None:
            said[report["call"]["pbx"], report["call"]["uniqueid"]].append(report)
    difference.lost = [key for key in rung if key not in said]
    difference.doubled = [key for key, found in said.items() if len(found) > 1]
    difference.invented = [key for key in said if key not in rung]
    for key, ring in rung.items():
        for call in (report["call"] for report in said.get(key, [])):
            if call["stage"] != "ended":
                difference.wrong_outcome.append((key, ring.outcome, call["stage"]))
            elif call["outcome"] is None:
                difference.unknown_outcome.append(key)
            elif call["outcome"] != ring.outcome and not (ring.torn and call["outcome"] == "answered"):
                difference.wrong_outcome.append((key, ring.outcome, call["outcome"]))


def compare_dispatches(
    states: Mapping[str, str], promised: Sequence[str], agency: Receiver | None, difference: Difference
) -> None:
    """I1 for dispatches, and I2; `states` as the desk shows them."""
    ids: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    received = set()
    if agency is not None:
        for webhook_id, envelope in list(zip(agency.ids, agency.envelopes, strict=False)):
            dispatch = envelope["data"]["dispatch"]
            ids[dispatch["id"], envelope["type"], dispatch["sequence"]].add(webhook_id)
            received.add(dispatch["id"])
    difference.ids_twice = [dispatch for (dispatch, _, _), used in ids.items() if len(used) > 1]
    difference.undelivered = [
        one for one in promised if one not in states or (one not in received and states[one] not in VISIBLY_NOT)
    ]


def compare_audit(product: Product, reports: Sequence[Json], difference: Difference) -> None:
    """I3: the rows of the calls and of their dispatches, once each, and the chain."""
    written = Counter(audit_rows(product.environment["INTAKE112_DATABASE_URL"]))
    for report in reports:
        call = report["call"]
        for action, wanted in (("CallStart", call), ("CallEnd", call and call["stage"] == "ended")):
            if wanted and not written[action, report["number"]]:
                difference.audit.append(f"{report['number']} has no {action}")
            if written[action, report["number"]] > 1:
                difference.audit.append(f"{report['number']} has {action} twice")
        for dispatch in report["dispatches"]:
            compare_dispatch_rows(dispatch, written, difference)
    bad = product.beside(_first_bad_row)
    if bad is not None:
        difference.audit.append(f"the chain is broken at n={bad}")


def compare_dispatch_rows(dispatch: Json, written: Counter[tuple[str, str]], difference: Difference) -> None:
    """I3 for one dispatch: made once, and delivered once when it is shown so. (An answer may come before the receiver's
    2xx is saved: then it is that which moved it on.)
    """
    made, delivered = (written[f"dispatch.{what}", dispatch["id"]] for what in ("created", "delivered"))
    if made != 1:
        difference.audit.append(f"dispatch {dispatch['id']} was made by {made} rows")
    if delivered > 1 or (dispatch["state"] == "delivered" and not delivered):
        difference.audit.append(f"dispatch {dispatch['id']} is {dispatch['state']}, delivered by {delivered} rows")


async def _first_bad_row(database: Database) -> int | None:
    return (await chain.verify(database)).bad


def audit_rows(database_url: str) -> list[tuple[str, str]]:
    """Return (action, subject) of every audit row."""
    return [(str(action), str(subject)) for action, subject in asked(database_url, "SELECT action, subject FROM audit")]


def asked(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a SELECT, read by the database's own client, without the product."""
    if database_url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite+aiosqlite:///"), timeout=10)) as file:
            return list(file.execute(statement))

    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            return [tuple(row.values()) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())
