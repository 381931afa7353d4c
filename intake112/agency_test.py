"""`intake112 agency test CODE`: what is wrong with an agency's receiver, and how does its engineer mend it?

It sends the letters of `routing.examination` through the door that dispatches go through, one by one, and prints a
finding for each. Nothing of it is in the outbox; the audit alone is told.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated

import typer

from db import agencies as saved
from db.agencies import AgencyRow
from db.engine import Database
from db.ids import new_id
from intake112 import agency_verdicts as verdicts
from intake112.agencies import commands
from intake112.command import CommandError, on_database
from intake112.findings import Finding, exit_code, summary
from intake112.settings import Settings
from routing import answers, authority, egress, formats
from routing.delivery import DEADLINE_S, Delivered, HttpReceiver, Letter, Outcome
from routing.examination import Examinee, Probe, Question, series
from routing.knock import knock
from routing.refusals import ForbiddenUrlError, NoSystemError, UnknownAgencyError


@commands.command()
def test(code: Annotated[str, typer.Argument(help="the agency's short name")]) -> None:
    """Try an agency's receiver with letters marked as a test; say what is wrong and how to mend it, exit 1 if so."""

    async def work(database: Database, settings: Settings) -> list[Finding]:
        async with database.reading() as reading:
            agency = await saved.find(reading, code)
        if agency is None:
            raise CommandError(f"{code}: {UnknownAgencyError()}")
        if not agency.has_system:
            raise CommandError(f"{code}: {NoSystemError()} {agency.phone}")
        found = []
        async for one in examine(agency, database.clock, settings.base_url):
            typer.echo(str(one))
            found.append(one)
        async with database.transaction() as tx:
            tx.record("command line", "agency.tested", code, found=summary(found))
        return found

    found = on_database(work)
    typer.echo(summary(found))
    raise typer.Exit(exit_code(found))


async def examine(
    agency: AgencyRow,
    clock: Callable[[], datetime],
    public_url: str,
    *,
    tls: ssl.SSLContext | None = None,
    resolve: egress.Resolve = egress.system_resolve,
    deadline_s: float = DEADLINE_S,
) -> AsyncIterator[Finding]:
    """Yield what each question finds, in their order; a receiver that takes nothing is asked no more."""
    try:
        addresses, refusal = await egress.check_url_resolved(agency.url, agency.allow_cidr, resolve), ""
    except ForbiddenUrlError as error:
        addresses, refusal = [], str(error)
    yield verdicts.address(addresses, refusal)
    if not addresses:
        return
    tls = tls or authority.trusting(agency.ca_pem)
    now = clock()
    form = formats.known(agency.format) or "native"
    examinee = Examinee(agency.code, form, agency.jurisdiction_id, agency.keys_at(now), public_url, agency.api_key)
    receiver = HttpReceiver(agency.url, agency.allow_cidr, tls=tls, resolve=resolve, deadline_s=deadline_s)
    try:
        for probe in series(examinee, now, new_id):
            outcome = await send(receiver, probe, examinee)
            yield verdicts.judge(probe.question, outcome)
            if probe.question is not Question.GOOD:
                continue
            if not isinstance(outcome, Delivered):
                yield verdicts.not_asked()
                return
            said = answers.parse(outcome.answer)
            yield verdicts.body(said.answer if said else None, outcome.excerpt)
            try:
                doors = await knock(agency.url, agency.allow_cidr, tls=tls, resolve=resolve)
            except (egress.ForbiddenAddressError, egress.UnresolvedError) as error:  # DNS says something else by now
                doors = []
                yield verdicts.address([], str(error) if isinstance(error, egress.ForbiddenAddressError) else "")
            for door in doors:
                yield verdicts.connection(door.address, door.ms, door.why)
                if door.certificate_until is not None:
                    yield verdicts.certificate(door.certificate_until, now)
    finally:
        await receiver.aclose()


async def send(receiver: HttpReceiver, probe: Probe, examinee: Examinee) -> Outcome:
    """Send one letter as it is; what its receiver says of our keys is shown to nobody."""
    carried = [examinee.api_key] if examinee.api_key else []
    signed = probe.id, probe.at, probe.signature, probe.body, probe.content_type, examinee.keys
    return await receiver.deliver(Letter(*signed, hidden=carried))
