"""The whole product as a centre runs it: real processes of `intake112`, spoken to over HTTP."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from db.engine import Database
from db.ids import new_id
from intake import access
from intake112.clock import SteadyClock
from tests.acceptance.forked import Forked, run
from tests.postgres import free_port
from tests.waiting import until

INTAKE112 = Path(sys.executable).with_name("intake112")
Json = dict[str, Any]
T = TypeVar("T")


async def _make_token(database: Database) -> str:
    async with database.transaction() as tx:
        return await access.create_token(tx, "acceptance", "operator")


async def _make_supervisors_token(database: Database) -> str:
    async with database.transaction() as tx:
        return await access.create_token(tx, new_id(tx.now), "supervisor")


class Product:
    """`intake112 run`, or one room of it, on one database; `start` and `kill` as often as a test likes.

    Use as a context manager. The log lies beside the state folder: a test may lose or fill that.
    """

    def __init__(
        self, database_url: str, state: Path, settings: Mapping[str, str], room: str = "run", within: Sequence[str] = ()
    ) -> None:
        self.port = free_port()
        self.room = room
        self.within = within  # a command that starts it somewhere else, a network namespace for example
        self.state = state
        self.log = state.with_name(f"{state.name}.log")
        state.mkdir(exist_ok=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")},
            "INTAKE112_DATABASE_URL": database_url,
            "INTAKE112_STATE_DIR": str(state),
            "INTAKE112_HTTP_PORT": str(self.port),
            "PYTHONWARNINGS": "error,ignore::DeprecationWarning:asterisk.ami.response",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._http: httpx2.Client | None = None

    def command(self, *arguments: str) -> str:
        """Run one short command and return what it printed. Raises AssertionError with its complaint."""
        done = run(arguments, self.environment, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def beside(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do on its database what a short command would do, without the seconds of a process of its own."""

        async def opened() -> T:
            async with Database.open(self.environment["INTAKE112_DATABASE_URL"], SteadyClock()) as database:
                return await work(database)

        with ThreadPoolExecutor(1) as aside:  # a test may run in a loop itself
            return aside.submit(lambda: asyncio.run(opened())).result()

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it says that it is ready unless a test looks for itself."""
        self.log.touch()
        if self.within:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*self.within, INTAKE112, self.room],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        else:
            self._process = Forked([self.room], self.environment, self.log)
        if ready:
            self.until_ready()

    def until_ready(self, within_s: float = 20) -> None:
        """Wait until it says that it is ready."""
        until(self._ready, "the product is ready", within_s)

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    @property
    def memory_kb(self) -> int:
        """What it holds in memory now (VmRSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def freeze(self) -> None:
        """SIGSTOP: it does nothing, and does not know it."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def readiness(self) -> Json:
        """Return what `/readyz` says."""
        return dict(httpx2.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10, trust_env=False).json())

    def kill(self) -> None:
        """`kill -9`: nothing is said, nothing is saved on the way."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and return its exit code."""
        self.terminate()
        return self.ended(20)

    def terminate(self) -> None:
        """SIGTERM, and do not wait."""
        os.kill(self.pid, signal.SIGTERM)

    def ended(self, within_s: float) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        assert self._process is not None
        return self._process.wait(within_s)

    @property
    def http(self) -> httpx2.Client:
        """A client with an operator's token."""
        if self._http is None:
            token = self.beside(_make_token)
            self._http = httpx2.Client(
                base_url=f"http://127.0.0.1:{self.port}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=10,
                trust_env=False,
            )
        return self._http

    def get(self, path: str) -> Json:
        """GET some JSON from the API."""
        answer = self.http.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, path: str, body: Json) -> Json:
        """POST some JSON to the API; it must answer 201, or 202."""
        answer = self.http.post(f"/api/v1{path}", json=body)
        assert answer.status_code in (201, 202), answer.text
        return dict(answer.json())

    def hang_up(self, report: Json) -> Json:
        """Ask for the end of a caller's call, as a supervisor: they alone may end that of somebody who waits."""
        headers = {"Authorization": f"Bearer {self.beside(_make_supervisors_token)}"}
        answer = self.http.post(f"/api/v1/reports/{report['number']}/call/hang-up", json={}, headers=headers)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def reports(self) -> list[Json]:
        """All reports, the newest first, as the list shows them."""
        found: list[Json] = []
        cursor = ""
        while True:
            page = self.get(f"/reports?limit=200{cursor}")
            found += page["reports"]
            if page["next"] is None:
                return found
            cursor = f"&after={page['next']}"

    def report(self, number: str) -> Json:
        """One whole report."""
        return self.get(f"/reports/{number}")

    def can_act(self, bridges: int = 1) -> bool:
        """Tell whether it says that it can control calls, each of its bridges."""
        services = self.get("/state")["services"]
        return [one["state"] for one in services if one["name"].startswith("control:")] == ["connected"] * bridges

    def done(self, asked: Json, within_s: float = 20) -> Json:
        """Wait until what was asked of the PBX has ended, and return it."""

        def look() -> Json | None:
            found = self.get(f"/controls/{asked['id']}")
            return found if found["ended_at"] is not None else None

        return until(look, f"{asked['action']} has ended", within_s)

    def all_ended(self, count: int, within_s: float = 30) -> list[Json]:
        """Wait until there are `count` reports whose calls are over, and return them."""

        def look() -> list[Json] | None:
            seen = self.reports()
            return seen if len(seen) >= count and all(one["call"]["ended_at"] for one in seen) else None

        return until(look, f"{count} calls are over", within_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._http is not None:
            self._http.close()
        self.kill()
        if error is not None:
            print(self.log.read_text(errors="replace")[-6000:])  # noqa: T201  # pytest shows it with the failure

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text(errors="replace")[-3000:]
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False
