"""The receivers of docs/agencies.md, run as an agency would run them: a process, an environment, a port."""

import contextlib
import http.client
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import free_port
from tests.waiting import until

HERE = Path(__file__).resolve().parents[2] / "docs" / "receivers"
FILES = {"python": HERE / "receiver.py", "php": HERE / "receiver.php"}


@dataclass
class Documented:
    """One receiver: `port` is free until it is `started` with what registering the agency gave.

    `changed` are variables of its environment that are not as they should be (None: not set).
    """

    language: str
    inbox: Path
    port: int
    changed: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    @contextmanager
    def started(self, secret: str) -> Iterator[None]:
        """Run it until the end of the block."""
        file = str(FILES[self.language])
        serve = [sys.executable, file, str(self.port)]
        if self.language == "php":  # errors shown, as on a developer's machine: PHP says 200 then
            serve = ["php", "-d", "display_errors=1", "-S", f"127.0.0.1:{self.port}", file]
        process = subprocess.Popen(
            serve, env=self._environment(secret), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: self._listens() or process.poll() is not None, "the receiver listens, or has ended")
            yield
        finally:
            process.kill()
            process.wait()

    def answer(self, secret: str, token: str, *words: str) -> str:
        """Answer as a person there does, by command line; return what the centre said."""
        done = self.tried(secret, token, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tried(self, secret: str, token: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Answer, whatever comes of it."""
        program = [sys.executable] if self.language == "python" else ["php"]
        return subprocess.run(
            [*program, FILES[self.language], *words],
            env=self._environment(secret) | {"TOKEN": token},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def posted(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """POST to it; return the status (0: nobody listens) and the body of what it says, within 5 s."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("POST", "/", body, dict(headers))
            except ConnectionRefusedError:
                return 0, b""
            answer = connection.getresponse()
            return answer.status, answer.read()

    def rows(self) -> list[tuple[str, str, bytes]]:
        """Return what stands in its inbox: webhook-id, dispatch, body."""
        with contextlib.closing(sqlite3.connect(self.inbox)) as db:
            found = db.execute("SELECT id, dispatch, CAST(body AS BLOB) FROM inbox ORDER BY rowid")
            return [(str(id), str(dispatch), bytes(body)) for id, dispatch, body in found]

    def _environment(self, secret: str) -> dict[str, str]:
        good = {"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "INBOX": str(self.inbox)}
        return {name: value for name, value in {**good, **self.changed}.items() if value is not None}

    def _listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0


def documented(language: str, inbox: Path, changed: Mapping[str, str | None] | None = None) -> Documented:
    """Return a receiver that is not started yet."""
    return Documented(language, inbox, free_port(), changed or {})
