"""The operator's page in a browser: what rings is there at once, what is typed stays, strangers' words stay text."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from db.engine import Database
from intake import access
from intake.facts import Arrived, CallKey
from tests.console.desk import CHROMIUM, QUIET
from tests.intake.conftest import Served, add_agency, book, ring

pytestmark = pytest.mark.real
PASSWORD = "kuda laut biru tua"
EVIL = "<img src=x onerror=document.title='forged'>"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())


@pytest.fixture
async def page(browser: Browser, served: tuple[Served, Database]) -> AsyncIterator[Page]:
    """The desk, logged in; a request to any other host or a script error fails the test."""
    (http, database) = served
    async with database.transaction() as tx:
        await access.create_user(tx, "siti", "operator", PASSWORD)
    await add_agency(database, "damkar", "kebakaran")
    wrong: list[str] = []
    opened = await browser.new_page(viewport={"width": 1366, "height": 768})
    opened.on("request", lambda request: None if request.url.startswith(http.url) else wrong.append(request.url))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    await opened.goto(f"{http.url}/")
    await opened.fill("[name=username]", "siti")
    await opened.fill("[name=password]", PASSWORD)
    await opened.click("button")
    await expect(opened.locator("#queue-empty")).to_be_visible()
    yield opened
    assert wrong == []
    await opened.goto("about:blank")  # its stream ends before the server does
    await opened.close()


async def test_from_the_ring_to_the_agency(page: Page, served: tuple[Served, Database]) -> None:
    (_, database) = served
    number = await ring(database, database.clock(), "62328662112", 1)
    queue = page.locator("#queue button")
    await expect(queue).to_contain_text("+62328662112")
    await queue.click()
    await expect(page.locator("#number")).to_have_text(number)
    await page.select_option("[data-leaf=kind]", "kebakaran")
    await expect(page.locator("[data-leaf=priority]")).to_have_value("P1")
    await page.fill("[data-leaf='location.text']", "Desa Contoh")
    await page.fill("#entry", "Dua korban")

    evil = CallKey("pbx-1", "c.2")
    await book(database, Arrived(evil, database.clock(), "c.2", "trunk", "112", None, EVIL))
    await expect(page.locator("#queue li")).to_have_count(2)
    await expect(page.locator("#queue")).to_contain_text(EVIL)
    await expect(page.locator("#entry")).to_be_focused()
    await expect(page.locator("#entry")).to_have_value("Dua korban")
    await expect(page).to_have_title("Meja 112")

    await page.press("#entry", "Enter")
    await expect(page.locator("#entries")).to_contain_text("Dua korban")
    await expect(page.locator("#entries")).to_contain_text("Lokasi: – → Desa Contoh")
    await expect(page.locator("#agencies input:checked")).to_have_count(1)
    await page.click("#send button")
    await expect(page.locator("#dispatches")).to_contain_text("dalam antrean kirim")
    await expect(page.locator("#status")).to_contain_text("dikirim")


async def test_what_strangers_write_stays_text_everywhere(page: Page, served: tuple[Served, Database]) -> None:
    """Caller's name and number, address, note, a reason, an agency's answer: on the desk, and on the agency's page."""
    (http, database) = served
    key = CallKey("pbx-1", "c.1")
    await book(database, Arrived(key, database.clock(), "c.1", "trunk", "112", "<i id=evil>0812</i>", EVIL))
    api = "/api/v1/reports"
    (shown,) = (await http.client.get(api)).json()["reports"]
    url = f"{api}/{shown['number']}"
    change = {"location": {"text": EVIL}, "narrative": EVIL, "kind": "kebakaran"}
    version = f'"{shown["version"]}"'
    assert (await http.client.patch(url, json=change, headers={"If-Match": version})).status_code == 200
    assert (await http.client.post(f"{url}/entries", json={"text": EVIL})).status_code == 201
    (sent,) = (await http.client.post(f"{url}/dispatches", json={})).json()["dispatches"]
    answer = {"answer": "accepted", "by": EVIL[:160], "note": EVIL}
    assert (await http.client.post(f"/api/v1/dispatches/{sent['id']}/answers", json=answer)).status_code == 200

    await page.locator("#queue button").first.click()
    await expect(page.locator("#number")).to_have_text(shown["number"])
    await expect(page.locator("#entries li", has_text=EVIL).first).to_be_visible()
    await expect(page.locator("[data-leaf='location.text']")).to_have_value(EVIL)
    await expect(page.locator("#entries li", has_text="menerima laporan ini")).to_contain_text(EVIL)
    await expect(page.locator("img, #evil")).to_have_count(0)
    await expect(page).to_have_title("Meja 112")

    async with database.reading() as reading:
        token = (await reading.connection.exec_driver_sql("SELECT page_token FROM dispatches")).scalar_one()
    await page.goto(f"{http.url}/a/{token}")
    await expect(page.locator("main")).to_contain_text(EVIL)
    await expect(page.locator("img[src=x], #evil, script")).to_have_count(0)
    assert "forged" not in await page.title()


async def no_writing(route: Route) -> None:
    """The server is not reached by what the page wants to save."""
    await (route.abort() if route.request.method == "PATCH" else route.continue_())


async def test_what_is_typed_outlives_a_reload_and_others_words_are_not_written_over(
    page: Page, served: tuple[Served, Database]
) -> None:
    (http, database) = served
    number = await ring(database, database.clock(), "62328662112", 1)
    url = f"/api/v1/reports/{number}"
    await page.locator("#queue button").click()
    narrative = page.get_by_label("Uraian")
    await expect(narrative).to_be_visible()
    await page.route(
        "**/api/v1/reports/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_()
    )
    await narrative.fill("Dua rumah terbakar")
    await expect(page.locator("#field-narrative-mark")).to_contain_text("belum tersimpan")
    version = (await http.client.get(url)).json()["version"]
    theirs = {"narrative": "Satu rumah", "location": {"text": "Desa Contoh"}}
    changed = await http.client.patch(url, json=theirs, headers={"If-Match": f'"{version}"'})
    assert changed.status_code == 200, changed.text

    await page.unroute("**/api/v1/reports/*")
    await page.reload()
    await page.locator("#queue button").click()
    await expect(narrative).to_have_value("Dua rumah terbakar")
    await expect(page.locator("[data-conflict=narrative]")).to_contain_text("Satu rumah")
    await expect(page.get_by_label("Lokasi", exact=True)).to_have_value("Desa Contoh")
    await page.reload()
    await page.locator("#queue button").click()
    await expect(page.locator("[data-conflict=narrative]")).to_contain_text("Satu rumah")
    assert (await http.client.get(url)).json()["narrative"] == "Satu rumah", "nobody has chosen yet"
    await page.get_by_role("button", name="Pakai milik saya").click()
    await expect(page.locator("[data-conflict=narrative]")).to_have_count(0)
    await expect(page.locator("#field-narrative-mark")).to_contain_text("✓")
    assert (await http.client.get(url)).json()["narrative"] == "Dua rumah terbakar"


async def test_the_command_line_says_what_it_would_do_and_gives_the_focus_back(
    page: Page, served: tuple[Served, Database]
) -> None:
    (_, database) = served
    number = await ring(database, database.clock(), "62328662112", 1)
    await page.locator("#queue button").wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type(f"buka {number[-4:]}")
    await expect(page.locator("#command-effect")).to_contain_text(number)
    await page.keyboard.press("Enter")
    await page.get_by_label("Tulis catatan").fill("Dua kor")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("k kebakaran")
    await expect(page.locator("#command-effect")).to_contain_text("Jenis: Kebakaran")
    await page.keyboard.press("Enter")
    await expect(page.locator("#entry")).to_be_focused()
    await page.keyboard.type("ban")
    await page.keyboard.press("Enter")
    await expect(page.locator("#entries")).to_contain_text("Dua korban")
    await expect(page.locator("[data-leaf=kind]")).to_have_value("kebakaran")
    await expect(page.locator("[data-leaf=priority]")).to_have_value("P1")
