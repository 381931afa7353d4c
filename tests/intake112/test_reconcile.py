"""`intake112 reconcile`: the rings that Asterisk wrote down against the reports, on both databases."""

import asyncio
import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from ami_bridge import reading, resync
from ami_bridge.threads import Line, Threads
from db import calls, reports
from db.engine import Database
from intake import booking, joining
from intake.facts import Arrived, CallKey, Ended, Fact
from intake112 import reconciling
from intake112.clock import SteadyClock
from tests.intake.test_endings import waits_for_a_lock
from tests.intake112.command import environment, inside
from tests.routing.running import until

TAPES = Path(__file__).parents[1] / "tapes"
CEL = (TAPES.parent / "ami_bridge" / "recorded-cel.csv").read_bytes()
RINGS = ("pbx-1-1795487474.0", "pbx-1-1795487474.1", "pbx-1-1795487475.4")
ZONE = ZoneInfo("Asia/Jakarta")


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a migrated database and a CEL file of three calls, a minute after they ended."""
    (tmp_path / "cel.csv").write_bytes(CEL)
    (tmp_path / "clock").write_text("2026-11-24T02:32:00+00:00")
    return environment(
        tmp_path / "state",
        DATABASE_URL=database_url,
        CEL_FILE=str(tmp_path / "cel.csv"),
        PBX="pbx-1",
        TEST_CLOCK=str(tmp_path / "clock"),
    )


def reconcile(env: Mapping[str, str], *arguments: str) -> CompletedProcess[str]:
    """Run the command."""
    return inside(env, "reconcile", *arguments)


def by_cel(tmp_path: Path) -> list[Fact]:
    """Return the facts of the three calls."""
    threads, facts = Threads(Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))), []
    for raw in resync.told(tmp_path / "cel.csv", None, None, None, datetime(2026, 1, 1, tzinfo=UTC)).frames:
        if (told := reading.read(raw)) is not None:
            facts += threads.advance(told.event, datetime(2026, 11, 24, tzinfo=UTC), recovered=True)
    return facts


def book(env: Mapping[str, str], facts: list[Fact]) -> None:
    """Save facts as the bridge does."""

    async def do() -> None:
        async with (
            Database.open(env["INTAKE112_DATABASE_URL"], SteadyClock()) as database,
            database.transaction() as tx,
        ):
            await booking.book(tx, facts, ZONE, "http://112.test")

    asyncio.run(do())


def saved(env: Mapping[str, str]) -> list[tuple[object, ...]]:
    """Return what is saved of each call."""

    async def do() -> list[tuple[object, ...]]:
        statement = text("SELECT uniqueid, outcome, recovered, arrived_at, ended_at FROM calls ORDER BY uniqueid")
        async with (
            Database.open(env["INTAKE112_DATABASE_URL"], SteadyClock()) as database,
            database.reading() as reading,
        ):
            return [tuple(row) for row in await reading.connection.execute(statement)]

    return asyncio.run(do())


def test_what_was_booked_is_all_there(env: Mapping[str, str], tmp_path: Path) -> None:
    book(env, by_cel(tmp_path))
    done = reconcile(env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 rings by CEL, 3 reports, difference 0 (2026-11-24T09:31:14+07:00 to ")


def test_a_missing_ring_is_named_and_mended_with_its_true_times(env: Mapping[str, str], tmp_path: Path) -> None:
    facts = by_cel(tmp_path)
    book(env, [fact for fact in facts if fact.key.uniqueid != RINGS[1]])
    done = reconcile(env)
    assert done.returncode == 1
    missing, total = done.stdout.splitlines()
    assert missing == f"missing: {RINGS[1]} 2026-11-24T02:31:14.809+00:00 +6281200000002"
    assert total.startswith("3 rings by CEL, 2 reports, difference 1 ")

    mended = reconcile(env, "--mend")
    assert mended.returncode == 0
    assert re.match(
        rf"mended: {RINGS[1]} .* is 112-20261124-0003\n3 rings by CEL, 3 reports, difference 0", mended.stdout
    )
    rows = saved(env)
    assert [row[:2] for row in rows] == [(RINGS[0], "abandoned"), (RINGS[1], "answered"), (RINGS[2], "failed")]
    assert bool(rows[1][2])
    assert [str(at)[17:23] for at in rows[1][3:]] == ["14.809", "14.936"]
    assert reconcile(env, "--mend").stdout.startswith("3 rings by CEL, 3 reports, difference 0 ")
    assert saved(env) == rows


def test_a_report_of_no_ring_and_another_outcome_are_named(env: Mapping[str, str], tmp_path: Path) -> None:
    at = datetime(2026, 11, 24, 2, 31, 20, tzinfo=UTC)
    facts = by_cel(tmp_path)
    (true,) = (fact for fact in facts if isinstance(fact, Ended) and fact.key.uniqueid == RINGS[0])
    facts[facts.index(true)] = Ended(true.key, true.at, "failed", "16")
    stray, unknown = CallKey("pbx-1", "pbx-1-1795487480.9"), CallKey("pbx-2", "pbx-2-1.1")
    facts += [Arrived(key, at, key.uniqueid, "trunk", "112", "+6281200000009", None) for key in (stray, unknown)]
    book(env, facts)
    done = reconcile(env)
    assert done.returncode == 1
    *differences, total = done.stdout.splitlines()
    assert differences == [
        f"outcome differs: 112-20261124-0001 {RINGS[0]}: abandoned by CEL, failed here",
        "not in CEL: 112-20261124-0004 pbx-1-1795487480.9",
    ]
    assert total.startswith("3 rings by CEL, 4 reports, difference 2 ")
    assert total.endswith("left out: 0 exercises, 1 from other sources)")


def test_a_call_that_we_made_is_no_ring(env: Mapping[str, str], tmp_path: Path) -> None:
    """An administrator called somebody over the trunk from Asterisk's console: in the line's context, like a ring."""
    (tmp_path / "cel.csv").write_bytes((TAPES / "call-out-by-console.cel.csv").read_bytes())
    (tmp_path / "clock").write_text("2026-11-25T00:00:00+00:00")
    done = reconcile(env)
    assert (done.returncode, done.stdout[:43]) == (0, "0 rings by CEL, 0 reports, difference 0 (20")


def test_an_end_that_nobody_knew_here_is_named_and_filled(env: Mapping[str, str], tmp_path: Path) -> None:
    """The logs could not be read when it was missed: how, or when, or both. Or the end was never told."""
    facts = by_cel(tmp_path)
    ends = [fact for fact in facts if isinstance(fact, Ended)]
    lost = [Ended(ends[0].key, None, None, None, recovered=True), Ended(ends[1].key, None, ends[1].outcome, None)]
    book(env, [*(fact for fact in facts if fact not in ends), *lost])  # the third lasts still, here
    done = reconcile(env)
    assert done.returncode == 1
    *unknown, total = done.stdout.splitlines()
    assert unknown == [
        f"end unknown here: 112-20261124-0001 {RINGS[0]}: abandoned 2026-11-24T02:31:14.568+00:00 by CEL",
        f"end unknown here: 112-20261124-0002 {RINGS[1]}: answered 2026-11-24T02:31:14.936+00:00 by CEL",
        f"end unknown here: 112-20261124-0003 {RINGS[2]}: failed 2026-11-24T02:31:15.142+00:00 by CEL",
    ]
    assert total.startswith("3 rings by CEL, 3 reports, difference 3 ")

    mended = reconcile(env, "--mend")
    assert mended.returncode == 0
    *lines, total = mended.stdout.splitlines()
    assert lines[0] == f"mended: 112-20261124-0001 {RINGS[0]} is abandoned 2026-11-24T02:31:14.568+00:00"
    assert len(lines) == 3
    assert total.startswith("3 rings by CEL, 3 reports, difference 0 ")
    assert [(row[1], str(row[4])[17:23]) for row in saved(env)] == [
        ("abandoned", "14.568"),
        ("answered", "14.936"),
        ("failed", "15.142"),
    ]
    assert reconcile(env).stdout.startswith("3 rings by CEL, 3 reports, difference 0 ")


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("what", ["joins it", "waits for us"])
@pytest.mark.real
async def test_a_report_that_somebody_holds_is_mended_once_they_let_go(
    env: Mapping[str, str], tmp_path: Path, what: str
) -> None:
    """It is in a group when we have it, which we must lock from the lowest on; or PostgreSQL ends us in a deadlock."""
    facts = by_cel(tmp_path)
    (end,) = (fact for fact in facts if isinstance(fact, Ended) and fact.key.uniqueid == RINGS[0])
    facts[facts.index(end)] = Ended(end.key, None, None, None, recovered=True)
    async with Database.open(env["INTAKE112_DATABASE_URL"], SteadyClock()) as database:
        async with database.transaction() as tx:
            await booking.book(tx, facts, ZONE, "http://112.test")
        async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
            if what == "joins it":
                await joining.join(tx, "112-20261124-0001", "112-20261124-0002", "siti", "http://112.test")
            else:
                await reports.lock(tx, 1)
            mending = tasks.create_task(asyncio.to_thread(reconcile, env, "--mend"))
            await until(functools.partial(waits_for_a_lock, database))
            if what == "waits for us":
                await calls.take_numbers(tx, "20261124", 1)  # which the other has: it waits longer, and is ended
    mended = mending.result()
    assert (mended.returncode, mended.stderr) == (0, "")
    assert mended.stdout.startswith(f"mended: 112-20261124-0001 {RINGS[0]} is abandoned ")


def test_an_end_of_this_moment_may_not_be_saved_yet(env: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("2026-11-24T02:31:20.142000+00:00")  # the third ended five seconds ago, not more
    facts = by_cel(tmp_path)
    last = next(fact for fact in facts if isinstance(fact, Ended) and fact.key.uniqueid == RINGS[2])
    book(env, [fact for fact in facts if fact is not last])
    done = reconcile(env)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, [])


def test_only_the_span_that_was_asked_for(env: Mapping[str, str], tmp_path: Path) -> None:
    book(env, [fact for fact in by_cel(tmp_path) if fact.key.uniqueid == RINGS[0]])
    whole = reconcile(env, "--from", "2026-11-24T09:31", "--to", "2026-11-24T02:31:14.700Z")
    assert whole.stdout.startswith("1 rings by CEL, 1 reports, difference 0 ")
    late = reconcile(env, "--from", "2026-11-24T09:31:15")
    assert [line.split()[:2] for line in late.stdout.splitlines()[:-1]] == [["missing:", RINGS[2]]]


def test_rings_in_rotated_files_count_and_a_ring_of_this_moment_does_not(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "clock").write_text("2026-11-24T02:31:19.700000+00:00")  # the second ring is not five seconds old
    (tmp_path / "cel.csv").rename(tmp_path / "cel.csv-20261124")
    done = reconcile(env)
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["missing:", RINGS[0]], ["1", "rings"]]


def test_exercises_are_left_out_and_counted(env: Mapping[str, str], tmp_path: Path) -> None:
    at = datetime(2026, 11, 24, 2, 31, 20, tzinfo=UTC)
    played = Arrived(CallKey("pbx-1", "pbx-1-1795487480.9"), at, "", "trunk", "112", None, None)
    book(env, [*by_cel(tmp_path), played])

    async def mark() -> None:
        async with (
            Database.open(env["INTAKE112_DATABASE_URL"], SteadyClock()) as database,
            database.transaction() as tx,
        ):
            statement = "UPDATE reports SET exercise = true WHERE number = '112-20261124-0004'"
            await tx.connection.execute(text(statement))

    asyncio.run(mark())
    done = reconcile(env)
    assert done.returncode == 0
    assert "3 reports, difference 0 " in done.stdout
    assert "left out: 1 exercises, 0 from other sources" in done.stdout


def test_a_long_file_is_read_in_batches_and_shows_how_far_it_is(
    env: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(env, by_cel(tmp_path))
    monkeypatch.setattr(reconciling, "BATCH", 1)
    monkeypatch.setattr(reconciling, "PROGRESS_EVERY", 10)
    done = reconcile(env)
    assert done.stdout.startswith("3 rings by CEL, 3 reports, difference 0 ")
    assert done.stderr.startswith("intake112: 10 lines of CEL read, up to 2026-11-24T02:31:14+00:00\n")


def test_a_call_that_ended_with_a_killed_asterisk_is_mended_and_one_that_lasts_is_not(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    lines = CEL.splitlines(keepends=True)
    killed = b"".join(lines[:3])  # rang and waits
    later = b"".join(lines[:3]).replace(b"1795487474", b"1795487494")  # the first channel of the next Asterisk
    (tmp_path / "cel.csv").write_bytes(killed + later)
    done = reconcile(env, "--mend")
    assert done.returncode == 1
    mended, lasts, total = done.stdout.splitlines()
    assert mended.startswith(f"mended: {RINGS[0]} ")
    assert lasts == "missing: pbx-1-1795487494.0 2026-11-24T02:31:34.549+00:00 +6281200000001 (it lasts still, by CEL)"
    assert total.startswith("2 rings by CEL, 1 reports, difference 1 ")
    ((uniqueid, outcome, _, _, ended_at),) = saved(env)
    assert (uniqueid, outcome, str(ended_at)[17:23]) == (RINGS[0], "failed", "14.565")


def test_what_is_missing_to_reconcile_is_one_sentence(env: Mapping[str, str], tmp_path: Path) -> None:
    unset = {name: value for name, value in env.items() if name != "INTAKE112_CEL_FILE"}
    for changed, code, words in (
        (unset, 1, "INTAKE112_CEL_FILE is not set"),
        ({**env, "INTAKE112_CEL_FILE": str(tmp_path / "no.csv")}, 1, "no line of CEL is in "),
    ):
        done = reconcile(changed)
        assert (done.returncode, done.stdout) == (code, "")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    wrong = reconcile(env, "--from", "yesterday")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "'yesterday' is no moment" in wrong.stderr


def test_a_number_cannot_forge_a_line(env: Mapping[str, str], tmp_path: Path) -> None:
    forged = CEL.replace(b"+6281200000003", "+62\u2028missing: x\x1b[2J".encode())
    (tmp_path / "cel.csv").write_bytes(forged)
    printed = reconcile(env).stdout
    assert len(printed.splitlines()) == 4
    assert "\x1b" not in printed
