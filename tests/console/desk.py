"""The desk in Debian's Chromium, for tests that look at it as an operator does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@contextmanager
def desk(address: str, user: str, password: str, forgiven: Sequence[str] = ()) -> Iterator[Page]:
    """Log in and give the page; a request to another host, or an error of a script, fails at the end.

    What the server refuses for a while (503) is no such error: Chromium says it, and the page must tell it itself.
    `forgiven`: parts of other things that Chromium may complain of here.
    """
    wrong: list[str] = []

    def heard(one: ConsoleMessage) -> None:
        if one.type == "error" and not any(part in one.text for part in ("status of 503", *forgiven)):
            wrong.append(one.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="id-ID")
        page = context.new_page()
        page.on("request", lambda one: wrong.append(one.url) if urlsplit(one.url).hostname != "127.0.0.1" else None)
        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        expect(page).to_have_url(f"{address}/masuk")
        page.get_by_label("Nama").fill(user)
        page.get_by_label("Kata sandi").fill(password)
        page.get_by_role("button", name="Masuk").click()
        yield page
        browser.close()
    assert wrong == [], wrong
