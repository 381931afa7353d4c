"""A centre in this process: the lanes that deliver, and the API that agencies answer to, on a port of its own."""

import asyncio
import functools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from sqlalchemy import select

from db import tables
from db.dispatches import DispatchRow
from db.engine import Database
from intake import answering, escalating
from intake.api.app import create_app
from intake.api.server import Server
from routing import outbox
from routing.delivery import HttpReceiver
from routing.escalations import Escalations
from routing.lanes import Lanes
from tests.routing import cases
from tests.routing.running import quick, running, until


@dataclass
class Centre:
    """Its address, its lanes, and what a test does in its name."""

    database: Database
    url: str
    lanes: Lanes

    async def dispatch(self, agency: str) -> DispatchRow:
        """Open a report and dispatch it (P1: 60 s to accept)."""
        async with self.database.transaction() as tx:
            report = await cases.add_report(tx)
            seen = cases.visible(report)
            return await outbox.put(
                tx, report_id=report.id, report=seen, agency_code=agency, by="rina", public_url=self.url
            )

    async def look_at_deadlines(self) -> None:
        """Do what is due of the ladder now."""
        escalate = functools.partial(escalating.escalate, public_url=self.url)
        await Escalations(self.database, escalate).look(asyncio.Event())

    async def still(self) -> None:
        """Wait until no try is in flight."""

        async def none() -> bool:
            return not self.lanes.tally.in_flight

        await until(none)

    async def answers(self) -> str:
        """Return the log: each answer, the agency's count, + when it moved the dispatch, - when it was kept only."""
        async with self.database.reading() as reading:
            rows = await reading.connection.execute(select(tables.answers).order_by(tables.answers.c.n))
            return " ".join(f"{row.answer}{row.sequence}{'+' if row.applied else '-'}" for row in rows)

    async def entries(self) -> list[str]:
        """Return what all reports tell, in order."""
        async with self.database.reading() as reading:
            return list(await reading.connection.scalars(select(tables.entries.c.text).order_by(tables.entries.c.n)))


@asynccontextmanager
async def centre(database: Database, make_receiver: Callable[..., HttpReceiver] = quick) -> AsyncIterator[Centre]:
    """Run a centre on this database until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the product does: or 40 ms an answer
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = Server(uvicorn.Config(create_app(database, public_url=url), log_config=None, lifespan="off"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve([listener]))
            try:
                async with running(database, answering.answered, make_receiver) as lanes:
                    yield Centre(database, url, lanes)
            finally:
                server.should_exit = True
