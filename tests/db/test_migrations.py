"""Up from empty equals the models; any other schema is refused with one line. On both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from db import agencies, answers, calls, dispatches, machine_room, migrate, rules
from db.engine import Database
from db.tables import metadata
from tests.conftest import SetClock
from tests.postgres import PostgresServer


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrations_lead_to_the_models(database: Database) -> None:
    async with database.reading() as reading:
        assert await reading.connection.run_sync(differences) == []


def test_each_migrations_file_is_named_by_its_revision() -> None:
    scripts = list(ScriptDirectory(str(migrate.FOLDER)).walk_revisions("base", "heads"))
    assert [Path(one.path).name[:5] for one in scripts] == [f"{one.revision}_" for one in scripts]
    assert scripts[0].revision == migrate.newest()


async def test_migrating_again_changes_nothing(database: Database, database_url: str) -> None:
    assert await migrate.migrate(database_url) == migrate.newest()
    await migrate.check(database)


async def test_a_database_of_a_newer_release_is_refused(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.SchemaError, match="update intake112"):
        await migrate.check(database)
    with pytest.raises(migrate.SchemaError, match="update intake112"):
        await migrate.migrate(database_url)


async def test_an_empty_database_is_refused_with_what_to_do(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(migrate.SchemaError, match="intake112 migrate"):
        await migrate.check(database)


@pytest.fixture
async def empty_url(template: Path | PostgresServer, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without a table."""
    if isinstance(template, PostgresServer):
        async with template.fresh("test_empty", "template0") as url:  # noqa: ASYNC240  # no Path
            yield url
    else:
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"


async def test_calls_services_and_agencies_of_the_first_schema_are_kept(empty_url: str, clock: SetClock) -> None:
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate.upgrade, "0001")
        for statement in (
            "INSERT INTO reports"
            " (id, number, version, field_versions, status, classification, source, exercise, opened_at)"
            " VALUES (1, '112-20260314-0001', 1, '{}', 'open', 'normal', 'call', false, '2026-03-14 02:00:00')",
            "INSERT INTO calls (id, report_id, pbx, uniqueid, stage, arrived_at, metadata, recovered, state)"
            " VALUES (1, 1, 'pbx-1', 'c.1', 'talking', '2026-03-14 02:00:00', '{}', false, '{}')",
            "INSERT INTO legs (call_id, key, kind, from_at, answered_at)"
            " VALUES (1, 'p.1', 'operator', '2026-03-14 02:00:01', '2026-03-14 02:00:03'),"
            " (1, 'p.2', 'operator', '2026-03-14 02:00:02', NULL)",
            "INSERT INTO services (name, state, detail, since, seen_at)"
            " VALUES ('routing', 'running', '', '2026-03-14 02:00:00', '2026-03-14 02:00:00')",
            "INSERT INTO agencies (id, code, name, url, allow_cidr, secret, created_at)"
            " VALUES (1, 'damkar', 'Damkar', 'https://damkar.example/', '[]', 'whsec_AAAA', '2026-03-14 02:00:00')",
        ):
            await connection.execute(text(statement))
        await connection.run_sync(migrate.upgrade, "0009")
        for statement in (
            "INSERT INTO agencies (id, code, name, url, allow_cidr, secret, created_at)"
            " VALUES (2, 'bpbd', 'BPBD', 'https://bpbd.example/', '[]', 'whsec_AAAA', '2026-03-14 02:00:00')",
            "INSERT INTO rules (id, position, kind, agency_id, accept_within_s, next_agency_id)"
            " VALUES (7, 2, NULL, 2, NULL, NULL), (8, 1, 'kebakaran', 1, 45, 2)",
        ):
            await connection.execute(text(statement))
        await connection.execute(text("UPDATE agencies SET format = 'open311' WHERE id = 2"))
        await connection.run_sync(migrate.upgrade, "0013")
        for statement in (
            "INSERT INTO dispatches (id, report_id, agency_id, state, sequence, created_at, created_by, accept_by)"
            " VALUES ('d1', 1, 1, 'cancelled', 1, '2026-03-14 02:00:00', 'siti', '2026-03-14 02:01:00'),"
            " ('d2', 1, 1, 'cancelled', 1, '2026-03-14 02:00:00', 'siti', '2026-03-14 02:01:00')",
            "INSERT INTO answers (dispatch_id, received_at, answer, applied, key)"  # in a race, one key for both
            " VALUES ('d1', '2026-03-14 02:00:00', 'accepted', false, 'k'),"
            " ('d2', '2026-03-14 02:00:00', 'accepted', false, 'k')",
        ):
            await connection.execute(text(statement))
    await engine.dispose()
    await migrate.migrate(empty_url)
    async with Database.open(empty_url, clock) as database, database.reading() as reading:
        (call,) = await calls.in_progress(reading, "pbx-1")
        assert (call.uniqueid, call.told) == ("c.1", {})
        assert [(leg.key, leg.taken) for leg in await calls.legs_of(reading, call.id)] == [
            ("p.1", True),
            ("p.2", False),
        ]
        assert [(row.name, row.figures, row.alarms) for row in await machine_room.services(reading)] == [
            ("routing", {}, ())
        ]
        platform, agency = await agencies.every(reading)
        assert (platform.caller_number, agency.caller_number, agency.disabled_at) == (False, True, None)
        assert all(one.caller_number for one in (await dispatches.of_reports(reading, [1]))[1]), "as it began"
        assert agency.keys_at(clock.now) == ["whsec_AAAA"]
        kept = [one for dispatch in ("d1", "d2") for one in await answers.of_dispatch(reading, dispatch)]
        assert [one.agency_id for one in kept] == [1, None]
        version = await rules.in_force(reading, clock.now)
        assert version is not None
        assert (version.number, version.effective_from.year, version.made_by) == (1, 1970, "migration")
        first, second = await rules.rules(reading, 1)
        assert (first.number, first.kinds, first.automatic) == (1, ["kebakaran"], False)
        assert first.agencies == [{"agency": "damkar", "accept_within_s": 45, "next": "bpbd"}]
        assert (second.number, second.kinds, second.hours) == (2, [], [])
        assert second.agencies == [{"agency": "bpbd", "accept_within_s": None, "next": None}]


async def test_an_update_asks_only_those_whose_report_is_not_over(empty_url: str, clock: SetClock) -> None:
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate.upgrade, "0012")
        for statement in (
            "INSERT INTO agencies (id, code, name, url, allow_cidr, secret, created_at)"
            " VALUES (1, 'damkar', 'Damkar', 'https://damkar.example/', '[]', 'whsec_AAAA', '2026-03-14 02:00:00')",
            "INSERT INTO reports"
            " (id, number, version, field_versions, status, classification, source, exercise, opened_at)"
            " VALUES (1, 'r1', 1, '{}', 'closed', 'normal', 'call', false, '2026-03-14 01:00:00'),"
            " (2, 'r2', 1, '{}', 'resolved', 'normal', 'call', false, '2026-03-14 01:00:00'),"
            " (3, 'r3', 1, '{}', 'dispatched', 'normal', 'call', false, '2026-03-14 01:00:00')",
            "INSERT INTO dispatches"
            " (id, report_id, agency_id, state, sequence, created_at, created_by, accept_by, accepted_at)"
            " SELECT 'd' || id, id, 1, 'accepted', 1, opened_at, 'rina', opened_at, opened_at FROM reports",
        ):
            await connection.execute(text(statement))
    await engine.dispose()
    await migrate.migrate(empty_url)
    async with Database.open(empty_url, clock) as database, database.reading() as reading:
        found = {n: rows[0] for n, rows in (await dispatches.of_reports(reading, [1, 2, 3])).items()}
    assert {n: row.escalate_at for n, row in found.items()} == {1: None, 2: None, 3: found[3].accepted_at}
    assert found[3].heard_at == found[3].accepted_at, "it is asked how it stands, and told since when nobody was heard"


async def test_the_number_that_rang_is_kept_with_its_call(empty_url: str, clock: SetClock) -> None:
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate.upgrade, "0024")
        for statement in (
            "INSERT INTO reports (id, number, version, field_versions, status, classification, source, exercise,"
            " opened_at, caller_number, caller_number_raw, caller_digits)"
            " VALUES (1, 'r1', 1, '{}', 'open', 'normal', 'call', false, '2026-03-14 01:00:00', '+628', '08', '08'),"
            " (2, 'r2', 3, '{\"caller.number\": 2}', 'open', 'normal', 'call', false, '2026-03-14 01:00:00',"
            " '+627', '07', '07'),"
            " (3, 'r3', 2, '{\"caller.number\": 2}', 'open', 'normal', 'call', false, '2026-03-14 01:00:00',"
            " '+627', '07', '07')",
            "INSERT INTO calls (id, report_id, pbx, uniqueid, stage, arrived_at, metadata, recovered)"
            " SELECT id, id, 'pbx-1', 'c.' || id, 'ended', opened_at, '{}', false FROM reports",
            "INSERT INTO entries (id, report_id, at, author, automatic, text) VALUES"
            " ('e1', 2, '2026-03-14 01:00:00', 'siti', true, 'Nomor penelepon: +6209 → +626'),"
            " ('e2', 2, '2026-03-14 01:00:00', 'siti', true, 'Nomor penelepon: +626 → 07'),"
            " ('e3', 3, '2026-03-14 01:00:00', 'siti', true, 'Nomor penelepon: – → 07')",
        ):
            await connection.exec_driver_sql(statement)
    await engine.dispose()
    await migrate.migrate(empty_url)
    async with Database.open(empty_url, clock) as database, database.reading() as reading:
        found = await calls.by_reports(reading, [1, 2, 3])
    assert [(found[n].number, found[n].number_raw, found[n].number_digits) for n in (1, 2, 3)] == [
        ("+628", "08", "08"),
        ("+6209", "+6209", "6209"),
        (None, None, None),
    ]
