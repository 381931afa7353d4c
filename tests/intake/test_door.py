"""Guessing is slowed by account and by address, and never keeps out who works here. On both databases."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from db.engine import Database, DatabaseUnavailableError
from intake import access, door, staff
from intake.access import TooManyTriesError
from intake.door import Door, Entered, LongLineError, WrongPasswordError
from tests.conftest import SetClock

GOOD, BAD = "the right password", "a wrong password"
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"
DESK = [f"operator{n}" for n in range(4)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password costs has a test of its own."""
    monkeypatch.setattr(access, "is_password", lambda _, password: password == GOOD)


@pytest.fixture
async def opened(database: Database) -> Door:
    """The door of a desk of four."""
    hashed = await access.hashed(GOOD)
    async with database.transaction() as tx:
        for name in DESK:
            await access.add_user(tx, name, "operator", hashed, "test")
    return Door(database)


async def guess(opened: Door, name: str, address: str, browser: str | None = None) -> str:
    """Try a wrong password; say what came of it."""
    try:
        await opened.log_in(name, BAD, address, None, browser)
    except WrongPasswordError:
        return "wrong"
    except TooManyTriesError:
        return "wait"
    raise AssertionError("a wrong password was right")


async def enter(opened: Door, name: str, address: str = HERE, browser: str | None = None) -> Entered:
    """Log in."""
    return await opened.log_in(name, GOOD, address, None, browser)


async def test_an_account_is_guarded_whatever_the_address(opened: Door) -> None:
    said = [await guess(opened, DESK[0], f"203.0.113.{n}") for n in range(10)]
    assert said == ["wrong"] * 5 + ["wait"] * 5
    with pytest.raises(TooManyTriesError):
        await enter(opened, DESK[0], "203.0.113.99")  # even with the right one: who guesses must not learn
    await enter(opened, DESK[1])


async def test_an_address_is_guarded_whatever_the_account(opened: Door) -> None:
    said = [await guess(opened, f"nobody{n}", ELSEWHERE) for n in range(24)]
    assert said == ["wrong"] * 20 + ["wait"] * 4
    with pytest.raises(TooManyTriesError):
        await enter(opened, DESK[0], ELSEWHERE)
    await enter(opened, DESK[0], HERE)


async def test_one_customer_of_ipv6_is_one_address(opened: Door) -> None:
    for n in range(20):
        await guess(opened, f"nobody{n}", f"2001:db8:1:2::{n:x}")
    assert await guess(opened, "nobody", "2001:db8:1:2:ffff::1") == "wait"
    assert await guess(opened, "nobody", "2001:db8:1:3::1") == "wrong"
    assert door.network("::ffff:192.0.2.7") == HERE


async def test_nobody_locks_the_desk_not_even_from_its_own_address(opened: Door, clock: SetClock) -> None:
    browsers = {name: (await enter(opened, name)).browser for name in DESK}
    for _ in range(50):
        for name in DESK:
            await guess(opened, name, HERE)
            await guess(opened, name, ELSEWHERE)
        clock.forward(seconds=1)
    assert await guess(opened, DESK[0], HERE) == "wait"
    for name, browser in browsers.items():
        again = await enter(opened, name, HERE, browser)
        assert again.browser == browser


async def test_at_a_desk_that_people_share_each_of_them_is_known(opened: Door) -> None:
    browser: str | None = None
    for name in (*DESK, *DESK):  # two days of shifts
        browser = (await enter(opened, name, HERE, browser)).browser
    for name in DESK:
        for _ in range(30):
            await guess(opened, name, HERE)
    for name in DESK:
        assert (await enter(opened, name, HERE, browser)).browser == browser


async def test_a_browser_cookie_that_nobody_got_from_us_is_replaced(opened: Door) -> None:
    assert (await enter(opened, DESK[0], HERE, "x" * 43)).browser != "x" * 43


async def test_few_strangers_wait_for_their_turn_and_known_browsers_never(
    opened: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = (await enter(opened, DESK[0])).browser
    go_on = threading.Event()

    def slow(_: str, password: str) -> bool:
        return password == GOOD or not go_on.wait(10)

    monkeypatch.setattr(access, "is_password", slow)
    async with asyncio.TaskGroup() as tasks:
        tried = [tasks.create_task(guess(opened, f"nobody{n}", f"203.0.113.{n}")) for n in range(100)]
        try:
            async with asyncio.timeout(10):
                while sum(one.done() for one in tried) < 100 - door.LONGEST_LINE:  # noqa: ASYNC110  # nobody calls
                    await asyncio.sleep(0.01)
            assert {one.result() for one in tried if one.done()} == {"wait"}
            await enter(opened, DESK[0], HERE, browser)
            with pytest.raises(LongLineError):
                await enter(opened, DESK[1])
        finally:
            go_on.set()
    assert [one.result() for one in tried].count("wrong") == door.LONGEST_LINE
    await enter(opened, DESK[1])


async def test_a_right_password_is_not_counted_wrong_when_the_database_saves_nothing(
    opened: Door, database: Database
) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE browsers RENAME TO gone"))
    for _ in range(25):
        with pytest.raises(DatabaseUnavailableError):
            await enter(opened, DESK[0])
    async with database.transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE gone RENAME TO browsers"))
    await enter(opened, DESK[0])


async def test_a_known_browser_is_known_for_its_person_only_and_guesses_no_more_than_others(opened: Door) -> None:
    browser = (await enter(opened, DESK[0])).browser
    said = [await guess(opened, DESK[0], HERE, browser) for _ in range(7)]
    assert said == ["wrong"] * 5 + ["wait"] * 2
    await enter(opened, DESK[0])  # from a browser that is not known: those counts were not touched
    for _ in range(5):
        await guess(opened, DESK[1], HERE, browser)
    assert await guess(opened, DESK[1], ELSEWHERE) == "wait", "to another account it is a stranger"


async def test_a_shift_that_begins_is_no_guessing(opened: Door) -> None:
    for n in range(60):
        await enter(opened, DESK[n % 4])


async def test_tries_beside_each_other_count(opened: Door) -> None:
    said = await asyncio.gather(*(guess(opened, DESK[0], HERE) for _ in range(12)))
    assert sorted(said) == ["wait"] * 7 + ["wrong"] * 5


async def test_waiting_ends(opened: Door, clock: SetClock) -> None:
    for _ in range(30):
        await guess(opened, DESK[0], HERE)
        clock.forward(seconds=1)
    clock.forward(seconds=60)
    await enter(opened, DESK[0])


async def test_whoever_is_changed_while_the_password_is_checked_stays_out(
    opened: Door, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    went = threading.Event()

    def disable(_: str, password: str) -> bool:
        asyncio.run_coroutine_threadsafe(change(), loop).result(10)
        went.set()
        return password == GOOD

    async def change() -> None:
        async with database.transaction() as tx:
            await staff.change(tx, DESK[0], "test", disabled=True)

    monkeypatch.setattr(access, "is_password", disable)
    with pytest.raises(WrongPasswordError):
        await enter(opened, DESK[0])
    assert went.is_set()
