"""Take the pictures under docs/images: every page of a fresh demo, by night and by day.

    python tools/pictures.py [NAME …]     all of PICTURES, or only these

It runs `intake112 run --demo` on a folder of its own, lets two minutes pass (agencies answer, one is late, callers
give up), and looks at each page in Chromium (`apt install chromium`). A page that does not exist yet is left out.
Pictures are PNGs of 256 colours, a third of what Chromium makes, written here with Python's own zlib.
"""

import base64
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
SCREEN, PHONE, WALL = (1366, 768), (390, 844), (1920, 1080)
SETTLES_MS: Final = 1500
STORY_S: Final = 100.0  # from the log-ins until there is something to see on every page
LATER: Final = ("Halaman ini belum ada", "Tidak ada halaman")
FEWER: Final = """async (png) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  const at = (i) => (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
  const seen = new Map();
  for (let i = 0; i < data.length; i += 4) seen.set(at(i), (seen.get(at(i)) ?? 0) + 1);
  const far = (a, b) => [16, 8, 0].reduce((sum, by) => sum + (((a >> by) & 255) - ((b >> by) & 255)) ** 2, 0);
  const palette = [];
  for (const [colour] of [...seen].sort((a, b) => b[1] - a[1])) {
    if (palette.length === 256) break;
    if (palette.every((other) => far(colour, other) > 40)) palette.push(colour);
  }
  const index = new Map(palette.map((colour, n) => [colour, n]));
  const nearest = (colour) => {
    let best = 0;
    for (let n = 1; n < palette.length; n++) if (far(colour, palette[n]) < far(colour, palette[best])) best = n;
    index.set(colour, best);
    return best;
  };
  let pixels = "";
  for (let i = 0; i < data.length; i += 4) pixels += String.fromCharCode(index.get(at(i)) ?? nearest(at(i)));
  return { width: image.width, height: image.height, palette, pixels: btoa(pixels) };
}"""


@dataclass(frozen=True)
class Demo:
    """A running demo: its address, the passwords, an agency's phone page."""

    url: str
    passwords: dict[str, str]
    agency: str


@dataclass(frozen=True)
class Picture:
    """A page: its path, who looks (None: nobody logs in), on what screen, and what they do there first."""

    path: str
    user: str | None = None
    size: tuple[int, int] = SCREEN
    first: Callable[[Page, Demo], None] = lambda page, demo: None
    whole: bool = False  # as long as it is, not as much as the screen shows


def at_work(page: Page, _: Demo) -> None:
    """Open the first fire, which has entries and agencies on their way, by the command line."""
    number = page.evaluate(
        """async () => {
          const { reports } = await (await fetch("/api/v1/reports?kind=kebakaran&limit=50")).json();
          return reports.at(-1).number.slice(-4);
        }"""
    )
    page.locator("#newest li").first.wait_for()
    page.keyboard.press("Control+K")
    page.keyboard.type(f"buka {number}")
    page.wait_for_timeout(SETTLES_MS)
    page.keyboard.press("Enter")
    page.locator("#number").wait_for()


def an_agency(page: Page, demo: Demo) -> None:
    """Follow the link that an agency's people got."""
    page.goto(demo.agency)


def an_answer(page: Page, demo: Demo) -> None:
    """Follow it, and accept."""
    page.goto(demo.agency)
    if page.locator("button[value=accepted]").count():
        page.get_by_label("Nama Anda").first.fill("Regu 2 (rekaan)")
        page.locator("button[value=accepted]").click()


def a_rejection(page: Page, demo: Demo) -> None:
    """Follow it, and open what rejects."""
    page.goto(demo.agency)
    if page.locator("summary").count():
        page.locator("summary").click()
        page.locator("details").scroll_into_view_if_needed()


def the_paused_one(page: Page, _: Demo) -> None:
    """Open the agency to which nothing is sent now."""
    page.get_by_role("button", name="Satpol PP").press("Enter")  # no mouse lies over what moves


def a_caller(page: Page, demo: Demo) -> None:
    """Make a link for a caller as an operator does, and follow it."""
    log_in(page, demo, "operator")
    url = page.evaluate(
        """async () => {
          const { reports } = await (await fetch("/api/v1/reports?limit=1")).json();
          const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" };
          return (await (await fetch(`/api/v1/reports/${reports[0].number}/location-link`, asked)).json()).url;
        }"""
    )
    page.goto(url)


PICTURES: Final = {
    "login": Picture("/masuk", size=SCREEN),
    "agency": Picture("/masuk", size=PHONE, first=an_agency, whole=True),
    "agency-reject": Picture("/masuk", size=PHONE, first=a_rejection, whole=True),
    "agency-accepted": Picture("/masuk", size=PHONE, first=an_answer, whole=True),
    "caller": Picture("/masuk", size=PHONE, first=a_caller, whole=True),
    "desk": Picture("/", "operator", first=at_work),
    "desk-wide": Picture("/", "operator", WALL, first=at_work),
    "supervisor": Picture("/pengawas", "supervisor"),
    "wallboard": Picture("/papan", "supervisor", WALL),
    "statistics": Picture("/statistik", "supervisor"),
    "admin": Picture("/admin", "admin", first=the_paused_one),
}


def main(names: list[str]) -> None:
    """Take all pictures, or those named."""
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        painter = browser.new_page()
        for name in names or list(PICTURES):
            for theme in ("night", "day"):
                png = picture(browser, running, PICTURES[name], theme)
                if png is None:
                    print(f"{name}: this page does not exist yet")
                    continue
                file = IMAGES / f"{name}-{theme}.png"
                file.write_bytes(packed(painter, png))
                print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} kB")
        browser.close()


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Run a fresh demo, and give it when its story is told."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")}
    environment |= {"INTAKE112_STATE_DIR": str(folder / "state"), "INTAKE112_HTTP_PORT": url.rpartition(":")[2]}
    command, out = [Path(sys.executable).with_name("intake112"), "run", "--demo"], folder / "out"
    with out.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.DEVNULL)
    try:
        began = time.monotonic()
        while (
            not (link := re.search(r"http://\S+/a/\S+", out.read_text("utf-8"))) or time.monotonic() - began < STORY_S
        ):
            if process.poll() is not None or time.monotonic() - began > STORY_S + 60:
                sys.exit(f"the demo does not get on:\n{out.read_text('utf-8')}")
            time.sleep(0.5)  # between two looks
        passwords = dict(re.findall(r"log in as (\S+) +password (\S+)", out.read_text("utf-8")))
        yield Demo(url, passwords, link[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def picture(browser: Browser, demo: Demo, wanted: Picture, theme: str) -> bytes | None:
    """Return one picture as Chromium makes it, None of a page that is still to come."""
    width, height = wanted.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="id-ID",
        color_scheme="dark" if theme == "night" else "light",
        bypass_csp=True,
    )
    try:
        page = _page(context, demo, theme)
        if wanted.user is not None:
            log_in(page, demo, wanted.user)
        page.goto(f"{demo.url}{wanted.path}")
        wanted.first(page, demo)
        page.wait_for_timeout(SETTLES_MS)
        if any(words in page.locator("body").inner_text() for words in LATER):
            return None
        return page.screenshot(full_page=wanted.whole)
    finally:
        context.close()


def _page(context: BrowserContext, demo: Demo, theme: str) -> Page:
    for user in demo.passwords:
        context.add_init_script(f"try {{ localStorage.setItem('intake112.theme.{user}', '{theme}') }} catch {{}}")
    return context.new_page()


def log_in(page: Page, demo: Demo, user: str) -> None:
    """Log in, as everybody does."""
    page.goto(f"{demo.url}/masuk")
    page.get_by_label("Nama").fill(user)
    page.get_by_label("Kata sandi").fill(demo.passwords[user])
    page.get_by_role("button", name="Masuk").click()
    page.locator("#clock").wait_for()


def packed(painter: Page, png: bytes) -> bytes:
    """Return a picture of at most 256 colours: those it has most of that differ, so that the one red dot stays red; for
    the others the nearest of them."""
    found = painter.evaluate(FEWER, base64.b64encode(png).decode())
    width, height, pixels = found["width"], found["height"], base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    palette = b"".join(colour.to_bytes(3, "big") for colour in found["palette"])
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


if __name__ == "__main__":
    main(sys.argv[1:])
