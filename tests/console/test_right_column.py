"""The right of the operator's page on the whole demo: the call, answers by telephone, map, what happened when."""

import re
import sqlite3
import wave
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.console.demo import Demo
from tests.console.map_files import lay
from tests.console.test_page import demo as demo
from tests.console.test_page import page as page

pytestmark = pytest.mark.real


def test_what_can_be_done_about_a_call_and_its_dispatches(page: Page, demo: Demo) -> None:
    lay(demo.database.parent / "map")
    begins_a_shift_at_a_telephone_of_the_list(page)
    talking = page.locator("#queue li", has_text="berbicara").first
    expect(talking).to_be_visible(timeout=60_000)
    talking.click()
    expect(page.locator("#number")).to_have_text(re.compile(r"^112-\d{8}-\d{4}$"))
    sees_what_the_pbx_made_of_a_transfer(page)
    hears_by_telephone_what_the_agency_says(page)
    sets_a_pin_by_the_keyboard(page)
    number = page.locator("#number").inner_text()
    keeps_a_recording(demo, number)
    with page.expect_response(re.compile(r"jalan\.pmtiles$")):
        page.reload()
        page.locator(f"#newest [data-number='{number}']").click()
    expect(page.locator("#map .said.post")).to_have_text("Pos <b>Damkar</b>")
    expect(page.locator("#map canvas").first).to_be_attached()
    hears_the_recording_after_saying_why(page)


def begins_a_shift_at_a_telephone_of_the_list(page: Page) -> None:
    telephone = page.get_by_label("Telepon meja")
    expect(telephone.locator("option")).to_have_count(9)
    telephone.select_option("PJSIP/op8")
    page.get_by_role("button", name="Mulai giliran").click()
    expect(page.locator("aside section").first).to_contain_text("PJSIP/op8")


def sees_what_the_pbx_made_of_a_transfer(page: Page) -> None:
    handling = page.locator("#handling")
    page.keyboard.press("F7")
    expect(page.locator("#transfer-to")).to_be_focused()
    page.keyboard.type("081200000009")
    handling.get_by_role("button", name="Alihkan langsung").click()
    expect(handling.get_by_role("status")).to_contain_text("Mengalihkan")
    expect(handling.get_by_role("status")).to_contain_text("✗", timeout=20_000)  # the pretend Asterisk cannot
    page.keyboard.press("F9")
    expect(handling.get_by_role("alert")).to_contain_text("Tekan F9 sekali lagi")
    page.keyboard.press("Escape")
    expect(handling.get_by_role("alert")).to_be_hidden()


def hears_by_telephone_what_the_agency_says(page: Page) -> None:
    page.keyboard.press("F8")
    polres = page.locator("#agencies").get_by_label("Polres")
    polres.focus()
    page.keyboard.press("Space")
    expect(polres).to_be_checked()
    page.keyboard.press("Control+Enter")
    row = page.locator("#dispatches > li", has_text="Polres")
    row.get_by_role("button", name="Eskalasi sekarang").click()
    expect(row.get_by_role("status")).to_contain_text("tidak punya instansi berikutnya")
    row.get_by_role("button", name="Tautan HP").click()
    expect(row.locator("code")).to_contain_text("/a/")
    assert page.request.get(row.locator("code").inner_text()).status == 200
    row.get_by_role("button", name="Salin tautan").click()
    expect(row.locator("code ~ [role=status]")).to_have_text(re.compile("tersalin|salin sendiri"))
    row.get_by_role("button", name="Jawaban lewat telepon").click()
    row.get_by_label("Nama yang bicara").fill("Kepala SPKT (rekaan)")
    row.get_by_role("button", name="Catat").click()
    expect(row).to_contain_text("✓ diterima")
    expect(row).to_contain_text("Kepala SPKT (rekaan)")
    row.get_by_role("button", name="Riwayat kirim").click()
    expect(row).to_contain_text("lewat telepon, dicatat operator")
    expect(row).to_contain_text("tugas baru: ▷ sampai")
    timeline = page.locator("#timeline li", has_text="Polres")
    expect(timeline.filter(has_text="✓ diterima (Kepala SPKT (rekaan))").first).to_be_visible()


def sets_a_pin_by_the_keyboard(page: Page) -> None:
    pane = page.locator("#map-pane")
    expect(pane.locator("path.land").first).to_be_attached()
    page.get_by_label("Koordinat, kode plus").fill("-7.012, 113.871")
    pane.get_by_role("button", name="Pakai", exact=True).click()
    expect(pane.locator("li", has_text="lokasi laporan")).to_contain_text("-7.01200, 113.87100")
    pane.get_by_role("button", name="Ke laporan ini").click()
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(pane.get_by_role("status")).to_contain_text("belum dipakai")
    pin, middle = (pane.locator(one).bounding_box() for one in (".mark.pin", ".cross"))
    assert pin is not None
    assert middle is not None
    assert abs(pin["x"] + pin["width"] / 2 - middle["x"] - middle["width"] / 2) < 2, "the pin is not at the cross"
    page.keyboard.press("Enter")
    expect(pane.get_by_role("status")).to_be_hidden()
    expect(pane.locator("li", has_text="lokasi laporan")).to_contain_text("pin")
    expect(page.locator("#map")).to_be_focused()


def keeps_a_recording(demo: Demo, number: str) -> None:
    store = demo.database.parent / "recordings"
    store.mkdir(exist_ok=True)
    with wave.open(str(store / "satu.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(16_000))
    row = "'call', 'satu.wav', 16044, 1.0, NULL, false, arrived_at"
    of = f"SELECT calls.id, {row} FROM calls JOIN reports ON reports.id = report_id WHERE reports.number = ?"  # noqa: S608
    with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
        into = "INSERT INTO recordings (call_id, part, file, bytes, seconds, fault, removed, kept_at)"
        assert database.execute(f"{into} {of}", [number]).rowcount == 1


def hears_the_recording_after_saying_why(page: Page) -> None:
    handling = page.locator("#handling")
    handling.get_by_role("button", name="Dengarkan rekaman").click()
    handling.get_by_label("Alasan mendengarkan").fill("nama jalan tidak jelas")
    handling.get_by_role("button", name="Dengarkan", exact=True).click()
    sound = handling.locator("audio")
    expect(sound).to_be_visible()
    expect(sound).to_have_js_property("duration", 1)
    expect(page.locator("#timeline li", has_text="Rekaman didengarkan oleh operator: nama jalan")).to_be_visible()
