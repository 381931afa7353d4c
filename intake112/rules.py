"""The rules that say which agencies a report goes to: show them, try them out. They are made by the API."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from db import agencies
from db import rules as saved
from db.engine import Database
from intake import desk
from intake112.command import CommandError, app, on_database
from intake112.settings import Settings
from routing import rulebook, rules, simulation
from routing.rules import ACCEPT_WITHIN_S, Rule

commands = typer.Typer(help="Rules that say which agencies a report goes to.", no_args_is_help=True)
app.add_typer(commands, name="rules")


@commands.command()
def show(
    version: Annotated[int | None, typer.Option(min=1, help="an old or a waiting version; else what holds now")] = None,
) -> None:
    """Show a version of the rules, one line each, and which versions wait for their date."""

    async def work(database: Database, settings: Settings) -> list[str]:
        async with database.reading() as reading:
            book = await (rulebook.in_force(reading) if version is None else rulebook.of_version(reading, version))
            lines, zone = [], ZoneInfo(settings.timezone)
            if book.version is None:
                lines.append("there are no rules yet: `intake112 agency add --kind` or POST /api/v1/rules makes them")
            else:
                head = book.version
                lines.append(
                    f"version {head.number}, from {_local(head.effective_from, zone)}, "
                    f"made {_local(head.made_at, zone)} by {head.made_by}{': ' if head.note else ''}{head.note}"
                )
                lines += [_line(rule) for rule in book.rules]
            if version is None:
                for row in await saved.waiting(reading, reading.now):
                    lines.append(f"version {row.number} waits for {_local(row.effective_from, zone)}")
            return lines

    typer.echo("\n".join(on_database(work)))


@commands.command()
def simulate(
    kind: Annotated[str | None, typer.Option(help="the report's kind, such as kebakaran; else none yet")] = None,
    priority: Annotated[str | None, typer.Option(help="P1, P2 or P3; else not judged yet")] = None,
    place: Annotated[list[str] | None, typer.Option(help="a code that rules use; repeatable; else not known")] = None,
    at: Annotated[str | None, typer.Option(help="a time such as 2026-03-14T22:00, the centre's; else now")] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="by these rules; else by those that hold at the time")
    ] = None,
) -> None:
    """Say where a report would go, by which rule, and of every rule why it fits or does not. Nothing is saved."""
    if priority is not None and priority not in ACCEPT_WITHIN_S:
        raise CommandError(f"{priority!r} is no priority: {', '.join(ACCEPT_WITHIN_S)} are")
    try:
        asked = None if at is None else datetime.fromisoformat(at)
    except ValueError:
        raise CommandError(f"{at!r} is no time: write it like 2026-03-14T22:00") from None

    async def work(database: Database, settings: Settings) -> list[str]:
        async with database.reading() as reading:
            await desk.check_kind(reading, kind)
            when = reading.now if asked is None else asked
            when = when.replace(tzinfo=ZoneInfo(settings.timezone)) if when.tzinfo is None else when
            if version is None:
                book = await rulebook.in_force(reading, when)
            else:
                book = await rulebook.of_version(reading, version)
            case = book.case(kind, priority, when, frozenset(place or ()))
            told = simulation.explain(book.rules, case)
            lines = [f"  rule {one.rule}: {SIGNS[one.fits]}: {one.why}" for one in told]
            own = {one.code: one.caller_number for one in await agencies.every(reading)}
            found = rules.propose(book.rules, case)
            untold = {one.agency for one in found if not one.tells_caller(own[one.agency])}
            return [simulation.sentence(book.rules, case, untold), *lines]

    typer.echo("\n".join(on_database(work)))


TOLD = {None: "", True: " with the caller's number", False: " without the caller's number"}
SIGNS = {"yes": "fits", "no": "does not fit", "possible": "may fit"}


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _line(rule: Rule) -> str:
    asked = [", ".join(part) for part in (rule.kinds, rule.priorities, rule.places) if part]
    asked += [simulation.hours_words(one) for one in rule.hours]
    to = [
        one.agency
        + (f" ({one.accept_within_s} s)" if one.accept_within_s is not None else "")
        + (f" then {one.next_agency}" if one.next_agency else "")
        + TOLD[one.caller_number]
        for one in rule.agencies
    ]
    marks = [*(["automatic"] if rule.automatic else []), *(f"{code} was removed" for code in rule.removed)]
    marks += [f"WARNING: {code} is disabled" for code in rule.disabled]
    cells = (str(rule.number), " & ".join(asked) or "every report", f"→ {', '.join(to) or 'nobody'}", "; ".join(marks))
    return "\t".join(cells).rstrip()
