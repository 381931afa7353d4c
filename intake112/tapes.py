"""Looking at a tape: what Asterisk said, and when."""

from pathlib import Path
from typing import Annotated

import typer

from ami_bridge import frames, tape
from intake112.command import CommandError, app

commands = typer.Typer(help="What Asterisk said, as it was recorded.", no_args_is_help=True)
app.add_typer(commands, name="tape")


@commands.command()
def show(file: Annotated[Path, typer.Argument(help="a tape of INTAKE112_STATE_DIR/tapes")]) -> None:
    """Print every frame of a tape: its time, its event, and its headers."""
    try:
        recorded = tape.read_all(file)
    except tape.TapeError as error:
        raise CommandError(str(error)) from None
    for one in recorded:
        typer.echo(f"{one.at.isoformat(timespec='milliseconds')}  {_shown(frames.decode(frames.event_name(one.raw)))}")
        for line in frames.decode(one.raw).split("\r\n"):
            typer.echo(f"    {_shown(line)}")


def _shown(text: str) -> str:
    """Return the text without what would move a terminal's cursor or forge a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
