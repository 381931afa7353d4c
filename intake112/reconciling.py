"""`intake112 reconcile`: is every ring that Asterisk wrote down a report, and every report of a call one of its rings?

The rings are counted from the CEL file and all that logrotate left of it, played through the same rules as a live line.
A call that the PBX could not end (it was killed) ended with it: the counter in a new channel's uniqueid began anew.
Calls are compared by their key, never by their time, in batches while the file is read; nothing is held but the ids.
An end that nobody knows here (the logs could not be read when it was missed) is a difference too: `--mend` fills it.
"""

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ami_bridge import cel, reading
from ami_bridge.calls import RESTARTED
from ami_bridge.events import SHUTDOWN, CallEvent, ChannelGone, HangupAsked
from ami_bridge.logfile import Log
from ami_bridge.threads import Line, Threads
from db import calls, reports
from db.calls import CallRow, Key
from db.engine import Database, DeadlockError, Reading
from db.reports import Filter, ReportRow
from intake import booking
from intake.facts import Arrived, Ended, Fact, Outcome
from intake.words import inert
from intake112.command import CommandError, app, on_database
from intake112.settings import Settings

BATCH = 500
PROGRESS_EVERY = 200_000  # lines
UNTIL_SAVED = timedelta(seconds=5)  # a ring of this moment may not be saved yet
Centre = tuple[ZoneInfo, str]  # its time zone and its public URL
LONGEST_CALL = timedelta(days=1)  # a call in progress at the beginning of the span rang no earlier
_COUNTER = re.compile(r"(\d{9,11})\.(\d+)$")  # at the end of a uniqueid: second, and number since Asterisk's start


@dataclass(slots=True)
class Ring:
    """One call as CEL tells it."""

    arrived: Arrived
    facts: list[Fact] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """The call's key."""
        return self.arrived.key.pbx, self.arrived.key.uniqueid

    @property
    def ended(self) -> Ended | None:
        """A call's last fact, once it is over."""
        last = self.facts[-1]
        return last if isinstance(last, Ended) else None

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, once it has."""
        return self.ended.outcome if self.ended is not None else None

    @property
    def end(self) -> str:
        """How it ended, and when, in words; empty while it lasts."""
        at = self.ended.at if self.ended is not None else None
        return f"{self.outcome or 'ended'} {at.isoformat(timespec='milliseconds')}" if at is not None else ""

    def __str__(self) -> str:
        at = self.arrived.at.isoformat(timespec="milliseconds")
        return f"{self.key[1]} {at} {inert(self.arrived.number_raw or 'no number')}"


@dataclass(slots=True)
class Tally:
    """What the comparison found; `differences` are lines to print, `mended` of them are none any more."""

    rings: int = 0
    reports: int = 0
    differences: list[str] = field(default_factory=list)
    left: int = 0  # differences that are there still
    exercises: int = 0
    other_sources: int = 0


@app.command()
def reconcile(
    from_: Annotated[
        str | None, typer.Option("--from", help="the first moment, such as 2026-03-14 or 2026-03-14T08:00")
    ] = None,
    to: Annotated[str | None, typer.Option(help="the moment behind the last; without it, now")] = None,
    *,
    mend: Annotated[
        bool, typer.Option("--mend", help="make the missing reports, and fill the ends that nobody knew")
    ] = False,
) -> None:
    """Compare the rings in Asterisk's CEL file with the reports; exit 1 when they differ."""

    async def work(database: Database, found: Settings) -> Tally:
        path = _cel_file(found)
        now, zone = database.clock(), ZoneInfo(found.timezone)
        end = min(_moment(to, zone) or now, now - UNTIL_SAVED)
        first = next(cel.read(Log(path, None)), None)
        if first is None:
            raise CommandError(
                f"no line of CEL is in {path} (INTAKE112_CEL_FILE): Asterisk writes it where cel_custom.conf says, "
                "from the first call on, and this user must be able to read it"
            )
        oldest = _at(first)
        start = max(_moment(from_, zone) or oldest, oldest)
        tally = await _compare(database, found, path, start, end, mend=mend)
        for line in tally.differences:
            typer.echo(line)
        span = " to ".join(at.astimezone(zone).isoformat(timespec="seconds") for at in (start, end))
        typer.echo(
            f"{tally.rings} rings by CEL, {tally.reports} reports, difference {tally.left} "
            f"({span}; left out: {tally.exercises} exercises, {tally.other_sources} from other sources)"
        )
        return tally

    if on_database(work).left:
        raise typer.Exit(1)


async def _compare(
    database: Database, found: Settings, path: Path, start: datetime, end: datetime, *, mend: bool
) -> Tally:
    line = Line(found.pbx, found.line_contexts, found.line_numbers, found.line_queues)
    tally, known = Tally(), set[str]()
    centre = (ZoneInfo(found.timezone), found.base_url) if mend else None
    until = database.clock() - UNTIL_SAVED
    rings = _in_span(_rings(path, line, start - LONGEST_CALL), start, end, known)
    while batch := list(itertools.islice(rings, BATCH)):
        async with database.reading() as reading:
            rows = await calls.by_keys(reading, [ring.key for ring in batch])
            others = [ring for ring in batch if _differs(ring, rows.get(ring.key))]
            unknown = [ring for ring in batch if ring not in others and _knows_more(ring, rows.get(ring.key), until)]
            numbers = await calls.report_numbers(reading, [ring.key for ring in (*others, *unknown)])
        tally.rings += len(batch)
        tally.reports += len(rows)
        tally.left += len(others)
        tally.differences += [
            f"outcome differs: {numbers[ring.key]} {ring.key[1]}: {ring.outcome} by CEL, {rows[ring.key].outcome} here"
            for ring in others
        ]
        for ring in batch:
            if ring.key not in rows:
                await _missing(database, tally, ring, centre)
        for ring in unknown:
            await _unknown(database, tally, ring, numbers[ring.key], centre)
    async with database.reading() as reading:
        async for report, call in _opened(reading, start, end):
            if report.exercise:
                tally.exercises += 1
            elif call is None or call.pbx != found.pbx:
                tally.other_sources += 1
            elif call.uniqueid not in known:
                tally.reports += 1
                tally.left += 1
                tally.differences.append(f"not in CEL: {report.number} {call.uniqueid}")
    return tally


def _differs(ring: Ring, row: CallRow | None) -> bool:
    """Tell whether CEL and the report know different ends; who knows none does not contradict."""
    return row is not None and None not in (ring.outcome, row.outcome) and ring.outcome != row.outcome


def _knows_more(ring: Ring, row: CallRow | None, until: datetime) -> bool:
    """Tell whether CEL knows when, or how, a call ended of which the report does not; `until`: what may be saved."""
    if row is None or ring.ended is None or ring.ended.at is None or ring.ended.at >= until:
        return False
    return row.ended_at is None or (row.outcome is None and ring.outcome is not None)


async def _unknown(database: Database, tally: Tally, ring: Ring, number: str, centre: Centre | None) -> None:
    """Note an end that only CEL knows; with a `centre`, have the report know it."""
    if centre is None:
        tally.differences.append(f"end unknown here: {number} {ring.key[1]}: {ring.end} by CEL")
        tally.left += 1
        return
    await _book(database, ring, centre)
    tally.differences.append(f"mended: {number} {ring.key[1]} is {ring.end}")


async def _missing(database: Database, tally: Tally, ring: Ring, centre: Centre | None) -> None:
    """Note a ring without a report; with a `centre`, make the report."""
    if centre is None or ring.ended is None:
        lasts = "" if ring.ended is not None else " (it lasts still, by CEL)"
        tally.differences.append(f"missing: {ring}{lasts}")
        tally.left += 1
        return
    tally.differences.append(f"mended: {ring} is {await _book(database, ring, centre)}")
    tally.reports += 1


async def _book(database: Database, ring: Ring, centre: Centre) -> str:
    """Save what CEL tells of a ring; return its report's number. What met a deadlock is done again, as by the bridge:
    whom it was ended for has gone on.
    """
    while True:
        with contextlib.suppress(DeadlockError):
            async with database.transaction() as tx:
                await booking.book(tx, ring.facts, *centre)
                return (await calls.report_numbers(tx, [ring.key]))[ring.key]


async def _opened(reading: Reading, start: datetime, end: datetime) -> AsyncIterator[tuple[ReportRow, CallRow | None]]:
    """Yield the reports opened in the span, each with its call."""
    before: int | None = None
    narrowed = Filter(opened_from=start, opened_before=end)
    while page := await reports.page(reading, narrowed, before, BATCH):
        found = await calls.by_reports(reading, [report.id for report in page])
        for report in page:
            yield report, found.get(report.id)
        before = page[-1].id


def _in_span(rings: Iterator[Ring], start: datetime, end: datetime, known: set[str]) -> Iterator[Ring]:
    """Yield the rings of the span, and add every ring's uniqueid to `known`."""
    for ring in rings:
        known.add(ring.key[1])
        if start <= ring.arrived.at < end:
            yield ring


def _rings(path: Path, line: Line, since: datetime) -> Iterator[Ring]:
    """Yield the calls of a CEL file when they are over, and at last those that are not.

    A channel of which the file has no second line yet, and the first does not tell that it comes in, is not counted.
    """
    threads, teller, rings = Threads(line), cel.Teller({}), dict[str, Ring]()
    for number, told in enumerate(cel.read(Log(path, None, since)), 1):
        at = _at(told)
        if number % PROGRESS_EVERY == 0:
            typer.echo(f"intake112: {number} lines of CEL read, up to {at.isoformat(timespec='seconds')}", err=True)
        happened: list[CallEvent] = _ended_by_restart(rings, told) if told["type"] == "CHAN_START" else []
        happened += [one.event for raw in teller.tell(told) if (one := reading.read(raw)) is not None]
        for fact in itertools.chain.from_iterable(threads.advance(event, at, recovered=True) for event in happened):
            uniqueid = fact.key.uniqueid
            if isinstance(fact, Arrived):
                rings[uniqueid] = Ring(fact)
            rings[uniqueid].facts.append(fact)
            if isinstance(fact, Ended):
                yield rings.pop(uniqueid)
    yield from rings.values()


def _ended_by_restart(rings: dict[str, Ring], created: cel.Line) -> list[CallEvent]:
    """Return the ends of the calls of an Asterisk that is no more, now that another one has `created` a channel."""
    ends: list[CallEvent] = []
    for uniqueid, ring in rings.items():
        old, new = _COUNTER.search(uniqueid), _COUNTER.search(created["uniqueid"])
        if old and new and int(new[2]) <= int(old[2]) and int(new[1]) > int(old[1]) + 1:
            last_sign_of_life = max(fact.at for fact in ring.facts if fact.at is not None)
            ends.append(HangupAsked(last_sign_of_life, uniqueid, by_far_end=False, cause=SHUTDOWN))
            ends.append(ChannelGone(last_sign_of_life, uniqueid, RESTARTED))
    return ends


def _cel_file(found: Settings) -> Path:
    if found.cel_file is None:
        raise CommandError(
            "INTAKE112_CEL_FILE is not set: without Asterisk's CEL file nobody knows who rang while nobody listened"
        )
    return found.cel_file


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment that a person wrote; without a time zone it is the centre's."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no moment: write 2026-03-14, 2026-03-14T08:00 or 2026-03-14T01:00Z") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _at(line: cel.Line) -> datetime:
    return datetime.fromtimestamp(float(line["time"]), UTC)
