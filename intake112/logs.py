"""What the processes say: to stderr, as JSON for machines and in colour for a person at a terminal.

Libraries that log by the standard library (uvicorn, SQLAlchemy, alembic) come out in the same form. Secrets that the
settings hold are cut out of every finished line, whoever wrote it, an exception's text included. What callers, browsers
and agencies wrote cannot forge a line, nor move a terminal's cursor.
"""

import json
import logging
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
_QUIET = ("uvicorn", "sqlalchemy", "alembic", "aiosqlite", "asyncio", "httpx2", "httpcore2")


class Hide:
    """A renderer that leaves secrets out of what another renderer made."""

    def __init__(self, renderer: Processor, secrets: Iterable[str]) -> None:
        self._renderer = renderer
        known = {spelling for s in secrets if len(s) > 3 for spelling in (s, json.dumps(s)[1:-1], repr(s)[1:-1])}
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """Return the finished line."""
        line = str(self._renderer(logger, name, event))
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line


def _inert(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Write out, as `\\x1b` or `\\u2028`, whatever is no letter, sign or space; an exception keeps its lines."""
    return {name: _plain(value, "\n" if name == "exception" else "") for name, value in event.items()}


def _plain(value: object, kept: str) -> object:
    if isinstance(value, str):
        if value.isprintable():
            return value
        return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in value)
    if isinstance(value, list | tuple):
        return [_plain(one, kept) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one, kept) for name, one in value.items()}
    return value


def configure(log_format: str = "auto", level: str = "info", secrets: Iterable[str] = ()) -> None:
    """Set up structlog and logging; `log_format` is auto (console at a terminal, else JSON), console or json."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        _inert,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, Hide(renderer, secrets)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
