"""An Open311 platform's api_key: every try carries it, signed; no envelope, log, record or echo holds it."""

import asyncio
import json
from dataclasses import replace
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from structlog.testing import capture_logs

from db import agencies
from db.engine import Database
from routing import formats, keys, open311, outbox, trial
from routing.clipping import LIMIT
from routing.redaction import HIDDEN, redacted
from routing.refusals import NotOpen311Error, RefusedError, UnfitApiKeyError
from routing.signing import verify
from routing.visible import VisibleEntry
from tests.conftest import SetClock
from tests.routing import cases
from tests.routing.receivers import Pretend, receiving
from tests.routing.running import running, tried
from tests.routing.test_outbox import audit
from tests.routing.visible import ACCEPT_BY, AT, DISPATCH, LONG, URL

KEY = 'k3y"/+<&=\\%-7'


async def echoes(pretend: Pretend, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuse, and say what came in every form that receivers print it in."""
    body = pretend.got[-1].body
    said = b"salah: " + body + json.dumps(parse_qs(body.decode())).encode() + KEY.encode()
    writer.write(f"HTTP/1.1 503 X\r\ncontent-length: {len(said)}\r\n\r\n".encode() + said)


async def keyed(database: Database, url: str, key: str | None = KEY) -> outbox.NewAgency:
    """Add a platform that has given us a key."""
    async with database.transaction() as tx:
        new = await outbox.add_agency(tx, "lapor", "Lapor", url, ["127.0.0.0/8"], [], format="open311")
        await keys.set_api_key(tx, "lapor", key, "siti")
    return new


async def test_every_try_carries_it_and_nothing_keeps_it(database: Database, clock: SetClock) -> None:
    with capture_logs() as logs:
        async with receiving(echoes) as pretend, running(database):
            new = await keyed(database, pretend.url)
            _, envelope, [attempt] = await tried(database, (await cases.dispatch(database, "lapor")).id)
            tested = await trial.send(database, "lapor", cases.PUBLIC_URL, "siti")
    for got in pretend.got:
        assert parse_qs(got.body.decode())["api_key"] == [KEY]
        headers = (got.headers["webhook-timestamp"], got.headers["webhook-signature"])
        verify([new.secret], got.id, *headers, got.body, clock.now.timestamp())
    assert len(pretend.got) == 2
    assert pretend.got[0].body.startswith(envelope.body)
    assert b"api_key" not in envelope.body
    for told in (attempt.detail, tested.outcome.excerpt):
        assert (told.count(HIDDEN) >= 3, "k3y" in told, "%-7" in told) == (True, False, False), told
    assert "k3y" not in f"{logs} {await audit(database)}"
    assert ("siti", "agency.api_key", "lapor") in await audit(database)


async def test_a_key_that_was_taken_back_is_sent_no_more(database: Database) -> None:
    async with receiving(echoes) as pretend, running(database):
        await keyed(database, pretend.url)
        async with database.transaction() as tx:
            await keys.set_api_key(tx, "lapor", None, "siti")
        await tried(database, (await cases.dispatch(database, "lapor")).id)
    assert b"api_key" not in pretend.got[0].body


@pytest.mark.parametrize(
    ("form", "key", "error"),
    [("native", KEY, NotOpen311Error)]
    + [("open311", key, UnfitApiKeyError) for key in ("", "abc", "ab cd", "k" * 129)],
)
async def test_who_has_no_use_for_one_gets_none(
    database: Database, form: str, key: str, error: type[RefusedError]
) -> None:
    async with database.transaction() as tx:
        await outbox.add_agency(
            tx, "lapor", "Lapor", "https://8.8.8.8/", [], [], format="native" if form == "native" else "open311"
        )
    async with database.transaction() as tx:
        with pytest.raises(error):
            await keys.set_api_key(tx, "lapor", key, "siti")
    async with database.reading() as reading:
        row = await agencies.find(reading, "lapor")
    assert row is not None
    assert row.api_key is None


@pytest.mark.parametrize("written", [str, quote, quote_plus, json.dumps, lambda key: quote(quote(key, safe=""))])
def test_it_is_hidden_however_it_is_written(written: object) -> None:
    assert callable(written)
    said = redacted(f"salah: {written(KEY)} <- ini", hidden=[KEY])
    assert (said.startswith("salah: "), said.endswith(" <- ini"), HIDDEN in said) == (True, True, True)
    assert "k3y" not in said
    assert redacted("kunci abcd salah", hidden=["abcd", ""]) == f"kunci {HIDDEN} salah"


def test_the_longest_report_has_room_for_the_longest_key() -> None:
    entries = tuple(VisibleEntry(AT, "rina", "\N{FIRE}" * 20) for _ in range(200))
    full = replace(LONG, narrative="\N{FIRE}" * 3000, entries=entries)
    body = open311.body("dispatch.created", AT, DISPATCH, URL, ACCEPT_BY, 1, full)
    key = "%" * open311.LONGEST_KEY
    assert LIMIT - 400 < len(formats.with_key(open311.CONTENT_TYPE, body, key)) < LIMIT
