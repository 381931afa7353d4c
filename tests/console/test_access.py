"""Everybody can use every page: in both themes, both languages, all sizes, by keyboard alone, twice as large."""

import pytest
from playwright.sync_api import Page, expect

from intake.api.console import BUILT, PAGES
from tests.console import access
from tests.console.centre import Centre
from tests.console.desk import PHONE, Keys, Windows
from tests.console.story import another_told, begins_a_shift, sends_it, writes_it_down

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
THEMES, LANGUAGES = ("night", "day"), ("id", "en")


@pytest.fixture(scope="module")
def link(here: Centre, chromium: Windows) -> str:
    """Where an agency answers; by then a desk has a call, one waits, and a report is on its way."""
    another_told(here.product)
    page = here.enter(chromium, "siti")
    keys = Keys(page)
    begins_a_shift(keys, "PJSIP/op1")
    call = here.call("+6281200000001")
    call.rings()
    call.answers()
    expect(page.locator("#number")).to_be_visible()
    writes_it_down(keys)
    link = sends_it(keys, here.agency)
    here.call("+6281200000002", desk=5).rings()
    page.context.close()
    return link


@pytest.fixture(scope="module")
def dewi(here: Centre, chromium: Windows, link: str) -> Page:
    """An administrator, who may see every page."""
    assert link
    return here.enter(chromium, "dewi")


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    return access.axe_source()


def shown(page: Page, address: str, language: str) -> None:
    """Open a page in a language; the operator's with a report in front."""
    page.evaluate("(l) => localStorage.setItem('intake112.language.dewi', l)", language)
    page.goto(address)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("#lacks")).to_be_visible()  # the server has told how it is
    if page.locator(".watch").count():
        expect(page.locator("#open-reports a").first).to_be_visible()  # else its 13 controls come when Tab has passed
    if page.locator("#newest").count():
        page.locator("#newest button", has_text="➤").click()  # the one that was sent
        expect(page.locator("#dispatches li")).to_be_visible()
        for beside in ("#history summary", "#duplicates li"):  # what is read late must not come while it is looked at
            expect(page.locator(beside).first).to_be_visible()
        page.keyboard.press("Control+/")


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_on(path: str, here: Centre, dewi: Page, axe: str) -> None:
    wrong = []
    for language in LANGUAGES:
        shown(dewi, here.address + path, language)
        for theme in THEMES:
            dewi.evaluate("(name) => { document.documentElement.dataset.theme = name }", theme)
            for width, height in access.SIZES:
                dewi.set_viewport_size({"width": width, "height": height})
                name = f"{path.strip('/') or 'meja'}-{language}-{theme}-{width}"
                wrong += [f"{name}: {one}" for one in access.findings(dewi, axe)]
                if dewi.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wrong.append(f"{name}: wider than the screen")
                access.pictured(dewi, name)
    dewi.set_viewport_size({"width": 1366, "height": 768})
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("path", PAGES)
def test_keys_reach_everything_and_nothing_is_lost_at_200_percent_on(path: str, here: Centre, dewi: Page) -> None:
    shown(dewi, here.address + path, "id")
    assert access.out_of_reach(dewi) == []
    assert access.lost_at_twice_the_size(dewi) == []


def test_so_it_is_before_the_log_in_and_on_the_agencys_phone(
    here: Centre, chromium: Windows, link: str, axe: str
) -> None:
    wrong = []
    page = chromium.another(PHONE).new_page()
    for name, address in (("masuk", f"{here.address}/masuk"), ("id", link), ("en", f"{link}?lang=en")):
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.goto(address)
            for width, height in access.SIZES:
                page.set_viewport_size({"width": width, "height": height})
                wrong += [f"{name}-{scheme}-{width}: {one}" for one in access.findings(page, axe)]
                access.pictured(page, f"{name}-{scheme}-{width}")
        wrong += [f"{name}: {one}" for one in access.out_of_reach(page) + access.lost_at_twice_the_size(page)]
    page.context.close()
    assert wrong == [], "\n".join(wrong)


def test_what_only_tests_need_is_not_shipped() -> None:
    shipped = [file for file in BUILT.rglob("*") if file.is_file()]
    assert shipped, "the console is not built"
    assert [file.name for file in shipped if b"axe" in file.name.encode() or b"Deque" in file.read_bytes()] == []
