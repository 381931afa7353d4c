"""The caller's page in a real browser: a position that is allowed, one that is denied, and a browser without script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright, expect

from db.engine import Database
from tests.console.desk import CHROMIUM, QUIET
from tests.intake.conftest import Json, Served

pytestmark = [pytest.mark.real, pytest.mark.parametrize("database_kind", ["sqlite"])]
HERE = {"latitude": -7.0083, "longitude": 113.8591, "accuracy": 23.0}


async def link(served: Served) -> tuple[str, str]:
    """Open a report and make a link for its caller; return the report's address and the page's."""
    opened = await served.client.post("/api/v1/reports", json={"source": "walk-in"})
    report = f"/api/v1/reports/{opened.json()['number']}"
    made = await served.client.post(f"{report}/location-link", json={})
    assert made.status_code == 201, made.text
    return report, made.json()["url"]


async def location(served: Served, report: str) -> Json:
    """Where the report is."""
    found: Json = (await served.client.get(report)).json()["location"]
    return found


@asynccontextmanager
async def phone(**more: Any) -> AsyncIterator[Page]:
    """A page on a phone; a request to another host and an error of a script fail at the end."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="id-ID", **more)
        page = await context.new_page()
        page.on("request", lambda one: wrong.append(one.url) if urlsplit(one.url).hostname != "127.0.0.1" else None)
        page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, "wider than the phone"
        await browser.close()
    assert wrong == []


async def test_an_allowed_position_arrives(served: tuple[Served, Database]) -> None:
    http, _ = served
    report, url = await link(http)
    async with phone(permissions=["geolocation"], geolocation=HERE) as page:
        await page.goto(url)
        await expect(page.get_by_text("tidak menjalankan skrip")).to_be_hidden()
        assert (await location(http, report))["links"][0]["used_at"] is None, "opening it uses nothing up"
        await page.get_by_role("button", name="Beri tahu posisi saya").click()
        await expect(page.get_by_role("heading")).to_have_text("Terima kasih")
        await page.reload()
        await expect(page.get_by_role("heading")).to_have_text("Terima kasih")
    where = await location(http, report)
    assert (where["lat"], where["lon"], where["radius_m"], where["method"]) == (-7.0083, 113.8591, 23.0, "browser")
    assert len(where["positions"]) == 1


async def test_a_denied_one_is_said_and_words_go_all_the_same(served: tuple[Served, Database]) -> None:
    http, _ = served
    report, url = await link(http)
    async with phone() as page:
        await page.goto(url + "?lang=en")
        await page.get_by_role("button", name="Tell my position").click()
        await expect(page.get_by_role("status")).to_contain_text("Location was not allowed. Nothing was sent yet.")
        assert (await location(http, report))["links"][0]["used_at"] is None
        await page.get_by_label("Address, name of the place").fill("6P4MXVR5+MJ")
        await page.get_by_role("button", name="Send this place").click()
        await expect(page.get_by_role("heading")).to_have_text("Thank you")
    assert (await location(http, report))["method"] == "plus-code"


async def test_without_script_the_page_says_so_and_takes_words(served: tuple[Served, Database]) -> None:
    http, _ = served
    report, url = await link(http)
    async with phone(java_script_enabled=False) as page:
        await page.goto(url)
        await expect(page.get_by_text("tidak menjalankan skrip")).to_be_visible()
        await expect(page.get_by_role("button", name="Beri tahu posisi saya")).to_be_hidden()
        await page.get_by_label("Alamat, nama tempat").fill("Pasar Contoh")
        await page.get_by_role("button", name="Kirim tempat ini").click()
        await expect(page.get_by_role("heading")).to_have_text("Terima kasih")
    told = (await http.client.get(report)).json()["entries"][-1]["text"]
    assert told == "Penelepon menulis tempatnya: Pasar Contoh"
