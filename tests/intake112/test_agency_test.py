"""`intake112 agency test`: a receiver that does one thing wrong is told that one thing, and how to mend it."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import select

from db import tables
from db.agencies import AgencyRow
from db.engine import Database
from intake112 import agency_verdicts as verdicts
from intake112.agency_test import examine
from intake112.clock import SteadyClock
from intake112.findings import Finding, Verdict
from routing.egress import UnresolvedError
from routing.examination import Question
from routing.redaction import HIDDEN
from routing.signing import TOLERANCE_S, BadSignatureError, make_key, make_secret, verify
from tests.conftest import START, SetClock
from tests.intake112.command import environment, inside
from tests.routing.documented import documented
from tests.routing.receivers import Behaviour, Got, Pretend, answers, closes, hangs, receiving, says
from tests.routing.test_delivery import certificate

SECRET = make_secret(b"s" * 32)
OK, WARNING, WRONG = Verdict.OK, Verdict.WARNING, Verdict.WRONG
REFUSALS = ("no signature", "a malformed signature", "a stranger's signature", "a changed body", "an old timestamp")
NOTHING = {"a good signature": WRONG, "the rest": WARNING}


def agency(url: str, format: str = "native", ca_pem: str | None = None) -> AgencyRow:
    """Return an agency that receives there."""
    values: dict[str, Any] = dict.fromkeys(AgencyRow.__struct_fields__)
    values |= {"id": 1, "code": "damkar", "name": "Damkar", "url": url, "allow_cidr": ["127.0.0.0/8"]}
    values |= {"format": format, "secret": SECRET, "ed25519_key": make_key(b"k" * 32), "created_at": START}
    values |= {"ca_pem": ca_pem, "phone": None, "api_key": "kunci-uji"}
    return AgencyRow(**values)


def checks(fault: str = "", present: datetime = START) -> Behaviour:
    """Receive as one should at this time, but for one fault."""
    seen: set[str] = set()

    def status(got: Got) -> int:
        signature, at = got.headers["webhook-signature"], got.headers["webhook-timestamp"]
        now = present.timestamp()
        match fault:
            case "looks at the first signature only":
                signature = signature.split(" ")[0]
            case "does not look at the time":
                now = int(at)
            case "takes what is not signed" if not signature:
                return 200
            case "does not look at the whole body" if b"UJO" in got.body:
                return 200
            case "falls over" if "v1,!!!" in signature:
                return 500
        try:
            verify([SECRET], got.id, at, signature, got.body, now)
        except BadSignatureError:
            return 401
        if got.id in seen and fault == "does not want it again":
            return 409
        seen.add(got.id)
        return 400 if b"unknown" in got.body and fault == "wants to know every type" else 200

    async def behave(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers(status(p.got[-1]))(p, reader, writer)

    return behave


async def found(row: AgencyRow, tls: ssl.SSLContext | None = None, now: datetime = START) -> list[Finding]:
    """Examine an agency's receiver."""
    return [one async for one in examine(row, SetClock(now), "https://112.example", tls=tls, deadline_s=0.5)]


def bad(findings: list[Finding]) -> dict[str, Verdict]:
    """Return what is not well; each with how to mend it."""
    assert all(one.mend for one in findings if one.verdict is not OK)
    return {one.check: one.verdict for one in findings if one.verdict is not OK}


@pytest.mark.parametrize(
    ("behaviour", "expected", "words"),
    [
        pytest.param(checks(), {}, "refused (401", id="good"),
        pytest.param(answers(204, b""), dict.fromkeys(REFUSALS, WRONG), "TAKEN", id="takes-anything"),
        pytest.param(checks("takes what is not signed"), {"no signature": WRONG}, "anybody", id="unsigned"),
        pytest.param(checks("does not look at the time"), {"an old timestamp": WRONG}, "again later", id="replay"),
        pytest.param(checks("does not look at the whole body"), {"a changed body": WRONG}, "on the way", id="body"),
        pytest.param(checks("falls over"), {"a malformed signature": WARNING}, "falls over", id="falls-over"),
        pytest.param(checks("does not want it again"), {"the same again": WRONG}, "knock for ever", id="again"),
        pytest.param(checks("looks at the first signature only"), {"two signatures": WRONG}, "spaces", id="rotation"),
        pytest.param(checks("wants to know every type"), {"an unknown type": WRONG}, "pass over", id="strict"),
        pytest.param(answers(401), NOTHING, "rotate-secret", id="another-secret"),
        pytest.param(answers(308, b"", location="https://elsewhere.example/"), NOTHING, "redirects", id="redirect"),
        pytest.param(answers(404), NOTHING, "path", id="nothing-there"),
        pytest.param(answers(503), NOTHING, "its log", id="broken"),
        pytest.param(hangs, NOTHING, "did not answer in time", id="hangs"),
        pytest.param(closes, NOTHING, "hung up", id="hangs-up"),
    ],
)
async def test_what_is_wrong_is_told(behaviour: Behaviour, expected: dict[str, Verdict], words: str) -> None:
    async with receiving(behaviour) as pretend:
        findings = await found(agency(pretend.url))
    assert bad(findings) == expected
    assert words in " ".join(map(str, findings))


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [(says("accepted", by="mesin"), "booked as 'accepted'"), (says("roger"), "passed over")],
)
async def test_an_answer_that_no_person_gave_is_told(behaviour: Behaviour, words: str) -> None:
    async with receiving(behaviour) as pretend:
        [one] = [one for one in await found(agency(pretend.url)) if one.check == "the body of its answer"]
    assert one.verdict is WARNING
    assert words in one.found


@pytest.mark.parametrize(
    ("format", "content_type", "count"),
    [
        ("native", "application/json", 10),
        ("eido", "application/json", 9),
        ("cap", "application/cap+xml", 9),
        ("open311", "application/x-www-form-urlencoded; charset=utf-8", 9),
    ],
)
async def test_it_is_asked_in_its_own_form(format: str, content_type: str, count: int) -> None:
    async with receiving(checks()) as pretend:
        assert bad(await found(agency(pretend.url, format))) == {}
        assert [got.headers["content-type"] for got in pretend.got] == [content_type] * count
        assert {b"&api_key=kunci-uji" in got.body for got in pretend.got} == {format == "open311"}


@pytest.mark.parametrize(
    ("name", "days_left", "trusted", "expected", "words"),
    [
        pytest.param("127.0.0.1", 90, True, {}, "good for 90 days", id="good"),
        pytest.param("127.0.0.1", 9, True, {"its certificate": WARNING}, "9 days", id="ends-soon"),
        pytest.param("127.0.0.1", -1, True, NOTHING, "expired", id="expired"),
        pytest.param("other.test", 90, True, NOTHING, "another name", id="wrong-host"),
        pytest.param("127.0.0.1", 90, False, NOTHING, "public authority", id="untrusted"),
    ],
)
async def test_tls(name: str, days_left: int, trusted: bool, expected: object, words: str) -> None:
    authority, tls, now = trustme.CA(), ssl.create_default_context(), SteadyClock()()  # OpenSSL asks the machine's
    if trusted:
        authority.configure_trust(tls)
    until = now + timedelta(days=days_left, hours=1)
    async with receiving(checks(present=now), certificate(authority, name, until)) as pretend:
        findings = await found(agency(pretend.url), tls, now)
    assert bad(findings) == expected
    assert words in " ".join(map(str, findings))


@pytest.mark.parametrize(
    ("pinned", "expected", "words"),
    [(True, {}, "good for 90 days"), (False, NOTHING, "intake112 agency ca")],
)
async def test_tls_of_an_agencys_own_authority(pinned: bool, expected: object, words: str) -> None:
    authority, now = trustme.CA(), SteadyClock()()
    pem = (authority if pinned else trustme.CA()).cert_pem.bytes().decode()
    until = now + timedelta(days=90, hours=1)
    async with receiving(checks(present=now), certificate(authority, "127.0.0.1", until)) as pretend:
        findings = await found(agency(pretend.url, ca_pem=pem), now=now)
    assert bad(findings) == expected
    assert words in " ".join(map(str, findings))


@pytest.mark.parametrize(("url", "words"), [("https://10.1.2.3/", "--allow-cidr"), ("https://nobody.invalid/", "DNS")])
async def test_whom_we_cannot_dial_is_told_at_once(url: str, words: str) -> None:
    [one] = await found(agency(url))
    assert (one.check, one.verdict) == ("its address", WRONG)
    assert words in one.mend


@pytest.mark.parametrize(("later", "words"), [(["10.1.2.3"], "10.1.2.3"), ([], "has no address")])
async def test_dns_that_says_something_else_meanwhile_is_told(later: list[str], words: str) -> None:
    async with receiving(checks()) as pretend:

        async def resolve(host: str, _: int) -> list[str]:
            if pretend.got and not later:
                raise UnresolvedError("dns", host)
            return later if pretend.got else ["127.0.0.1"]

        row = agency(f"http://damkar.example:{pretend.port}/hook")
        findings = [one async for one in examine(row, SetClock(), "https://112.example", resolve=resolve)]
    assert bad(findings) == {"its address": WRONG}
    assert words in " ".join(map(str, findings))
    assert [one.check for one in findings][-1] != "its address", "the rest was asked"


async def test_a_secret_that_comes_back_is_not_shown() -> None:
    bare = SECRET.partition("_")[2]
    async with receiving(says(f"{bare} kunci-uji")) as pretend:
        told = " ".join(map(str, await found(agency(pretend.url))))
    assert HIDDEN in told
    assert bare not in told
    assert "kunci-uji" not in told


@dataclass
class Slow:
    """A reply."""

    status: int | None = 200
    code: str = "status_200"
    latency_ms: int = 2001


def test_slow_is_a_warning() -> None:
    assert verdicts.judge(Question.GOOD, Slow()).verdict is WARNING
    assert verdicts.judge(Question.GOOD, Slow(latency_ms=2000)).verdict is OK
    assert verdicts.connection("192.0.2.1", 1001, "").verdict is WARNING
    assert verdicts.connection("192.0.2.1", None, "refused").verdict is WRONG
    assert TOLERANCE_S == 300  # which the letter with an old timestamp must be past


@pytest.mark.parametrize("database_kind", ["sqlite"])  # it writes one audit row; the rest is HTTP
async def test_the_command_changes_nothing_and_says_what_it_did(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    env = environment(tmp_path / "state", DATABASE_URL=database_url)
    receiver = documented("python", tmp_path / "inbox.db")
    add = ("agency", "add", "damkar", "--name", "Damkar", "--url", receiver.url, "--allow-cidr", "127.0.0.0/8")
    secret = (await asyncio.to_thread(inside, env, *add)).stdout.splitlines()[0].removeprefix("secret: ")
    before = await rows(database)
    with receiver.started(secret):
        done = await asyncio.to_thread(inside, env, "agency", "test", "damkar")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    *lines, last = done.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert last == f"{len(lines)} checks: {len(lines)} ok, 0 warning, 0 wrong"
    done = await asyncio.to_thread(inside, env, "agency", "test", "damkar")
    assert done.returncode == 1
    assert "nobody listens" in done.stdout
    done = await asyncio.to_thread(inside, env, "agency", "test", "bpbd")
    assert (done.returncode, done.stdout) == (1, "")
    assert "bpbd: There is no agency" in done.stderr
    after = await rows(database)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"audit", "head"}
    assert len(after["audit"]) - len(before["audit"]) == 2


async def rows(database: Database) -> dict[str, list[object]]:
    """Return all that the database holds."""
    async with database.reading() as reading:
        return {
            table.name: [*await reading.connection.execute(select(table))] for table in tables.metadata.sorted_tables
        }
