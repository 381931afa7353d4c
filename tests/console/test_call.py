"""Operators at work, each with a keyboard and nothing else, on a pretend Asterisk whose calls the test leads."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.acceptance.product import Json
from tests.console.centre import Centre, centre
from tests.console.desk import Keys, Windows, windows
from tests.console.story import SOON_MS, begins_a_shift, from_the_ring_to_closed
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("console-call"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def here(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """The centre of this module."""
    with centre(tmp_path_factory.mktemp("centre"), sqlite_template) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Windows]:
    """The browser of this module."""
    with windows() as running:
        yield running


@pytest.fixture(scope="module")
def siti(here: Centre, chromium: Windows) -> Page:
    """Siti's desk, with her shift at PJSIP/op1 after the first test."""
    return here.enter(chromium, "siti")


@pytest.fixture(autouse=True)
def well(chromium: Windows) -> Iterator[None]:
    """Each test answers for what its pages asked and complained of."""
    yield
    chromium.all_well()


def test_a_whole_call_by_keyboard_alone(here: Centre, chromium: Windows, siti: Page) -> None:
    number = from_the_ring_to_closed(chromium, siti, here.call("+6281200000001"), here.agency)
    report = here.product.report(number)
    assert (report["status"], report["caller_told"]) == ("closed", "told")
    assert report["call"]["operator"]["user"] == "siti"
    assert len(here.product.reports()) == 1


def answered(here: Centre, page: Page, number: str) -> Json:
    """A new call is answered at this desk and in front; return its report."""
    keys = Keys(page)
    call = here.call(number)
    page.locator("h1").first.click()  # nobody is typing
    if page.get_by_text("✎ menyelesaikan").is_visible():
        keys.press("F10")
    call.rings()
    call.answers()
    expect(page.locator("#caller-number")).to_contain_text(number, timeout=SOON_MS)
    return {"call": call, "number": page.locator("#number").inner_text()}
