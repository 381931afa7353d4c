"""What an operator presses on the page a real PBX does: a caller is passed on, hung up, called back; by keyboard."""

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.product import Product
from tests.acceptance.test_call_back import gave_up
from tests.acceptance.test_worklist import owe_short_calls
from tests.console.centre import PASSWORD, add_staff
from tests.console.desk import Keys, windows
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People

pytestmark = pytest.mark.real
SITI_S, BUDI_S = "PJSIP/op1", "PJSIP/op2"
OWED, CALLER = Caller("+6281200000002"), Caller("+6281200000001")


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_passed_on_hung_up_and_called_back_from_the_page(pbx: RealAsterisk, people: People, acting: Product) -> None:
    acting.beside(owe_short_calls)
    acting.beside(add_staff)
    owed = gave_up(people, acting, OWED)["number"]
    people.operator(1, answer_ms=100, log_in=False)
    people.operator(2, answer_ms=1500, log_in=False)  # it rings long enough to be looked at
    people.carrier(answer_ms=1500, hang_up_ms=3000)
    address = f"http://127.0.0.1:{acting.port}"
    with windows() as browser:
        siti, budi = (Keys(browser.enter(address, name, PASSWORD)) for name in ("siti", "budi"))
        begins_a_shift(siti, SITI_S)
        call = people.call(CALLER)
        expect(siti.page.get_by_role("button", name="Putuskan (F9)")).to_be_visible()
        number = siti.page.locator("#number").inner_text()
        begins_a_shift(budi, BUDI_S)
        passes_on(siti, "2")
        is_anothers(siti.page)
        hangs_up(budi, number)
        call.wait()
        expect(siti.page.locator("#call")).to_contain_text("selesai, dijawab")
        calls_back(siti, owed)
    reports = {one["number"]: one for one in agreed({"pbx-1": pbx}, acting)}
    assert [reports[one]["call"]["outcome"] for one in (owed, number)] == ["abandoned", "answered"]


def begins_a_shift(keys: Keys, device: str) -> None:
    """Log a desk's telephone into the queue."""
    keys.choose(keys.page.locator("#device"), f"{device} · kosong")
    keys.push(keys.page.get_by_role("button", name="Mulai giliran"))
    expect(keys.page.get_by_text("● siap")).to_be_visible()


def passes_on(keys: Keys, number: str) -> None:
    """Pass the caller on without asking there first, and see who took him."""
    handling = keys.page.locator("#handling")
    keys.press("F7")
    expect(keys.page.locator("#transfer-to")).to_be_focused()
    keys.type(number)
    keys.push(handling.get_by_role("button", name="Alihkan langsung"))
    expect(handling.get_by_role("status")).to_contain_text("belum diangkat")
    expect(handling.get_by_role("status")).to_contain_text("✓ diangkat budi")


def is_anothers(page: Page) -> None:
    """Whose telephone talks no more has no button by which the caller could be lost."""
    handling = page.locator("#handling")
    expect(handling).to_contain_text("Bukan Anda yang berbicara dengannya: budi")
    for name in ("Putuskan", "Alihkan langsung", "(Alt+P)"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def hangs_up(keys: Keys, number: str) -> None:
    """End the call, which came in front by itself, in two presses."""
    expect(keys.page.locator("#number")).to_have_text(number)
    keys.press("F9", "F9")
    expect(keys.page.locator("#handling").get_by_role("status")).to_contain_text("Memutus")
    expect(keys.page.locator("#call")).to_contain_text("selesai, dijawab")
    expect(keys.page.locator("#queue li")).to_have_count(0)


def calls_back(keys: Keys, number: str) -> None:
    """Call the first of the worklist back, see him connected, and see it end."""
    page = keys.page
    item = page.locator("#worklist li")
    expect(item).to_contain_text(OWED.number or "")
    keys.press("Alt+B")
    expect(item.get_by_role("status")).to_contain_text("berdering")
    expect(item).to_have_count(0)
    expect(page.locator("#number")).to_have_text(number)
    back = page.get_by_role("button", name="Telepon balik")
    expect(page.locator("#handling")).to_contain_text("◉ tersambung")
    expect(back).to_be_disabled()
    expect(back).to_be_enabled()
