"""A secret is changed while envelopes are owed and answers come; the ed25519 key beside it. On both databases."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from db import agencies, tables
from db.agencies import AgencyRow
from db.engine import Database
from routing import keys
from routing.keys import Rotated
from routing.refusals import UnknownAgencyError
from routing.signing import BadSignatureError, make_secret, sign, verify
from tests.conftest import START, SetClock
from tests.routing import cases
from tests.routing.receivers import Got, answers, answers_in_order, receiving
from tests.routing.running import running, tried

DAY = timedelta(hours=24)


async def rotate(database: Database, grace: timedelta = DAY, code: str = "damkar") -> Rotated:
    async with database.transaction() as tx:
        return await keys.rotate(tx, code, grace, by="siti")


async def public_key(database: Database) -> str:
    async with database.transaction() as tx:
        return await keys.public_key(tx, "damkar", by="siti")


async def saved(database: Database) -> AgencyRow:
    async with database.reading() as reading:
        [row] = await agencies.every(reading)
        return row


async def recorded(database: Database, action: str) -> list[tuple[str, str, dict[str, object]]]:
    a = tables.audit.c
    async with database.reading() as reading:
        statement = select(a.actor, a.subject, a.detail).where(a.action == action).order_by(a.n)
        return [(row.actor, row.subject, json.loads(row.detail)) for row in await reading.connection.execute(statement)]


async def everything_recorded(database: Database) -> str:
    async with database.reading() as reading:
        return " ".join(map(str, await reading.connection.execute(select(tables.audit))))


def fits(got: Got, key: str, at: datetime) -> bool:
    """Tell whether a received webhook is signed by this key alone."""
    try:
        headers = (got.headers["webhook-timestamp"], got.headers["webhook-signature"])
        verify([key], got.id, *headers, got.body, at.timestamp())
    except BadSignatureError:
        return False
    return True


# -- the secret --------------------------------------------------------------------------------------------------------


async def test_both_secrets_are_honoured_until_the_grace_is_over(database: Database) -> None:
    old = (await cases.add_agency(database)).secret
    rotated = await rotate(database)
    row = await saved(database)
    assert (rotated.until, rotated.cut_short) == (START + DAY, None)
    assert rotated.secret.startswith("whsec_")
    assert rotated.secret != old
    last = START + DAY - timedelta(microseconds=1)
    assert row.secrets_at(START) == row.secrets_at(last) == [rotated.secret, old]
    assert row.secrets_at(START + DAY) == [rotated.secret]
    assert row.keys_at(START) == [rotated.secret, old, row.ed25519_key]
    assert row.keys_at(START + DAY) == [rotated.secret, row.ed25519_key]


async def test_what_an_agency_signs_with_the_old_secret_is_honoured_in_the_grace(
    database: Database, clock: SetClock
) -> None:
    old = (await cases.add_agency(database)).secret
    new = (await rotate(database)).secret

    def honoured(secret: str) -> bool:
        at = int(clock.now.timestamp())
        signature = sign([secret], "answer-1", at, b"{}")
        try:
            verify(row.secrets_at(clock.now), "answer-1", str(at), signature, b"{}", at)
        except BadSignatureError:
            return False
        return True

    row = await saved(database)
    assert (honoured(old), honoured(new), honoured(make_secret(bytes(32)))) == (True, True, False)
    clock.forward(hours=24)
    assert (honoured(old), honoured(new)) == (False, True)
    assert row.ed25519_key is not None
    assert not honoured(row.ed25519_key)  # only we hold it: our own envelopes are no answers


@pytest.mark.parametrize("grace", [timedelta(0), timedelta(hours=-1)])
async def test_a_secret_that_was_given_away_is_honoured_no_more(database: Database, grace: timedelta) -> None:
    old = (await cases.add_agency(database)).secret
    await rotate(database)
    rotated = await rotate(database, grace)
    row = await saved(database)
    assert rotated.until is None
    assert row.secrets_at(START) == [rotated.secret]
    assert (row.secret_previous, row.secret_previous_until) == (None, None)
    assert old not in repr(row)


async def test_only_one_old_secret_is_kept_and_the_cut_is_told(database: Database, clock: SetClock) -> None:
    await cases.add_agency(database)
    first = await rotate(database)
    clock.forward(hours=1)
    second = await rotate(database, timedelta(hours=2))
    assert second.cut_short == START + DAY
    assert (await saved(database)).secrets_at(clock.now) == [second.secret, first.secret]
    clock.forward(hours=2)
    assert (await rotate(database)).cut_short is None  # that grace was over


async def test_the_audit_says_it_and_holds_no_secret(database: Database) -> None:
    old = (await cases.add_agency(database)).secret
    first, second = await rotate(database), await rotate(database, timedelta(0))
    until = (START + DAY).astimezone(UTC).isoformat()
    assert await recorded(database, "agency.secret_rotated") == [
        ("siti", "damkar", {"honoured_until": until}),
        ("siti", "damkar", {"honoured_until": None}),
    ]
    row = await saved(database)
    assert row.ed25519_key is not None
    written = await everything_recorded(database)
    assert not any(secret in written for secret in (old, first.secret, second.secret, row.ed25519_key))


async def test_rotations_at_once_leave_one_after_the_other(database: Database) -> None:
    old = (await cases.add_agency(database)).secret
    rotated = [each.secret for each in await asyncio.gather(*(rotate(database) for _ in range(5)))]
    row = await saved(database)
    assert row.secret in rotated
    assert row.secret_previous in {*rotated, old} - {row.secret}
    assert len(await recorded(database, "agency.secret_rotated")) == 5


async def test_an_unknown_agency(database: Database) -> None:
    await cases.add_agency(database, "bpbd")
    with pytest.raises(UnknownAgencyError):
        await rotate(database)
    with pytest.raises(UnknownAgencyError):
        await public_key(database)
    assert await recorded(database, "agency.secret_rotated") == []


# -- the ed25519 key ---------------------------------------------------------------------------------------------------


async def test_an_agency_has_a_key_of_its_own(database: Database) -> None:
    await cases.add_agency(database)
    public = await public_key(database)
    assert public.startswith("whpk_")
    assert public == await public_key(database)
    assert await recorded(database, "agency.key_made") == []  # it was made with the agency


async def test_an_older_agency_gets_its_key_when_somebody_asks(database: Database) -> None:
    await cases.add_agency(database)
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.agencies).values(ed25519_key=None))
    assert (await saved(database)).keys_at(START) == [(await saved(database)).secret]
    [public] = set(await asyncio.gather(*(public_key(database) for _ in range(5))))  # all see the one that was saved
    assert await recorded(database, "agency.key_made") == [("siti", "damkar", {"public_key": public})]
    assert len((await saved(database)).keys_at(START)) == 2


# -- what goes out -----------------------------------------------------------------------------------------------------


async def test_the_next_try_after_a_rotation_is_signed_with_the_new_secret(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(answers(503), answers(503), answers())) as pretend, running(database):
        old = (await cases.add_agency(database, url=pretend.url, allow="127.0.0.0/8")).secret
        public = await public_key(database)
        row = await cases.dispatch(database)
        await tried(database, row.id)
        new = (await rotate(database, timedelta(seconds=4))).secret
        clock.forward(seconds=2)
        await tried(database, row.id, 2)
        clock.forward(seconds=3)
        row, *_ = await tried(database, row.id, 3)
    assert row.state == "delivered"
    assert len({got.id for got in pretend.got}) == 1
    who = [[fits(got, key, clock.now) for key in (old, new, public)] for got in pretend.got]
    assert who == [[True, False, True], [True, True, True], [False, True, True]]
    kinds = [[part.partition(",")[0] for part in got.headers["webhook-signature"].split(" ")] for got in pretend.got]
    assert kinds == [["v1", "v1a"], ["v1", "v1", "v1a"], ["v1", "v1a"]]
