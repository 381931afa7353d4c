"""No secret gets into the log, whoever logs it and however; what strangers wrote forges no line of it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from intake112 import logs

SECRET = 's3cret "quoted"'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def say_everything() -> None:
    log = structlog.get_logger("test")
    log.info(f"in the text {SECRET}", value=SECRET, inside={"deep": [SECRET]})  # noqa: G004 - a careless author
    logging.getLogger("uvicorn.error").warning("a library's %s", SECRET)
    try:
        int(SECRET)
    except ValueError:
        log.exception("in an error")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_are_left_out(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format, secrets=[SECRET])
    say_everything()
    said = capsys.readouterr()
    assert said.out == ""
    assert "s3cret" not in said.err
    assert said.err.count(logs.HIDDEN) >= 4


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    say_everything()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert lines[1]["logger"] == "uvicorn.error"
    assert "ValueError" in lines[2]["exception"]


EVIL = "Bu Contoh\nlevel=info forged=1\r\n\x1b[2J\x9b31m\x85\u2028\u202egnp.exe\x7f"


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("evil", [EVIL, "/api\x1b[2J/x", "a\u2028b"])
def test_what_a_stranger_wrote_forges_no_line(log_format: str, evil: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format)
    structlog.get_logger("test").warning("not_allowed", path=evil, inside={"deep": [evil]})
    logging.getLogger("uvicorn.error").warning("a library's %s", evil)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == said.count("\n") == 2
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "Bu Contoh" in said or evil != EVIL


def test_an_exceptions_text_is_written_out_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")

    def fail() -> None:
        raise ValueError(EVIL)

    try:
        fail()
    except ValueError:
        structlog.get_logger("test").exception("broken")
    assert all(c.isprintable() or c == "\n" for c in capsys.readouterr().err)
