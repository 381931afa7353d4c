"""A private PostgreSQL server for tests: its own folder, its own socket port, no fsync, gone at the end."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import asyncpg


def programs() -> Path:
    """Return the folder with initdb and postgres. Raises FileNotFoundError saying what to install."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise FileNotFoundError("no PostgreSQL server here: install Debian's package `postgresql`")
    return found[-1].parent


def free_port() -> int:
    """Return a TCP port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class PostgresServer:
    """A running server on 127.0.0.1; user `postgres`, trusted. After `stop`, `go_on` starts it on the same data."""

    port: int
    folder: Path
    settings: Sequence[str]
    process: subprocess.Popen[bytes] = field(init=False)

    @classmethod
    @contextmanager
    def start(cls, folder: Path, *settings: str) -> Iterator[Self]:
        """Make a cluster in `folder`, run it, and stop it at the end. `settings` are `name=value`."""
        data = folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            capture_output=True,
            **_user_arguments(folder),
        )
        server = cls(free_port(), folder, settings)
        server.go_on()
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(data, ignore_errors=True)

    def go_on(self) -> None:
        """Start it, and wait until it takes connections."""
        options = ["fsync=off", "full_page_writes=off", "max_connections=200", "unix_socket_directories="]
        arguments = ["-p", str(self.port), "-h", "127.0.0.1"]
        arguments += [part for option in (*options, *self.settings) for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log_file:
            self.process = subprocess.Popen(
                [programs() / "postgres", "-D", self.folder / "data", *arguments],
                stdout=log_file,
                stderr=subprocess.STDOUT,
                **_user_arguments(self.folder),
            )
        try:
            _until_ready(programs(), self.port, self.process, self.folder / "log")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, cutting whoever is connected. Twice is once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)  # "fast"; SIGTERM would wait for everybody to leave
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    async def create(self, name: str, template: str = "template0") -> None:
        """Create a database."""
        await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')

    async def drop(self, name: str) -> None:
        """Drop a database, cutting whoever is still connected."""
        await self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    @asynccontextmanager
    async def fresh(self, name: str, template: str) -> AsyncIterator[str]:
        """Give the URL of a database of its own, and drop it at the end."""
        await self.create(name, template)
        yield self.url(name)
        await self.drop(name)

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="postgres", database="postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _user_arguments(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as Debian's user `postgres`, who must reach the folder."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return {"user": "postgres", "group": "postgres"}


def _until_ready(bin_folder: Path, port: int, process: subprocess.Popen[bytes], log_file: Path) -> None:
    asking: list[str | Path] = [bin_folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "10"]
    for _ in range(500):
        if subprocess.run(asking, check=False).returncode == 0:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            break
    raise RuntimeError(f"PostgreSQL did not start: {log_file.read_text(errors='replace')[-2000:]}")
