"""`intake112 audit verify` finds what was done to the database file itself, and names the first bad row."""

import asyncio
import contextlib
import shutil
import sqlite3
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from db.engine import Database
from intake112 import heads
from intake112.heads import Heads, HeadsError, Places
from tests.conftest import SetClock
from tests.intake112.command import environment, inside
from tests.intake112.test_commands import bad, good

ROWS = 6


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a migrated database."""
    return environment(tmp_path / "state", DATABASE_URL=database_url)


@pytest.fixture
async def written(database: Database) -> Database:
    """A database with six rows in its record."""
    for n in range(1, ROWS + 1):
        async with database.transaction() as tx:
            tx.record("siti", "report.changed", f"report {n}", fields=["kind"])
    return database


def in_the_file(url: str, *statements: str) -> None:
    """Do something in the database's file behind everybody's back."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as file, file:
        for statement in statements:
            file.execute(statement)


TAMPERED = {
    "an edit": (["UPDATE audit SET subject = 'report 9' WHERE n = 3"], "n=3", "changed"),
    "a deletion": (["DELETE FROM audit WHERE n = 4"], "n=4", "missing"),
    "a reorder": (
        [
            "UPDATE audit SET n = 99 WHERE n = 2",
            "UPDATE audit SET n = 2 WHERE n = 5",
            "UPDATE audit SET n = 5 WHERE n = 99",
        ],
        "n=2",
        "follow",
    ),
    "a cut tail": (["DELETE FROM audit WHERE n > 4"], "n=5", "missing"),
    "a tail cut with its mark": (
        [
            "DELETE FROM audit WHERE n > 4",
            "UPDATE head SET audit_n = 4, audit_hash = (SELECT hash FROM audit WHERE n = 4)",
        ],
        "n=5",
        "up to n=6",
    ),
}


@pytest.mark.parametrize("database_kind", ["sqlite"])  # where there is a file
@pytest.mark.parametrize("what", TAMPERED)
async def test_tampering_is_found(env: Mapping[str, str], written: Database, tmp_path: Path, what: str) -> None:
    places = Places.of(tmp_path / "state", tmp_path / "elsewhere")
    await Heads(written, places).look()
    statements, row, why = TAMPERED[what]
    verify = ("audit", "verify")
    assert "1 signed heads agree, the last is n=6" in await asyncio.to_thread(good, env, *verify)
    in_the_file(written.url, *statements)
    said = await asyncio.to_thread(bad, env, *verify)
    assert f"broken at {row}:" in said
    assert why in said
    public = (await asyncio.to_thread(good, env, "audit", "key")).strip()
    shutil.rmtree(places.key.parent)  # the machine has lost all of its own
    elsewhere = (*verify, "--heads", str(tmp_path / "elsewhere"), "--key", public)
    assert f"broken at {row}:" in await asyncio.to_thread(bad, env, *elsewhere)
    assert "--key" in await asyncio.to_thread(bad, env, *verify, "--heads", str(tmp_path / "elsewhere"))


async def test_a_head_is_written_every_hour_in_which_something_happened(
    written: Database, tmp_path: Path, clock: SetClock
) -> None:
    places = Places.of(tmp_path, tmp_path / "far" / "heads")
    hourly = Heads(written, places)
    await hourly.look()
    clock.forward(minutes=59)
    await hourly.look()
    clock.forward(minutes=1)
    await hourly.look()  # nothing happened
    async with written.transaction() as tx:
        tx.record("siti", "x", "y")
    await hourly.look()
    clock.forward(hours=1)
    await hourly.look()
    assert (hourly.figures(), hourly.alarms()) == ({"audit_heads": 2}, [])
    public = heads.public(heads.key_of(places.key))
    assert stat.S_IMODE(places.key.stat().st_mode) == 0o600
    for file in places.files:
        assert [one.n for one in heads.read(file, public)] == [ROWS, ROWS + 1]


async def test_a_head_that_cannot_be_kept_is_an_alarm_until_it_is(written: Database, tmp_path: Path) -> None:
    (tmp_path / "far").write_text("no folder")
    hourly = Heads(written, Places.of(tmp_path, tmp_path / "far" / "heads"))
    await hourly.look()
    (alarm,) = hourly.alarms()
    assert alarm.code == "audit_head"
    assert "far/heads" in alarm.message
    (tmp_path / "far").unlink()
    await hourly.look()
    assert hourly.alarms() == []
    places = Places.of(tmp_path, tmp_path / "far" / "heads")
    assert len(heads.read(places.files[1], heads.public(heads.key_of(places.key)))) == 1


async def test_a_line_that_broke_off_spoils_no_other(written: Database, tmp_path: Path, clock: SetClock) -> None:
    """The disk was full in the middle of a line; then there was room again."""
    places = Places.of(tmp_path, None)
    (near,) = places.files
    await Heads(written, places).look()
    whole = near.read_bytes()
    near.write_bytes(whole + whole[:20])
    await Heads(written, places).look()
    assert near.read_bytes() == whole + whole[:20] + b"\n" + whole
    public = heads.public(heads.key_of(places.key))
    with capture_logs() as logs:
        assert [one.n for one in heads.read(near, public)] == [ROWS, ROWS]
    assert [(one["event"], one["lines"]) for one in logs] == [("audit_heads_torn", [2])]
    near.write_bytes(whole + whole.replace(b'"n":6', b'"n":5') + whole)
    with pytest.raises(HeadsError, match="line 2"):
        heads.read(near, public)


async def test_while_one_file_fails_the_other_is_written_every_hour(
    written: Database, tmp_path: Path, clock: SetClock
) -> None:
    (tmp_path / "far").write_text("no folder")
    places = Places.of(tmp_path, tmp_path / "far" / "heads")
    hourly = Heads(written, places)
    for _ in range(90):
        async with written.transaction() as tx:
            tx.record("siti", "x", "y")
        await hourly.look()
        clock.forward(minutes=1)
    assert len(places.files[0].read_bytes().splitlines()) == 2
    (tmp_path / "far").unlink()
    await hourly.look()
    assert hourly.alarms() == []
    assert len(places.files[1].read_bytes().splitlines()) == 1


async def test_a_key_that_others_read_signs_nothing(written: Database, tmp_path: Path) -> None:
    places = Places.of(tmp_path, None)
    heads.key_of(places.key)
    places.key.chmod(0o644)
    hourly = Heads(written, places)
    await hourly.look()
    assert "chmod 600" in hourly.alarms()[0].message
    assert not places.files[0].exists()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_heads_of_another_key_or_changed_ones_are_refused(
    env: Mapping[str, str], written: Database, tmp_path: Path
) -> None:
    line = await asyncio.to_thread(good, env, "audit", "head")
    kept = tmp_path / "kept"
    verify = ("audit", "verify", "--heads", str(kept))
    for text, found in ((line, True), (line + '{"torn', True), (line.replace('"n":6', '"n":5'), False), ("x\n", False)):
        kept.write_text(text)
        said = await asyncio.to_thread(inside, env, *verify)
        assert (said.returncode == 0, "line 1 of" in said.stderr) == (found, not found), said.stderr
    kept.write_text(line)
    other = heads.public(heads.key_of(tmp_path / "other"))
    assert "another's" in await asyncio.to_thread(bad, env, *verify, "--key", other)
    assert "audit key" in await asyncio.to_thread(bad, env, *verify, "--key", "???")
