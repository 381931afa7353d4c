"""Whether everybody can use a page: axe, the keyboard, a screen that is twice as large as it is wide."""

import os
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tools import console

ROOT: Final = Path(__file__).parents[2]
SIZES: Final = ((1366, 768), (1920, 1080), (390, 844))
TWICE_AS_LARGE: Final = (683, 384)
"""What a page has of a screen of 1366 x 768 at a zoom of 200 %."""
SERIOUS: Final = ("serious", "critical")
RUN_AXE: Final = """() => axe.run(document, {
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
})"""

# What can be pressed or written into, is not disabled and is seen (of a group of radio buttons the chosen one).
_CONTROLS: Final = """[...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter((e) => !e.disabled && !(e.type === "radio" && !e.checked))
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))"""
UNREACHED: Final = f"() => {_CONTROLS}.filter((e) => !e.dataset.reached).map((e) => e.outerHTML.slice(0, 200))"
STEP: Final = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return "out";
  if (here.dataset.reached) return "again";
  here.dataset.reached = "yes";
  const look = getComputedStyle(here);
  const seen = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
  return seen ? "" : "no mark of focus: " + here.outerHTML.slice(0, 200);
}"""
LOST: Final = f"""() => {{
  const roof = () => {{ // it stays above what scrolls
    const box = document.querySelector(".banners")?.getBoundingClientRect();
    return box && box.top <= 0 ? box.bottom : 0;
  }};
  const lost = {_CONTROLS}.filter((e) => {{
    e.scrollIntoView({{ block: "center", inline: "nearest", behavior: "instant" }});
    const box = e.getBoundingClientRect();
    const y = Math.max(box.top, roof(), 0) + Math.min(box.height / 2, 20);
    const hit = document.elementFromPoint(box.left + box.width / 2, y);
    return !hit || !(e === hit || e.contains(hit) || hit.contains(e) && hit.matches("label"));
  }}).map((e) => "covered or cut off: " + e.outerHTML.slice(0, 200));
  for (const e of document.body.querySelectorAll("*")) {{
    const hides = ["hidden", "clip"].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1;
    if (!hides || !e.checkVisibility() || !e.textContent.trim() || e.title || e.clientWidth <= 1) continue;
    lost.push("cut: " + e.outerHTML.slice(0, 200));
  }}
  const wide = document.documentElement.scrollWidth - innerWidth;
  return wide > 0 ? [`${{wide}} px wider than the screen`, ...lost] : lost;
}}"""


def axe_source() -> str:
    """Return axe-core as npm installed it beside what builds the console; none of it is shipped."""
    console.prepared(ROOT)
    return (ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def findings(page: Page, axe: str) -> list[str]:
    """Return what axe finds that is serious, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(RUN_AXE)
    return [
        f"{one['id']}: {one['help']}: {node['html'][:300]} {node['failureSummary'][:400]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def out_of_reach(page: Page) -> list[str]:
    """Press Tab until it has been everywhere; return what it did not reach, and where the focus cannot be seen."""
    page.evaluate("document.activeElement.blur(), getSelection().removeAllRanges()")
    unmarked, outside = [], 0
    for _ in range(600):
        page.keyboard.press("Tab")
        said = page.evaluate(STEP)
        outside += said == "out"
        if said == "again" or outside > 1:
            break
        if said not in ("", "out"):
            unmarked.append(said)
    unreached: list[str] = page.evaluate(UNREACHED)
    page.evaluate("document.querySelectorAll('[data-reached]').forEach((e) => delete e.dataset.reached)")
    return unreached + unmarked


def lost_at_twice_the_size(page: Page) -> list[str]:
    """Return what cannot be pressed any more at a zoom of 200 %, one line each."""
    before = page.viewport_size
    page.set_viewport_size({"width": TWICE_AS_LARGE[0], "height": TWICE_AS_LARGE[1]})
    lost: list[str] = page.evaluate(LOST)
    if before:
        page.set_viewport_size(before)
    return lost


def pictured(page: Page, name: str) -> None:
    """Keep what it looks like, where INTAKE112_PICTURES names a folder."""
    if folder := os.environ.get("INTAKE112_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")
