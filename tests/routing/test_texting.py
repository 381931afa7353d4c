"""SMS leave by a gateway that may be slow, broken, choosy, full or gone; nobody waits for it, and what became of each
is in its row. Real sockets, both databases.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from db import reports, sms, tables
from db.engine import Database, DatabaseUnavailableError, Transaction
from db.sms import SmsRow
from exercise.sms_gateway import ALLOW_CIDR, TOKEN, Mood, PretendGateway, Text
from intake import desk
from intake.desk import NewReport
from routing.delivery import HttpReceiver
from routing.texting import Gateway, Texting
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB

LINK = "http://112.test/l/" + "x" * 43
TO = "+6281200000001"


@pytest.fixture
async def gateway() -> AsyncIterator[PretendGateway]:
    """A gateway that is well."""
    async with PretendGateway().serving() as one:
        yield one


def texting(database: Database, gateway: PretendGateway, deadline_s: float = 10, token: str = TOKEN) -> Texting:
    """Who sends to a gateway."""
    where = Gateway(gateway.url, token, allow_cidr=[ALLOW_CIDR])
    return Texting(database, where, HttpReceiver(where.url, where.allow_cidr, deadline_s=deadline_s))


async def owe(database: Database) -> int:
    """Open a report, and owe its caller an SMS; return the report's id."""
    async with database.transaction() as tx:
        row, _ = await desk.open_report(tx, NewReport("walk-in", caller_number=TO), "siti", WIB, PUBLIC_URL)
        await sms.queue(tx, row.id, TO, f"112: {LINK}", "siti", tx.now + timedelta(minutes=30))
    return row.id


async def look(database: Database, report: int) -> SmsRow:
    """The SMS as it is."""
    async with database.reading() as reading:
        (row,) = await sms.of_report(reading, report)
    return row


async def test_it_is_sent_once_and_its_text_forgotten(database: Database, gateway: PretendGateway) -> None:
    report = await owe(database)
    sender = texting(database, gateway)
    assert await sender.look() == 0.0
    assert await sender.look() > 0
    assert [(one.to, one.text) for one in gateway.texts] == [(TO, f"112: {LINK}")]
    row = await look(database, report)
    assert (row.state, row.reason, row.text, row.tries, row.next_try_at) == ("sent", None, None, 1, None)
    async with database.reading() as reading:
        a, e = tables.audit.c, tables.live_events.c
        last = (await reading.connection.execute(select(a.actor, a.action).order_by(a.n.desc()).limit(1))).one()
        told = (await reading.connection.execute(select(e.kind, e.version).order_by(e.seq.desc()).limit(1))).one()
    assert (tuple(last), tuple(told)) == (("SMS", "sms.sent"), ("report", 2))
    assert sender.alarms() == []
    assert sender.figures() == {"sms_sent": 1, "sms_failed": 0}


@pytest.mark.parametrize(
    ("mood", "reason"), [(Mood.BROKEN, "status_500"), (Mood.FULL, "status_429"), (Mood.SLOW, "timeout")]
)
async def test_what_passes_is_tried_again(
    database: Database, gateway: PretendGateway, clock: SetClock, mood: Mood, reason: str
) -> None:
    report = await owe(database)
    gateway.mood = mood
    sender = texting(database, gateway, deadline_s=0.2)
    await sender.look()
    row = await look(database, report)
    assert row.reason is not None
    assert (row.state, row.tries, row.reason.partition(":")[0]) == ("queued", 1, reason)
    assert row.next_try_at is not None
    assert timedelta(seconds=1) < row.next_try_at - clock() < timedelta(seconds=5)
    assert [alarm.code for alarm in sender.alarms()] == ["sms"]
    gateway.mood = Mood.WELL
    before = gateway.tries
    await sender.look()
    assert gateway.tries == before, "not yet"
    clock.forward(seconds=5)
    await sender.look()
    row = await look(database, report)
    assert (row.state, row.tries, row.reason, row.text) == ("sent", 2, None, None)
    assert sender.alarms() == []


@pytest.mark.parametrize("dies", [True, False])
async def test_what_the_gateway_took_unknown_to_us_goes_again_by_its_key_and_is_one_sms(
    database: Database, gateway: PretendGateway, clock: SetClock, dies: bool
) -> None:
    """Whoever sent it ended before it could save the 202, or the line was cut before the 202 was here."""
    report = await owe(database)
    gateway.mood = Mood.SLOW if dies else Mood.TORN
    first = asyncio.create_task(texting(database, gateway).look())  # noqa: TID251  # it is killed
    await gateway.tried(1)
    if dies:
        first.cancel()
    await asyncio.wait([first])
    assert (await look(database, report)).state == "queued"
    gateway.mood = Mood.WELL
    clock.forward(seconds=30)
    await texting(database, gateway).look()
    row = await look(database, report)
    assert (row.state, row.tries, gateway.keys) == ("sent", 2, [row.id, row.id])
    assert gateway.texts == [Text(TO, f"112: {LINK}")]


async def test_who_is_gone_and_comes_back_is_found(database: Database, clock: SetClock) -> None:
    report, gateway = await owe(database), PretendGateway()
    async with gateway.serving():
        pass
    sender = texting(database, gateway)
    await sender.look()
    row = await look(database, report)
    assert (row.state, (row.reason or "").partition(":")[0]) == ("queued", "refused")
    clock.forward(seconds=3)
    async with gateway.serving():
        await sender.look()
    assert (await look(database, report)).state == "sent"


@pytest.mark.parametrize(
    ("mood", "token", "reason"), [(Mood.CHOOSY, TOKEN, "status_400"), (Mood.WELL, "a wrong token", "status_401")]
)
async def test_what_trying_again_does_not_mend_fails_at_once(
    database: Database, gateway: PretendGateway, mood: Mood, token: str, reason: str
) -> None:
    report = await owe(database)
    gateway.mood = mood
    sender = texting(database, gateway, token=token)
    await sender.look()
    row = await look(database, report)
    assert (row.state, (row.reason or "").partition(":")[0], row.text) == ("failed", reason, None)
    assert token not in (row.reason or "")
    assert sender.figures()["sms_failed"] == 1
    await sender.look()
    assert gateway.tries == 1


async def test_it_is_given_up_when_the_link_is_over(
    database: Database, gateway: PretendGateway, clock: SetClock
) -> None:
    report = await owe(database)
    gateway.mood = Mood.BROKEN
    sender = texting(database, gateway)
    await sender.look()
    clock.forward(minutes=30)
    await sender.look()
    row = await look(database, report)
    assert (row.state, (row.reason or "").partition(":")[0], row.text, row.ended_at) == (
        *("failed", "status_500", None),
        clock(),
    )
    assert gateway.tries == 1


async def test_of_two_workers_one_sends(database: Database, gateway: PretendGateway) -> None:
    for _ in range(6):
        await owe(database)
    first, second = texting(database, gateway), texting(database, gateway)
    await asyncio.gather(first.look(), second.look())
    await asyncio.gather(first.look(), second.look())
    assert (gateway.tries, first.figures()["sms_sent"] + second.figures()["sms_sent"]) == (6, 6)


async def test_one_that_was_killed_in_a_try_leaves_it_to_the_next(
    database: Database, gateway: PretendGateway, clock: SetClock
) -> None:
    report = await owe(database)
    async with database.transaction() as tx:
        (lost,) = await sms.claim(tx, 8, timedelta(seconds=30))
    sender = texting(database, gateway)
    await sender.look()
    assert gateway.tries == 0, "somebody may be at it"
    clock.forward(seconds=30)
    gateway.mood = Mood.BROKEN
    await sender.look()
    row = await look(database, report)
    assert (row.state, row.tries) == ("queued", 2)
    async with database.transaction() as tx:
        assert not await sms.end(tx, lost, "failed", "late"), "its end comes too late to count"


@asynccontextmanager
async def echoing(gateway: PretendGateway, status: str, *, whole: bool = False) -> AsyncIterator[None]:
    """A gateway that answers with what it was posted; `whole`: with the head, too."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = (head if whole else b"") + await reader.read(1000)
        said = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        gateway.port = server.sockets[0].getsockname()[1]
        yield


@pytest.mark.parametrize(("status", "codes"), [("503 Busy", ["sms"]), ("401 Who", ["sms"]), ("400 No such number", [])])
async def test_what_a_gateway_says_of_a_caller_stands_in_the_report_alone(
    database: Database, gateway: PretendGateway, status: str, codes: list[str]
) -> None:
    report = await owe(database)
    async with echoing(gateway, status):
        sender = texting(database, gateway)
        with capture_logs() as logs:
            await sender.look()
    assert TO in ((await look(database, report)).reason or "")
    alarms = sender.alarms()
    assert [one.code for one in alarms] == codes, "one number that it does not take is no fault of the gateway's"
    assert [one["code"] for one in logs if one["event"] == "sms_tried"] == [f"status_{status[:3]}"]
    assert TO[1:] not in f"{alarms} {logs}"


async def test_one_that_cannot_be_saved_takes_nobody_with_it(
    database: Database, gateway: PretendGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await owe(database), await owe(database)
    touch = reports.touch

    async def choosy(tx: Transaction, report_id: int) -> str:
        if report_id == first:
            raise DatabaseUnavailableError("the disk is full")
        return await touch(tx, report_id)

    sender = texting(database, gateway)
    with monkeypatch.context() as away:
        away.setattr(reports, "touch", choosy)
        await sender.look()
    assert [(await look(database, one)).state for one in (first, second)] == ["queued", "sent"]
    assert (gateway.tries, sender.figures()["sms_sent"]) == (2, 1)


async def test_an_echo_does_not_bring_the_link_into_the_row(database: Database, gateway: PretendGateway) -> None:
    report = await owe(database)
    async with echoing(gateway, "503 Busy", whole=True):
        await texting(database, gateway, token="a-token-of-some-length").look()
    reason = (await look(database, report)).reason or ""
    assert "status_503" in reason
    assert "x" * 43 not in reason
    assert "a-token-of-some-length" not in reason


@asynccontextmanager
async def running(sender: Texting) -> AsyncIterator[None]:
    """Somebody who sends until the end of the block."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sender.run(stop))
        yield
        stop.set()


async def test_it_runs_is_woken_and_stops(database: Database, gateway: PretendGateway) -> None:
    async with asyncio.timeout(10), running(texting(database, gateway)):
        report = await owe(database)
        ticket = database.wakeups.ticket("live")
        while (await look(database, report)).state == "queued":
            await database.wakeups.wait("live", ticket, 1)
            ticket = database.wakeups.ticket("live")
    assert len(gateway.texts) == 1
