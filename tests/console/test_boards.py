"""The supervisor's page and the wallboard in a real browser, on the demo: one story, from the link to its end."""

import re
import signal
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.demo import running
from tests.console.desk import desk

pytestmark = pytest.mark.real
SHOWN_MS = 30_000
RED = "rgb(255, 138, 128)"  # --p1 by night
DIGITS = ".big, .operators dd, .dispatches b, .figure b, .clock"
HEIGHTS = f"""() => [...document.querySelectorAll('{DIGITS}')].map(
    (one) => parseFloat(getComputedStyle(one).fontSize) / innerHeight)"""
PLAIN_HTTP = "delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks;"  # as a browser has it there
FITS = """() => { const wall = document.querySelector(".wall");
    return [wall.scrollHeight - innerHeight, wall.scrollWidth - innerWidth] }"""


def test_a_supervisor_watches_and_hangs_a_screen_that_never_lies(tmp_path: Path) -> None:
    with running(tmp_path) as demo, desk(demo.address, "supervisor", demo.passwords["supervisor"]) as page:
        ends_a_shift_and_takes_a_report(page, demo.address)
        screen(page, demo.process)


def ends_a_shift_and_takes_a_report(page: Page, address: str) -> None:
    expect(page.locator("#services li").first).to_be_visible(timeout=SHOWN_MS)
    assert page.request.post(f"{address}/api/v1/shift", data={"device": "PJSIP/op1"}).status == 201
    made = page.request.post(f"{address}/api/v1/reports", data={"source": "walk-in"}).json()
    (agency, *_) = page.request.get(f"{address}/api/v1/agencies").json()["agencies"]
    pause = f"{address}/api/v1/agencies/{agency['code']}/pause"
    assert page.request.post(pause, data={"reason": "servernya pindah"}).ok
    page.goto(f"{address}/pengawas")
    paused = page.locator("#told li", has_text=f"{agency['name']} dijeda sejak")
    expect(paused).to_contain_text("kiriman menunggu: hubungi lewat telepon", timeout=SHOWN_MS)
    assert "{" not in page.locator("#told").inner_text(), "an alarm's sentence has its values"
    what_an_agency_rejects_or_is_late_with_is_red(page, address, agency["code"], made["number"])
    assert page.request.post(pause.replace("pause", "resume")).ok
    mine = page.locator("#desks tr", has_text="supervisor")
    expect(paused).to_be_hidden(timeout=SHOWN_MS)
    for answer in ("Tidak", "Ya, akhiri giliran supervisor"):  # by keyboard: what is told above moves the table
        mine.get_by_role("button", name="Akhiri giliran").press("Enter", timeout=SHOWN_MS)
        mine.get_by_role("button", name=answer).press("Enter", timeout=SHOWN_MS)
    expect(mine).to_be_hidden(timeout=SHOWN_MS)
    for width, height in ((1366, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page is wider than the screen"
    row = page.locator(f'#open-reports tr[data-number="{made["number"]}"]')
    row.get_by_role("button", name="Ambil alih").click()
    expect(page.locator("#number")).to_have_text(made["number"], timeout=SHOWN_MS)
    expect(page.locator("#entries li", has_text="Laporan diambil alih").first).to_be_visible()


def what_an_agency_rejects_or_is_late_with_is_red(page: Page, address: str, agency: str, rejected: str) -> None:
    late = page.request.post(f"{address}/api/v1/reports", data={"source": "walk-in"}).json()["number"]

    def send(number: str, to: str) -> str:
        made = page.request.post(f"{address}/api/v1/reports/{number}/dispatches", data={"agencies": [to]})
        return str(made.json()["dispatches"][0]["id"])

    def long_ago(route: Route) -> None:  # the page itself sees that it is late; and the rows stand in another order
        said = route.fetch().json()
        for report in said["open"]["first"]:
            for one in report["dispatches"] if report["number"] == late else ():
                one |= {"accept_by": "2026-01-01T00:00:00Z", "overdue": False}
        said["open"]["first"].reverse()
        route.fulfill(json=said)

    send(late, agency)  # paused: nobody answers by themselves
    no = {"answer": "rejected", "by": "Pak Contoh", "note": "semua unit keluar"}
    assert page.request.post(f"{address}/api/v1/dispatches/{send(rejected, agency)}/answers", data=no).ok
    rows = page.locator("#open-reports")
    silent, refused = (rows.locator(f"tr[data-number='{number}'] .dispatch") for number in (late, rejected))
    expect(silent).to_contain_text("… dalam antrean kirim")
    expect(silent).not_to_have_css("color", RED)
    links = [rows.get_by_label(f"Buka {number}") for number in (late, rejected)]
    for link in links:  # whichever of the two rows is moved
        link.focus()
        page.route("**/api/v1/supervision", long_ago)
        expect(silent).to_contain_text("▲ terlambat", timeout=SHOWN_MS)
        expect(silent).to_have_css("color", RED)
        expect(link).to_be_focused()
        expect(refused).to_contain_text("✗ ditolak ▲ belum ada gantinya")
        expect(refused).to_have_css("color", RED)
        page.unroute("**/api/v1/supervision")
        expect(silent).not_to_contain_text("▲", timeout=SHOWN_MS)
        expect(link).to_be_focused()
    send(rejected, "polres")  # somebody acts
    expect(refused.first).not_to_have_css("color", RED, timeout=SHOWN_MS)


def screen(page: Page, process: subprocess.Popen[bytes]) -> None:
    page.goto(page.url.partition("#")[0] + "pengawas")
    page.get_by_label("Nama layar").fill("Ruang operator")
    page.get_by_role("button", name="Buat tautan").click()
    link = page.locator("#wall-url").input_value(timeout=SHOWN_MS)
    browser = page.context.browser
    assert browser is not None
    wall = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    wall.add_init_script(PLAIN_HTTP)
    wall.clock.install()
    wall.goto(link)
    expect(wall.locator("[data-tile=waiting] .big")).to_have_text(re.compile(r"^\d+$"), timeout=SHOWN_MS)
    assert min(wall.evaluate(HEIGHTS)) >= 0.06, "somebody at the other end of the room must read it"
    assert max(wall.evaluate(FITS)) <= 0, "nobody can scroll a wall"
    takes_up_a_newer_server(wall)
    process.send_signal(signal.SIGSTOP)
    expect(wall.locator("#board-stale")).to_contain_text("TIDAK DIPERBARUI SEJAK", timeout=SHOWN_MS)
    process.send_signal(signal.SIGCONT)
    expect(wall.locator("#board-stale")).to_be_hidden(timeout=SHOWN_MS)
    page.get_by_role("button", name="Cabut tautan").click()
    page.get_by_role("button", name="Ya, cabut Ruang operator").click()
    expect(wall.locator("#board-stale")).to_contain_text("TAUTAN INI TIDAK BERLAKU", timeout=SHOWN_MS)
    expect(wall.locator("[data-tile]")).to_have_count(0)


def takes_up_a_newer_server(wall: Page) -> None:
    wall.route("**/readyz", lambda route: route.fulfill(json=route.fetch().json() | {"version": "99.1"}))
    for reloads in (True, False):  # once: it is a page of the old server again
        wall.evaluate("globalThis.before = true")
        with wall.expect_response("**/readyz"):
            wall.clock.fast_forward(31_000)
        if reloads:
            wall.wait_for_function("!globalThis.before")
        expect(wall.locator("#board-stale")).to_be_hidden()
        expect(wall.locator("[data-tile=waiting] .big")).to_have_text(re.compile(r"^\d+$"))
    assert wall.evaluate("globalThis.before"), "it reloads for ever"
    wall.unroute("**/readyz")
