"""What an operator waits for: the ring until it is painted, the page until it can be used; and 300 screens at once.

Chromium looks at the whole product on SQLite with the pretend Asterisk. The clock of `painted` starts when this process
writes the event of a new call to the bridge's socket and stops in the first frame in which the page's queue has it.
Limit of the same run: a bare page in the same browser, to which a bare server sends the same number of bytes by an
EventSource, and which appends one line. 300 clients of `/live` stand beside one: from the request that writes an entry
to the event at the last byte of each client's socket.
"""

import asyncio
import gzip
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from bench.bare_page import bare_page
from bench.figures import HEAD, Spread, row, spread
from bench.readers import Readers
from db import migrate
from intake.api.console import BUILT
from tests.console.centre import Centre, centre
from tests.console.desk import Windows, windows
from tests.waiting import until

CALLS = 100
OPENED = 10
CLIENTS = 300
ENTRIES = 100
ENTRY_EVERY_S = 0.1  # the load that is measured: ten entries a second, written by one after the other
GOAL_PAINTED_MS = 250.0
GOAL_CLIENTS_MS = 150.0
GOAL_BUNDLE_KB = 200.0
BESIDE_MS = 400  # between two events

# Notes when a number was first painted: the frame after the one in which it was put into the list.
WATCH = """(selector) => {
  window.painted = {};
  const look = () => {
    for (const one of document.querySelectorAll(selector)) {
      const name = one.textContent.trim();
      if (name in window.painted) continue;
      window.painted[name] = null;
      requestAnimationFrame(() => { window.painted[name] = performance.timeOrigin + performance.now(); });
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@contextmanager
def running(folder: Path) -> Iterator[Centre]:
    """Run a centre on a new database."""
    template = folder / "template.db"
    asyncio.run(migrate.migrate(f"sqlite+aiosqlite:///{template}"))
    state = Path(tempfile.mkdtemp(dir=folder))
    with centre(state, template) as here:
        yield here
    shutil.rmtree(state)


def until_painted(page: Page, count: int) -> dict[str, float]:
    """Wait until so many numbers were painted; return when, by the clock of this machine (s)."""
    page.wait_for_function("(n) => Object.values(window.painted).filter(Boolean).length >= n", arg=count)
    return {name: at / 1000 for name, at in page.evaluate("window.painted").items()}


def painted(here: Centre, browser: Windows) -> Spread:
    """Return how long after a call's first event its number is on the operator's screen."""
    page = here.enter(browser, "siti")
    page.locator("#queue-empty").wait_for()
    page.evaluate(WATCH, "#queue .number")
    said = {}
    for count in range(CALLS):
        call = here.call(f"+62812{count:08}")
        said[call.number] = time.time()
        call.rings()
        until_painted(page, count + 1)
        call.answers()
        call.hangs_up()
        page.wait_for_timeout(BESIDE_MS)
    seen = until_painted(page, CALLS)
    page.context.close()
    return spread([seen[number] - at for number, at in said.items()])


def bare(browser: Windows) -> Spread:
    """Return the same of a page that does nothing else, and a server that does nothing else."""
    with bare_page() as server:
        page = browser.another().new_page()
        page.goto(server.url)
        server.heard.wait(10)
        page.evaluate(WATCH, "li")
        said = {}
        for count in range(CALLS):
            name = f"+62812{count:08}"
            said[name] = time.time()
            server.say(name)
            until_painted(page, count + 1)
            page.wait_for_timeout(BESIDE_MS)
        seen = until_painted(page, CALLS)
        page.context.close()
    return spread([seen[name] - at for name, at in said.items()])


def opened(here: Centre, browser: Windows) -> tuple[Spread, Spread, set[str]]:
    """Return how long it takes until the desk can be used: with nothing in the browser's cache, and with it; and the
    names of the scripts and styles that it took.
    """
    page = here.enter(browser, "budi")
    taken = set[str]()
    page.on("response", lambda one: taken.add(one.url.rpartition("/assets/")[2]) if "/assets/" in one.url else None)
    page.goto(here.address)
    page.locator("#newest button").first.click()
    page.locator("#map canvas, #map svg").first.wait_for()
    inside = page.context.new_cdp_session(page)
    cold, warm = list[float](), list[float]()
    for _ in range(OPENED):
        inside.send("Network.clearBrowserCache")
        for times in (cold, warm):
            page.goto(here.address, wait_until="commit")
            page.locator("#newest button").first.wait_for()
            times.append(page.evaluate("performance.now()") / 1000)
    page.context.close()
    return spread(cold), spread(warm), taken


def followed(here: Centre, token: str, clients: int) -> Spread:
    """Write entries, and return how long each client waited for the event of each."""
    http = here.product.http
    made = here.product.post("/reports", {"source": "manual"})["number"]
    written = list[float]()
    with Readers(here.product.port, token, clients) as readers:
        until(readers.begun, "all listen", within_s=60)
        for count in range(1, ENTRIES + 1):
            written.append(time.perf_counter())
            http.post(f"/api/v1/reports/{made}/entries", json={"text": f"Catatan {count}"}).raise_for_status()
            time.sleep(ENTRY_EVERY_S)
        until(lambda: all(len(times) == ENTRIES for times in readers.told()), "all was told", within_s=60)
        told = readers.told()
    return spread([at - began for times in told for began, at in zip(written, times, strict=True)])


def bundle(taken: set[str]) -> list[tuple[str, float]]:
    """Return what is sent for the desk with a report and its map, and for all pages in both languages (kB, gzip)."""
    sizes = {file.name: len(gzip.compress(file.read_bytes(), 9)) / 1000 for file in (BUILT / "assets").iterdir()}
    return [("the desk", sum(sizes[name] for name in taken)), ("all pages in both languages", sum(sizes.values()))]


def met(value: float, goal: float) -> str:
    """Return whether a goal is met, for the table."""
    return " goal met" if value <= goal else " **goal missed**"


def run(folder: Path) -> str:
    """Measure, and return the section for docs/performance.md."""
    with running(folder) as here:
        token = str(here.product.http.headers["Authorization"]).removeprefix("Bearer ")
        alone = followed(here, token, 1)
        many = followed(here, token, CLIENTS)
        with windows() as browser:
            rung, limit = painted(here, browser), bare(browser)
            cold, warm, taken = opened(here, browser)
    sizes = bundle(taken)
    return "\n".join(
        [
            "## The console",
            "",
            f"Chromium at 1366 x 768, the product on SQLite, a pretend Asterisk, {CALLS} calls one after the other.",
            f"Goals: painted p95 <= {GOAL_PAINTED_MS:.0f} ms, {CLIENTS} clients p95 <= {GOAL_CLIENTS_MS:.0f} ms,",
            f"at most {GOAL_BUNDLE_KB:.0f} kB of scripts and styles for the desk with a report and its map (gzip).",
            "",
            HEAD,
            row("PBX event -> painted in the queue", rung, met(rung.p95, GOAL_PAINTED_MS)),
            row("limit: a bare event -> painted on a bare page", limit),
            row(f"entry -> `/live`, {CLIENTS} clients", many, met(many.p95, GOAL_CLIENTS_MS)),
            row("entry -> `/live`, one client", alone),
            row("the desk can be used, nothing cached", cold),
            row("the desk can be used, opened again", warm),
            "",
            "Gzip: "
            + ", ".join(f"{name} {size:.0f} kB" for name, size in sizes)
            + met(sizes[0][1], GOAL_BUNDLE_KB)
            + ".",
            "",
        ]
    )
