"""What the receivers of docs/agencies.md do not take, and what their people are told when an answer fails."""

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import pytest

from routing.signing import make_secret, sign
from tests.routing.documented import documented
from tests.routing.receivers import Behaviour, Pretend, answers, receiving

LANGUAGES = ["python", pytest.param("php", marks=pytest.mark.real)]
SECRET = make_secret(b"s" * 32)
BODY = b'{"data":{"dispatch":{"id":"d"}}}'


def hanging_up(behaviour: Behaviour) -> Behaviour:
    """Answer, then close, as a server does that was told `Connection: close`."""

    async def behave(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behaviour(p, reader, writer)
        writer.close()

    return behave


def signed() -> dict[str, str]:
    """The headers of a good letter."""
    at = int(time.time())
    return {"webhook-id": "l", "webhook-timestamp": str(at), "webhook-signature": sign([SECRET], "l", at, BODY)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_setting_it_takes_nothing_and_shows_nothing(language: str, tmp_path: Path) -> None:
    for changed in ({"INBOX": None}, {"INBOX": ""}, {"WEBHOOK_SECRET": None}):
        receiver = documented(language, tmp_path / "inbox.db", changed)
        with receiver.started(SECRET):
            assert receiver.posted(BODY, signed()) == (500 if language == "php" else 0, b""), changed
    receiver = documented(language, tmp_path / "inbox.db")
    with receiver.started(SECRET):
        assert receiver.posted(BODY, signed())[0] == 204
    assert receiver.rows() == [("l", "d", BODY)]


def test_a_body_of_no_sensible_length_is_refused_at_once(tmp_path: Path) -> None:
    receiver = documented("python", tmp_path / "inbox.db")
    with receiver.started(SECRET):
        for length in ("-1", "10000000000"):
            assert receiver.posted(b"", signed() | {"Content-Length": length})[0] == 413


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_answer_that_fails_is_told_and_no_other_host_sees_the_token(language: str, tmp_path: Path) -> None:
    async with receiving(answers()) as other:
        for behaviour in (answers(302, b"", location=other.url), answers(422)):
            async with receiving(hanging_up(behaviour)) as centre:
                receiver = documented(language, tmp_path / f"{centre.port}.db")
                letter = json.dumps({"data": {"dispatch": {"answer_url": centre.url}}})
                with sqlite3.connect(receiver.inbox) as db:
                    db.execute("CREATE TABLE inbox (id TEXT PRIMARY KEY, dispatch TEXT, body TEXT)")
                    db.execute("INSERT INTO inbox VALUES ('l', 'd', ?)", (letter,))
                db.close()
                done = await asyncio.to_thread(receiver.tried, SECRET, "i112_token", "accepted", "d", "Regu 1")
                assert done.returncode != 0, done.stdout
                assert [got.headers["authorization"] for got in centre.got] == ["Bearer i112_token"], done.stderr
        assert other.got == []
