"""The phone page: what an agency's people see, what their taps book, and what looking does not. On both databases."""

import asyncio
import re
import string
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from db import agencies, answers, dispatches, reports, tables
from db.dispatches import DispatchRow
from db.engine import Database
from intake import answering, closing, desk, phone_words
from intake.desk import NewReport
from intake.phone_words import WORDS, Language, language, lasting
from intake.report import Value
from routing import outbox
from routing.answers import Answer, key_hash
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, LogIn, close
from tests.intake.test_access_api import FOREIGN
from tests.routing.test_answers import fill
from tests.routing.test_outbox import audit

NUMBER = "112-20260314-0001"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"
FIRE = NewReport(
    "walk-in",
    caller_number="081200000001",
    caller_name=f"Siti {EVIL}",
    kind="kebakaran",
    priority="P1",
    location_text=f"Desa Contoh {EVIL}",
    location_lat=-7.0,
    location_lon=113.86,
    narrative=f"Dapur terbakar {EVIL}",
)


@pytest.fixture
async def sent(database: Database) -> DispatchRow:
    """A fire, P1, that damkar was sent."""
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "damkar", "Pemadam Kebakaran", "https://8.8.8.8/hook", [], [])
        await desk.open_report(tx, FIRE, "siti", WIB, PUBLIC_URL)
        await desk.write_entry(tx, NUMBER, f"Dua korban {EVIL}", "siti", PUBLIC_URL)
        (row,) = await desk.dispatch(tx, NUMBER, ["damkar"], "siti", PUBLIC_URL)
    return row


def link(row: DispatchRow) -> str:
    """The page's address."""
    return f"/a/{row.page_token}"


def words(html: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def buttons(html: str) -> list[str]:
    """What may be answered on a page."""
    return re.findall(r'<button name="answer" value="(\w+)"', html)


async def tap(client: Client, row: DispatchRow, word: str, **typed: str) -> str:
    """Open the page, tap a button with a name written, follow where it leads, and return that page."""
    once = re.findall(r'name="once" value="([^"]+)"', (await client.get(link(row))).text)
    form = {"answer": word, "by": "Pak Budi", "note": "", "once": once[0] if once else ""} | typed
    answer = await client.post(link(row), data=form)
    assert answer.status_code == 303, answer.text
    return (await client.get(answer.headers["Location"])).text


async def state(database: Database, row: DispatchRow) -> str:
    """The state of a dispatch."""
    async with database.reading() as reading:
        found = await dispatches.find(reading, row.id)
    assert found is not None
    return found.state


async def test_what_it_shows_and_that_looking_books_nothing(
    client: Client, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    clock.forward(seconds=20)
    page = await client.get(link(sent))
    assert page.status_code == 200
    seen = words(page.text)
    for text in (
        NUMBER,
        "untuk Pemadam Kebakaran",
        "Keadaan per 14-03-2026 08:59:46 WIB",
        "Jawab sebelum 14-03-2026 09:00:26 WIB (tinggal 40 dtk).",
        "Kebakaran",
        f"Siti {EVIL}",
        f"Desa Contoh {EVIL}",
        f"Dapur terbakar {EVIL}",
        f"Dua korban {EVIL}",
    ):
        assert text in seen, (text, seen)
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert 'href="tel:+6281200000001"' in page.text
    assert 'href="geo:-7,113.86?q=-7,113.86"' in page.text
    assert buttons(page.text) == ["accepted", "en_route", "on_scene", "resolved", "rejected"]
    headers = page.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert re.findall(r'(?:src|href|action)="(?!/static/|\?lang=|#|tel:|geo:)[^"]*"', page.text) == []
    clock.forward(minutes=3)
    assert "Batas jawab 14-03-2026 09:00:26 WIB sudah lewat 2 menit." in words((await client.get(link(sent))).text)
    async with database.reading() as reading:
        assert await answers.of_dispatch(reading, sent.id) == []
    assert await state(database, sent) == "queued"
    async with database.transaction() as tx:
        row = await reports.find(tx, NUMBER)
        assert row is not None
        flags: dict[str, Value] = {"flags.trapped": True, "flags.child": True, "flags.weapon": False}
        await desk.edit(tx, NUMBER, row.version, flags, "siti", PUBLIC_URL)
    seen = words((await client.get(link(sent))).text)
    assert "Perhatian ▲ ada yang terjebak , ▲ ada anak" in seen


async def test_taps_book_answers_and_the_page_says_what_became_of_them(
    client: Client, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    page = await tap(client, sent, "accepted", note="dua unit\r\nberangkat")
    assert "✓ Tercatat 14-03-2026 08:59:26 WIB: menerima." in words(page)
    assert "Penugasan: diterima oleh Pak Budi" in words(page)
    assert buttons(page) == ["en_route", "on_scene", "resolved"]
    assert 'name="by" value="Pak Budi"' in page
    await tap(client, sent, "resolved", by="Ibu Ani")
    page = (await client.get(link(sent))).text
    assert "Anda menyatakan laporan ini selesai." in words(page)
    assert buttons(page) == []
    assert page.count("<form") == page.count("multipart/form-data") == 1, "of a photo, and of no answer"
    async with database.reading() as reading:
        kept = await answers.of_dispatch(reading, sent.id)
        told = await reading.connection.execute(select(tables.entries.c.text).order_by(tables.entries.c.n))
        audit = await reading.connection.execute(select(tables.audit.c.actor, tables.audit.c.action))
        assert ("damkar (page)", "dispatch.accepted") in [tuple(row) for row in audit]
        texts = [row.text for row in told]
    assert [(one.answer, one.by, one.via, one.applied) for one in kept] == [
        ("accepted", "Pak Budi", "page", True),
        ("resolved", "Ibu Ani", "page", True),
    ]
    assert kept[0].note == "dua unit\nberangkat"
    accepted = "Pemadam Kebakaran (Pak Budi) menerima laporan ini, lewat halaman ponsel: dua unit\nberangkat"
    assert accepted in texts


async def test_a_second_tap_is_the_same_answer_and_another_button_is_another(
    client: Client, database: Database, sent: DispatchRow
) -> None:
    form = {"answer": "accepted", "by": "Pak Budi", "once": "the same form"}
    first, again = [await client.post(link(sent), data=form) for _ in range(2)]
    assert first.headers["Location"] == again.headers["Location"]
    assert "✓ Tercatat" in (await client.get(again.headers["Location"])).text
    assert (await client.post(link(sent), data=form | {"answer": "en_route"})).status_code == 303
    async with database.reading() as reading:
        kept = await answers.of_dispatch(reading, sent.id)
    assert [one.answer for one in kept] == ["accepted", "en_route"]
    for forged in ("x", "a" * 64, "\0"):
        page = await client.get(link(sent), params={"jawaban": forged})
        assert "Tercatat" not in page.text, "an address says nothing that the log does not"


async def test_what_cannot_follow_is_not_booked_and_the_page_says_so(
    client: Client, database: Database, sent: DispatchRow
) -> None:
    form = {"answer": "accepted", "by": " Pak\nBudi ", "note": "dua unit", "once": "a form"}
    back = (await client.post(link(sent), data=form)).headers["Location"]
    for other in (form | {"once": "another"}, form | {"by": "Pak", "note": "Budi\ndua unit"}):
        page = await client.post(link(sent), data=other)
        assert page.status_code == 409
        assert "▲ Jawaban ini tidak dicatat" in words(page.text)
        assert "Penugasan: diterima oleh Pak Budi" in words(page.text)
    async with database.transaction() as tx:
        row = await reports.find(tx, NUMBER)
        assert row is not None
        await desk.edit(tx, NUMBER, row.version, {"status": "resolved"}, "siti", PUBLIC_URL)
    await close(database, NUMBER)
    page = await client.post(link(sent), data=form | {"answer": "en_route"})  # a tab that was open
    assert page.status_code == 409
    assert "Laporan ini sudah ditutup oleh pusat." in page.text
    assert (await client.post(link(sent), data=form)).headers["Location"] == back, "what was booked before is told"
    async with database.reading() as reading:
        kept = await answers.of_dispatch(reading, sent.id)
    assert [(one.answer, one.by) for one in kept] == [("accepted", "Pak Budi")]


async def test_of_many_answers_the_last_are_shown_and_what_comes_too_late_is_told_on_a_page(
    client: Client, database: Database, sent: DispatchRow
) -> None:
    await fill(database, sent.id, sent.agency_id)
    page = (await client.get(link(sent))).text
    assert re.findall(r"no\. (\d+)", page) == [str(n) for n in range(199, 179, -1)]
    form = {"answer": "accepted", "by": "Pak Budi"}
    said = await asyncio.gather(*(client.post(link(sent), data=form) for _ in range(10)))
    assert sorted(one.status_code for one in said) == [303] + [409] * 9
    assert all("Jawaban ini tidak dicatat" in one.text for one in said if one.status_code == 409)
    async with database.transaction() as tx:  # one that came in between, of a release that booked it
        late = {"answer": "accepted", "applied": False, "via": "page", "key": key_hash("page", "k")}
        await answers.add(tx, sent.id, sent.agency_id, late)
        assert await answers.count(tx, sent.id) == 202
    page = (await client.get(link(sent), params={"jawaban": key_hash("page", "k")})).text
    assert "▲ Jawaban “menerima” disimpan, tetapi tidak mengubah apa pun" in words(page)
    assert "Keadaan sekarang: diterima." in words(page)
    assert 'role="alert"' in page


async def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    client: Client, database: Database, sent: DispatchRow
) -> None:
    for form, said in (
        ({"answer": "accepted", "by": " "}, "Tulis nama Anda"),
        ({"answer": "rejected", "by": "Pak Budi"}, "Tulis alasan menolak"),
        ({"answer": "accepted", "by": "x" * 161}, "paling panjang 160"),
        ({"answer": "maybe", "by": "Pak Budi"}, "Pilih salah satu tombol"),
        ({}, "Pilih salah satu tombol"),
    ):
        page = await client.post(
            link(sent), data={"note": f"kata {EVIL}"} | form if "rejected" not in str(form) else form
        )
        assert page.status_code == 422
        assert said in page.text
        assert "Belum ada yang tercatat." in page.text
        assert f"kata {EVIL}" in unescape(page.text) or form.get("answer") == "rejected"
    assert await state(database, sent) == "queued"
    after = await tap(client, sent, "rejected", note="Mobil rusak")
    assert "Instansi Anda menolak laporan ini." in after
    assert buttons(after) == []
    assert "Siti" not in after, "who does not have the report does not see it"


@pytest.mark.parametrize("headers", [one for one in FOREIGN if one != {"Origin": "null"}])
async def test_a_page_of_another_site_books_nothing(
    client: Client, database: Database, sent: DispatchRow, headers: dict[str, str]
) -> None:
    answer = await client.post(link(sent), data={"answer": "accepted", "by": "x"}, headers=headers)
    assert answer.status_code == 403
    assert "tidak dicatat" in answer.text
    assert await state(database, sent) == "queued"


async def test_a_browser_that_hides_where_it_comes_from_may_answer(client: Client, sent: DispatchRow) -> None:
    """Our page gives no referrer, so browsers call its origin null; the older ones have no Sec-Fetch-Site."""
    form = {"answer": "accepted", "by": "x"}
    assert (await client.post(link(sent), data=form, headers={"Origin": "null"})).status_code == 303
    ours = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post(link(sent), data=form | {"answer": "en_route"}, headers=ours)).status_code == 303


async def test_a_wrong_link_says_nothing_and_guessing_is_slowed(
    client: Client, clock: SetClock, sent: DispatchRow
) -> None:
    wrong = ["x", "A" * 43, f"{sent.page_token}x", "%00", "a/b"]
    pages = [await client.get(f"/a/{one}") for one in wrong]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert NUMBER not in pages[0].text
    slowed = await client.post(f"/a/{'A' * 43}", data={"answer": "accepted", "by": "x"})
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    assert (await client.get(link(sent))).status_code == 200, "who has the link does not wait"
    clock.forward(seconds=2)
    assert (await client.get("/a/x")).status_code == 404


async def test_a_day_after_its_end_the_link_opens_nothing(
    client: Client, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    clock.forward(days=2)
    assert (await client.get(link(sent))).status_code == 200, "it goes on"
    async with database.transaction() as tx:
        row = await reports.find(tx, NUMBER)
        assert row is not None
        await desk.edit(tx, NUMBER, row.version, {"status": "resolved"}, "siti", PUBLIC_URL)
    await close(database, NUMBER)
    page = (await client.get(link(sent))).text
    assert "Laporan ini sudah ditutup oleh pusat." in page
    assert buttons(page) == []
    clock.forward(hours=23, minutes=59)
    assert (await client.get(link(sent))).status_code == 200
    clock.forward(minutes=1)
    assert (await client.get(link(sent))).status_code == 404
    async with database.transaction() as tx:
        await closing.reopen(tx, NUMBER, "", "siti", PUBLIC_URL)
    assert (await client.get(link(sent))).status_code == 200
    async with database.transaction() as tx:
        await answering.answered(tx, sent.id, None, Answer("resolved"))
    clock.forward(hours=24)
    assert (await client.get(link(sent))).status_code == 404


async def test_the_link_of_a_removed_agency_opens_nothing(
    client: Client, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(tables.agencies.update().values(removed_at=tx.now))
        assert await agencies.every(tx) == []
    assert (await client.get(link(sent))).status_code == 404


async def test_staff_give_the_link_to_an_agency_and_that_is_in_the_record(
    client: Client, as_role: LogIn, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    operator = await as_role("operator")
    path = f"/api/v1/dispatches/{sent.id}/page-link"
    report = (await operator.get(f"/api/v1/reports/{NUMBER}")).text
    assert sent.page_token is not None
    assert sent.page_token not in report, "who reads a report is not shown the key to it"
    for _ in range(2):
        answer = await operator.post(path)
        assert (answer.status_code, answer.json()) == (200, {"url": f"{PUBLIC_URL}{link(sent)}"})
    rows = [row for row in await audit(database) if row[1] == "page_link.read"]
    assert rows == [("the operator", "page_link.read", sent.id)] * 2
    assert (await operator.post("/api/v1/dispatches/x/page-link")).status_code == 404
    async with database.transaction() as tx:
        await answering.answered(tx, sent.id, None, Answer("resolved"))
    clock.forward(hours=23)
    assert (await operator.post(path)).status_code == 200
    clock.forward(hours=1)
    refused = await operator.post(path)
    assert (refused.status_code, refused.json()["error"]) == (409, "no_page")
    assert len([row for row in await audit(database) if row[1] == "page_link.read"]) == 3


async def test_who_is_silent_is_told_that_the_centre_waits(
    client: Client, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    await tap(client, sent, "accepted")
    async with database.transaction() as tx:
        await dispatches.change(tx, sent.id, {"asked": 1})
    clock.forward(minutes=16)
    assert "terakhir terdengar 16 menit lalu" in words((await client.get(link(sent))).text)


@pytest.mark.parametrize("spoken", ["id", "en"])
async def test_both_languages_say_everything(client: Client, sent: DispatchRow, spoken: Language) -> None:
    other = WORDS["en" if spoken == "id" else "id"]
    mine = WORDS[spoken]
    assert mine.keys() == other.keys()
    assert all(text.strip() for text in mine.values())
    for name, text in mine.items():
        assert fields(text) == fields(other[name]), name
    folder = Path(phone_words.__file__).parent
    templates = [(folder / "templates" / name).read_text() for name in ("public.html", "phone.html")]
    used = set(re.findall(r"\bw\.(\w+)", "".join(templates)))
    assert used <= mine.keys()
    page = await client.get(link(sent), params={"lang": spoken})
    assert f'<html lang="{spoken}">' in page.text
    assert mine["do_accepted"] in page.text
    answer = await client.post(f"{link(sent)}?lang={spoken}", data={"answer": "accepted", "by": "x"})
    assert mine["state_accepted"] in (await client.get(answer.headers["Location"])).text


def fields(text: str) -> set[str | None]:
    """What is put into a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(
    ("asked", "accepted", "spoken"),
    [
        ("en", "id", "en"),
        ("id", "en", "id"),
        ("", None, "id"),
        ("fr", "fr, de;q=0.9", "id"),
        (None, "en-US,en;q=0.9,id;q=0.8", "en"),
        (None, "id-ID,id;q=0.9,en;q=0.8", "id"),
        (None, "en;q=0", "id"),
        (None, "jv, en;q=0.5, id;q=0.7", "id"),
        (None, "en;q=9" * 300, "id"),
    ],
)
def test_which_language(asked: str | None, accepted: str | None, spoken: Language) -> None:
    assert language(asked, accepted) == spoken


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 dtk"), (119, "119 dtk"), (120, "2 menit"), (3600, "1 jam 0 menit"), (50 * 3600, "2 hari")],
)
def test_how_long_a_time_is(seconds: int, said: str) -> None:
    assert lasting(timedelta(seconds=seconds), WORDS["id"]) == said
