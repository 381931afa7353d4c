"""The record of who did what: is it as it was written?"""

from pathlib import Path
from typing import Annotated

import typer

from db import chain
from db.chain import SignedHead, Verdict
from db.engine import Database
from intake112 import heads
from intake112.command import CommandError, app, configured, on_database
from intake112.heads import HeadsError, Places
from intake112.settings import Settings

PROGRESS_EVERY = 200_000  # rows
audit = typer.Typer(help="The record of who did what.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def verify(
    heads_file: Annotated[
        list[Path] | None,
        typer.Option("--heads", help="a file of signed heads that was kept elsewhere; may be repeated"),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="the public key they were signed by; without it, that of this machine's key")
    ] = None,
) -> None:
    """Walk the audit chain; exit 1 and name the first bad row when it was tampered with.

    An edit, a deletion and a reorder show by themselves. A tail that was cut, or rows that were made anew with all that
    follows, show by signed heads: those of the state folder, and those in `--heads`.
    """
    last = 0

    def progress(rows: int) -> None:
        nonlocal last
        if rows - last >= PROGRESS_EVERY:
            last = rows
            typer.echo(f"intake112: {rows} rows read", err=True)

    async def work(database: Database, found: Settings) -> tuple[Verdict, list[SignedHead]]:
        signed = _signed(Places.of(found.state_dir, found.audit_heads), heads_file or [], key)
        return await chain.verify(database, signed, progress), signed

    verdict, signed = on_database(work)
    if verdict.bad is not None:
        raise CommandError(
            f"the audit chain is broken at n={verdict.bad}: {verdict.why}; "
            f"the {verdict.rows} rows before it are as they were written"
        )
    typer.echo(f"{verdict.rows} rows, all as they were written; {_agreed(signed)}")


@audit.command(name="key")
def key_() -> None:
    """Print the public key that checks signed heads. Keep it where nobody of this machine can change it."""
    found = configured(level="warning")
    typer.echo(heads.public(heads.key_of(Places.of(found.state_dir, None).key)))


@audit.command()
def head() -> None:
    """Sign the head of the chain now and print it, to be kept elsewhere."""

    async def work(database: Database, found: Settings) -> SignedHead:
        return await heads.taken(database, Places.of(found.state_dir, None))

    typer.echo(heads.line(on_database(work)).decode(), nl=False)


def _signed(places: Places, elsewhere: list[Path], key: str | None) -> list[SignedHead]:
    """Return all signed heads there are to compare with. Raises HeadsError."""
    files = [*(file for file in places.files if file.is_file()), *elsewhere]
    if not files:
        return []
    if key is None and not places.key.is_file():
        raise HeadsError(f"there is no key at {places.key} to check signed heads with: give the public one by --key")
    found = key or heads.public(heads.key_of(places.key))
    return [one for file in dict.fromkeys(files) for one in heads.read(file, found)]


def _agreed(signed: list[SignedHead]) -> str:
    if not signed:
        return "there are no signed heads, so a tail that was cut together with its mark would not be seen"
    last = max(signed, key=lambda one: one.n)
    return f"{len(signed)} signed heads agree, the last is n={last.n} of {last.at}"
