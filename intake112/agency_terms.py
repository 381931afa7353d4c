"""Whether an agency is sent reports at all, and whether it is told who called."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import typer

from db.engine import Database, Transaction
from intake import terms
from intake112.agencies import commands, of_agency
from intake112.command import CommandError
from intake112.settings import Settings

Code = Annotated[str, typer.Argument(help="the agency's short name")]
BY = "command line"


@commands.command()
def disable(
    code: Code, reason: Annotated[str, typer.Option(help="why; administrators see it in the list of agencies")]
) -> None:
    """Send nothing to an agency and hear nothing from it until it is enabled; nothing is deleted."""
    if not 3 <= len(reason.strip()) <= 400:
        raise CommandError("--reason says why, in 3 to 400 characters")
    _do(code, lambda tx: terms.disable(tx, code, reason.strip(), BY))
    typer.echo(f"{code} is disabled: telephone it about the reports it has; `rules show` says which rules name it")


@commands.command()
def enable(code: Code) -> None:
    """Send reports to an agency and hear it again; what died meanwhile is sent again by hand."""
    _do(code, lambda tx: terms.enable(tx, code, BY))
    typer.echo(f"{code} is enabled")


@commands.command()
def caller_number(
    code: Code, told: Annotated[Literal["told", "withheld"], typer.Argument(help="told or withheld")]
) -> None:
    """Tell an agency the caller's number and name, or withhold them, where no rule says otherwise."""
    _do(code, lambda tx: terms.tell_caller(tx, code, told == "told", BY))
    typer.echo(
        f"{code}: the caller's number and name are {told} where no rule says otherwise, from the next dispatch on"
    )


def _do(code: str, use_case: Callable[[Transaction], Awaitable[None]]) -> None:
    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await use_case(tx)

    of_agency(code, work)
