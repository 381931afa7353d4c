"""A recording is heard by staff, for a reason that is kept, and from no cache. On both databases."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from db import recordings
from db.engine import Database
from db.recordings import RecordingRow
from intake.api.app import create_app
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, LogIn, add_agency, ring

NUMBER = "112-20260314-0001"
RECORDING = f"/api/v1/reports/{NUMBER}/recording"
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


async def play(client: Client, part: str = "call", number: str = NUMBER) -> str:
    """Say why; return the address of the sound."""
    said = await client.post(f"/api/v1/reports/{number}/recording/plays", json=REASON | {"part": part})
    assert said.status_code == 201, said.text
    return str(said.json()["url"])


async def test_it_is_heard_and_that_is_kept(operator: Client, database: Database, tmp_path: Path) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    url = await play(operator)
    heard = await operator.get(url)
    assert (heard.status_code, heard.content) == (200, SOUND)
    assert (heard.headers["content-type"], heard.headers["cache-control"]) == ("audio/x-wav", "no-store")
    assert heard.headers["accept-ranges"] == "bytes"
    assert "0a1b" not in str(heard.headers)
    for asked, status, sound in (("1-", 206, SOUND[1:]), ("100-199", 206, SOUND[100:200]), ("-5", 206, SOUND[-5:])):
        part = await operator.get(url, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (status, sound)
    for asked, status in (("bytes=99999-", 416), ("bytes=x", 400)):
        assert (await operator.get(url, headers={"Range": asked})).status_code == status
    assert len(await played(database)) == 1, "all parts are one hearing"
    report = (await operator.get(f"/api/v1/reports/{NUMBER}")).json()
    told = [entry["text"] for entry in report["entries"] if "didengarkan" in entry["text"]]
    assert told == ["Rekaman didengarkan oleh the operator: quality of the talk"]
    await play(operator)
    (first, second) = await played(database)
    assert (first["actor"], first["subject"]) == ("the operator", NUMBER)
    assert "quality" not in first["detail"] + second["detail"]
    assert {"heard": True, "seconds": 12.5, "fault": None}.items() <= report["call"]["recording"].items()


@pytest.mark.parametrize("reason", [None, "", "  ", "ab", "a" * 201, " ab "])
async def test_nobody_hears_it_without_a_reason(
    operator: Client, database: Database, tmp_path: Path, reason: str | None
) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    refused = await operator.post(f"{RECORDING}/plays", json={} if reason is None else {"reason": reason})
    assert refused.status_code == 422
    assert (await operator.get(RECORDING)).status_code == 422
    assert await played(database) == []


async def test_a_play_is_its_askers_for_that_part_of_that_report_and_for_a_while(
    operator: Client, as_role: LogIn, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    await ring(database, database.clock(), n=2)
    url = await play(operator)
    for other in (url[:-1] + "_", url.replace("-0001/", "-0002/"), f"{RECORDING}?play=0a1b.wav"):
        refused = await operator.get(other)
        assert (refused.status_code, refused.json()["error"]) == (404, "unknown_play")
    mine = operator.headers["Authorization"]
    await as_role("supervisor")
    assert (await operator.get(url)).json()["error"] == "unknown_play", "who hears it said why"
    operator.headers["Authorization"] = mine
    clock.forward(minutes=14)
    assert (await operator.get(url)).status_code == 200
    clock.forward(minutes=2)
    assert (await operator.get(url)).status_code == 404


async def test_an_agency_hears_none(client: Client, database: Database, tmp_path: Path) -> None:
    (tmp_path / "0a1b.wav").write_bytes(SOUND)
    await keep(database, "0a1b.wav")
    assert (await client.post(f"{RECORDING}/plays", json=REASON)).status_code == 401
    client.headers["Authorization"] = f"Bearer {await add_agency(database, 'damkar')}"
    assert (await client.post(f"{RECORDING}/plays", json=REASON)).status_code == 403


async def test_there_is_none(operator: Client, database: Database) -> None:
    await ring(database, database.clock())
    assert (await operator.get(f"/api/v1/reports/{NUMBER}")).json()["call"]["recording"] is None
    opened = await operator.post("/api/v1/reports", json={"source": "walk-in"})
    missing = {NUMBER: "no_recording", "112-20260314-0009": "unknown_report", opened.json()["number"]: "no_recording"}
    for number, code in missing.items():
        refused = await operator.post(f"/api/v1/reports/{number}/recording/plays", json=REASON)
        assert (refused.status_code, refused.json()["error"]) == (404, code)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (None, "no_recording"),
        ("gone.wav", "recording_away"),
        ("../secret", "recording_away"),
        ("link", "recording_away"),
    ],
)
async def test_it_cannot_be_heard(
    operator: Client, database: Database, tmp_path: Path, file: str | None, code: str
) -> None:
    (tmp_path.parent / "secret").write_bytes(b"not yours")
    (tmp_path / "link").symlink_to(tmp_path.parent / "secret")
    await keep(database, file, "missing" if file is None else None)
    refused = await operator.post(f"{RECORDING}/plays", json=REASON)
    assert (refused.status_code, refused.json()["error"]) == (404, code)
    assert await played(database) == []
