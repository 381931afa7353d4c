"""`intake112 doctor`: is all in order at this centre, and how is what is not mended?

One line for each check, in a fixed order, then a sum; the exit code is 1 when something is wrong. It takes no lock
and works while the service runs. Each check stands alone: one that cannot be made says so, one that hangs is ended
after WITHIN_S, and the others go on. The desk's data is only read. The PBX is only asked, but for `--call`
(`ami_bridge.trial`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Final

import typer

from ami_bridge.asking import Asked, asked
from ami_bridge.line import LineError, RefusedError
from ami_bridge.session import Pbx
from db import health, migrate, places
from db.engine import Database
from intake import placing
from intake112 import at_pbx, configs, on_disk, verdicts
from intake112.at_pbx import Joined
from intake112.clock import FileClock, SteadyClock
from intake112.command import alone, app, clock_of, configured, only, sentence
from intake112.findings import Finding, exit_code, ok, summary, warning, wrong
from intake112.settings import Settings

WITHIN_S: Final = 8.0
CALLS_WITHIN_S: Final = 60.0  # several contexts, four forms each
AnyClock = SteadyClock | FileClock
AT_PBX: Final[tuple[tuple[str, Callable[[Joined], Awaitable[list[Finding]]]], ...]] = (
    ("hearing", at_pbx.hearing),
    ("rights", at_pbx.rights),
    ("Asterisk", at_pbx.itself),
    ("clock", at_pbx.time),
    ("modules", at_pbx.modules),
    ("dialplan", at_pbx.dialplan),
    ("queues", at_pbx.queues),
    ("trunks and desks", at_pbx.devices),
    ("positions", at_pbx.mirror),
)


@app.command()
def doctor(
    *,
    call: Annotated[
        bool, typer.Option("--call", help="make test calls into the line: no telephone rings, no report is made")
    ] = False,
) -> None:
    """Say what is wrong with PBX, database, clock and disk, and how to mend it; exit 1 when something is."""
    settings = configured(level="error")
    clock = clock_of(settings)

    async def work() -> list[Finding]:
        findings = []
        async for one in examine(settings, clock, call=call):
            typer.echo(str(one))
            findings.append(one)
        return findings

    findings = alone(lambda: asyncio.run(work()))
    typer.echo(summary(findings))
    raise typer.Exit(exit_code(findings))


async def examine(settings: Settings, clock: AnyClock, *, call: bool) -> AsyncIterator[Finding]:
    """Yield what each check finds, in their order."""
    for one in await _made("database", _database(settings, clock)):
        yield one
    calls: int | None = None
    if not settings.ami_host:
        mend = "INTAKE112_AMI_HOST=127.0.0.1, INTAKE112_AMI_USERNAME and _SECRET as in manager.conf"
        yield wrong("AMI", "INTAKE112_AMI_HOST is not set: no call becomes a report", mend)
    else:
        async with contextlib.AsyncExitStack() as stack:
            joined, found = await _joined(stack, settings, clock)
            for one in found:
                yield one
            if joined is not None:
                for check, questions in AT_PBX:
                    for one in await _made(check, questions(joined)):
                        yield one
                if call:
                    for one in await _made("test call", at_pbx.test_calls(joined), CALLS_WITHIN_S):
                        yield one
                with contextlib.suppress(LineError, TimeoutError):
                    async with asyncio.timeout(WITHIN_S):
                        calls = (await at_pbx.core(joined)).calls
        if joined is None:
            yield warning("PBX", "not asked: there is no session", "mend the line above, then ask again")
        elif not call:
            yield at_pbx.not_called()
        for one in await _made("voice menu", _menu(settings)):
            yield one
    for check, look in _on_disk(settings, calls):
        for one in await _made(check, on_disk.ask(look)):
            yield one


def _on_disk(settings: Settings, calls: int | None) -> list[tuple[str, Callable[[], list[Finding]]]]:
    return [
        ("CEL file", lambda: [on_disk.cel_file(settings.cel_file, calls, settings.queue_log)]),
        ("queue_log", lambda: [on_disk.queue_log(settings.queue_log, calls)]),
        ("recordings", lambda: [on_disk.recordings(settings.recordings_dir)]),
        ("store", lambda: [on_disk.store(settings.store)]),
        ("state folder", lambda: [on_disk.state(settings.state_dir)]),
        ("disks", lambda: on_disk.disks(settings)),
    ]


async def _made(check: str, work: Awaitable[list[Finding]], within_s: float = WITHIN_S) -> list[Finding]:
    """Make one check, and say so if it cannot be made: nothing that fails in it ends the others."""
    try:
        async with asyncio.timeout(within_s):
            return await work
    except TimeoutError:
        return [wrong(check, f"no answer within {within_s:g} s", "look why it hangs, then ask again")]
    except Exception as caught:  # whatever it is, who reads this wants to know of the rest
        error = only(caught)
        if isinstance(error, migrate.SchemaError):
            return [wrong(check, str(error), "`intake112 migrate`, with the newer of the two releases")]
        told = sentence(error) if isinstance(error, Exception) else None
        why = told[1] if told is not None else str(error) or type(error).__name__
        return [wrong(check, f"cannot be looked at: {why}", "mend that, then ask again")]


async def _database(settings: Settings, clock: AnyClock) -> list[Finding]:
    check = "database"
    if settings.sqlite_file is not None and not settings.sqlite_file.is_file():
        return [wrong(check, f"there is none at {settings.sqlite_file}", "`intake112 migrate`")]
    async with Database.open(settings.database, clock) as database:
        await migrate.check(database)
        async with database.reading() as reading:
            version = await health.version(reading)
            named = placing.OFFICIAL in await places.of_lists(reading)
    kind = "SQLite" if settings.sqlite_file is not None else f"PostgreSQL {version}"
    found = [ok(check, f"{kind}, schema {migrate.newest()}")]
    if settings.sqlite_file is not None:
        found.append(verdicts.sqlite(version))
    if not named:
        found.append(
            warning("places", "no names are loaded: places are typed, not found", "`intake112 gazetteer load`")
        )
    return found


async def _menu(settings: Settings) -> list[Finding]:
    """See whether the bridge serves the voice menu: who hangs up at once is nobody there."""
    check, host, port = "voice menu", settings.menu_host, settings.menu_port
    if port is None:
        mend = "INTAKE112_MENU_PORT=4573, as OVERFLOW_MENU in extensions.conf has it"
        return [warning(check, "INTAKE112_MENU_PORT is not set: whom nobody answers gets none", mend)]
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return [
            warning(check, f"{host}:{port}: {error.strerror or error}", "`systemctl start intake112`, then ask again")
        ]
    writer.close()
    return [ok(check, f"served at {host}:{port}")]


async def _joined(
    stack: contextlib.AsyncExitStack, settings: Settings, clock: AnyClock
) -> tuple[Joined | None, list[Finding]]:
    """Log in as the ear and, where there is one, as the hand; None: not even the ear could."""
    pbx = configs.bridge_config(settings).pbx
    ear, found = await _logged_in(stack, "log-in of the ear", pbx, "AMI")
    if ear is None:
        return None, found
    if (config := configs.control_config(settings)) is None:
        mend = "INTAKE112_CONTROL_USERNAME and _SECRET as in manager.conf, [intake112-control]"
        return Joined(settings, clock, pbx, ear, None), [
            *found,
            warning("log-in of the hand", "not set: the desk cannot act", mend),
        ]
    hand, of_hand = await _logged_in(stack, "log-in of the hand", config.pbx, "CONTROL")
    return Joined(settings, clock, pbx, ear, hand), [*found, *of_hand]


async def _logged_in(
    stack: contextlib.AsyncExitStack, check: str, pbx: Pbx, names: str
) -> tuple[Asked | None, list[Finding]]:
    try:
        async with asyncio.timeout(WITHIN_S):
            session = await stack.enter_async_context(asked(pbx))
    except RefusedError as error:
        return None, [at_pbx.refused(check, pbx, str(error), names)]
    except (LineError, TimeoutError) as error:
        return None, [at_pbx.unreachable(pbx, str(error) or f"no answer within {WITHIN_S:g} s")]
    return session, [ok(check, f"{pbx.username} at {pbx.host}:{pbx.port}")]
