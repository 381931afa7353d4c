"""The link by which a caller's browser tells where it is: once, for half an hour, and looking uses nothing up. On both
databases.
"""

import asyncio
import re
import string
from html import unescape
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from db import sms, tables
from db.engine import Database
from intake.api.app import create_app
from intake.link_words import WORDS
from tests.conftest import START, SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, ring
from tests.intake.test_access_api import FOREIGN

REPORT = "/api/v1/reports/112-20260314-0001"
POSITION = {"lat": "-7.0083000", "lon": "113.8591000", "accuracy": "23.4", "at": "1773453560000"}
PATH = re.compile(r"/l/[A-Za-z0-9_-]{43}")


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The application, with a gateway for SMS."""
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, sms=True)


async def make(client: Client, body: Json | None = None) -> Json:
    """Make a link for the caller."""
    answer = await client.post(f"{REPORT}/location-link", json=body or {})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def path(link: Json) -> str:
    """The page's path."""
    found = urlsplit(link["url"]).path
    assert PATH.fullmatch(found)
    return found


def words(html: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


async def location(client: Client) -> Json:
    """Where the report is."""
    found: Json = (await client.get(REPORT)).json()["location"]
    return found


async def everything(database: Database) -> list[object]:
    """What the database holds of positions, links, SMS, entries and the record."""
    tables_ = (tables.positions, tables.location_links, tables.sms, tables.entries, tables.audit, tables.reports)
    async with database.reading() as reading:
        return [(await reading.connection.execute(select(one))).fetchall() for one in tables_]


async def test_a_caller_tells_the_browsers_position_once(operator: Client, database: Database, clock: SetClock) -> None:
    await ring(database, START)
    link = await make(operator)
    assert link["expires_at"] == "2026-03-14T02:29:26.535897Z"
    page = await operator.get(path(link))
    assert page.status_code == 200
    seen = words(page.text)
    for text in (
        "Di mana Anda?",
        "Petugas pusat panggilan darurat 112",
        "sampai pukul 09:29 WIB",
        "tidak menjalankan skrip",
    ):
        assert text in seen
    assert re.findall(r'(?:src|href|action)="(?!/static/|\?lang=)[^"]*"', page.text) == []
    assert "112-2026" not in page.text, "a forwarded link tells nobody which report"
    headers = page.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    clock.forward(minutes=2)
    told = await operator.post(path(link), data=POSITION)
    assert (told.status_code, told.headers["Location"]) == (303, "/l/selesai?lang=id")
    assert "sudah menerima tempat Anda" in words((await operator.get(told.headers["Location"])).text)
    where = await location(operator)
    assert (where["lat"], where["lon"], where["method"], where["radius_m"]) == (-7.0083, 113.8591, "browser", 23.4)
    assert where["measured_at"] == "2026-03-14T01:59:20Z"
    assert (where["positions"][0]["source"], where["positions"][0]["by"]) == ("link", "penelepon")
    assert where["links"][0]["used_at"] == "2026-03-14T02:01:26.535897Z"
    texts = [entry["text"] for entry in (await operator.get(REPORT)).json()["entries"]]
    assert texts == [
        "Tautan posisi dibuat untuk penelepon, lewat SMS ke +6281200000001.",
        "Posisi dari peramban penelepon: -7.00830, 113.85910, radius 23 m",
    ]


async def test_what_opens_nothing_is_one_and_the_same(operator: Client, database: Database, clock: SetClock) -> None:
    await ring(database, START)
    used, expired = await make(operator), await make(operator)
    await operator.post(path(used), data=POSITION)
    clock.forward(minutes=30)
    before = await everything(database)
    paths = [path(used), path(expired), "/l/" + "A" * 43, "/l/x", "/l/%00"]
    for method in (operator.get, operator.post):
        clock.forward(hours=1)  # who guesses is slowed; an hour later that is forgotten
        answers = [await method(one) for one in paths]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
    assert await everything(database) == before


async def test_looking_and_wrong_words_use_nothing_up(operator: Client, database: Database) -> None:
    await ring(database, START)
    link = path(await make(operator))
    before = await everything(database)
    for language in ("", "?lang=en"):
        assert (await operator.get(link + language)).status_code == 200
        assert (await operator.head(link + language)).status_code in (200, 405)
    for wrong in (
        {},
        {"place": "  "},
        {"lat": "-7.0"},
        POSITION | {"lat": "97"},
        POSITION | {"lat": "NaN"},
        POSITION | {"lat": "0", "lon": "0"},
        {"place": "x" * 501},
    ):
        answer = await operator.post(link, data=wrong)
        assert (answer.status_code, "Belum ada yang dikirim" in answer.text) == (422, True), wrong
    for headers in FOREIGN:
        if headers != {"Origin": "null"}:  # our own page's origin is that, since it gives no referrer
            assert (await operator.post(link, data=POSITION, headers=headers)).status_code == 403
    assert await everything(database) == before
    assert (await operator.post(link, data=POSITION)).status_code == 303


async def test_two_taps_at_once_are_one(operator: Client, database: Database) -> None:
    await ring(database, START)
    link = path(await make(operator))
    answers = await asyncio.gather(*(operator.post(link, data=POSITION) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404, 404]
    assert len((await location(operator))["positions"]) == 1


async def test_a_place_in_words_is_told_and_touches_no_field(operator: Client, database: Database) -> None:
    await ring(database, START)
    evil = "Pasar <script>alert(1)</script>"
    assert (await operator.post(path(await make(operator)), data={"place": evil})).status_code == 303
    where = await location(operator)
    assert (where["text"], where["positions"]) == (None, [])
    assert (await operator.get(REPORT)).json()["entries"][-1]["text"] == f"Penelepon menulis tempatnya: {evil}"
    link = path(await make(operator))
    refused = await operator.post(link, data={"place": evil, "lat": "x", "lon": "y"})
    assert refused.status_code == 422
    assert "<script>a" not in (await operator.post(link, data={"place": evil * 30})).text
    await operator.post(link, data={"place": "6P4MXVR5+MJ"})
    where = await location(operator)
    assert (where["lat"], where["method"], where["positions"][0]["source"]) == (-7.0083125, "plus-code", "link")


async def test_a_browsers_clock_that_cannot_be_right_counts_for_nothing(operator: Client, database: Database) -> None:
    await ring(database, START)
    await operator.post(path(await make(operator)), data=POSITION | {"at": "99999999999999", "accuracy": "-1"})
    where = await location(operator)
    assert (where["lat"], where["measured_at"], where["radius_m"]) == (-7.0083, None, None)


async def test_only_the_hash_is_kept_and_the_sms_carries_the_link(operator: Client, database: Database) -> None:
    await ring(database, START)
    link = await make(operator, {"language": "en"})
    token = path(link).removeprefix("/l/")
    assert (link["sms"]["state"], link["sms"]["to"]) == ("queued", "+6281200000001")
    async with database.reading() as reading:
        report = (await reading.connection.execute(select(tables.reports.c.id))).scalar_one()
        (owed,) = await sms.of_report(reading, report)
    assert owed.text == f"112: open this link so that we know where you are (works once, for 30 minutes): {link['url']}"
    rest = [rows for rows in await everything(database) if rows and token in str(rows)]
    assert len(rest) == 1, "in the SMS that is owed, until it is over, and nowhere else"
    assert token not in (await operator.get(REPORT)).text


@pytest.mark.parametrize(
    ("caller", "body", "note"),
    [
        (None, {}, "no number"),
        ("081200000001", {"send": False}, "as you asked"),
    ],
)
async def test_what_is_not_sent_is_said(
    operator: Client, database: Database, caller: str | None, body: Json, note: str
) -> None:
    await ring(database, START, number=caller)
    link = await make(operator, body)
    assert link["sms"] is None
    assert note in " ".join(link["notes"])
    assert "not https" in " ".join(link["notes"])
    assert (await operator.get(path(link))).status_code == 200


async def test_without_a_gateway_the_link_is_to_be_read_aloud(
    operator: Client, app: FastAPI, database: Database
) -> None:
    await ring(database, START)
    without = create_app(database, public_url="https://112.test", timezone=WIB)

    async with Client(
        transport=httpx2.ASGITransport(app=without), base_url="https://112.test", headers=operator.headers
    ) as client:
        link = await make(client)
    assert link["sms"] is None
    assert [note for note in link["notes"] if "INTAKE112_SMS_URL" in note] == link["notes"]


async def test_another_number_many_links_and_a_closed_report(operator: Client, database: Database) -> None:
    await ring(database, START, number=None)
    link = await make(operator, {"to": "0812 0000 0009"})
    assert link["sms"]["to"] == "+6281200000009"
    bad = await operator.post(f"{REPORT}/location-link", json={"to": "112"})
    assert (bad.status_code, bad.json()["error"]) == (422, "unfit_number")
    for _ in range(4):
        await make(operator, {"send": False})
    many = await operator.post(f"{REPORT}/location-link", json={})
    assert (many.status_code, many.json()["error"]) == (409, "too_many_links")
    etag = (await operator.get(REPORT)).headers["ETag"]
    await operator.patch(REPORT, json={"status": "closed", "class": "information"}, headers={"If-Match": etag})
    assert (await operator.post(f"{REPORT}/location-link", json={})).json()["error"] == "illegal_step"
    assert (await operator.post(path(link), data=POSITION)).status_code == 303, "who was asked may still answer"


async def test_guessing_is_slowed_and_who_has_a_link_never_waits(operator: Client, database: Database) -> None:
    await ring(database, START)
    link = path(await make(operator))
    statuses = [(await operator.get(f"/l/{n}")).status_code for n in range(8)]
    assert statuses == [404] * 5 + [429] * 3
    assert (await operator.get(link)).status_code == 200
    assert (await operator.post(link, data=POSITION)).status_code == 303


def test_both_languages_say_the_same() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert WORDS["id"].keys() == WORDS["en"].keys()
    for name, text in WORDS["id"].items():
        assert places(text) == places(WORDS["en"][name]), name
    for words_ in WORDS.values():
        assert len(words_["sms"].format(minutes=30, url="https://112.sumenepkab.go.id/l/" + "x" * 43)) <= 160
