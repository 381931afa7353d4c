"""Looking at a tape, and playing it: what Asterisk said, and when."""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer

from ami_bridge import frames, tape
from exercise import tapes
from exercise.pbx import PretendAsterisk
from exercise.story import Story
from intake112.clock import SteadyClock
from intake112.command import CommandError, alone, app

commands = typer.Typer(help="What Asterisk said, as it was recorded.", no_args_is_help=True)
app.add_typer(commands, name="tape")
File = Annotated[Path, typer.Argument(help="a tape of INTAKE112_STATE_DIR/tapes")]


@commands.command()
def show(file: File) -> None:
    """Print every frame of a tape: its time, its event, and its headers."""
    try:
        recorded = tape.read_all(file)
    except tape.TapeError as error:
        raise CommandError(str(error)) from None
    for one in recorded:
        if one.raw:
            name = _shown(frames.decode(frames.event_name(one.raw))) or "Response"
            typer.echo(f"{one.at.isoformat(timespec='milliseconds')}  {name}")
            for line in frames.decode(one.raw).split("\r\n"):
                typer.echo(f"    {_shown(line)}")


@commands.command()
def play(
    file: File,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="2 plays twice as fast")] = 1.0,
) -> None:
    """Play a tape once to the first bridge that logs in, as a PBX of its own, with new ids and the present time."""
    try:
        story = tapes.read(file)
    except (tape.TapeError, tapes.NoStoryError) as error:
        raise CommandError(str(error)) from None
    with contextlib.suppress(KeyboardInterrupt):
        alone(lambda: asyncio.run(_play(story, speed)))


async def _play(story: Story, speed: float) -> None:
    async with PretendAsterisk(SteadyClock()) as pbx:
        for name in ("host", "port", "username", "secret"):
            typer.echo(f"export INTAKE112_AMI_{name.upper()}={getattr(pbx, name)}")
        typer.echo(f"waiting for a bridge to log in; then {story.name} is played", err=True)
        await pbx.logged_in.wait()
        await pbx.play(story, speed=speed)
        typer.echo("played to its end", err=True)


def _shown(text: str) -> str:
    """Return the text without what would move a terminal's cursor or forge a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
