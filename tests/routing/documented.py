"""The receivers of docs/agencies.md, run as an agency would run them: a process, an environment, a port."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import free_port
from tests.waiting import until

HERE = Path(__file__).resolve().parents[2] / "docs" / "receivers"
FILES = {"python": HERE / "receiver.py", "php": HERE / "receiver.php"}


@dataclass
class Documented:
    """One receiver: `port` is free until it is `started` with what registering the agency gave."""

    language: str
    inbox: Path
    port: int

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
            until(self._listens, "the receiver listens")
            yield
        finally:
            process.kill()
            process.wait()

    def answer(self, secret: str, token: str, *words: str) -> str:
        """Answer as a person there does, by command line; return what the centre said."""
        program = [sys.executable] if self.language == "python" else ["php"]
        done = subprocess.run(
            [*program, FILES[self.language], *words],
            env=self._environment(secret) | {"TOKEN": token},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self) -> list[tuple[str, str, bytes]]:
        """Return what stands in its inbox: webhook-id, dispatch, body."""
        with contextlib.closing(sqlite3.connect(self.inbox)) as db:
            found = db.execute("SELECT id, dispatch, CAST(body AS BLOB) FROM inbox ORDER BY rowid")
            return [(str(id), str(dispatch), bytes(body)) for id, dispatch, body in found]

    def _environment(self, secret: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "INBOX": str(self.inbox)}

    def _listens(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0


def documented(language: str, inbox: Path) -> Documented:
    """Return a receiver that is not started yet."""
    return Documented(language, inbox, free_port())
