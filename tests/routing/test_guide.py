"""docs/agencies.md tells the truth: its receivers, its worked signature, its envelope, its schedule and its links."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from routing.retry import EVERY_S, SCHEDULES, SLOW, SLOW_EVERY_S
from routing.signing import verify
from routing.steps import ANSWERS
from tests.routing.documented import FILES
from tests.routing.test_envelope import written
from tests.routing.visible import MEASURED

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "agencies.md"
TEXT = GUIDE.read_text("utf-8")


def block(language: str) -> str:
    """Return the only block of code in this language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize("language", FILES)
def test_it_shows_the_receivers_that_the_tests_run(language: str) -> None:
    code = FILES[language].read_text("utf-8")
    assert block(language) == code
    assert len(code.splitlines()) <= 40
    assert max(map(len, code.splitlines())) <= 120


def test_its_worked_signature_fits() -> None:
    found = dict(re.findall(r"^(secret|public|id|timestamp|body|signature): +(.*)$", TEXT, re.MULTILINE))
    body = found["body"].encode()
    assert f"{len(body)} byte" in TEXT
    for key in (found["secret"], found["public"]):
        verify([key], found["id"], found["timestamp"], found["signature"], body, int(found["timestamp"]))


def test_its_envelope_has_every_field_of_ours_and_no_other() -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(one) for name, one in value.items()}
        return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__

    assert shape(json.loads(block("json"))) == shape(written(MEASURED, "https://112.example/a/…"))


def test_its_schedule_is_ours() -> None:
    rows = re.findall(r"^\| (P\d|4xx[^|]*) \| ([\d, ]+) \| (\d+) \|$", TEXT, re.MULTILINE)
    told = {name[:3].strip(): (tuple(map(int, slots.split(", "))), int(every)) for name, slots, every in rows}
    assert told == {name: (SCHEDULES[name], EVERY_S[name]) for name in SCHEDULES} | {"4xx": (SLOW, SLOW_EVERY_S)}


def test_both_languages_say_the_same_and_every_link_leads_somewhere() -> None:
    indonesian, english, _ = re.split(r"^# (?:English|Lampiran / Annex)$", TEXT, flags=re.MULTILINE)
    for what in (r"^## ", r"^\| `?[\w.-]+`? ?\|", r"^- \[ \] ", r"^\d\. ", r"^```", r"^\*\*"):
        assert len(re.findall(what, indonesian, re.MULTILINE)) == len(re.findall(what, english, re.MULTILINE)), what
    for half in (indonesian, english):
        assert all(f"`{answer}`" in half for answer in ANSWERS)
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]*)\)", TEXT):
        assert target[1:] in anchors if target.startswith("#") else (GUIDE.parent / target).is_file(), target
