"""A whole call, told once: by keyboard alone, whatever Asterisk it comes from."""

import re
from typing import Final, Protocol

from playwright.sync_api import Page, expect

from db.engine import Database
from intake import placing
from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver
from tests.console.desk import PHONE, Keys, Windows
from tests.waiting import until

MARKET: Final = ("pasar-contoh", "Pasar Contoh")

UNSEEN: Final = "rgba(0, 0, 0, 0)"


class Call(Protocol):
    """A caller, and the desk phone that answers."""

    number: str

    def rings(self) -> None:
        """Dial 112."""

    def answers(self) -> None:
        """Lift the desk phone's receiver."""

    def hangs_up(self) -> None:
        """The caller hangs up."""


def from_the_ring_to_closed(windows: Windows, page: Page, call: Call, agency: Receiver, earlier: str) -> str:
    """Tell it, and return the call's report's number. `page`: an operator who has logged in, and no shift yet.

    `earlier`: a report of the same fire at the same place, which nobody has sent to anybody yet (`another_told`).
    """
    keys = Keys(page)
    begins_a_shift(keys, "PJSIP/op1")
    sees_it_ring_and_answers(keys, call)
    joined = page.locator("#number").inner_text()
    writes_it_down(keys)
    joins_it(keys, earlier)
    number = earlier
    link = sends_it(keys, agency)
    phone = Keys(windows.another(PHONE).new_page())
    phone.page.goto(link)
    answers_on_the_phone_page(phone, "Terima")
    expect(page.locator("#dispatches li", has_text="✓ diterima")).to_be_visible()
    chooses_a_photo(phone.page)
    call.hangs_up()
    expect(page.get_by_text("✎ menyelesaikan")).to_be_visible()
    for answer in ("Berangkat", "Tiba di lokasi", "Selesai ditangani"):
        answers_on_the_phone_page(phone, answer)
    expect(page.locator("#dispatches li", has_text="✓ selesai")).to_be_visible()
    verifies_and_closes(keys)
    assert page.locator("#number").inner_text() == number, "another report was put in front of the operator"
    phone.page.context.close()
    return joined


def another_told(product: Product) -> str:
    """Somebody else has told of the fire already; return the report's number."""
    product.beside(_knows_the_market)
    number = str(product.post("/reports", {"source": "manual"})["number"])
    told = {"kind": "kebakaran", "location": {"place": MARKET[0]}}
    etag = product.http.get(f"/api/v1/reports/{number}").headers["ETag"]
    changed = product.http.patch(f"/api/v1/reports/{number}", json=told, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    return number


async def _knows_the_market(database: Database) -> None:
    async with database.transaction() as tx:
        row = f"{MARKET[0]},{MARKET[1]},,,-7.0165,113.86,"
        await placing.import_own(tx, f"code,name,parent,alternatives,lat,lon,island\n{row}\n", "dewi")


def begins_a_shift(keys: Keys, device: str) -> None:
    """Log the desk's telephone into the queue."""
    telephone = keys.page.locator("#device")
    expect(telephone.locator(f"option[value='{device}']")).to_be_attached()
    keys.to(telephone)
    keys.press("ArrowDown")  # the first of the list
    expect(telephone).to_have_value(device)
    keys.push(keys.page.get_by_role("button", name="Mulai giliran"))
    expect(keys.page.get_by_text("● siap")).to_be_visible()


def sees_it_ring_and_answers(keys: Keys, call: Call) -> None:
    """The call is in the queue; the form opens when the receiver is lifted, and not before."""
    page = keys.page
    call.rings()
    ringing = page.locator("#queue li", has_text=call.number)
    expect(ringing).to_contain_text("menunggu")
    expect(page.locator("#queue-count")).to_have_text("1")
    expect(page.locator("#report")).to_be_hidden()
    call.answers()
    expect(page.locator("#number")).to_have_text(re.compile(r"^112-\d{8}-\d{4}$"))
    expect(page.locator("#caller-number")).to_contain_text(call.number)
    expect(page.get_by_text("◉ berbicara").first).to_be_visible()
    expect(page.locator("#entries li", has_text="Dijawab oleh")).to_be_visible()


def writes_it_down(keys: Keys) -> None:
    """Place, kind by the command line, and what was said."""
    page = keys.page
    where = page.get_by_label("Lokasi", exact=True)
    keys.write(where, "pasar conto")
    expect(page.get_by_role("option", name=MARKET[1])).to_be_visible()
    keys.press("ArrowDown", "Enter")
    expect(page.locator("#place")).to_contain_text(MARKET[1])
    expect(where).to_have_value("pasar conto")  # what was said stays as it was said
    keys.press("Control+K")
    expect(page.locator("#command")).to_be_focused()
    keys.type("k kebakaran")
    expect(page.locator("#command-effect")).to_contain_text("Jenis: Kebakaran")
    keys.press("Enter")
    expect(page.get_by_label("Jenis", exact=True)).to_have_value("kebakaran")
    expect(page.get_by_label("Prioritas")).to_have_value("P1")
    keys.write(page.get_by_label("Tulis catatan"), "Rumah terbakar, dua orang di dalam")
    keys.press("Enter")
    expect(page.locator("#entries li:not(.unsent)", has_text="dua orang di dalam")).to_be_visible()
    expect(page.get_by_label("Tulis catatan")).to_be_focused()
    expect(page.locator("#field-location-text-mark")).to_contain_text("✓")


def joins_it(keys: Keys, earlier: str) -> None:
    """The report is proposed as a duplicate of the earlier one, is joined to it, and that one is worked on."""
    page = keys.page
    expect(page.locator("#duplicates li").first).to_contain_text(earlier)
    keys.press("Alt+M")
    expect(page.locator("#group li")).to_have_count(2)
    keys.push(page.locator("#group").get_by_role("button", name=earlier))
    expect(page.locator("#number")).to_have_text(earlier)


def sends_it(keys: Keys, agency: Receiver) -> str:
    """What the rules propose is ticked and sent; return the link that the agency gets."""
    page = keys.page
    keys.press("F8")
    expect(page.locator("#agencies").get_by_label("Pemadam Kebakaran")).to_be_checked()
    keys.press("Control+Enter")
    expect(page.locator("#dispatches li", has_text="Pemadam Kebakaran")).to_be_visible()
    envelopes = until(lambda: agency.envelopes, "the agency has it")
    return str(envelopes[-1]["data"]["dispatch"]["page_url"])


def answers_on_the_phone_page(phone: Keys, answer: str) -> None:
    """By keyboard too: somebody may have no fingers free for a glass."""
    name = phone.page.locator("[name=by]").first
    if not name.input_value():
        phone.write(name, "Regu 1")
    phone.push(phone.page.get_by_role("button", name=answer, exact=True))
    expect(phone.page.get_by_role("status")).to_contain_text("✓")


def chooses_a_photo(page: Page) -> None:
    """In the page's words; of the browser's own, in whatever language, only the name of what was chosen is seen."""
    chooser = page.get_by_label("Pilih foto")
    expect(chooser).to_have_css("color", UNSEEN)
    assert chooser.evaluate("(one) => getComputedStyle(one, '::file-selector-button').display") == "none"
    chooser.set_input_files({"name": "lokasi.png", "mimeType": "image/png", "buffer": b"x"})
    expect(chooser).not_to_have_css("color", UNSEEN)


def verifies_and_closes(keys: Keys) -> None:
    """What the agency called done is closed once somebody has asked the caller."""
    page = keys.page
    expect(page.locator("#status")).to_contain_text("✓ selesai di lapangan")
    ends = page.get_by_label("Hasil akhir")
    keys.to(ends)
    keys.press("ArrowDown")
    expect(ends).not_to_have_value("")
    keys.push(page.get_by_role("button", name="Tutup: penelepon sudah diberi tahu"))
    expect(page.locator("#status")).to_contain_text("■ ditutup")
