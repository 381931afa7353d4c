"""What people see of a fault: each alarm is on the desk's page and in `/readyz` while it lasts, and then gone.

The page is looked at in a real browser. INTAKE112_PICTURES names a folder that keeps what it looked like.
"""

import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from db.engine import Database
from exercise import tapes
from intake import access
from intake112.clock import FileClock
from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.console.desk import desk
from tests.faults.clock import Wrong, write
from tests.faults.ledgers import agreed, talked
from tests.faults.pretend import CLOCK, Pretend
from tests.faults.store import Store
from tests.faults.test_bridge import fill, small_disk
from tests.faults.test_several import centre, start
from tests.faults.wire import Wire
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
SITI, BUDI, DEWI = (Caller(f"+628120000000{n}") for n in (1, 2, 3))
SIZES = ((1366, 768), (1920, 1080), (390, 844))
TAPE_MAX_MB = 200  # the least that may be set
FILLS = b"Event: UserEvent\r\nUserEvent: Storm\r\nText: " + b"x" * (200 << 10)
TALKING = re.compile(r"\btalking\b")
SHOWN_MS = 40_000  # a service is missed after 15 s, a lock waited for 10 s, the page asks every 5 s


@contextmanager
def looked_at(product: Product) -> Iterator[Page]:
    """Open the page as an operator, and wait until it shows what there is."""
    password = "kuda laut biru tua"

    async def add(database: Database) -> None:
        async with database.transaction() as tx:
            await access.create_user(tx, "siti", "operator", password)

    product.beside(add)
    with desk(f"http://127.0.0.1:{product.port}", "siti", password) as page:
        expect(page.locator("#services li").first).to_be_visible()
        expect(page.locator("#queue-empty")).to_be_visible()
        yield page


def pictured(page: Page, name: str) -> None:
    """Nothing is wider than the screen, of whatever size; keep a picture of each."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page is wider than the screen"
        if folder := os.environ.get("INTAKE112_PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}-{width}.png")
    page.set_viewport_size({"width": 1366, "height": 768})


def alarms_of(page: Page) -> Locator:
    """What the page says is wrong."""
    return page.locator("#alarms li")


def codes(product: Product) -> set[str]:
    """The alarms of `/readyz`."""
    return {alarm["code"] for alarm in product.readiness()["alarms"]}


def told_by_services(product: Product) -> set[str]:
    """The alarms that services have put into the database."""
    return {alarm["code"] for service in product.get("/state")["services"] for alarm in service["alarms"]}


def test_a_tape_fills_while_the_database_is_away(store: Store, tmp_path: Path) -> None:
    """Nothing may be deleted then, and the alarm must reach people without the database.

    By the product's clock no time passes: tapes go as soon as they may, not when the next look at old ones is due.
    """
    state, clock = tmp_path / "state", tmp_path / "clock"
    write(clock, CLOCK())

    def taped() -> int:
        return sum(tape.stat().st_size for tape in state.rglob("*.tape"))

    with Pretend(FileClock(clock)) as pretend:
        small = {"INTAKE112_TAPE_MAX_MB": str(TAPE_MAX_MB), "INTAKE112_TEST_CLOCK": str(clock)}
        with Product(store.url, state, pretend.settings() | small) as product:
            product.start()
            with looked_at(product) as page:
                store.take_away()
                pretend.say(*tapes.with_new_ids(tapes.load("abandoned-in-queue"), 1000, CLOCK()))
                while "tape_full" not in codes(product):
                    assert taped() < TAPE_MAX_MB << 20, "it is told before the bound is reached"
                    before = taped()
                    pretend.say(*[FILLS] * 10)  # 2 MB: an AMI session that is 4 MB behind is cut off
                    until(lambda: taped() >= before + 10 * len(FILLS), "it is on the tape")  # noqa: B023
                assert taped() > 0.8 * (TAPE_MAX_MB << 20)
                assert len(list(state.rglob("*.tape"))) >= 3, "nothing is deleted before it is saved"
                until(
                    lambda: '"code": "tape_full"' in product.log.read_text(),
                    "the log has it, which waits for no database",
                    10,
                )
                expect(alarms_of(page).filter(has_text="hampir penuh")).to_be_visible(timeout=SHOWN_MS)
                expect(alarms_of(page).filter(has_text="Basis data tidak bekerja")).to_be_visible(timeout=SHOWN_MS)
                if store.kind == "PostgreSQL":  # SQLite can still be read: what is shown is as it is there
                    expect(page.locator("#stale")).to_contain_text("tidak diperbarui sejak", timeout=SHOWN_MS)
                expect(page.locator("#queue-empty")).to_contain_text("Tidak diketahui siapa yang menelepon")
                expect(page.locator("#trouble")).to_be_hidden()  # nothing was written
                pictured(page, f"tape-full-{store.kind}")
                if store.kind == "PostgreSQL":
                    page.reload()
                    expect(page.locator("main")).to_contain_text("Basis data tidak menjawab")
                    pictured(page, "reloaded")
                store.give_back()
                until(lambda: product.http.get("/api/v1/state").status_code == 200, "the database is back", 30)
                until(lambda: "tape_full" in told_by_services(product), "the services' rows have it too", 30)
                until(lambda: not codes(product) and product.readiness()["ready"], "the alarm is over", 25)
                assert taped() < 0.8 * (TAPE_MAX_MB << 20), "tapes were deleted"
                expect(page.locator("#newest li")).to_have_count(1, timeout=SHOWN_MS)
                expect(page.locator("#alarms")).to_be_hidden(timeout=SHOWN_MS)
                expect(page.locator("#stale")).to_be_hidden()
                expect(page.locator("#queue-empty")).to_have_text("Tidak ada panggilan.")
            (report,) = product.all_ended(1)
            assert report["call"]["outcome"] == "abandoned"


def test_each_alarm_is_on_the_page_while_it_lasts(
    pbx: RealAsterisk, people: People, ami: Wire, store: Store, tmp_path: Path
) -> None:
    """A full tape disk, logs that cannot be read, a wrong clock, all at once; calls become reports all the same."""
    state, cel = tmp_path / "state", tmp_path / "cel.csv"
    cel.mkdir()  # a share that is not mounted
    with small_disk(state / "tapes", "256k") as filler, Wrong(tmp_path / "clock", 3.0) as clock:
        joined = settings(pbx) | {"INTAKE112_AMI_PORT": str(ami.port), "INTAKE112_CEL_FILE": str(cel)}
        with Product(store.url, state, joined | {"INTAKE112_TEST_CLOCK": str(clock.file)}) as product:
            product.start()
            with looked_at(product) as page:
                ami.shut()
                people.call(SITI, hang_up_ms=50).wait()  # nobody hears it, and no log can be asked
                ami.open()
                product.until_ready()
                fill(filler)
                people.operator(1, answer_ms=50)
                talks = people.call(BUDI)
                talked(pbx, 1)
                until(lambda: codes(product) == {"tape_failed", "logs", "clock"}, "three alarms", 20)
                for words in ("tidak dapat ditulis", "Catatan PBX tidak terbaca", "Jam PBX dan jam server berbeda"):
                    expect(alarms_of(page).filter(has_text=words)).to_be_visible(timeout=SHOWN_MS)
                page.locator("#queue button").first.click()
                expect(page.locator("#report")).to_be_visible()
                pictured(page, "alarms")

                clock.ahead = 0.0
                until(lambda: "clock" not in codes(product), "the clocks agree", 20)
                expect(alarms_of(page)).to_have_count(2, timeout=SHOWN_MS)
                cel.rmdir()
                cel.symlink_to(pbx.cel_file)
                until(lambda: "logs" not in codes(product), "the logs are read", 40)
                filler.unlink()
                talks.hang_up()
                talks.wait()
                people.call(DEWI, hang_up_ms=50).wait()
                until(lambda: not codes(product), "the tape goes on", 30)
                expect(page.locator("#alarms")).to_be_hidden(timeout=SHOWN_MS)
            reports = agreed({"pbx-1": pbx}, product)
            assert {one["caller"]["number"]: one["call"]["recovered"] for one in reports} == {
                SITI.number: True,
                BUDI.number: False,
                DEWI.number: False,
            }
            product.kill()


def said_until(pretend: Pretend, name: str, serial: int, event: bytes) -> None:
    """Let a recorded call go as far as an event, and no further."""
    for raw in tapes.with_new_ids(tapes.load(name), serial, CLOCK()):
        pretend.say(raw)
        if raw.startswith(b"Event: " + event + b"\r\n"):
            return
    raise AssertionError(f"{name} has no {event.decode()}")


def test_who_is_on_hold_or_passed_on_is_not_shown_as_waiting(store: Store, tmp_path: Path) -> None:
    with Pretend() as pretend, Product(store.url, tmp_path / "state", pretend.settings()) as product:
        product.start()
        with looked_at(product) as page:
            said_until(pretend, "hold-and-resume", 1000, b"Hold")
            said_until(pretend, "blind-transfer-agency", 2000, b"BlindTransfer")
            said_until(pretend, "abandoned-in-queue", 3000, b"QueueCallerJoin")
            queue = page.locator("#queue li")
            expect(queue).to_have_count(3)
            expect(queue.filter(has_text="ditahan · dijawab op1")).to_have_class(TALKING)
            expect(queue.filter(has_text="dialihkan · dijawab op")).to_have_class(TALKING)
            expect(queue.first).to_contain_text("menunggu")  # who has nobody yet comes first
            expect(queue.first).to_contain_text("▲", timeout=20_000)  # and is late after a while
            expect(queue.filter(has_text="▲")).to_have_count(1)
            queue.filter(has_text="dialihkan · dijawab op").locator("[data-number]").click()
            expect(page.locator("#report")).to_be_visible()
            pictured(page, "stages")


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A fresh database on PostgreSQL."""
    async with postgres.fresh(f"screens_{os.getpid()}", "intake112_template") as url:
        yield url


def test_a_bridge_that_died_is_missed_on_the_page(
    pbx: RealAsterisk, people: People, postgres_url: str, tmp_path: Path
) -> None:
    """Nobody tells of a process that was killed: the page itself must ask."""
    with centre(postgres_url, tmp_path, [settings(pbx)]) as here, looked_at(here.web) as page:
        expect(page.locator("#services li[data-state=connected]")).to_be_visible(timeout=SHOWN_MS)
        here.bridges[0].kill()
        people.call(SITI, hang_up_ms=50).wait()
        expect(alarms_of(page).filter(has_text="PBX tidak terdengar")).to_be_visible(timeout=SHOWN_MS)
        expect(page.locator("#services li[data-state=connected]")).to_have_count(0)
        start(here.bridges[0])
        expect(page.locator("#alarms")).to_be_hidden(timeout=SHOWN_MS)
        expect(page.locator("#newest li")).to_have_count(1)
