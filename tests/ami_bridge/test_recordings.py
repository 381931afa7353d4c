"""Recordings go from the PBX to the store, whole, and what is wrong with one is said. On both databases."""

import asyncio
import os
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ami_bridge import recordings as module
from ami_bridge.recordings import Keeper, RecordingsConfig
from db import entries, recordings, reports
from db.engine import Database
from db.recordings import RecordingRow
from intake.facts import CallKey, Described, Ended, LegEnded, MenuAnswered, MessageBegan
from tests.ami_bridge.hand import until
from tests.conftest import SetClock
from tests.intake.conftest import book, ring

KEY = CallKey("pbx-1", "c.1")
NAME = "pbx-1-1700000000.1.wav"


@pytest.fixture
def pbx(tmp_path: Path) -> Path:
    """The PBX's folder."""
    folder = tmp_path / "monitor"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)


def write(path: Path, seconds: float, old_s: float = 10) -> Path:
    """Write a sound that the PBX has not touched for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(os.urandom(int(16_000 * seconds)))
    at = time.time() - old_s
    os.utime(path, (at, at))
    return path


@asynccontextmanager
async def keeper(database: Database, pbx: Path) -> AsyncIterator[Keeper]:
    """Look after recordings."""
    stop = asyncio.Event()
    made = Keeper(database, RecordingsConfig("pbx-1", pbx, pbx.with_name("store")))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(made.run(stop))
        try:
            yield made
        finally:
            stop.set()


async def call(database: Database, clock: SetClock, lasted_s: float | None = 60, name: str = NAME, n: int = 1) -> None:
    """Let somebody ring whose call is recorded, and hang up after so long (None: not yet)."""
    key, now = CallKey("pbx-1", f"c.{n}"), clock()
    await ring(database, now, n=n)
    await book(database, Described(key, now, withheld=False, recording=name))
    if lasted_s is not None:
        clock.forward(seconds=lasted_s)
        await book(database, Ended(key, clock(), "answered", "16"))


async def kept(database: Database, call_id: int = 1) -> RecordingRow:
    """Wait until a recording is looked after."""

    async def look() -> RecordingRow | None:
        async with database.reading() as reading:
            return await recordings.of_call(reading, call_id)

    return await until(look)


async def told(database: Database) -> list[str]:
    """Return what the first report tells."""
    async with database.reading() as reading:
        (report,) = await reports.page(reading, reports.Filter(), None, 1)
        return [entry.text for entry in await entries.of_report(reading, report.id)]


async def test_it_is_moved_whole_and_its_length_is_known(database: Database, clock: SetClock, pbx: Path) -> None:
    source = write(pbx / NAME, 60)
    sound = source.read_bytes()
    await call(database, clock)
    async with keeper(database, pbx) as looking:
        row = await kept(database)

        async def gone() -> bool | None:
            return True if not source.exists() else None

        await until(gone)
        assert looking.alarms() == []
    assert (row.seconds, row.bytes, row.fault) == (60, len(sound), None)
    assert row.file is not None
    assert NAME.removesuffix(".wav") not in row.file, "nobody can guess it"
    stored = pbx.with_name("store") / row.file
    assert stored.read_bytes() == sound
    assert stored.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in stored.parent.iterdir()] == [row.file]
    assert not [text for text in await told(database) if "Rekaman" in text]


@pytest.mark.parametrize(
    ("seconds", "fault", "said"),
    [
        (57.5, None, None),
        (50, "short", "Rekaman panggilan ini lebih pendek daripada panggilannya"),
        (0, "short", "Rekaman panggilan ini lebih pendek daripada panggilannya"),
        (None, "unreadable", "Rekaman panggilan ini tidak dapat dibaca"),
    ],
)
async def test_what_is_wrong_with_it_is_told(
    database: Database, clock: SetClock, pbx: Path, seconds: float | None, fault: str | None, said: str | None
) -> None:
    if seconds is None:
        write(pbx / NAME, 0).write_bytes(b"RIFF, torn")
        os.utime(pbx / NAME, (0, 0))
    else:
        write(pbx / NAME, seconds)
    await call(database, clock)
    async with keeper(database, pbx) as looking:
        row = await kept(database)
        assert (row.fault, row.seconds) == (fault, seconds)
        assert [alarm.code for alarm in looking.alarms()] == (["recording_lost"] if fault else [])
        clock.forward(hours=1.1)
        assert looking.alarms() == []
    assert [text for text in await told(database) if "Rekaman" in text] == ([said] if said else [])


async def test_one_that_is_not_there_is_awaited_and_then_missing(
    database: Database, clock: SetClock, pbx: Path
) -> None:
    await call(database, clock, n=2, name="second.wav", lasted_s=None)
    await call(database, clock)
    await book(database, Ended(CallKey("pbx-1", "c.2"), clock(), "answered", "16"))
    write(pbx / NAME, 60)
    async with keeper(database, pbx) as looking:
        assert (await kept(database, 2)).fault is None  # it is held up by no other
        async with database.reading() as reading:
            assert await recordings.of_call(reading, 1) is None
        clock.forward(seconds=31)
        row = await kept(database)
        assert (row.file, row.fault) == (None, "missing")
        assert [alarm.code for alarm in looking.alarms()] == ["recording_lost"]


async def test_who_hung_up_at_once_has_none_and_nothing_is_wrong(
    database: Database, clock: SetClock, pbx: Path
) -> None:
    await call(database, clock, lasted_s=1)
    async with keeper(database, pbx) as looking:
        row = await kept(database)
        assert (row.file, row.fault, looking.alarms()) == (None, None, [])


async def test_one_that_is_still_written_is_left(database: Database, clock: SetClock, pbx: Path) -> None:
    write(pbx / NAME, 10, old_s=0)
    write(pbx / "second.wav", 60)
    await call(database, clock)
    await call(database, clock, n=2, name="second.wav")
    async with keeper(database, pbx):
        await kept(database, 2)
        async with database.reading() as reading:
            assert await recordings.of_call(reading, 1) is None
        write(pbx / NAME, 60)
        assert (await kept(database)).seconds == 60


async def test_a_call_that_lasts_is_left(database: Database, clock: SetClock, pbx: Path) -> None:
    write(pbx / NAME, 10)
    await call(database, clock, lasted_s=None)
    await call(database, clock, n=2, name="second.wav")
    write(pbx / "second.wav", 60)
    async with keeper(database, pbx):
        await kept(database, 2)
        assert (pbx / NAME).exists()
        await book(database, Ended(KEY, clock(), "answered", "16"))
        assert (await kept(database)).fault == "short"


async def test_one_that_is_named_late_is_found(database: Database, clock: SetClock, pbx: Path) -> None:
    """A later call was looked after already."""
    await ring(database, clock(), n=1)
    await call(database, clock, n=2, name="second.wav")
    write(pbx / "second.wav", 60)
    async with keeper(database, pbx):
        await kept(database, 2)
        write(pbx / NAME, 60)
        await book(database, Described(KEY, clock(), withheld=False, recording=NAME))
        await book(database, Ended(KEY, clock(), "answered", "16"))
        assert (await kept(database)).seconds == 60


@pytest.mark.parametrize("name", ["../secret.wav", "/etc/hostname", "link.wav", "folder"])
async def test_no_name_leads_out_of_the_folder(database: Database, clock: SetClock, pbx: Path, name: str) -> None:
    secret = write(pbx.with_name("secret.wav"), 60)
    (pbx / "link.wav").symlink_to(secret)
    (pbx / "folder").mkdir()
    await call(database, clock, name=name)
    clock.forward(seconds=31)
    async with keeper(database, pbx):
        assert (await kept(database)).fault == "missing"
    assert secret.exists()
    assert not pbx.with_name("store").exists()


async def test_a_dialplan_may_sort_them_into_folders(database: Database, clock: SetClock, pbx: Path) -> None:
    write(pbx / "2026/03/14" / NAME, 60)
    await call(database, clock, name=f"2026/03/14/{NAME}")
    async with keeper(database, pbx):
        assert (await kept(database)).seconds == 60


async def test_a_folder_that_is_gone_is_an_alarm_and_nothing_is_missing(
    database: Database, clock: SetClock, pbx: Path
) -> None:
    await asyncio.to_thread(pbx.rmdir)
    await call(database, clock)
    clock.forward(minutes=5)
    async with keeper(database, pbx) as looking:

        async def alarmed() -> bool | None:
            return True if [alarm.code for alarm in looking.alarms()] == ["recordings"] else None

        await until(alarmed)
        assert "INTAKE112_RECORDINGS_DIR" in looking.alarms()[0].message
        write(pbx / NAME, 60)
        assert (await kept(database)).fault is None

        async def calm() -> bool | None:
            return True if looking.alarms() == [] else None

        await until(calm)


async def test_what_was_copied_before_a_kill_is_copied_again_and_kept_once(
    database: Database, clock: SetClock, pbx: Path
) -> None:
    """The store had it, the database did not know it yet."""
    write(pbx / NAME, 60)
    await call(database, clock)
    async with keeper(database, pbx):
        first = await kept(database)
    write(pbx / "again.wav", 1).write_bytes((pbx.with_name("store") / str(first.file)).read_bytes())
    os.utime(pbx / "again.wav", (0, 0))
    await call(database, clock, n=2, name="again.wav")
    async with keeper(database, pbx):
        second = await kept(database, 2)
    assert second.file == first.file
    assert [one.name for one in pbx.with_name("store").iterdir()] == [first.file]


async def test_of_two_bridges_one_keeps_it(database: Database, clock: SetClock, pbx: Path) -> None:
    write(pbx / NAME, 60)
    await call(database, clock)
    async with keeper(database, pbx), keeper(database, pbx) as other:
        assert (await kept(database)).fault is None
        clock.forward(seconds=31)
        await call(database, clock, n=2, name="second.wav", lasted_s=1)
        await kept(database, 2)
        assert other.alarms() == []


async def test_one_that_was_missing_and_is_found(database: Database, clock: SetClock, pbx: Path) -> None:
    """The folder was empty: its disk was not mounted yet."""
    await call(database, clock)
    clock.forward(seconds=31)
    async with keeper(database, pbx):
        assert (await kept(database)).fault == "missing"
        write(pbx / NAME, 60)

        async def found() -> RecordingRow | None:
            row = await kept(database)
            return row if row.file is not None else None

        assert (await until(found)).fault is None
    assert [text for text in await told(database) if "Rekaman" in text] == [
        "Rekaman panggilan ini tidak ada di PBX",
        "Rekaman panggilan ini ditemukan kemudian",
    ]


async def test_what_cannot_be_removed_stays_owed_and_is_an_alarm(
    database: Database, clock: SetClock, pbx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(f"[Errno 13] Permission denied: '{path}'")

    write(pbx / NAME, 60)
    write(pbx / "second.wav", 60)
    await call(database, clock)
    await call(database, clock, n=2, name="second.wav")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        async with keeper(database, pbx) as looking:
            await kept(database, 2)  # it holds up no other

            async def alarmed() -> bool | None:
                return True if [alarm.code for alarm in looking.alarms()] == ["recordings"] else None

            await until(alarmed)
    async with keeper(database, pbx):  # another start

        async def empty() -> bool | None:
            return True if not await asyncio.to_thread(lambda: list(pbx.iterdir())) else None

        await until(empty)
        assert (await kept(database)).fault is None


async def test_a_recording_is_saved_once(database: Database, clock: SetClock) -> None:
    await call(database, clock)
    row = RecordingRow(call_id=1, file=None, bytes=None, seconds=None, fault=None, kept_at=clock())
    for first in (True, False):
        async with database.transaction() as tx:
            assert await recordings.keep(tx, row) is first


LEFT_MENU = LegEnded(KEY, datetime(2026, 3, 14, 3, tzinfo=UTC), "l.2", "16")


async def message_of(database: Database) -> RecordingRow:
    """Wait until the message is looked after."""

    async def look() -> RecordingRow | None:
        async with database.reading() as reading:
            return await recordings.of_call(reading, 1, "message")

    return await until(look)


async def test_a_message_is_kept_while_its_caller_is_still_on_the_line(
    database: Database, clock: SetClock, pbx: Path
) -> None:
    """Not while he may still speak: Asterisk writes every two seconds. Its length is its own, not the call's."""
    await call(database, clock, lasted_s=None)
    await call(database, clock, n=2, name="second.wav")
    await book(database, MenuAnswered(KEY, clock(), "l.2"), MessageBegan(KEY, clock(), "c.1-message.wav"))
    source = write(pbx / "c.1-message.wav", 0)
    write(pbx / "second.wav", 60)
    async with keeper(database, pbx) as looking:
        await kept(database, 2)
        assert source.exists(), "he speaks"
        write(source, 7)
        await book(database, LEFT_MENU)
        row = await message_of(database)
        assert (row.seconds, row.fault) == (7, None)
        async with database.reading() as reading:
            assert await recordings.of_call(reading, 1) is None

        async def gone() -> bool | None:
            return None if source.exists() else True

        await until(gone)
        write(pbx / NAME, 60)
        await book(database, Ended(KEY, clock(), "overflow", "16"))
        assert (await kept(database)).fault is None
        assert looking.alarms() == []
    async with database.reading() as reading:
        texts = [entry.text for entry in await entries.of_report(reading, 1)]
    assert "Pesan suara penelepon tersimpan: 7 detik" in texts


@pytest.mark.parametrize("seconds", [None, 0, 0.2])
async def test_who_hangs_up_at_the_tone_leaves_no_message_and_no_alarm(
    database: Database, clock: SetClock, pbx: Path, seconds: float | None
) -> None:
    await call(database, clock, lasted_s=None)
    await book(database, MenuAnswered(KEY, clock(), "l.2"), MessageBegan(KEY, clock(), "c.1-message.wav"))
    write(pbx / NAME, 60)
    if seconds is not None:
        write(pbx / "c.1-message.wav", seconds)
    clock.forward(seconds=60)
    await book(database, Ended(KEY, clock(), "overflow", "16"))
    clock.forward(seconds=31)
    async with keeper(database, pbx) as looking:
        row = await message_of(database)
        assert (row.file, row.fault, looking.alarms()) == (None, None, [])
    assert "Pesan suara penelepon tidak ada: ia menutup sebelum berbicara" in await told(database)


async def test_many_that_are_missing_hold_up_none(
    database: Database, clock: SetClock, pbx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    for n in range(1, 5):
        await call(database, clock, n=n, name=f"{n}.wav")
    clock.forward(seconds=31)
    async with keeper(database, pbx):
        assert (await kept(database, 4)).fault == "missing"
        write(pbx / "5.wav", 60)
        await call(database, clock, n=5, name="5.wav")
        assert (await kept(database, 5)).fault is None
        write(pbx / "1.wav", 60)

        async def found() -> bool | None:
            return True if (await kept(database, 1)).fault is None else None

        await until(found)
