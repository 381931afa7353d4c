"""Photos of an agency: sent by its page, its token, its signature; seen by staff alone; never lost. Both databases."""

import asyncio
import base64
import hashlib
import io
import json
import os
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from db import agencies, live, people, photos, seals, tables
from db.dispatches import DispatchRow
from db.engine import Database
from intake import answering, desk, photo_store
from intake import photos as sending
from intake.api.app import create_app
from intake.desk import NewReport
from intake.photo_refusals import MOST, MOST_MB
from routing import outbox
from routing.answers import Answer
from routing.signing import sign
from routing.steps import AnswerWord
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, LogIn, Served, add_agency
from tests.intake.test_access_api import FOREIGN
from tests.intake.test_phone import link, words

NUMBER = "112-20260314-0001"
JPEG = b"\xff\xd8\xff\xe1\0\x20Exif\0\0" + bytes(range(256)) * 400  # longer than other bodies may be
PNG = b"\x89PNG\r\n\x1a\n" + bytes(500)
WEBP = b"RIFF\x10\0\0\0WEBPVP8 " + bytes(500)
LARGE = JPEG + bytes(MOST_MB << 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where photos are kept."""
    return tmp_path / "photos"


@pytest.fixture
def app(database: Database, folder: Path) -> FastAPI:
    """The application, with a folder for photos."""
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, photo_folder=folder)


@pytest.fixture
async def sent(database: Database) -> DispatchRow:
    """A fire that damkar was sent."""
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "damkar", "Pemadam Kebakaran", "https://8.8.8.8/hook", [], [])
        await desk.open_report(tx, NewReport("walk-in", kind="kebakaran", priority="P1"), "siti", WIB, PUBLIC_URL)
        (row,) = await desk.dispatch(tx, NUMBER, ["damkar"], "siti", PUBLIC_URL)
    return row


async def say(database: Database, row: DispatchRow, word: AnswerWord) -> None:
    async with database.transaction() as tx:
        await answering.book_answer(tx, row.id, row.agency_id, Answer(word, "Pak Budi"), via="page")


async def shown(client: Client, row: DispatchRow, photo: bytes, name: str = "a.jpg", lang: str = "id") -> str:
    """Send a photo by the page, follow where that leads, and return that page."""
    given = {"photo": (name, photo)} if name else {"other": ("", b"")}
    answer = await client.post(f"{link(row)}/foto?lang={lang}", data={"by": " Pak\nBudi "}, files=given)
    assert answer.status_code == 303, answer.text
    page = await client.get(answer.headers["Location"])
    assert page.status_code == 200
    return page.text


async def rows(database: Database, row: DispatchRow) -> list[photos.PhotoRow]:
    async with database.reading() as reading:
        return await photos.of_dispatch(reading, row.id)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


async def written(database: Database, action: str) -> list[tuple[str, str, Json]]:
    async with database.reading() as reading:
        a = tables.audit.c
        found = await reading.connection.execute(select(a.actor, a.subject, a.detail).where(a.action == action))
        return [(one.actor, one.subject, json.loads(one.detail)) for one in found]


async def test_the_page_takes_one_and_the_desk_sees_it(
    client: Client, as_role: LogIn, app: FastAPI, database: Database, folder: Path, sent: DispatchRow
) -> None:
    assert 'type="file"' not in (await client.get(link(sent))).text, "nobody has accepted it"
    assert "sejak laporan diterima" in words(await shown(client, sent, JPEG))
    assert names(folder) == [], "nothing waits for what was refused"
    await say(database, sent, "resolved")
    assert 'enctype="multipart/form-data"' in (await client.get(link(sent))).text, "the proof may come afterwards"
    async with database.reading() as reading:
        _, newest = await live.span(reading)
    page = await shown(client, sent, JPEG)
    async with database.reading() as reading:
        assert (await live.after(reading, newest))[-1].subject == NUMBER, "screens are told"
    assert "✓ Foto tersimpan." in words(page)
    assert "✓ 1 foto tersimpan di pusat." in words(page)
    assert "<img" not in page
    assert "1 photos are kept" in words(await shown(client, sent, JPEG, "again.png", "en")), "it is one"
    (kept,) = await rows(database, sent)
    assert (kept.type, kept.bytes, kept.by, kept.via) == ("image/jpeg", len(JPEG), "Pak Budi", "page")
    assert names(folder) == [kept.file]
    assert ((folder / kept.file).read_bytes(), (folder / kept.file).stat().st_mode & 0o777) == (JPEG, 0o600)
    ((actor, subject, detail),) = await written(database, "photo.kept")
    assert (actor, subject) == ("damkar (page)", sent.id)
    async with database.reading() as reading:
        assert await seals.fits(reading, sent.report_id, "photo", kept.sha256, detail["marks"]["photo"])
    operator = await as_role("operator")
    report = (await operator.get(f"/api/v1/reports/{NUMBER}")).json()
    assert report["dispatches"][0]["photos"] == 1
    told = "Pemadam Kebakaran (Pak Budi) mengirim foto 1, lewat halaman ponsel."
    assert [one["text"] for one in report["entries"] if "mengirim" in one["text"]] == [told]
    (listed,) = (await operator.get(f"/api/v1/dispatches/{sent.id}/photos")).json()["photos"]
    seen = await operator.get(listed["url"])
    assert (seen.status_code, seen.content, seen.headers["content-type"]) == (200, JPEG, "image/jpeg")
    assert (seen.headers["cache-control"], seen.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert seen.headers["content-security-policy"] == "default-src 'none'; sandbox"
    part = await operator.get(listed["url"], headers={"Range": "bytes=2-9"})
    assert (part.status_code, part.content) == (206, JPEG[2:10])
    await app.state.reads.flush()
    assert [one[:2] for one in await written(database, "photo.read")] == [("the operator", f"{sent.id}/1")]
    assert (await operator.get(listed["url"] + "2")).json()["error"] == "unknown_photo"


async def test_what_the_page_does_not_take_is_said_and_leaves_nothing(
    client: Client, database: Database, clock: SetClock, folder: Path, sent: DispatchRow
) -> None:
    await say(database, sent, "accepted")
    for photo, name, said_id, said_en in (
        (b"", "a.jpg", "Pilih foto dulu", "Choose a photo first"),
        (b"", "", "Pilih foto dulu", "Choose a photo first"),
        (b"<html>\xff\xd8\xff", "a.jpg", "bukan foto JPEG, PNG, atau WebP", "no photo in JPEG"),
        (b"GIF89a" + bytes(99), "a.jpg", "bukan foto JPEG, PNG, atau WebP", "no photo in JPEG"),
        (LARGE, "a.jpg", "lebih besar dari 8 MB", "larger than 8 MB"),
    ):
        assert said_id in words(await shown(client, sent, photo, name))
        assert said_en in words(await shown(client, sent, photo, name, "en"))
    for n in range(MOST):
        await shown(client, sent, JPEG + bytes([n]))
    page = await shown(client, sent, PNG)
    assert "sudah ada 6 foto" in words(page)
    assert 'type="file"' not in page
    foreign = await client.post(f"{link(sent)}/foto", files={"photo": ("a", PNG)}, headers=FOREIGN[0])
    assert foreign.status_code == 403
    assert (await client.post(f"/a/{'x' * 43}/foto", files={"photo": ("a", PNG)})).status_code == 404
    assert (await client.get(f"{link(sent)}?foto=<script>")).text.count("<script") == 0
    assert len(await rows(database, sent)) == MOST
    assert len(names(folder)) == MOST
    await say(database, sent, "resolved")
    clock.forward(hours=25)
    assert (await client.post(f"{link(sent)}/foto", files={"photo": ("a", PNG)})).status_code == 404


def digest(photo: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(photo).digest()).decode()}:"


async def test_an_agency_sends_one_by_its_token_or_its_signature(
    client: Client, database: Database, clock: SetClock, folder: Path, sent: DispatchRow
) -> None:
    url = f"/agency/v1/dispatches/{sent.id}/photos"
    async with database.reading() as reading:
        agency = await agencies.find(reading, "damkar")
    assert agency is not None

    def signed(photo: bytes, dispatch: str = sent.id) -> Json:
        at = int(clock().timestamp())
        text = f"{dispatch}.{digest(photo)}".encode()
        given = {"webhook-id": "msg", "webhook-timestamp": str(at), "content-digest": digest(photo)}
        return given | {"webhook-signature": sign([agency.secret], "msg", at, text), "content-type": "image/png"}

    async def post(photo: bytes, **headers: str) -> tuple[int, str]:
        answer = await client.post(url, content=photo, headers=headers)
        return answer.status_code, str(answer.json().get("error", answer.json().get("number")))

    assert await post(PNG, **signed(PNG)) == (409, "photo_not_now")
    await say(database, sent, "accepted")
    assert await post(PNG) == (401, "not_logged_in")
    assert await post(PNG, **signed(PNG)) == (201, "1")
    assert await post(PNG, **signed(PNG)) == (200, "1")
    assert await post(WEBP, **signed(PNG)) == (400, "photo_digest")
    assert await post(PNG, **signed(PNG, dispatch="0" * 36)) == (401, "bad_signature")
    theirs = await add_agency(database, "bpbd")
    assert await post(PNG, Authorization=f"Bearer {theirs}") == (404, "unknown_dispatch")
    async with database.transaction() as tx:
        assert await people.add_token(tx, "second", "agency", outbox.token_hash("a token"), agency.id)
    own = {"Authorization": "Bearer a token"}
    assert await post(WEBP, **own) == (201, "2")
    assert await post(b"not one", **own) == (415, "not_a_photo")
    assert await post(b"", **own) == (415, "photo_none")
    assert await post(LARGE, **own) == (413, "photo_too_large")
    assert await post(JPEG, **own, **{"content-digest": digest(PNG)}) == (400, "photo_digest")
    assert [(one.type, one.via) for one in await rows(database, sent)] == [
        ("image/png", "signed"),
        ("image/webp", "api"),
    ]
    assert len(names(folder)) == 2
    for path in ("", "/1"):
        assert (await client.get(f"/api/v1/dispatches/{sent.id}/photos{path}", headers=own)).status_code == 403


async def test_a_photo_is_on_the_disk_before_its_row_and_what_has_none_is_swept(
    operator: Client, database: Database, folder: Path, sent: DispatchRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(database, sent, "accepted")
    synced: list[int] = []

    def fsync(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)
        os_fsync(fd)

    os_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    (waits, lost) = (photo_store.take(folder, io.BytesIO(one)) for one in (JPEG, PNG))
    assert (synced[0], len(synced)) == (len(JPEG), 4), "each file, whole, and the folder"
    async with database.transaction() as tx:  # and killed before the dot was taken from its name
        await sending._attach(tx, sent.id, sent.agency_id, waits, "", "page")
    seen = await operator.get(f"/api/v1/dispatches/{sent.id}/photos/1")
    assert (seen.status_code, seen.content) == (200, JPEG)
    (folder / f"{'0' * 40}.jpg").write_bytes(JPEG)  # of a row that a restored database does not have
    await sending.sweep(database, folder)
    assert f".{lost.file}" in names(folder), "its sender may be at it"
    for one in (waits, lost):
        os.utime(folder / f".{one.file}", (0, 0))
    await sending.sweep(database, folder)
    assert names(folder) == sorted([waits.file, f"{'0' * 40}.jpg"])
    assert (await operator.get(f"/api/v1/dispatches/{sent.id}/photos/1")).content == JPEG
    (folder / waits.file).unlink()
    away = await operator.get(f"/api/v1/dispatches/{sent.id}/photos/1")
    assert (away.status_code, away.json()["error"]) == (404, "photo_away")


async def test_a_disk_that_takes_nothing_is_said_and_answers_go_on(
    client: Client, database: Database, folder: Path, sent: DispatchRow
) -> None:
    await say(database, sent, "accepted")
    os.mkfifo(folder)  # no folder
    assert "Foto itu tidak dapat disimpan di pusat sekarang." in words(await shown(client, sent, JPEG))
    assert await rows(database, sent) == []
    said = await client.post(link(sent), data={"answer": "resolved", "by": "Pak Budi"})
    assert said.status_code == 303


async def test_a_browser_that_sends_too_much_is_not_cut_off_before_it_can_read_why(
    served: tuple[Served, Database], sent: DispatchRow
) -> None:
    http, database = served
    await say(database, sent, "accepted")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(http.url.rpartition(":")[2]))
    form = (
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n' + LARGE * 3 + b"\r\n--x--\r\n"
    )
    head = f"POST {link(sent)}/foto HTTP/1.1\r\nHost: x\r\nContent-Length: {len(form)}\r\n"
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + form)
    await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 303")
    assert b"foto=photo_too_large" in answer


async def test_two_taps_at_once_are_one_photo_and_two_photos_at_once_are_two(
    client: Client, database: Database, folder: Path, sent: DispatchRow
) -> None:
    await say(database, sent, "accepted")
    await asyncio.gather(*(shown(client, sent, photo) for photo in (JPEG, JPEG, PNG, WEBP)))
    assert [one.number for one in await rows(database, sent)] == [1, 2, 3]
    assert names(folder) == sorted(one.file for one in await rows(database, sent))
