"""Say it and owe it in one transaction."""

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from db import agencies, dispatches, envelopes, people, reports, tables
from db.choices import kinds
from db.engine import Database
from routing import open311, outbox, rulebook
from routing.formats import Format
from routing.outbox import token_hash
from routing.refusals import (
    AgencyExistsError,
    AlreadyDispatchedError,
    ForbiddenUrlError,
    RefusedError,
    UnknownAgencyError,
    UnknownKindError,
)
from routing.rules import Proposal, Recipient
from tests.conftest import START, SetClock
from tests.routing.cases import add_agency, add_report, dispatch, owed, put, update


async def audit(database: Database) -> list[tuple[str, str, str]]:
    """Return (actor, action, subject) of the whole audit."""
    async with database.reading() as reading:
        rows = await reading.connection.execute(select(tables.audit).order_by(tables.audit.c.n))
        return [(row.actor, row.action, row.subject) for row in rows]


async def bodies(database: Database, dispatch_id: str) -> list[dict[str, Any]]:
    """Return what a dispatch's envelopes say."""
    async with database.reading() as reading:
        return [json.loads(row.body) for row in await owed(reading, dispatch_id)]


async def test_a_dispatch_and_its_envelope(database: Database) -> None:
    await add_agency(database)
    ticket = database.wakeups.ticket("outbox")
    row = await dispatch(database)
    assert (row.state, row.sequence, row.agency, row.created_by) == ("queued", 1, "damkar", "rina")
    assert row.accept_by == START + timedelta(seconds=60)
    assert database.wakeups.ticket("outbox") != ticket
    assert ("rina", "dispatch.created", row.id) in await audit(database)
    async with database.reading() as reading:
        assert await dispatches.find(reading, row.id) == row
        [envelope] = await owed(reading, row.id)
    assert (envelope.state, envelope.type, envelope.sequence) == ("pending", "dispatch.created", 1)
    assert (envelope.priority, envelope.next_try_at) == ("P1", START)
    said = json.loads(envelope.body)
    assert (said["type"], said["data"]["report"]["number"]) == ("dispatch.created", row.report)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", row.page_token or ""), "256 random bits"
    assert said["data"]["dispatch"] == {
        "id": row.id,
        "answer_url": f"https://112.example/agency/v1/dispatches/{row.id}/answers",
        "page_url": f"https://112.example/a/{row.page_token}",
        "accept_by": "2026-03-14T02:00:26.535897Z",
        "sequence": 1,
        "asks": None,
        "reason": None,
    }
    async with database.transaction() as tx:
        [again] = await update(tx, (await reports.by_ids(tx, [row.report_id]))[row.report_id], "lain")
    assert again.page_token == row.page_token, "one link for a dispatch"
    assert (await dispatch(database)).page_token != row.page_token


@pytest.mark.parametrize(
    ("format", "content_type", "begins"),
    [
        pytest.param("native", "application/json", b'{"data":', id="native"),
        pytest.param("eido", "application/json", b"{", id="eido"),
        pytest.param("cap", "application/cap+xml", b"<?xml", id="cap"),
        pytest.param("open311", open311.CONTENT_TYPE, b"jurisdiction_id=sumenep.example&", id="open311"),
    ],
)
async def test_an_agency_receives_the_form_it_takes(
    database: Database, format: Format, content_type: str, begins: bytes
) -> None:
    async with database.transaction() as tx:
        where = ("silapor", "SilaPoR", "https://silapor.example/")
        await outbox.add_agency(tx, *where, [], [], format=format, jurisdiction_id="sumenep.example")
        report = await add_report(tx)
        row = await put(tx, report, "silapor")
        await update(tx, report, "Api sudah padam.")
    async with database.reading() as reading:
        created, updated = await owed(reading, row.id)
    assert created.content_type == updated.content_type == content_type
    assert created.body.startswith(begins)
    assert (b"<references>" in updated.body) is (format == "cap"), "CAP names the earlier message"
    assert b"<references>" not in created.body


@pytest.mark.parametrize("format", ["eido", "cap", "open311"])
async def test_the_form_has_the_name_that_the_centre_gave_the_kind(database: Database, format: Format) -> None:
    async with database.transaction() as tx:
        assert await kinds.change(tx, "kebakaran", 1, {"name_id": "Kebakaran-Lahan"})
        where = ("silapor", "SilaPoR", "https://silapor.example/")
        await outbox.add_agency(tx, *where, [], [], format=format, jurisdiction_id="sumenep.example")
        row = await put(tx, await add_report(tx), "silapor")
    async with database.reading() as reading:
        (created,) = await owed(reading, row.id)
    assert b"Kebakaran-Lahan" in created.body


async def test_rolled_back_nothing_is_owed_and_nobody_is_woken(database: Database) -> None:
    await add_agency(database)
    ticket = database.wakeups.ticket("outbox")
    with pytest.raises(KeyError):  # noqa: PT012 the block is what is rolled back
        async with database.transaction() as tx:
            await put(tx, await add_report(tx))
            raise KeyError
    async with database.reading() as reading:
        assert await envelopes.due_by_agency(reading) == {}
    assert database.wakeups.ticket("outbox") == ticket


@pytest.mark.parametrize(
    ("priority", "rule_s", "expected"),
    [
        pytest.param("P1", None, 60, id="P1"),
        pytest.param("P3", None, 900, id="P3"),
        pytest.param(None, None, 300, id="no-priority-yet"),
        pytest.param("P1", 45, 45, id="the-rule-says"),
    ],
)
async def test_time_to_accept(database: Database, priority: str | None, rule_s: int | None, expected: int) -> None:
    await add_agency(database)
    proposal = Proposal("damkar", rule_s, 1, 1) if rule_s else None
    async with database.transaction() as tx:
        row = await put(tx, await add_report(tx, priority=priority), proposal=proposal)
    assert row.accept_by == START + timedelta(seconds=expected)
    assert row.accept_within == timedelta(seconds=expected)


async def test_an_agency_nobody_knows(database: Database) -> None:
    with pytest.raises(UnknownAgencyError, match="no agency with this code") as caught:
        await dispatch(database, "nobody")
    assert caught.value.status == 422


async def test_with_the_agency_already(database: Database) -> None:
    await add_agency(database)
    async with database.transaction() as tx:
        report = await add_report(tx)
        await put(tx, report)
    with pytest.raises(AlreadyDispatchedError, match="Add a note; they will receive it") as caught:
        async with database.transaction() as tx:
            await put(tx, report)
    assert caught.value.status == 409


async def test_two_operators_at_once_make_one_dispatch(database: Database) -> None:
    await add_agency(database)
    async with database.transaction() as tx:
        report = await add_report(tx)

    async def operator() -> bool:
        try:
            async with database.transaction() as tx:
                await put(tx, report)
        except AlreadyDispatchedError:
            return False
        return True

    assert sorted(await asyncio.gather(*(operator() for _ in range(5)))) == [False] * 4 + [True]


@pytest.mark.parametrize("state", ["rejected", "cancelled", "resolved"])
async def test_after_an_end_it_can_be_dispatched_there_again(database: Database, state: str) -> None:
    await add_agency(database)
    async with database.transaction() as tx:
        report = await add_report(tx)
        first = await put(tx, report)
        await dispatches.change(tx, first.id, {"state": state})
        second = await put(tx, report)
    assert second.id != first.id


async def test_an_update_goes_to_every_agency_that_has_the_report(database: Database) -> None:
    for code in ("damkar", "bpbd", "pln"):
        await add_agency(database, code)
    async with database.transaction() as tx:
        report = await add_report(tx)
        rows = {code: await put(tx, report, code) for code in ("damkar", "bpbd", "pln")}
        await dispatches.change(tx, rows["pln"].id, {"state": "rejected"})
        told = await update(tx, report, "api menjalar")
        assert {row.agency: row.sequence for row in told} == {"damkar": 2, "bpbd": 2}
        told = await update(tx, report, "api padam")
        assert {row.agency: row.sequence for row in told} == {"damkar": 3, "bpbd": 3}
    said = await bodies(database, rows["bpbd"].id)
    assert [(b["type"], b["data"]["dispatch"]["sequence"], b["data"]["report"]["narrative"]) for b in said] == [
        ("dispatch.created", 1, None),
        ("report.updated", 2, "api menjalar"),
        ("report.updated", 3, "api padam"),
    ]
    assert len(await bodies(database, rows["pln"].id)) == 1


async def test_a_report_nobody_has_owes_no_update(database: Database) -> None:
    async with database.transaction() as tx:
        assert await update(tx, await add_report(tx), "api menjalar") == []


# -- agencies ----------------------------------------------------------------------------------------------------------


async def test_a_new_agency(database: Database) -> None:
    async with database.transaction() as tx:
        new = await outbox.add_agency(tx, "damkar", "Damkar", "http://10.0.0.5/", ["10.0.0.0/8"], ["kebakaran", "laka"])
    assert new.secret.startswith("whsec_")
    assert new.token.startswith("i112_")
    assert len(new.token) == 5 + 43
    async with database.reading() as reading:
        [row] = await agencies.every(reading)
        token = await people.token(reading, token_hash(new.token))
        (rule,) = (await rulebook.in_force(reading)).rules
        assert (rule.kinds, rule.agencies) == (("kebakaran", "laka"), (Recipient("damkar"),))
        assert [p.agency for p in await rulebook.proposals(reading, "laka", "P1", frozenset())] == ["damkar"]
    assert (row.url, row.allow_cidr, row.secret) == ("http://10.0.0.5/", ["10.0.0.0/8"], new.secret)
    assert token is not None
    assert (token.name, token.role, token.agency_id) == ("damkar", "agency", row.id)
    assert new.token not in repr(token)
    assert ("admin", "agency.added", "damkar") in await audit(database)


@pytest.mark.parametrize(
    ("code", "url", "kinds", "error", "status"),
    [
        pytest.param("damkar", "https://damkar.example/", [], AgencyExistsError, 409, id="code-taken"),
        pytest.param("bpbd", "http://bpbd.example/", [], ForbiddenUrlError, 422, id="plain-http"),
        pytest.param("bpbd", "https://127.0.0.1/", [], ForbiddenUrlError, 422, id="loopback"),
        pytest.param("bpbd", "https://bpbd.example/", ["naga"], UnknownKindError, 422, id="no-such-kind"),
        pytest.param("kiosk", "https://bpbd.example/", [], AgencyExistsError, 409, id="a-token-has-the-name"),
    ],
)
async def test_agencies_that_cannot_be_added(
    database: Database, code: str, url: str, kinds: list[str], error: type[RefusedError], status: int
) -> None:
    await add_agency(database)
    async with database.transaction() as tx:
        await people.add_token(tx, "kiosk", "operator", "0" * 64)
    with pytest.raises(error) as caught:
        async with database.transaction() as tx:
            await outbox.add_agency(tx, code, "X", url, [], kinds)
    assert caught.value.status == status
    assert str(caught.value)
    async with database.reading() as reading:
        assert [row.code for row in await agencies.every(reading)] == ["damkar"]


async def test_secrets_and_tokens_differ(database: Database) -> None:
    first, second = await add_agency(database, "damkar"), await add_agency(database, "bpbd")
    assert first.secret != second.secret
    assert first.token != second.token


async def test_times_are_the_transactions(database: Database, clock: SetClock) -> None:
    await add_agency(database)
    clock.forward(hours=1)
    row = await dispatch(database)
    assert row.created_at == START + timedelta(hours=1)


async def test_a_long_incident_is_not_read_again_with_every_word(database: Database) -> None:
    """What was said to an agency before is looked at without its bodies."""
    await add_agency(database)
    async with database.transaction() as tx:
        report = await add_report(tx)
        await put(tx, report)
        said: list[str] = []
        engine = tx.connection.sync_connection.engine  # type: ignore[union-attr]
        event.listen(engine, "before_cursor_execute", lambda *args: said.append(args[2]))
        await update(tx, report, "Api sudah padam.")
    asked = [one for one in said if one.startswith("SELECT") and "FROM envelopes" in one]
    assert asked
    assert [one for one in asked if "body" in one] == []
