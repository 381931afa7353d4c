"""Looking at a tape, and playing it: what Asterisk said, and when."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ami_bridge import frames, tape
from ami_bridge.tape import Recorded, Tape
from ami_bridge.threads import Line
from exercise import tapes
from exercise.pbx import PretendAsterisk
from exercise.story import Story
from intake.words import inert
from intake112 import configs, told
from intake112.clock import SteadyClock
from intake112.command import CommandError, alone, app, configured

commands = typer.Typer(help="What Asterisk said, as it was recorded.", no_args_is_help=True)
app.add_typer(commands, name="tape")
File = Annotated[Path, typer.Argument(help="a tape of INTAKE112_STATE_DIR/tapes")]


@commands.command()
def show(
    files: Annotated[list[Path], typer.Argument(help="tapes, or folders of tapes: one call may lie on two of them")],
    call: Annotated[str | None, typer.Option(help="only this call: the uniqueid of the caller's channel")] = None,
    only_frames: Annotated[bool, typer.Option("--frames", help="every frame as Asterisk sent it")] = False,
) -> None:
    """Tell each call on a tape as a story; the line is what INTAKE112_LINE_CONTEXTS, _NUMBERS and _QUEUES say."""
    found = configured(level="warning")
    reels = _loaded(files)
    if only_frames:
        shown = _print_frames(reels, call)
    else:
        shown = _print_stories(reels, call, configs.line_of(found), ZoneInfo(found.timezone))
    if call is not None and not shown:
        raise CommandError(f"there is no call {inert(call)} on {_names(reels)}: without --call all are told")
    if not shown:
        typer.echo(f"No call of the 112 line (INTAKE112_LINE_…) is on {_names(reels)}. --frames shows what is.")
    for one in reels:
        if one.torn:
            typer.echo(f"{one.path.name} was cut: its last {one.torn} bytes are no whole frame and were left out.")


def _loaded(files: list[Path]) -> list[Tape]:
    """Return the tapes in the order in which each bridge recorded them."""
    paths = [path for file in files for path in (file.glob("*.tape") if file.is_dir() else [file])]
    try:
        reels = [Tape.load(path) for path in paths]
    except tape.TapeError as error:
        raise CommandError(str(error)) from None
    if not reels:
        raise CommandError(f"no tape is in {', '.join(map(str, files))}")
    return sorted(reels, key=lambda one: (one.bridge, one.place))


def _names(reels: list[Tape]) -> str:
    return reels[0].path.name if len(reels) == 1 else f"these {len(reels)} tapes"


def _recorded(reels: Iterable[Tape]) -> Iterator[Recorded]:
    for one in reels:
        with contextlib.closing(one):
            yield from one.all()


def _print_stories(reels: list[Tape], call: str | None, line: Line, zone: ZoneInfo) -> int:
    shown = 0
    for _, of_one_bridge in groupby(reels, key=lambda one: one.bridge):
        for key, facts in told.play(_recorded(of_one_bridge), line).items():
            if call in (None, key.uniqueid):
                typer.echo("\n".join([*told.story(facts, zone), ""]))
                shown += 1
    return shown


def _print_frames(reels: list[Tape], call: str | None) -> int:
    shown = 0
    for one in _recorded(reels):
        if call is None or any(value == call for _, value in frames.parse(one.raw).headers):
            name = inert(frames.decode(frames.event_name(one.raw))) or "Response"
            typer.echo(f"{one.at.isoformat(timespec='milliseconds')}  {name}")
            for line in frames.decode(one.raw).split("\r\n"):
                typer.echo(f"    {inert(line)}")
            shown += 1
    return shown


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
