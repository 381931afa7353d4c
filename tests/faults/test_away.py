"""A database that is away for long: half an hour of calls is there afterwards, and nobody has to guess meanwhile.

The clock of the product and of the pretend Asterisk is a file, so that half an hour takes seconds.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from exercise import tapes
from intake112.clock import FileClock
from tests.acceptance.product import Json, Product
from tests.console.test_page import CHROMIUM, QUIET
from tests.faults.pretend import Pretend
from tests.faults.store import Store
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
BEGAN = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
MINUTES = 30
ALARM_FROM_BYTES = 160 << 20  # 80 % of the least bound
PASSWORD = "rahasia-sekali-112"  # nobody's
BIG = b"Event: DialEnd\r\nBig: " + b"x" * 900_000  # goes onto the tape, and decides nothing


class Room:
    """The product at a pretend Asterisk, by a clock that the test moves."""

    def __init__(self, store: Store, folder: Path, pretend: Pretend, product: Product, clock: Path) -> None:
        self.store, self.folder, self.pretend, self.product = store, folder, pretend, product
        self._clock = clock

    def it_is(self, now: datetime) -> None:
        """Set the clock."""
        self._clock.write_text(now.isoformat())

    def check(self, name: str) -> Json:
        """What `/readyz` says of one thing; it says nothing of what it cannot know without the database."""
        return next((one for one in self.product.readiness()["checks"] if one["name"] == name), {"ok": False})

    def alarms(self) -> list[str]:
        """The codes of the alarms that `/readyz` tells."""
        return [alarm["code"] for alarm in self.product.readiness()["alarms"]]

    def taped(self) -> int:
        """The bytes on all tapes."""
        return sum(tape.stat().st_size for tape in self.product.state.rglob("*.tape"))


@pytest.fixture
def room(store: Store, tmp_path: Path) -> Iterator[Room]:
    """Everything runs, at BEGAN."""
    clock = tmp_path / "clock"
    clock.write_text(BEGAN.isoformat())
    more = {"INTAKE112_TEST_CLOCK": str(clock), "INTAKE112_TAPE_MAX_MB": "200"}
    with (
        Pretend(FileClock(clock)) as pretend,
        Product(store.url, tmp_path / "state", pretend.settings() | more) as product,
    ):
        product.start()
        yield Room(store, tmp_path, pretend, product, clock)
        store.give_back()


@pytest.fixture
def page(room: Room) -> Iterator[Page]:
    """The page of an operator who has logged in."""
    room.product.command("user", "add", "rina", "--role", "operator", "--password-stdin", stdin=PASSWORD)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"http://127.0.0.1:{room.product.port}/masuk")
        page.get_by_label("Nama").fill("rina")
        page.get_by_label("Kata sandi").fill(PASSWORD)
        page.get_by_role("button", name="Masuk").click()
        yield page
        browser.close()


def header(raw: bytes, name: str) -> str:
    """The value of a header."""
    found = re.search(rf"\r\n{name}: ([^\r]*)".encode(), raw)
    assert found is not None
    return found[1].decode()


def true_times(frames: list[bytes]) -> tuple[datetime, datetime]:
    """When the first caller's channel began, and when it was gone."""
    ring = next(raw for raw in frames if raw.startswith(b"Event: Newchannel\r\n"))
    own = f"\r\nUniqueid: {header(ring, 'Uniqueid')}\r\n".encode()
    gone = next(raw for raw in frames if raw.startswith(b"Event: Hangup\r\n") and own in raw)
    began, ended = (datetime.fromtimestamp(float(header(raw, "Timestamp")), UTC) for raw in (ring, gone))
    return began, ended


def test_half_an_hour_of_calls_is_there_afterwards_with_their_true_times(room: Room) -> None:
    story = tapes.load("abandoned-in-queue")
    room.store.take_away()
    said: list[list[bytes]] = []
    for minute in range(1, MINUTES + 1):
        now = BEGAN + timedelta(minutes=minute)
        room.it_is(now)
        said.append(tapes.with_new_ids(story, 1000 + minute * story.width, now))
        room.pretend.say(*said[-1])
    last = said[-1][-1]
    until(lambda: any(last in tape.read_bytes() for tape in room.product.state.rglob("*.tape")), "all is on the tape")
    assert not room.check("bridge:pbx-1")["ok"], "nothing is heard of the bridge meanwhile"
    room.store.give_back()
    reports = room.product.all_ended(MINUTES)
    calls = sorted((report["call"] for report in reports), key=lambda call: str(call["arrived_at"]))
    told = [(datetime.fromisoformat(call["arrived_at"]), datetime.fromisoformat(call["ended_at"])) for call in calls]
    assert told == [true_times(frames) for frames in said]
    assert {(call["outcome"], call["recovered"]) for call in calls} == {("abandoned", False)}


def test_tapes_that_cannot_be_saved_are_an_alarm_until_they_are(room: Room, page: Page) -> None:
    """Nothing is deleted before it is in the database, so the tapes grow; the page says so once it can be told."""
    services = page.locator("#services")
    expect(services).to_contain_text("connected")
    room.store.take_away()
    room.pretend.say(*tapes.with_new_ids(tapes.load("abandoned-in-queue"), 1000, BEGAN))
    while room.taped() < ALARM_FROM_BYTES:
        before = room.taped()
        room.pretend.say(*[BIG] * 10)
        until(lambda before=before: room.taped() > before, "it is on the tape")  # type: ignore[misc]
    room.it_is(BEGAN + timedelta(seconds=30))
    assert not room.check("bridge:pbx-1")["ok"]
    expect(page.locator("#stale:visible, #services .bad").first).to_be_visible(timeout=30_000)
    until(lambda: '"code": "tape_full"' in room.product.log.read_text(), "the log tells it", within_s=60)
    room.store.give_back()
    until(lambda: "tape_full" in room.alarms(), "it is an alarm", within_s=30)
    expect(services).to_contain_text("INTAKE112_TAPE_MAX_MB", timeout=30_000)
    page.screenshot(path=room.folder / "alarm.png")
    until(lambda: room.check("bridge:pbx-1")["ok"], "the bridge listens", within_s=30)
    room.it_is(BEGAN + timedelta(minutes=3))  # tapes are tidied once a minute
    until(lambda: room.taped() < ALARM_FROM_BYTES, "what is saved was deleted", within_s=30)
    until(lambda: room.alarms() == [] and room.check("bridge:pbx-1")["ok"], "the alarm is over", within_s=30)
    expect(services).not_to_contain_text("INTAKE112_TAPE_MAX_MB", timeout=30_000)
    assert len(room.product.reports()) == 1
