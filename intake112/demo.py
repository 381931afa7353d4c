"""`run --demo`: the product with a pretend Asterisk that rings, pretend agencies that answer, people who may log in.

It works on whatever the settings name, so it takes care of what is there: where `INTAKE112_AMI_HOST` is set, that PBX
is used and the pretend one stays silent; an agency or a person who was there before is left alone unless it is the
demo's own. Passwords are random, made once, and kept in `demo-logins.json` in the state folder (mode 0600) to be
printed again. A fresh database gets the reports of `exercise.opening`, so that there is something to see at once; one
that has reports already, or agencies that are not ours, is told nothing.
"""

import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import structlog
import typer
from pydantic import SecretStr

from db import agencies, dispatches, people, reports
from db.agencies import AgencyRow
from db.engine import Database, Transaction
from exercise import opening
from exercise.agency import PretendAgency
from exercise.beside import tasks_beside
from exercise.demo import Demo, demo, is_pretend
from exercise.sms_gateway import ALLOW_CIDR, TOKEN, Text
from exercise.speak import UnheardError
from intake import access
from intake112.settings import Settings
from routing import outbox

PEOPLE = {"operator": "operator", "operator2": "operator", "supervisor": "supervisor", "admin": "admin"}  # name: role
NARRATOR = "rekaan"  # who writes the first reports: a token that ends with the demo
ACTOR = "demo"
PAGES = {
    "/": "meja: operator, operator2 / the desk",
    "/pengawas": "supervisor",
    "/papan": "papan dinding / wallboard",
    "/admin": "admin",
}
log = structlog.get_logger(__name__)


@asynccontextmanager
async def around(database: Database, settings: Settings) -> AsyncIterator[Settings]:
    """Run the pretend world around the rooms, and hand them the settings that lead to it."""
    async with demo(database.clock) as world, tasks_beside() as tasks:
        await _register(database, world)
        logins = await _people(database, settings.state_dir / "demo-logins.json")
        _tell(settings, logins)
        begun = tasks.create_task(_open(database, settings.base_url))
        if settings.sms_url is None:
            world.sms.show = _texted
            settings = settings.model_copy(
                update={
                    "sms_url": SecretStr(world.sms.url),
                    "sms_token": SecretStr(TOKEN),
                    "sms_allow_cidr": frozenset({ip_network(ALLOW_CIDR)}),
                }
            )
        try:
            yield _at_pbx(settings, world)
        finally:
            begun.cancel()


def _at_pbx(settings: Settings, world: Demo) -> Settings:
    """Return the settings with the pretend Asterisk, unless they name one."""
    if settings.ami_host:
        return settings
    pbx = world.pbx
    here = {"ami_host": pbx.host, "ami_port": pbx.port, "ami_username": pbx.username}
    hand = {"control_username": pbx.control, "control_secret": SecretStr(pbx.control_secret)}
    return settings.model_copy(update={**here, **hand, "ami_secret": SecretStr(pbx.secret)})


async def _open(database: Database, base_url: str) -> None:
    """Tell a fresh centre its first reports, once; what fails is in the log, and the demo goes on."""
    token = outbox.new_token()
    async with database.transaction() as tx:
        ours = all(is_pretend(row.url) for row in await agencies.every(tx))
        fresh = ours and not await reports.page(tx, reports.Filter(), None, 1)
        if not fresh or not await people.add_token(tx, NARRATOR, "supervisor", outbox.token_hash(token)):
            return
        tx.record(ACTOR, "token.created", f"token:{NARRATOR}", role="supervisor")
    try:
        number = await opening.open_the_desk(base_url, token)
        typer.echo(f"  HP instansi / an agency's phone: {base_url}/a/{await _page_token(database, number)}")
        await opening.tell_a_position(base_url, token)
    except UnheardError as error:
        log.warning("demo_not_opened", why=str(error))
    finally:
        async with database.transaction() as tx:
            await people.disable_token(tx, NARRATOR)


async def _page_token(database: Database, number: str) -> str:
    """Return what opens the phone page of a report's only dispatch."""
    async with database.reading() as reading:
        report = await reports.find(reading, number)
        found = await dispatches.of_reports(reading, [report.id]) if report is not None else {}
    return next((str(one.page_token) for of_one in found.values() for one in of_one), "")


async def _register(database: Database, world: Demo) -> None:
    async with database.transaction() as tx:
        there = {row.code: row for row in await agencies.every(tx)}
        for pretend in world.agencies:
            row = there.get(pretend.code)
            if row is None:
                args = (pretend.code, pretend.name, pretend.url, pretend.allow_cidr, pretend.kinds)
                new = await outbox.add_agency(tx, *args, by=ACTOR, phone=pretend.phone)
                pretend.enrol(new.secret, new.token)
            elif is_pretend(row.url):
                await _move(tx, row, pretend)


async def _move(tx: Transaction, row: AgencyRow, pretend: PretendAgency) -> None:
    """Its ports are new at every start, and of its token only the hash was kept."""
    await agencies.set_url(tx, row.id, pretend.url)
    await people.remove_tokens(tx, row.id)
    token = outbox.new_token()
    if await people.add_token(tx, row.code, "agency", outbox.token_hash(token), row.id):
        tx.record(ACTOR, "agency.moved", row.code)
        pretend.enrol(row.secret, token)


async def _people(database: Database, file: Path) -> dict[str, str | None]:
    """Return the password of each of the demo's people; None for one who was there before us."""
    kept = _read(file)
    found: dict[str, str | None] = {}
    async with database.transaction() as tx:
        for name, role in PEOPLE.items():
            if await people.user(tx, name) is None:
                kept[name] = secrets.token_urlsafe(12)
                await access.create_user(tx, name, role, kept[name])
            found[name] = kept.get(name)
        _write(file, kept)  # before the commit: a password that nobody knows helps nobody
    return found


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(password) for name, password in found.items()} if isinstance(found, dict) else {}


def _write(file: Path, kept: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(kept, out)


def _texted(sms: Text) -> None:
    typer.echo(f"  SMS ke / to {sms.to}: {sms.text}")


def _tell(settings: Settings, logins: dict[str, str | None]) -> None:
    url = settings.base_url
    typer.echo(f"intake112 demo: {url} (Ctrl-C: selesai / ends it; data: {settings.state_dir})")
    for name, password in logins.items():
        typer.echo(f"  log in as {name:<12} password {password or '(the one it had before)'}")
    for path, who in PAGES.items():
        typer.echo(f"  {url + path:<34} {who}")
