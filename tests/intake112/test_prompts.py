"""The sounds of the voice menu are made at install, from texts that a studio may speak."""

import wave
from pathlib import Path

import pytest

from ami_bridge import overflow
from intake112 import prompts
from intake112.command import CommandError
from intake112.pbx import shipped
from tests.asterisk_conf.test_conf import items
from tests.intake112.command import environment, intake112
from tests.pbx.root import ensure_tool

BEEP_S = 0.5
TEXTS = shipped() / "prompts"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All sounds, as an installation has them."""
    for program, package in prompts.NEEDED.items():
        ensure_tool(program, package)
    folder = tmp_path_factory.mktemp("prompts")
    made = prompts.synthesise(TEXTS, folder)
    assert sorted(made) == sorted(folder.glob("*/*.wav"))
    return folder


def seconds(sound: Path) -> float:
    """How long a sound is."""
    with wave.open(str(sound)) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (8000, 1, 2)
        return float(read.getnframes() / read.getframerate())


def test_every_text_is_a_sound_that_can_be_heard(sounds: Path) -> None:
    made = {f"{one.parent.name}/{one.stem}" for one in sounds.glob("*/*.wav")}
    both = {f"{language}/{name}" for language in ("id", "en") for name in ("menu", "message", "saved", "hold")}
    assert made == both | {"en/other"}
    assert all(seconds(one) > 1 for one in sounds.glob("*/*.wav"))


def test_what_a_studio_spoke_stays(sounds: Path) -> None:
    spoken = sounds / "id/menu.wav"
    spoken.write_bytes(b"a voice")
    assert prompts.synthesise(TEXTS, sounds) == []
    assert spoken.read_bytes() == b"a voice"
    spoken.unlink()
    assert prompts.synthesise(TEXTS, sounds) == [spoken]


def test_the_slowest_caller_is_through_before_the_dialplan_takes_him_back(sounds: Path) -> None:
    """Who hears all of the Indonesian menu, then presses for English, hears all of that, and speaks to the end."""
    heard = sum(
        seconds(sounds / f"{name}.wav") for name in ("id/menu", "en/other", "en/menu", "en/message", "en/saved")
    )
    waits = (2 * overflow.DIGIT_WITHIN_MS + overflow.MESSAGE_MS) / 1000 + BEEP_S
    assert heard + waits < int(dict(items("extensions.conf", "globals"))["OVERFLOW_MENU_S"])


def test_every_digit_is_told_in_both_languages() -> None:
    spoken = {
        "id": dict(zip("1234560", ("satu", "dua", "tiga", "empat", "lima", "enam", "nol"), strict=True)),
        "en": dict(zip("1234560", ("one", "two", "three", "four", "five", "six", "zero"), strict=True)),
    }
    for language, words in spoken.items():
        text = (TEXTS / language / "menu.txt").read_text()
        key = {"id": "tekan", "en": "press"}[language]
        assert [digit for digit, word in words.items() if f"{key} {word}" in text] == list(overflow.KINDS)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="install espeak-ng and sox"):
        prompts.synthesise(TEXTS, tmp_path / "sounds")
    assert not (tmp_path / "sounds").exists()


@pytest.mark.usefixtures("sounds")
def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    env = environment(tmp_path)
    first = intake112(env, "prompts", str(tmp_path / "sounds"))
    assert (first.returncode, first.stdout) == (0, f"9 sounds made in {tmp_path / 'sounds'}\n")
    again = intake112(env, "prompts", str(tmp_path / "sounds"))
    assert again.stdout == f"every sound is in {tmp_path / 'sounds'} already\n"
