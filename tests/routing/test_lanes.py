"""Lanes: claim, deliver, decide, record; on both databases, to receivers on real sockets."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
import trustme
from sqlalchemy import update

from db import agencies, envelopes, reports, tables
from db.engine import Database
from intake import terms
from routing import lanes, trial, width
from routing.answers import Answer, book
from routing.signing import verify
from tests.conftest import START, SetClock
from tests.postgres import free_port
from tests.routing import cases
from tests.routing.receivers import Pretend, answers, answers_in_order, drips, hangs, receiving, says
from tests.routing.running import add_agency, look, running, tried, until
from tests.routing.test_delivery import certificate
from tests.routing.test_outbox import audit

# -- one envelope ------------------------------------------------------------------------------------------------------


async def test_delivered(database: Database, clock: SetClock) -> None:
    async with receiving(answers(200, b"diterima")) as pretend, running(database):
        agency = (await cases.add_agency(database, url=pretend.url, allow="127.0.0.0/8")).agency
        row = await cases.dispatch(database)
        row, envelope, [attempt] = await tried(database, row.id)
    [got] = pretend.got
    assert (got.id, got.body) == (envelope.id, envelope.body)
    headers = (got.headers["webhook-timestamp"], got.headers["webhook-signature"])
    verify([agency.secret], got.id, *headers, got.body, clock.now.timestamp())
    assert (row.state, row.sent_at, row.delivered_at) == ("delivered", START, START)
    assert (envelope.state, envelope.tries, envelope.delivered_at) == ("delivered", 1, START)
    assert (envelope.claim_id, envelope.lease_until) == (None, None)
    assert (attempt.try_number, attempt.outcome, attempt.status, attempt.detail) == (1, "status_200", 200, "diterima")
    assert ("routing", "dispatch.delivered", row.id) in await audit(database)
    async with database.reading() as reading:
        assert (await reports.by_ids(reading, [row.report_id]))[row.report_id].version == 2


async def test_it_starts_by_catching_up(database: Database) -> None:
    async with receiving(answers()) as pretend:
        await add_agency(database, pretend)
        rows = [await cases.dispatch(database) for _ in range(9)]
        async with running(database):
            for row in rows:
                await tried(database, row.id)
    assert len({got.id for got in pretend.got}) == len(pretend.got) == 9


async def test_first_tries_before_retries_and_p1_first(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(answers(503), answers())) as pretend:
        await add_agency(database, pretend)
        old = await cases.dispatch(database, priority="P1")
        async with running(database):
            await tried(database, old.id)
        clock.forward(seconds=2)
        low, high = await cases.dispatch(database, priority="P3"), await cases.dispatch(database, priority="P1")
        async with database.transaction() as tx:
            agency_id = (await agencies.every(tx))[0].id
            order = [(await envelopes.claim(tx, agency_id, "claim", tx.now, 1))[0].dispatch_id for _ in range(3)]
    assert order == [high.id, low.id, old.id]


async def test_the_next_try_is_stored_and_has_the_same_id(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(answers(503), answers(500), answers())) as pretend, running(database):
        await add_agency(database, pretend)
        first = await cases.dispatch(database)
        row, envelope, _ = await tried(database, first.id)
        assert (row.state, row.sent_at, row.delivered_at) == ("sent", START, None)
        assert (envelope.state, envelope.next_try_at) == ("pending", START + timedelta(seconds=2))
        assert (envelope.claim_id, envelope.lease_until) == (None, None)
        clock.forward(seconds=2)
        _, envelope, _ = await tried(database, first.id, 2)
        assert envelope.next_try_at == START + timedelta(seconds=5)
        delivered_at = clock.forward(seconds=3)
        row, envelope, attempts = await tried(database, first.id, 3)
    assert (row.state, row.sent_at, row.delivered_at) == ("delivered", START, delivered_at)
    assert [(a.try_number, a.outcome) for a in attempts] == [(1, "status_503"), (2, "status_500"), (3, "status_200")]
    assert {got.id for got in pretend.got} == {envelope.id}
    assert [a for _, a, _ in await audit(database) if a.startswith("dispatch.")] == [
        "dispatch.created", "dispatch.sent", "dispatch.delivered",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        pytest.param(503, {}, 2, id="soon"),
        pytest.param(503, {"retry_after": "8"}, 8, id="asked-to-wait"),
        pytest.param(503, {"retry_after": "86400"}, 60, id="asked-to-wait-a-day"),
        pytest.param(401, {}, 60, id="only-a-person-can-mend-it"),
        pytest.param(307, {"location": "http://169.254.169.254/"}, 60, id="redirect"),
    ],
)
async def test_when_it_is_tried_again(database: Database, status: int, headers: dict[str, str], seconds: int) -> None:
    async with receiving(answers(status, **headers)) as pretend, running(database) as worker:
        await add_agency(database, pretend)
        row, envelope, _ = await tried(database, (await cases.dispatch(database)).id)
    assert (envelope.state, envelope.next_try_at) == ("pending", START + timedelta(seconds=seconds))
    assert row.state == "sent"
    assert worker.tally.outcomes == {f"status_{status}": 1}


async def test_agencies_that_fell_together_do_not_come_back_together(database: Database) -> None:
    async with receiving(answers(503)) as pretend, running(database, jitter=0.5):
        await add_agency(database, pretend)
        _, envelope, _ = await tried(database, (await cases.dispatch(database)).id)
    assert envelope.next_try_at == START + timedelta(seconds=2.1)


async def test_the_next_try_does_not_wait_for_the_poll(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "POLL_S", 600.0)
    loop = asyncio.get_running_loop()
    began = loop.time()

    def clock() -> datetime:
        return START + timedelta(seconds=loop.time() - began)

    async with Database.open(database_url, clock) as database, receiving(answers(503)) as pretend:
        await add_agency(database, pretend)
        async with running(database):
            row = await cases.dispatch(database)
            await tried(database, row.id)
            database.wakeups.notify("outbox")  # whatever wakes it, it looks when the next is due
            _, envelope, attempts = await tried(database, row.id, 2)
    assert envelope.first_try_at is not None
    assert attempts[1].at - envelope.first_try_at >= timedelta(seconds=2)


async def test_unreachable_is_not_sent(database: Database) -> None:
    async with running(database) as worker:
        await cases.add_agency(database, url=f"http://127.0.0.1:{free_port()}/", allow="127.0.0.0/8")
        row, envelope, [attempt] = await tried(database, (await cases.dispatch(database)).id)
    assert (row.state, row.sent_at) == ("queued", None)
    assert (envelope.state, attempt.outcome, attempt.status) == ("pending", "refused", None)
    assert worker.tally.outcomes == {"refused": 1}
    async with database.reading() as reading:
        assert (await reports.by_ids(reading, [row.report_id]))[row.report_id].version == 1


async def test_an_update_waits_for_the_creation(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(answers(503), answers())) as pretend, running(database):
        await add_agency(database, pretend)
        async with database.transaction() as tx:
            report = await cases.add_report(tx)
            row = await cases.put(tx, report)
        await tried(database, row.id)
        async with database.transaction() as tx:
            await cases.update(tx, report, "api menjalar")
        await asyncio.sleep(0)
        clock.forward(seconds=2)
        await tried(database, row.id, 2)
        await pretend.until_got(3)
    assert [json.loads(got.body)["data"]["dispatch"]["sequence"] for got in pretend.got] == [1, 1, 2]


# -- lanes beside each other -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slow", [hangs, drips(b"HTTP/1.1 200 OK\r\nx: ", b"x")], ids=["hangs", "slow-loris"])
async def test_a_slow_agency_takes_only_its_own_slots(database: Database, slow: Callable[..., Awaitable[None]]) -> None:
    async with receiving(slow) as dead, receiving(answers()) as alive, running(database) as worker:
        await add_agency(database, dead, "pln")
        await add_agency(database, alive, "damkar")
        for _ in range(6):
            await cases.dispatch(database, "pln")
        await dead.until_got(4)
        for _ in range(5):
            row, *_ = await tried(database, (await cases.dispatch(database)).id)
            assert row.state == "delivered"
        assert worker.tally.in_flight == 4
        assert len(dead.got) == 4
        dead.released.set()


async def test_who_answers_fast_gets_more_at_once_and_when_that_ends_no_p1_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(width, "FAST_MS", 60_000)
    refused = asyncio.Event()

    async def refuses(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await refused.wait()
        await answers(503)(p, reader, writer)

    async with receiving(answers()) as pretend, running(database) as worker:
        await add_agency(database, pretend)
        for _ in range(12):
            await tried(database, (await cases.dispatch(database, priority="P3")).id)
        pretend.behaviour = answers_in_order(refuses, hangs)
        others = [await cases.dispatch(database, priority="P3") for _ in range(20)]
        await pretend.until_got(12 + width.IN_FLIGHT + 12)
        assert worker.tally.in_flight == width.IN_FLIGHT + 12
        refused.set()

        async def ended() -> bool:
            return worker.tally.in_flight == width.IN_FLIGHT + 11

        await until(ended)
        urgent = await cases.dispatch(database)
        await pretend.until_got(12 + width.IN_FLIGHT + 13)
        async with database.reading() as reading:
            [envelope] = await envelopes.of_dispatch(reading, urgent.id)
        assert pretend.got[-1].id == envelope.id
        tries = [(await look(database, row.id))[1].tries for row in others]
        assert tries.count(0) == 4, "of the others four may be in flight now"
        pretend.released.set()


async def test_a_free_slot_is_taken_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "POLL_S", 600.0)  # after the catching up only the tries that end wake the lane
    async with receiving(answers()) as pretend:
        await add_agency(database, pretend)
        rows = [await cases.dispatch(database) for _ in range(20)]
        async with running(database):
            for row in rows:
                await tried(database, row.id)


async def test_where_nothing_was_left_nothing_is_claimed_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "POLL_S", 600.0)

    async def at_rest() -> bool:
        return not worker.tally.in_flight

    async with receiving(answers()) as pretend:
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        async with running(database) as worker:
            await tried(database, row.id)
            await until(at_rest)
            assert database.wakeups.ticket(f"lane:{row.agency_id}") == 0


@pytest.mark.parametrize("body", [b"", b'{"answer": "accepted"}'])  # saved with others, alone
async def test_what_waited_for_an_envelope_goes_when_that_is_saved(
    database: Database, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(lanes, "POLL_S", 600.0)
    async with receiving(answers(200, body)) as pretend:
        await add_agency(database, pretend)
        async with database.transaction() as tx:
            report = await cases.add_report(tx)
            await cases.put(tx, report)
            await cases.update(tx, report, "api menjalar")
        async with running(database):
            await pretend.until_got(2)


async def test_a_commit_wakes_the_lane(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "POLL_S", 600.0)
    async with receiving(answers()) as pretend, running(database):
        await add_agency(database, pretend)
        for count in range(1, 6):
            await tried(database, (await cases.dispatch(database)).id)
            assert len(pretend.got) == count


async def test_two_workers_send_each_envelope_once(database: Database) -> None:
    async with receiving(answers()) as pretend:
        await add_agency(database, pretend)
        rows = [await cases.dispatch(database) for _ in range(40)]
        async with running(database), running(database):
            for row in rows:
                await tried(database, row.id)
    assert len({got.id for got in pretend.got}) == len(pretend.got) == 40


# -- answers in the body -----------------------------------------------------------------------------------------------


async def test_an_answer_in_the_body_is_booked(database: Database) -> None:
    async with receiving(says("accepted", by="mesin damkar", note="unit 3")) as pretend, running(database):
        await add_agency(database, pretend)
        row, envelope, _ = await tried(database, (await cases.dispatch(database)).id)
    assert (row.state, row.answered_by, row.note) == ("accepted", "mesin damkar", "unit 3")
    assert (row.delivered_at, row.accepted_at, envelope.state) == (START, START, "delivered")


async def test_an_answer_that_cannot_be_booked_does_not_undo_the_delivery(database: Database) -> None:
    async def broken(*_: object) -> None:
        raise LookupError("a mistake of ours")

    async with receiving(says("accepted")) as pretend, running(database, broken) as worker:
        await add_agency(database, pretend)
        row, envelope, attempts = await tried(database, (await cases.dispatch(database)).id)
    assert (row.state, envelope.state, len(attempts), len(pretend.got)) == ("delivered", "delivered", 1, 1)
    assert worker.tally.faults == {"answer_not_booked": 1}


async def test_an_answer_by_api_before_our_200_is_not_undone(database: Database) -> None:
    async with receiving(hangs) as pretend, running(database):
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        await pretend.until_got(1)
        async with database.transaction() as tx:
            await book(tx, row.id, None, Answer("en_route"))
        pretend.released.set()
        row, envelope, _ = await tried(database, row.id)
    assert (row.state, envelope.state) == ("en_route", "delivered")


# -- the agency changes ------------------------------------------------------------------------------------------------


async def test_the_next_try_goes_to_the_new_url_with_the_new_secret(database: Database, clock: SetClock) -> None:
    secret = "whsec_" + "A" * 40
    async with receiving(answers(503)) as old, receiving(answers()) as new, running(database):
        await add_agency(database, old)
        row = await cases.dispatch(database)
        await tried(database, row.id)
        async with database.transaction() as tx:
            await tx.connection.execute(update(tables.agencies).values(url=new.url, secret=secret))
        clock.forward(seconds=2)
        row, *_ = await tried(database, row.id, 2)
    assert (row.state, len(old.got), len(new.got)) == ("delivered", 1, 1)
    [got] = new.got
    headers = (got.headers["webhook-timestamp"], got.headers["webhook-signature"])
    verify([secret], old.got[0].id, *headers, got.body, clock.now.timestamp())


async def test_the_next_try_believes_the_agencys_own_authority(database: Database, clock: SetClock) -> None:
    ours, other = trustme.CA(), trustme.CA()
    async with receiving(answers(), certificate(ours, "127.0.0.1")) as pretend, running(database):
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        await tried(database, row.id)
        for times, authority in ((2, other), (3, ours)):
            async with database.transaction() as tx:
                values = {"ca_pem": authority.cert_pem.bytes().decode()}
                await terms.change(tx, "damkar", times - 1, values, "rina")
            clock.forward(seconds=5)
            await tried(database, row.id, times)
        row, _, attempts = await look(database, row.id)
        assert (await trial.send(database, "damkar", cases.PUBLIC_URL, "rina")).outcome.code == "status_200"
    assert [one.outcome for one in attempts] == ["tls_untrusted", "tls_untrusted", "status_200"]
    assert (row.state, len(pretend.got)) == ("delivered", 2)


async def test_what_is_owed_to_a_removed_agency_is_dead(database: Database) -> None:
    async with receiving(answers()) as pretend:
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        async with database.transaction() as tx:
            await tx.connection.execute(update(tables.agencies).values(removed_at=tx.now))

        async def dead() -> bool:
            return (await look(database, row.id))[1].state == "dead"

        async with running(database):
            await until(dead)
    assert pretend.got == []
    assert "envelope.dead" in [a for _, a, _ in await audit(database)]
