"""No secret gets into the log, whoever logs it and however."""

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
