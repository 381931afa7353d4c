"""Every error is JSON with a code and a sentence that says what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from db.engine import Database, DatabaseUnavailableError, Transaction
from tests.intake.conftest import PUBLIC_URL, Client

JSON = {"Content-Type": "application/json"}


def said(answer: httpx2.Response, status: int) -> str:
    """Check the shape of an error and return its code."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert {"error", "message"} <= set(body)
    assert len(body["message"]) > 20
    assert body["message"][-1] in '.…"'
    return str(body["error"])


async def test_addresses_and_methods(operator: Client) -> None:
    assert said(await operator.get("/api/v1/nowhere"), 404) == "not_found"
    wrong = await operator.delete("/api/v1/reports")
    assert said(wrong, 405) == "method_not_allowed"
    assert wrong.headers["Allow"] == "GET, POST"
    for number in ("112-20260314-9999", "x", "112-20260314-0001%00", "%2e%2e", "1" * 5000):
        assert said(await operator.get(f"/api/v1/reports/{number}"), 404)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "text/json"]
)
async def test_a_body_that_is_not_called_json(operator: Client, kind: str) -> None:
    answer = await operator.post("/api/v1/reports", content=b'{"source":"walk-in"}', headers={"Content-Type": kind})
    assert said(answer, 415) == "not_json"


async def test_a_body_without_a_kind(operator: Client) -> None:
    assert said(await operator.post("/api/v1/reports", content=b'{"source":"walk-in"}'), 415) == "not_json"
    assert said(await operator.post("/api/v1/reports"), 422) == "invalid"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"source":NaN}',
        b'{"source":' + b"9" * 5000 + b"}",
    ],
)
async def test_a_body_that_is_no_json_object(operator: Client, body: bytes) -> None:
    answer = await operator.post("/api/v1/reports", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    said(answer, answer.status_code)


async def test_a_body_that_is_too_long(operator: Client) -> None:
    body = b'{"source":"walk-in","narrative":"' + b"x" * 65536 + b'"}'
    assert said(await operator.post("/api/v1/reports", content=body, headers=JSON), 413) == "too_long"

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    assert said(await operator.post("/api/v1/reports", content=endless(), headers=JSON), 413) == "too_long"
    lie = await operator.post("/masuk", content=b"x", headers={"Content-Length": "99999999999999999999999"})
    assert said(lie, 413) == "too_long"


async def test_an_unknown_field_with_half_a_character_is_refused(operator: Client) -> None:
    answer = await operator.post("/api/v1/reports", content=b'{"source":"walk-in","\\ud800":1}', headers=JSON)
    assert said(answer, 422) == "invalid"


async def test_a_database_that_does_not_answer_is_503_and_nothing_else(
    app: FastAPI, operator: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await operator.post("/api/v1/reports", json={"source": "walk-in"})
    assert made.status_code == 201

    @asynccontextmanager
    async def gone_at_commit() -> AsyncIterator[Transaction]:
        async with original() as tx:
            yield tx
            raise DatabaseUnavailableError("gone")

    @asynccontextmanager
    async def gone() -> AsyncIterator[Transaction]:
        raise DatabaseUnavailableError("gone")
        yield

    original = database.transaction
    with monkeypatch.context() as away:
        away.setattr(database, "transaction", gone_at_commit)
        for path, body in (("", {"source": "walk-in"}), ("/112-20260314-0001/entries", {"text": "x"})):
            answer = await operator.post(f"/api/v1/reports{path}", json=body)
            assert said(answer, 503) == "database_unavailable"
            assert int(answer.headers["Retry-After"]) > 0
        away.setattr(database, "reading", gone)
        assert said(await operator.get("/api/v1/state"), 503) == "database_unavailable"
        ready = await operator.get("/readyz")
        assert (ready.status_code, ready.json()["checks"][0]["ok"]) == (503, False)
        assert (await operator.get("/healthz")).status_code == 200
    reports = (await operator.get("/api/v1/reports")).json()["reports"]
    assert [report["version"] for report in reports] == [1]


async def test_what_breaks_is_told_without_its_insides(
    app: FastAPI, operator: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(database, "reading", broken)
    with capture_logs() as logged:
        answer = await operator.get("/api/v1/state")
    assert said(answer, 500) == "internal"
    assert [line["event"] for line in logged] == ["request_failed"]
    assert "secret" not in answer.text
    assert PUBLIC_URL not in answer.text
