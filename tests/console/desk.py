"""The console in Debian's Chromium, for tests that look at it as people do: with eyes (`expect`) and keys (`Keys`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright import async_api
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
HERE: Final = "127.0.0.1"
DESK: Final = (1366, 768)
PHONE: Final = (390, 844)
FORGIVEN: Final = ("status of 503", "status of 412")  # away, or somebody was faster: the page must tell it itself
SOON_MS: Final = 15_000  # what must come soon is there by then, on a busy machine too
MOST_TABS: Final = 150  # presses of Tab, until whatever is looked for must have had the focus


for expecting in (expect, async_api.expect):
    expecting.set_options(timeout=SOON_MS)


@dataclass
class Windows:
    """One Chromium. A request to another host, or an error of a script, fails the test at its end (`all_well`)."""

    browser: Browser
    forgiven: list[str] = field(default_factory=lambda: list(FORGIVEN))  # parts of what Chromium may complain of
    wrong: list[str] = field(default_factory=list)

    def another(self, size: tuple[int, int] = DESK) -> BrowserContext:
        """Return an empty browser window, in which nobody has logged in."""
        width, height = size
        context = self.browser.new_context(viewport={"width": width, "height": height}, locale="id-ID")
        context.on("request", lambda one: self.asked(one.url))
        context.on("console", self.heard)
        context.on("weberror", lambda one: self.wrong.append(str(one.error)))
        return context

    def enter(self, address: str, user: str, password: str) -> Page:
        """Log somebody in, by keyboard, in a window of their own."""
        page = self.another().new_page()
        page.goto(address)
        expect(page).to_have_url(f"{address}/masuk")
        expect(page.get_by_label("Nama")).to_be_focused()
        page.keyboard.type(user)
        page.keyboard.press("Tab")
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        expect(page).not_to_have_url(f"{address}/masuk")
        return page

    def asked(self, url: str) -> None:
        """Somebody asked for this address."""
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != HERE:
            self.wrong.append(url)

    def heard(self, one: ConsoleMessage) -> None:
        """Chromium has said something."""
        if one.type == "error" and not any(part in one.text for part in self.forgiven):
            self.wrong.append(f"{one.text} {one.location['url']}")

    def all_well(self) -> None:
        """Raise AssertionError with what went wrong since the last look."""
        wrong, self.wrong = self.wrong, []
        assert wrong == [], wrong


@contextmanager
def windows() -> Iterator[Windows]:
    """Run Chromium, which finds no host but this one. No loop may run in this thread meanwhile (pytest-asyncio's)."""
    alone = f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {HERE}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET.split(), alone])
        running = Windows(browser)
        yield running
        browser.close()
    running.all_well()


@contextmanager
def desk(address: str, user: str, password: str, forgiven: Sequence[str] = ()) -> Iterator[Page]:
    """Log in and give the page; a request to another host, or an error of a script, fails at the end.

    `forgiven`: parts of other things that Chromium may complain of here.
    """
    with windows() as running:
        running.forgiven += forgiven
        yield running.enter(address, user, password)


class Keys:
    """Somebody who has a keyboard and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *combos: str) -> None:
        """Press these, one after the other."""
        for combo in combos:
            self.page.keyboard.press(combo)

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.page.keyboard.type(text)

    def to(self, wanted: Locator, back: bool = False) -> None:
        """Press Tab (`back`: Shift+Tab) until this has the focus. Raises AssertionError when it never does."""
        expect(wanted).to_be_visible()
        for _ in range(MOST_TABS):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"no key leads to {wanted}")

    def write(self, wanted: Locator, text: str) -> None:
        """Go there and write this instead of what stands there."""
        self.to(wanted)
        self.press("ControlOrMeta+A")
        self.type(text)

    def choose(self, wanted: Locator, name: str) -> None:
        """Go to a list and take the choice of this name, by its letters."""
        self.to(wanted)
        self.type(name)
        expect(wanted.locator("option:checked")).to_have_text(name)

    def push(self, wanted: Locator) -> None:
        """Go to a button and press it."""
        self.to(wanted)
        self.press("Enter")
