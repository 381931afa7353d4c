"""The description at /openapi.json is true: schemathesis reads it and tries every operation. On both databases."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Final

import pytest

from db.engine import Database
from intake import access
from tests.intake.access_rules import ADMINS, RULES, SUPERVISORS
from tests.intake.conftest import Client, Served, add_agency, ring
from tests.intake.sitting import person

SCHEMATHESIS: Final = Path(sys.executable).with_name("schemathesis")
EXAMPLES: Final = {"sqlite": 8, "postgresql": 4}  # of each operation; ninety-odd there are
TIMES: Final = 25 if os.environ.get("INTAKE112_PROVE") else 1
# Left out: `positive_data_acceptance` (a kind that fits the pattern but is not there is 422, and rows cannot stand in a
# pattern), and /live, which does not end. A missing If-Match is our 428. A list of rules can be longer than a body may
# be: that is 413, before anything in it is looked at.
CONFIG: Final = """
[checks.positive_data_acceptance]
enabled = false
[checks.missing_required_header]
expected-statuses = [401, 403, 422, 428]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428]
"""


ON_REPORTS: Final = r"^/api/v1/reports"  # about half of all; beside the rest they take half as long
# Which operations each tries: the operator all, in two runs, the others those that refuse an operator. Few examples of
# these: each is a start of schemathesis, and of the administrator's each person costs a password's slow hash.
BEYOND: Final = {
    "supervisor": (
        r"(caller-)?rules|duplicate-limits|places/own|aml|shifts/.*|supervision|walls.*|reports/\{number\}/take-over"
        r"|agencies/\{code\}/(pause|resume|redrive|test)"
    ),
    "admin": (
        r"users.*|sessions.*|tokens.*|kinds.*|dispositions.*|audit|agencies|map/\{name\}"
        r"|agencies/\{code\}/(disable|enable|caller-number|settings|rotate-secret|renew-token|api-key)"
    ),
    "person": r"shift(/state|/end)?",  # who holds a session; a token has no shift
    "machine": r"reports(/\{number\})?|kinds|aml",
}


async def tried(
    served: Served, folder: Path, header: str, examples: int, *more: str, phases: str = "examples,coverage,fuzzing"
) -> None:
    """Let schemathesis try the operations; show what it found."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG)
    process = await asyncio.create_subprocess_exec(
        *(SCHEMATHESIS, "--config-file", config, "run", f"{served.url}/openapi.json"),
        *("--header", header, "--phases", phases),
        *("--max-examples", str(examples * TIMES), "--continue-on-failure", "--no-color", *more),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:  # out of time: nobody else ends it
            process.kill()
            await process.wait()
    text = said.decode(errors="replace")
    assert process.returncode == 0, "\n".join(line[:300] for line in text.splitlines())[-8000:]
    assert "generated" in text, text


@pytest.mark.timeout(600 * TIMES)
@pytest.mark.parametrize("role", ["operator on reports", "operator on the rest", "agency", *BEYOND])
async def test_every_operation_is_as_described(
    served: tuple[Served, Database], tmp_path: Path, database_kind: str, role: str
) -> None:
    (http, database) = served
    token: str = http.token
    only: tuple[str, ...] = ("--include-path-regex", ON_REPORTS)
    if role == "operator on the rest":
        only = ("--exclude-path", "/api/v1/live", "--exclude-path-regex", ON_REPORTS)
    agency = await add_agency(database, "damkar", "kebakaran")
    await ring(database, database.clock())
    if role == "agency":
        token, only = agency, ("--include-tag", "agency")
    if role in BEYOND:
        only = ("--include-path-regex", f"^/api/v1/({BEYOND[role]})$")
    if role == "person":
        session = (await person(http.client, database, "siti")).headers["Cookie"]
        # `ignored_auth` takes a cookie that is sent as a header for none; the operator's run has that check.
        await tried(http, tmp_path, f"Cookie: {session}", 4, *only, "--exclude-checks", "ignored_auth")
        return
    if role in BEYOND:
        async with database.transaction() as tx:
            token = await access.create_token(tx, "handset" if role == "machine" else f"the {role}", role)
    few = EXAMPLES[database_kind] // (2 if role in BEYOND else 1)
    phases = "fuzzing" if role == "machine" else "examples,coverage,fuzzing"  # the operator's run covers the bodies
    await tried(http, tmp_path, f"Authorization: Bearer {token}", few, *only, phases=phases)


def test_what_refuses_an_operator_is_tried_by_somebody_else() -> None:
    for route, who in RULES.items():
        path = route.partition(" ")[2].removeprefix("/api/v1/").replace(":int", "")
        if who in (SUPERVISORS, ADMINS):
            tries = "supervisor" if who == SUPERVISORS else "admin"
            assert re.fullmatch(BEYOND[tries], path), f"{route}: put it into BEYOND"


async def test_what_other_tools_rely_on_is_described(client: Client) -> None:
    described = (await client.get("/openapi.json")).json()
    operations = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert {
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
        ("get", "/api/v1/state"),
        ("get", "/api/v1/live"),
        ("get", "/api/v1/calls"),
        ("get", "/api/v1/reports"),
        ("post", "/api/v1/reports"),
        ("get", "/api/v1/reports/{number}"),
        ("patch", "/api/v1/reports/{number}"),
        ("post", "/api/v1/reports/{number}/entries"),
        ("post", "/api/v1/reports/{number}/entries/{entry_id}/strike"),
        ("post", "/api/v1/reports/{number}/dispatches"),
        ("post", "/api/v1/reports/{number}/positions"),
        ("post", "/api/v1/reports/{number}/location-link"),
        ("post", "/api/v1/aml"),
        ("get", "/api/v1/aml"),
        ("get", "/api/v1/reports/{number}/dispatches/proposed"),
        ("post", "/api/v1/reports/{number}/disposition"),
        ("post", "/api/v1/reports/{number}/close"),
        ("post", "/api/v1/reports/{number}/reopen"),
        ("post", "/api/v1/reports/{number}/not-ours"),
        ("post", "/api/v1/reports/{number}/guide"),
        ("get", "/api/v1/reports/{number}/presence"),
        ("post", "/api/v1/handovers"),
        ("get", "/api/v1/dispositions"),
        ("get", "/api/v1/kinds"),
        ("patch", "/api/v1/kinds/{code}"),
        ("post", "/api/v1/reports/{number}/recording/plays"),
        ("get", "/api/v1/reports/{number}/recording"),
        ("get", "/api/v1/places"),
        ("get", "/api/v1/places/own"),
        ("put", "/api/v1/places/own"),
        ("get", "/api/v1/rules"),
        ("get", "/api/v1/rules/{version}"),
        ("post", "/api/v1/rules"),
        ("post", "/api/v1/rules/simulate"),
        ("get", "/api/v1/reports/{number}/caller"),
        ("get", "/api/v1/worklist"),
        ("post", "/api/v1/worklist/{item_id}/call-back"),
        ("post", "/agency/v1/dispatches/{dispatch_id}/answers"),
        ("post", "/api/v1/dispatches/{dispatch_id}/cancel"),
        ("post", "/api/v1/dispatches/{dispatch_id}/send-again"),
        ("get", "/api/v1/reports/{number}/duplicates"),
        ("post", "/api/v1/reports/{number}/duplicates"),
        ("delete", "/api/v1/reports/{number}/duplicates"),
        ("post", "/api/v1/reports/{number}/duplicates/undo"),
        ("get", "/api/v1/duplicate-limits"),
        ("put", "/api/v1/duplicate-limits"),
    } <= operations
    for method, path in operations:
        assert described["paths"][path][method]["description"], (method, path)
