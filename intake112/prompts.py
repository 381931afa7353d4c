"""What callers hear of the voice menu: placeholders, spoken by espeak-ng from the texts that a studio speaks."""

import shutil
import subprocess
from pathlib import Path
from typing import Annotated, Final

import typer

from intake112.command import CommandError, app
from intake112.pbx import shipped

NEEDED: Final = {"espeak-ng": "espeak-ng", "sox": "sox"}  # program -> Debian's package
WORDS_A_MINUTE: Final = "160"
FORMAT: Final = ("-r", "8000", "-c", "1", "-b", "16")  # what Asterisk plays without another module


@app.command()
def prompts(
    folder: Annotated[Path, typer.Argument(help="PROMPTS_DIR of the PBX, such as /var/lib/asterisk/sounds/intake112")],
) -> None:
    """Speak the texts of the voice menu into FOLDER. Sounds that are there already stay as they are."""
    made = synthesise(shipped() / "prompts", folder)
    typer.echo(f"{len(made)} sounds made in {folder}" if made else f"every sound is in {folder} already")


def synthesise(source: Path, target: Path) -> list[Path]:
    """Speak every `LANGUAGE/NAME.txt` of `source` into `LANGUAGE/NAME.wav` of `target`, unless that is there.

    Returns the sounds that were made (WAV, 8 kHz, mono, 16 bit). Raises CommandError when a program is missing or
    fails, OSError.
    """
    wanted = {
        text: target / text.relative_to(source).with_suffix(".wav") for text in sorted(source.glob("[a-z][a-z]/*.txt"))
    }
    missing = {text: sound for text, sound in wanted.items() if not sound.exists()}
    if missing and (lacking := [package for program, package in NEEDED.items() if shutil.which(program) is None]):
        raise CommandError(f"the sounds cannot be made: install {' and '.join(lacking)} (apt-get install), then again")
    for text, sound in missing.items():
        sound.parent.mkdir(parents=True, exist_ok=True)
        spoken = _run("espeak-ng", "-v", text.parent.name, "-s", WORDS_A_MINUTE, "-f", str(text), "--stdout")
        partial = sound.with_suffix(".new")
        _run("sox", "-t", "wav", "-", *FORMAT, "-t", "wav", str(partial), given=spoken)
        partial.replace(sound)
    return list(missing.values())


def _run(*command: str, given: bytes = b"") -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603  # the two of NEEDED
    if done.returncode:
        raise CommandError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout
