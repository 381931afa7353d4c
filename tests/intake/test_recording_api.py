"""A recording is heard by staff, for a reason that is kept, and from no cache. On both databases."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from db import recordings
from db.engine import Database
from db.recordings import RecordingRow
from intake.api.app import create_app
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, add_agency, ring

RECORDING = "/api/v1/reports/112-20260314-0001/recording"
REASON = {"reason": "quality of the talk"}
SOUND = bytes(range(256)) * 40


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    """The application, with a store."""
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, store=tmp_path)


async def keep(database: Database, file: str | None, fault: str | None = None) -> None:
    """Let somebody ring, and keep a recording of the call."""
    await ring(database, database.clock())
    async with database.transaction() as tx:
        seconds = 12.5 if file else None
        row = RecordingRow(call_id=1, file=file, bytes=10, seconds=seconds, fault=fault, kept_at=tx.now)
        assert await recordings.keep(tx, row)


async def played(database: Database) -> list[Json]:
    """Return what the record says of recordings that were heard."""
    async with database.reading() as reading:
        rows = await reading.connection.exec_driver_sql(
            "SELECT actor, subject, detail FROM audit WHERE action LIKE 'recording.p%'"
        )
        return [dict(row._mapping) for row in rows]


async def test_it_is_heard_and_that_is_kept(
    operator: Client, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    part = await operator.get(RECORDING, params=REASON, headers={"Range": "bytes=1-"})
    assert (part.status_code, part.content) == (206, SOUND[1:])
    heard = await operator.get(RECORDING, params=REASON)
    assert (heard.status_code, heard.content) == (200, SOUND)
    assert (heard.headers["content-type"], heard.headers["cache-control"]) == ("audio/x-wav", "no-store")
    part = await operator.get(RECORDING, params=REASON, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SOUND[100:200])
    assert len(await played(database)) == 1, "all parts are one hearing, whichever comes first"
    report = (await operator.get("/api/v1/reports/112-20260314-0001")).json()
    told = [entry["text"] for entry in report["entries"] if "didengarkan" in entry["text"]]
    assert told == ["Rekaman didengarkan oleh the operator: quality of the talk"]
    clock.forward(minutes=11)
    await operator.get(RECORDING, params=REASON)
    assert len(await played(database)) == 2
    assert {"heard": True, "seconds": 12.5, "fault": None}.items() <= report["call"]["recording"].items()


@pytest.mark.parametrize("reason", [None, "", "  ", "ab", "a" * 201])
async def test_nobody_hears_it_without_a_reason(
    operator: Client, database: Database, tmp_path: Path, reason: str | None
) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    refused = await operator.get(RECORDING, params={} if reason is None else {"reason": reason})
    assert refused.status_code == 422
    assert await played(database) == []


async def test_an_agency_hears_none(client: Client, database: Database, tmp_path: Path) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    assert (await client.get(RECORDING, params=REASON)).status_code == 401
    client.headers["Authorization"] = f"Bearer {await add_agency(database, 'damkar')}"
    assert (await client.get(RECORDING, params=REASON)).status_code == 403


async def test_there_is_none(operator: Client, database: Database) -> None:
    await ring(database, database.clock())
    assert (await operator.get("/api/v1/reports/112-20260314-0001")).json()["call"]["recording"] is None
    for number, code in (("112-20260314-0001", "no_recording"), ("112-20260314-0002", "unknown_report")):
        refused = await operator.get(f"/api/v1/reports/{number}/recording", params=REASON)
        assert (refused.status_code, refused.json()["error"]) == (404, code)
    opened = await operator.post("/api/v1/reports", json={"source": "walk-in"})
    refused = await operator.get(f"/api/v1/reports/{opened.json()['number']}/recording", params=REASON)
    assert (refused.status_code, refused.json()["error"]) == (404, "no_recording")


@pytest.mark.parametrize(("file", "code"), [(None, "no_recording"), ("gone.wav", "recording_away")])
async def test_it_cannot_be_heard(operator: Client, database: Database, file: str | None, code: str) -> None:
    await keep(database, file, "missing" if file is None else None)
    refused = await operator.get(RECORDING, params=REASON)
    assert (refused.status_code, refused.json()["error"]) == (404, code)
    assert await played(database) == []
