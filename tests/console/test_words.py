"""What services and the API say by a code, people read in their own language: the console has words for each."""

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from db.journal import Kind
from intake.door_words import WORDS
from intake.map_refusals import WRONG
from intake112 import settings
from intake112.compose import notes
from routing.refusals import RefusedError

ROOT = Path(__file__).parents[2]
ROOMS = ("db", "routing", "intake", "ami_bridge", "intake112")
OURS = {"unreachable", "choose_agency", "internal"}  # of the page itself, and of whatever breaks


def words(language: str, part: str) -> dict[str, str]:
    """One part of a dictionary."""
    said: dict[str, dict[str, str]] = json.loads((ROOT / f"console/src/words/{language}.json").read_text("utf-8"))
    return said[part]


def alarms() -> Iterator[tuple[str, set[str]]]:
    """Every alarm that the product makes: its code, and the names of its values (of a name for a dict: any)."""
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Alarm":
                code, values = node.args[0], node.args[2] if len(node.args) > 2 else None
                if isinstance(code, ast.Constant):
                    yield str(code.value), set(_names(values, file))
                else:
                    assert file.name == "machine_room.py", f"{file}:{node.lineno}: the code of an alarm is a constant"


def _names(values: ast.expr | None, file: Path) -> Iterator[str]:
    """The names in a dict, in a union of dicts, or in a name that holds one in the same file."""
    match values:
        case ast.Dict():
            yield from (str(key.value) for key in values.keys if isinstance(key, ast.Constant))
        case ast.BinOp():
            yield from _names(values.left, file)
            yield from _names(values.right, file)
        case ast.Name():
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                if any(getattr(one, "id", None) == values.id for one in targets):
                    yield from _names(getattr(node, "value", None), file)
        case _:
            pass


def refusals() -> set[str]:
    """The codes of all that the API refuses."""
    for room in ("routing", "intake", "intake.api"):
        for module in pkgutil.iter_modules(importlib.import_module(room).__path__):
            importlib.import_module(f"{room}.{module.name}")
    found, open_ = set(), [RefusedError]
    while open_:
        one = open_.pop()
        found.add(one.code)
        open_ += one.__subclasses__()
    return found


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_alarm_has_its_words_and_every_blank_its_value(language: str) -> None:
    made, said = dict(alarms()), words(language, "alarms")
    assert len(made) > 20
    assert said.keys() == made.keys()
    for code, sentence in said.items():
        assert set(re.findall(r"\{(\w+)\}", sentence)) <= made[code], code


def test_the_console_hears_every_kind_of_event() -> None:
    source = (ROOT / "console/src/live/messages.ts").read_text("utf-8").partition("export const KINDS = [")[2]
    assert set(re.findall(r'"(\w+)"', source.partition("]")[0])) == set(get_args(Kind))


@pytest.mark.parametrize("language", ["id", "en"])
def test_all_that_an_installation_may_lack_has_words(language: str) -> None:
    assert words(language, "lacks").keys() == notes(settings.load()).keys() | {"places"}


def test_a_refusal_with_words_is_one_that_the_api_makes() -> None:
    assert words("id", "errors").keys() - OURS - refusals() == set()


@pytest.mark.parametrize("language", ["id", "en"])
def test_all_that_can_be_wrong_with_a_map_has_words(language: str) -> None:
    said = json.loads((ROOT / f"console/src/words/admin.{language}.json").read_text("utf-8"))["map"]
    assert said["wrong"].keys() == WRONG.keys()
    for why, sentence in WRONG.items():
        assert set(re.findall(r"{\w+}", said["wrong"][why])) == set(re.findall(r"{\w+}", sentence)), why
    assert said["refused"].keys() - refusals() == set()


def test_the_plain_pages_have_the_colours_of_the_console() -> None:
    tokens = (ROOT / "console/src/look/tokens.css").read_text("utf-8").partition(':root[data-theme="day"]')
    plain = (ROOT / "intake/static/plain.css").read_text("utf-8").partition("@media (prefers-color-scheme: dark)")
    night, day = colours(tokens[0]), colours(tokens[2])
    assert len(night) == len(day) == 14
    assert (colours(plain[2]), colours(plain[0])) == (night, day)


def colours(css: str) -> dict[str, str]:
    """The tokens of one theme that are colours."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def test_the_log_in_and_the_waiting_page_say_the_same_in_both_languages() -> None:
    assert WORDS["id"].keys() == WORDS["en"].keys()
    html = "".join((ROOT / "intake/templates" / name).read_text("utf-8") for name in ("masuk.html", "tunggu.html"))
    assert set(re.findall(r"\bw\.(\w+)", html)) | {"other", "wrong", "away", "wait", "line"} == WORDS["id"].keys()
    for name, sentence in WORDS["id"].items():
        assert sentence.strip()
        assert WORDS["en"][name].strip()
        assert re.findall(r"{\w+}", sentence) == re.findall(r"{\w+}", WORDS["en"][name]), name
