"""The short commands: what they print, what they refuse, and that nothing depends on the current folder."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from typer.main import get_group

from db.engine import Database
from intake112 import cli
from intake112.command import app
from tests.intake112.command import environment, inside, intake112

PASSWORD = "a long enough password"


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a migrated database."""
    return environment(tmp_path / "state", DATABASE_URL=database_url)


def good(env: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    """Run a command that must succeed without a word on stderr, and return what it printed."""
    done = inside(env, *arguments, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def bad(env: Mapping[str, str], *arguments: str, stdin: str = "", code: int = 1) -> str:
    """Run a command that must fail with one sentence, and return the sentence."""
    done = inside(env, *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.startswith("intake112: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("intake112: ")


def sql(url: str, statement: str) -> None:
    """Do to the database what no command would."""

    async def do() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(do())


def test_each_command_is_in_the_modules_that_are_imported_for_it() -> None:
    cli.load("")
    found = {}
    for name, command in get_group(app).commands.items():
        parts = getattr(command, "commands", {"": command}).values()
        found[name] = {str(one.callback.__module__).removeprefix("intake112.") for one in parts}
    assert found == {name: set(modules) for name, modules in cli.COMMANDS.items()}


def test_a_token_is_printed_alone(env: Mapping[str, str]) -> None:
    printed = good(env, "token", "create", "--name", "wall", "--role", "operator")
    token = printed.removesuffix("\n")
    assert len(token) >= 32
    assert token.split() == [token]
    assert "wall" in bad(env, "token", "create", "--name", "wall", "--role", "admin")


def test_people_come_and_go(env: Mapping[str, str]) -> None:
    good(env, "user", "add", "siti", "--role", "operator", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert "siti" in bad(env, "user", "add", "siti", "--role", "admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert good(env, "user", "list").split("\t")[:2] == ["siti", "operator"]
    good(env, "user", "disable", "siti")
    assert "disabled" in good(env, "user", "list")
    assert "nobody" in bad(env, "user", "disable", "nobody")
    good(env, "user", "enable", "siti")
    assert "active" in good(env, "user", "list")
    good(env, "user", "password", "siti", "--password-stdin", stdin=f"{PASSWORD} too\n")
    assert "12 characters" in bad(env, "user", "password", "siti", "--password-stdin", stdin="short\n")
    assert "siti" in bad(env, "token", "create", "--name", "siti", "--role", "operator")


def test_a_token_is_disabled(env: Mapping[str, str]) -> None:
    good(env, "token", "create", "--name", "silapor", "--role", "machine")
    assert "source" in bad(env, "token", "create", "--name", "Si Lapor", "--role", "machine")
    assert "source" in bad(env, "token", "create", "--name", "call", "--role", "machine")
    assert good(env, "token", "list").split("\t") == ["silapor", "machine", "active\n"]
    good(env, "token", "disable", "silapor")
    assert "disabled" in good(env, "token", "list")
    assert "silapor" in bad(env, "token", "disable", "silapor")


@pytest.mark.parametrize("database_kind", ["sqlite"])  # what is refused is refused before any SQL
@pytest.mark.parametrize("password", ["", "short"])
def test_a_poor_password_is_refused(env: Mapping[str, str], password: str) -> None:
    bad(env, "user", "add", "siti", "--role", "operator", "--password-stdin", stdin=f"{password}\n")
    assert good(env, "user", "list") == ""


@pytest.mark.parametrize("database_kind", ["sqlite"])  # what is refused is refused before any SQL
def test_a_password_is_not_an_argument(env: Mapping[str, str]) -> None:
    assert "--password-stdin" in bad(env, "user", "add", "siti", "--role", "operator")


def test_an_agency_gets_its_secret_and_its_token(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "damkar", "--name", "Damkar", "--url", "http://127.0.0.1:9/hook")
    printed = good(env, *add, "--allow-cidr", "127.0.0.0/8", "--kind", "kebakaran", "--kind", "hewan")
    lines = dict(line.split(": ", 1) for line in printed.splitlines())
    assert lines["secret"].startswith("whsec_")
    assert len(lines["token"]) >= 32
    assert "damkar" in bad(env, *add, "--allow-cidr", "127.0.0.0/8")
    assert "Choose another name" in bad(env, "agency", "add", "sms", "--name", "SMS", "--url", "http://127.0.0.1:9/")
    assert good(env, "agency", "list").split("\t")[:3] == ["damkar", "Damkar", "http://127.0.0.1:9/hook"]


def test_an_agency_without_a_system_has_its_duty_number(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "sar", "--name", "SAR", "--kind", "kebakaran")
    assert "give its duty number" in bad(env, *add)
    assert "is no telephone number" in bad(env, *add, "--phone", "tidak ada")
    added = inside(env, *add, "--phone", "0328 662 112")
    assert ("token: " in added.stdout, "gives no mobile number" in added.stderr) == (True, True)
    assert good(env, "agency", "list").split("\t")[2] == "no system: telephone 0328 662 112"
    assert "no computer system" in (said := bad(env, "agency", "test", "sar"))
    assert "0328 662 112" in said


def test_an_agency_has_an_authority_of_its_own(env: Mapping[str, str], tmp_path: Path) -> None:
    add, file = ("agency", "add", "damkar", "--name", "Damkar", "--url", "https://8.8.8.8/"), tmp_path / "ca.pem"
    file.write_text("bukan sertifikat")
    assert "damkar: This is no certificate in PEM" in bad(env, *add, "--ca", str(file))
    file.write_bytes(trustme.CA().cert_pem.bytes())
    good(env, *add, "--ca", str(file))
    assert good(env, "agency", "list").rstrip("\n").split("\t")[5:] == ["an authority of its own"]
    assert "agency test damkar" in good(env, "agency", "ca", "damkar", "--public")
    assert good(env, "agency", "list").rstrip("\n").split("\t")[5:] == []
    good(env, "agency", "ca", "damkar", str(file))
    assert "an authority of its own" in good(env, "agency", "list")
    assert "--public" in bad(env, "agency", "ca", "damkar")
    assert "no agency" in bad(env, "agency", "ca", "bpbd", "--public")


def test_an_agency_may_take_another_form(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "lapor", "--name", "Lapor", "--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8")
    assert "native, eido, cap, open311" in bad(env, *add, "--format", "pdf")
    good(env, *add, "--format", "open311", "--jurisdiction", "sumenep.example")
    assert good(env, "agency", "list").rstrip("\n").split("\t")[-2:] == ["open311", "without the caller's number"]
    assert "--key-stdin" in bad(env, "agency", "api-key", "lapor")
    assert "4 to 128 letters" in inside(env, "agency", "api-key", "lapor", "--key-stdin", stdin="ada spasi\n").stderr
    kept = inside(env, "agency", "api-key", "lapor", "--key-stdin", stdin="kunci-rahasia\n")
    assert (kept.returncode, "kunci-rahasia" in f"{kept.stdout}{kept.stderr}") == (0, False)
    assert good(env, "agency", "list").rstrip("\n").endswith("\twith an api_key")
    good(env, "agency", "api-key", "lapor", "--remove")
    assert "api_key" not in good(env, "agency", "list")


def test_an_agency_is_disabled_and_is_not_told_who_called(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "damkar", "--name", "Damkar", "--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8")
    good(env, *add, "--kind", "kebakaran", "--no-caller-number")
    assert good(env, "rules", "simulate", "--kind", "kebakaran").splitlines()[0] == (
        "This report would go to damkar (300 s, by rule 1 of version 1, without the caller's number and name)."
    )
    good(env, "agency", "caller-number", "damkar", "told")
    good(env, "agency", "disable", "damkar", "--reason", "alamatnya dipakai orang lain")
    assert good(env, "agency", "list").rstrip("\n").split("\t")[5:] == ["DISABLED: alamatnya dipakai orang lain"]
    assert good(env, "rules", "show").rstrip("\n").endswith("→ nobody\tWARNING: damkar is disabled")
    assert "WARNING: damkar: disabled, skipped" in good(env, "rules", "simulate", "--kind", "kebakaran")
    good(env, "agency", "enable", "damkar")
    assert good(env, "agency", "list").rstrip("\n").split("\t")[5:] == []
    assert "no agency" in bad(env, "agency", "disable", "bpbd", "--reason", "tidak ada")
    good(env, "audit", "verify")


def test_an_agency_gets_a_new_secret_and_the_old_one_a_grace(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "damkar", "--name", "Damkar", "--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8")
    secrets = [good(env, *add).splitlines()[0]]
    for grace, printed, cut_short in ((None, 2, 0), ("48", 2, 1), ("0", 1, 1), ("0", 1, 0)):
        done = inside(env, "agency", "rotate-secret", "damkar", *(("--grace", grace) if grace else ()))
        secret, *until = done.stdout.splitlines()
        assert (done.returncode, 1 + len(until), len(done.stderr.splitlines())) == (0, printed, cut_short)
        assert secret.startswith("secret: whsec_")
        assert all(re.fullmatch(r"old_secret_until: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", line) for line in until)
        assert "whsec_" not in done.stderr
        secrets.append(secret)
    assert len(set(secrets)) == len(secrets)
    assert "no agency" in bad(env, "agency", "rotate-secret", "bpbd")
    for grace in ("-1", "721", "soon"):
        assert inside(env, "agency", "rotate-secret", "damkar", "--grace", grace).returncode == 2
    good(env, "audit", "verify")


def test_an_agency_gets_another_token(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "damkar", "--name", "Damkar", "--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8")
    good(env, *add)
    token, until = good(env, "agency", "renew-token", "damkar").splitlines()
    assert token.startswith("token: i112_")
    assert until.startswith("old_token_until: 20")
    assert ", an old one until 20" in good(env, "token", "list")
    assert re.fullmatch(r"token: i112_\S+\n", good(env, "agency", "renew-token", "damkar", "--grace", "0"))
    assert good(env, "token", "list") == "damkar\tagency\tactive\n"
    assert "no agency" in bad(env, "agency", "renew-token", "bpbd")
    good(env, "audit", "verify")


def test_an_agency_can_check_signatures_without_a_secret(env: Mapping[str, str]) -> None:
    add = ("agency", "add", "damkar", "--name", "Damkar", "--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8")
    good(env, *add)
    printed = good(env, "agency", "keys", "damkar")
    assert re.fullmatch(r"public_key: whpk_[A-Za-z0-9+/]{43}=\n", printed)
    assert printed == good(env, "agency", "keys", "damkar")
    assert "no agency" in bad(env, "agency", "keys", "bpbd")


@pytest.mark.parametrize("database_kind", ["sqlite"])  # what is refused is refused before any SQL
@pytest.mark.parametrize(
    "arguments",
    [
        ("--url", "http://127.0.0.1:9/"),  # loopback is forbidden unless a CIDR of the agency allows it
        ("--url", "ftp://damkar.example/"),
        ("--url", "https://damkar.example/", "--allow-cidr", "home"),
        ("--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8", "--kind", "ufo"),
    ],
)
def test_an_agency_that_cannot_be(env: Mapping[str, str], arguments: tuple[str, ...]) -> None:
    bad(env, "agency", "add", "damkar", "--name", "Damkar", *arguments)
    assert good(env, "agency", "list") == ""


def test_an_empty_database_is_refused_until_it_is_migrated(tmp_path: Path) -> None:
    env = environment(tmp_path, DATABASE_URL="sqlite+aiosqlite:///new.db")
    assert "intake112 migrate" in bad(env, "token", "create", "--name", "x", "--role", "admin")
    assert not (tmp_path / "new.db").exists()
    good(env, "migrate")
    good(env, "migrate")
    good(env, "token", "create", "--name", "x", "--role", "admin")


@pytest.mark.real
def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    env = environment(tmp_path, DATABASE_URL="postgresql+asyncpg://nobody:s3cret-word@127.0.0.1:1/x")
    for command in (("user", "list"), ("migrate",)):
        assert "s3cret-word" not in bad(env, *command)


def test_an_older_database_is_refused(env: Mapping[str, str], database_url: str) -> None:
    sql(database_url, "DELETE FROM alembic_version")
    assert "intake112 migrate" in bad(env, "user", "list")
    sql(database_url, "INSERT INTO alembic_version VALUES ('9999')")
    assert "update intake112" in bad(env, "user", "list")


async def test_the_audit_chain_is_verified(env: Mapping[str, str], database: Database) -> None:
    for n in range(1, 5):
        async with database.transaction() as tx:
            tx.record("siti", "report.edited", f"report {n}", fields=["kind"])
    assert (await asyncio.to_thread(good, env, "audit", "verify")).startswith("4 rows")
    async with database.transaction() as tx:
        await tx.connection.execute(text("UPDATE audit SET actor = 'somebody else' WHERE n = 3"))
    assert "n=3" in await asyncio.to_thread(bad, env, "audit", "verify")


def test_a_tape_is_shown_without_what_would_move_a_cursor(tmp_path: Path) -> None:
    file = tmp_path / "a.tape"
    frame = b"TapeTime: 1773453566.5\r\nEvent: Newchannel\r\nCallerIDName: \x1b[2JAni\r\n\r\n"
    file.write_bytes(b"Tape: x\r\nTapeVersion: 1\r\nBridge: b\r\n\r\n" + frame)
    shown = good(environment(tmp_path), "tape", "show", "--frames", str(file))
    assert "2026-03-14T01:59:26.500" in shown
    assert "CallerIDName: \\x1b[2JAni" in shown
    file.write_bytes(b"no tape")
    assert "not a tape" in bad(environment(tmp_path), "tape", "show", str(file))
    assert "absent" in bad(environment(tmp_path), "tape", "show", str(tmp_path / "absent"))


def test_the_current_folder_means_nothing(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    env = environment(tmp_path / "state")
    assert intake112(env, "migrate", cwd=here).returncode == 0
    made = intake112(env, "token", "create", "--name", "x", "--role", "admin", cwd=here)
    assert (made.returncode, made.stderr) == (0, "")
    assert list(here.iterdir()) == []
    assert (tmp_path / "state" / "intake112.db").exists()
