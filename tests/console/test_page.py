"""The plain page in a real browser, on the whole demo: what a newcomer sees within minutes of `make run`."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.console.demo import Demo, running
from tests.console.desk import desk

pytestmark = pytest.mark.real


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """`make run` on a fresh state folder."""
    with running(tmp_path) as demo:
        yield demo


@pytest.fixture
def page(demo: Demo) -> Iterator[Page]:
    """A page of an operator who has logged in; a request to another host or an error in the console fails the test."""
    with desk(demo.address, "operator", demo.password) as page:
        yield page


def test_a_newcomer_sees_a_call_writes_and_sends_it_and_the_agency_accepts(page: Page, demo: Demo) -> None:
    first = page.locator("#newest li").first
    expect(first).to_be_visible(timeout=30_000)
    talking = page.locator("#queue li", has_text="berbicara").first
    expect(talking).to_be_visible(timeout=60_000)
    talking.click()
    expect(page.locator("#number")).to_have_text(re.compile(r"^112-\d{8}-\d{4}$"))
    number = page.locator("#number").inner_text()
    expect(page.locator("#entries li", has_text="Dijawab oleh").first).to_be_visible()

    page.get_by_label("Lokasi", exact=True).fill("Desa Contoh, dekat pasar")
    page.get_by_label("Jenis").select_option("kebakaran")
    page.get_by_label("Tulis catatan").fill("Rumah terbakar, dua orang di dalam")
    page.get_by_role("button", name="Tulis").click()
    expect(page.locator("#entries li", has_text="dua orang di dalam").first).to_be_visible()
    damkar = page.locator("#agencies").get_by_label("Pemadam Kebakaran")
    expect(damkar).to_be_checked()
    page.locator("#send").get_by_role("button", name="Kirim").click()
    expect(page.locator("#dispatches li", has_text="✓ diterima").first).to_be_visible(timeout=60_000)
    sees_the_photo_that_the_agency_sends(page, demo, number)
    assert page.locator("#number").inner_text() == number, "another report was put in front of the operator"
    for width, height in ((1366, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page is wider than the screen"


def sees_the_photo_that_the_agency_sends(page: Page, demo: Demo, number: str) -> None:
    with closing(sqlite3.connect(demo.database)) as database:
        of = "SELECT page_token FROM dispatches JOIN reports ON reports.id = report_id WHERE number = ?"
        ((token,),) = database.execute(of, [number])
    photo = {"photo": ("p.png", b"\x89PNG\r\n\x1a\n...", "image/png")}
    assert httpx2.post(f"{demo.address}/a/{token}/foto", files=photo, trust_env=False).status_code == 303
    link = page.locator("#dispatches a", has_text="foto 1")
    expect(link).to_be_visible()
    shown = page.request.get(f"{demo.address}{link.get_attribute('href')}")
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
