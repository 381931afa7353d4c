"""The agencies that receive reports."""

import re
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from db import agencies as saved
from db.engine import Database
from intake import numbers, terms
from intake.access import check_free
from intake112.command import CommandError, T, TokenGrace, app, on_database, tell_token
from intake112.settings import Settings
from routing import authority, egress, formats, keys, outbox, standing
from routing.refusals import RefusedError

CODE = re.compile(r"[a-z0-9_-]{1,32}")
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{1,30}")
NO_SMS = "--phone gives no mobile number ('0328662112 / 081200000001' gives one beside a landline)"
PemFile = typer.Option(
    exists=True, dir_okay=False, help="the certificate (PEM) of the authority that alone is believed"
)
commands = typer.Typer(help="Agencies that receive reports.", no_args_is_help=True)
app.add_typer(commands, name="agency")


@commands.command()
def add(
    code: Annotated[str, typer.Argument(help="its short name, such as damkar")],
    name: Annotated[str, typer.Option(help="its name on screens")],
    url: Annotated[str, typer.Option(help="where its webhooks go; without: it has no computer system")] = "",
    phone: Annotated[str | None, typer.Option(help="its duty number; if mobile, links go there by SMS")] = None,
    allow_cidr: Annotated[
        list[str] | None, typer.Option(help="an address range that may be dialled though it is not public; repeatable")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="a kind of report that is to go there, such as kebakaran; repeatable")
    ] = None,
    following: Annotated[
        str | None, typer.Option("--next", help="the agency that gets those reports too when this one does not accept")
    ] = None,
    format: Annotated[str, typer.Option(help="the form it receives: native, eido, cap or open311")] = "native",
    jurisdiction: Annotated[str | None, typer.Option(help="Open311's jurisdiction_id, where it is wanted")] = None,
    caller_number: Annotated[
        bool | None,
        typer.Option(
            "--caller-number/--no-caller-number",
            help="tell it the caller's number and name where no rule says otherwise; else: yes, but for open311",
        ),
    ] = None,
    centre: Annotated[bool, typer.Option("--centre", help="it is the 112 centre of a neighbouring regency")] = False,
    ca: Annotated[Path | None, PemFile] = None,
) -> None:
    """Add an agency; print the secret that signs to it and the token it answers with, this once."""
    networks, kinds = allow_cidr or [], kind or []
    if not CODE.fullmatch(code):
        raise CommandError(f"{code!r} is no code: 1 to 32 small letters, digits, dashes and underscores are allowed")

    form = formats.known(format)
    if form is None:
        raise CommandError(f"{format!r} is no form of a dispatch: {', '.join(formats.FORMATS)} are")

    async def work(database: Database, _: Settings) -> tuple[outbox.NewAgency, list[str]]:
        check_free(code)
        check_free(name)
        ca_pem = _certificate(ca)
        addresses = await egress.check_url_resolved(url, networks) if url else []
        async with database.transaction() as tx:
            args = (code, name, url, networks, kinds)
            new = await outbox.add_agency(
                tx,
                *args,
                by="command line",
                next_code=following,
                format=form,
                jurisdiction_id=jurisdiction,
                caller_number=caller_number,
                is_centre=centre,
                ca_pem=ca_pem,
                phone=_number(phone),
            )
            return new, addresses

    added, addresses = of_agency(code, work)
    if url and not addresses:
        typer.echo(f"intake112: the host of {url} has no address now; {code} is added all the same", err=True)
    if phone and not numbers.textable(phone):
        typer.echo(f"intake112: {code} gets no link by SMS when nobody accepts: {NO_SMS}", err=True)
    typer.echo(f"secret: {added.secret}\ntoken: {added.token}")


@commands.command(name="list")
def list_() -> None:
    """List the agencies: code, name, address, ranges that may be dialled, form, and what is unusual of each."""

    async def work(database: Database, _: Settings) -> list[saved.AgencyRow]:
        async with database.reading() as reading:
            return await saved.every(reading)

    for row in on_database(work):
        marks = [] if row.disabled_at is None else [f"DISABLED: {row.disable_reason}"]
        marks += [] if row.caller_number else ["without the caller's number"]
        marks += ["its number takes no SMS"] if row.phone and not numbers.textable(row.phone) else []
        marks += ["with an api_key"] if row.api_key else []
        marks += [] if row.ca_pem is None else ["an authority of its own"]
        cells = (
            row.code,
            row.name,
            row.url or f"no system: telephone {row.phone}",
            " ".join(row.allow_cidr),
            row.format,
            *marks,
        )
        typer.echo("\t".join(cells))


@commands.command(name="ca")
def ca_(
    code: Annotated[str, typer.Argument(help="the agency's short name")],
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="the certificate (PEM) of its authority")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="believe public authorities again")] = False,
) -> None:
    """Believe an agency's own certificate authority, and no other for it; every try from now on does."""
    if (file is None) is not public:
        raise CommandError("give the file of its authority's certificate, or --public to believe public ones again")

    async def work(database: Database, _: Settings) -> None:
        ca_pem = _certificate(file)
        async with database.transaction() as tx:
            seen = (await standing.agency_of(tx, code)).version
            await terms.change(tx, code, seen, {"ca_pem": ca_pem}, "command line")

    of_agency(code, work)
    believed = "public authorities are" if public else "the authority of that certificate alone is"
    typer.echo(f"{code}: {believed} believed from the next try on; `intake112 agency test {code}` tries it now")


@commands.command()
def rotate_secret(
    code: Annotated[str, typer.Argument(help="the agency's short name")],
    grace: Annotated[
        int, typer.Option(min=0, max=720, help="hours in which the old secret is honoured too; 0: it was given away")
    ] = 24,
) -> None:
    """Give an agency a new secret; print it, this once. Until the grace is over both sign and both are honoured."""

    async def work(database: Database, _: Settings) -> keys.Rotated:
        async with database.transaction() as tx:
            return await keys.rotate(tx, code, timedelta(hours=grace), by="command line")

    rotated = of_agency(code, work)
    if rotated.cut_short is not None:
        until = rotated.cut_short.isoformat(timespec="seconds")
        typer.echo(f"intake112: a secret that was to be honoured until {until} is honoured no more", err=True)
    typer.echo(f"secret: {rotated.secret}")
    if rotated.until is not None:
        typer.echo(f"old_secret_until: {rotated.until.isoformat(timespec='seconds')}")


@commands.command()
def renew_token(
    code: Annotated[str, typer.Argument(help="the agency's short name")],
    grace: TokenGrace = 24,
) -> None:
    """Give an agency a new token to answer with; print it, this once. Until the grace is over both are honoured."""

    async def work(database: Database, _: Settings) -> tuple[str, datetime | None]:
        async with database.transaction() as tx:
            return await keys.renew_token(tx, code, timedelta(hours=grace), by="command line")

    tell_token(*of_agency(code, work))


@commands.command()
def api_key(
    code: Annotated[str, typer.Argument(help="the agency's short name")],
    *,
    key_stdin: Annotated[bool, typer.Option("--key-stdin", help="read the key from stdin")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="send none any more")] = False,
) -> None:
    """Keep the api_key that an Open311 platform gave us; every try carries it, nothing shows it again."""
    if key_stdin is remove:
        raise CommandError("write the key to stdin and add --key-stdin (others could read an argument), or --remove it")
    key = None if remove else sys.stdin.readline().strip()

    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await keys.set_api_key(tx, code, key, by="command line")

    of_agency(code, work)
    typer.echo(f"{code}: what is sent carries {'no' if remove else 'this'} api_key from the next try on")


@commands.command(name="keys")
def keys_(code: Annotated[str, typer.Argument(help="the agency's short name")]) -> None:
    """Print the public key with which an agency can check `v1a` signatures, without sharing a secret."""

    async def work(database: Database, _: Settings) -> str:
        async with database.transaction() as tx:
            return await keys.public_key(tx, code, by="command line")

    typer.echo(f"public_key: {of_agency(code, work)}")


def _number(phone: str | None) -> str | None:
    """Return a duty number as it was given. Raises CommandError."""
    if phone is not None and not PHONE.fullmatch(phone):
        raise CommandError(f"--phone {phone!r} is no telephone number: digits, with a plus before them or not")
    return phone


def _certificate(file: Path | None) -> str | None:
    """Return the authorities in a file. Raises UnfitAuthorityError, CommandError."""
    if file is None:
        return None
    try:
        found = authority.read(file.read_text("utf-8", "replace"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None
    if found is None:
        raise CommandError(f"{file} is empty: give the certificate (PEM) of the agency's authority")
    return found


def of_agency(code: str, work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Do a command's work on one agency; what routing refuses names it."""
    try:
        return on_database(work)
    except RefusedError as error:
        raise CommandError(f"{code}: {error}") from None
