"""How many events a second one core takes: from the line to facts, and all the way to committed rows.

The bytes are a real mix, told to an AMI user with every right (`mix`), again and again with other ids. Beside it, from
the same bytes: what other libraries need to merely parse them (`peers`), and a loop that splits and puts each frame
into a dictionary, as the limit.

Durable means: read from a socket (the sender runs on the other core), on the tape and fsynced, interpreted, and the
facts, the bridge's memory and the tape's position committed, fsynced on SQLite.
"""

import asyncio
import ctypes
import multiprocessing
import os
import socket
import tempfile
import time
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ami_bridge import frames, reading
from ami_bridge.bridge import Bridge, BridgeConfig
from ami_bridge.frames import Splitter
from ami_bridge.listening import Listener
from ami_bridge.session import Pbx
from ami_bridge.threads import Line
from bench import mix, peers
from bench.ring_to_screen import databases
from db import migrate, tables
from db.engine import Database
from intake112.clock import SteadyClock

LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
COPIES = 1000
ROUNDS = 3
A_FEW = 3000  # events for a peer that takes one byte per system call
PIECE = 256 * 1024
END = b"\r\n\r\n"


def line_to_facts(data: bytes) -> int:
    """Do all that ours does, but for the tape and the database."""
    splitter, listener, now, facts, count = Splitter(), Listener(LINE), SteadyClock()(), 0, 0
    for start in range(0, len(data), PIECE):
        told = splitter.feed(data[start : start + PIECE])
        count += len(told)
        for raw in told:
            if frames.event_name(raw) in reading.KEPT and (heard := reading.read(raw)) is not None:
                facts += len(listener.advance(heard.event, now, recovered=heard.recovered))
    assert facts, "nothing was understood"
    return count


SLOW = "pyst2 0.5.1, merely parsing"
PARSING = {
    "limit: naive split and dict": peers.naive,
    "asterisk-ami 0.1.7, merely parsing": peers.asterisk_ami,
    "panoramisk 1.4, merely parsing": peers.panoramisk,
    SLOW: peers.pyst2,
    "ours, line -> facts": line_to_facts,
}


def send(listener: socket.socket, data: bytes, core: int, began: "Synchronized[float]") -> None:
    """Be an Asterisk that answers what a new session asks, and then says all it has; note when it `began` to."""
    os.sched_setaffinity(0, {core})
    wire, _ = listener.accept()
    wire.sendall(b"Asterisk Call Manager/11.0.0\r\n")
    splitter = Splitter()
    asked: list[str] = []
    while asked[-2:] != ["CoreShowChannels", "Ping"]:  # then the session is settled
        for raw in splitter.feed(wire.recv(65536)):
            frame = frames.parse(raw)
            number = f"ActionID: {frame.get('ActionID')}\r\n"
            asked.append(frame.get("Action"))
            wire.sendall(f"Response: Success\r\n{number}Timestamp: {time.time():.6f}\r\n\r\n".encode())
            if asked[-1] == "Login":
                wire.sendall(b"Event: FullyBooted\r\nUptime: 1\r\n\r\n")
            if asked[-1] == "CoreShowChannels":
                wire.sendall(f"Event: CoreShowChannelsComplete\r\n{number}\r\n".encode())
    began.value = time.monotonic()
    wire.sendall(data)
    while wire.recv(65536):  # pings, until the bridge ends the session
        pass


async def watch(url: str, calls: int) -> float:
    """Return when so many calls were committed as ended (monotonic)."""
    ended = select(func.count()).select_from(tables.calls).where(tables.calls.c.stage == "ended")
    async with Database.open(url, SteadyClock()) as database:
        while True:
            async with database.reading() as look:
                if (await look.connection.execute(ended)).scalar_one() >= calls:
                    return time.monotonic()
            await asyncio.sleep(0.02)


def watching(url: str, calls: int, core: int, finished: "Synchronized[float]") -> None:
    """Be who looks, on the sender's core."""
    os.sched_setaffinity(0, {core})
    finished.value = asyncio.run(watch(url, calls))


async def ingest(url: str, config: BridgeConfig, watcher: BaseProcess) -> None:
    """Run a bridge until the watcher has seen enough."""
    stop = asyncio.Event()
    async with Database.open(url, SteadyClock(), service=True) as database, asyncio.TaskGroup() as tasks:
        bridge = Bridge(database, config)
        tasks.create_task(bridge.run(stop))
        await asyncio.to_thread(watcher.join)
        stop.set()


def durable(url: str, folder: Path, data: bytes, count: int, calls: int) -> float:
    """Return events a second, of the socket's sender on one core and the bridge on the other."""
    cores, fork = sorted(os.sched_getaffinity(0)), multiprocessing.get_context("fork")
    asyncio.run(migrate.migrate(url))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pbx = Pbx("pbx-1", "127.0.0.1", listener.getsockname()[1], "u", "s")
        config = BridgeConfig(pbx, LINE, folder / "tapes", ZoneInfo("Asia/Jakarta"), "http://112.test")
        began, finished = multiprocessing.Value(ctypes.c_double, 0.0), multiprocessing.Value(ctypes.c_double, 0.0)
        sender = fork.Process(target=send, args=(listener, data, cores[-1], began), daemon=True)
        watcher = fork.Process(target=watching, args=(url, calls, cores[-1], finished), daemon=True)
        sender.start()
        watcher.start()
        os.sched_setaffinity(0, {cores[0]})
        try:
            asyncio.run(ingest(url, config, watcher))
            return count / (finished.value - began.value)
        finally:
            os.sched_setaffinity(0, cores)
            sender.terminate()
            sender.join()


def rounds(folder: Path, data: bytes, few: bytes, count: int, calls: int) -> dict[str, list[float]]:
    """Return what each did in every round, events a second; one after the other, so all meet the machine's moods."""
    rates: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        for name, work in PARSING.items():
            rates.setdefault(name, []).append(peers.per_second(work, few if name == SLOW else data))
        own = folder / f"round-{number}"
        own.mkdir(mode=0o755)
        with databases(own) as urls:
            for kind, url in urls.items():
                state = Path(tempfile.mkdtemp(dir=own))
                rates.setdefault(f"ours, durable on {kind}", []).append(durable(url, state, data, count, calls))
    return rates


def run(folder: Path) -> str:
    """Measure, and return the section for docs/performance.md."""
    story = mix.record()
    told = [raw for copy in mix.copies(story, COPIES) for raw in copy]
    data, count, calls = END.join(told) + END, len(told), COPIES * mix.CALLS
    every = rounds(folder, data, END.join(told[:A_FEW]) + END, count, calls)
    rates = {name: max(of_rounds) for name, of_rounds in every.items()}
    limit = rates["limit: naive split and dict"]
    best = max(rate for name, rate in rates.items() if "merely" in name)
    facts, sqlite = rates["ours, line -> facts"], rates["ours, durable on SQLite"]
    return "\n".join(
        [
            "## Ingest",
            "",
            f"{count} events of {calls} calls ({count / calls:.0f} a call, {len(data) / count:.0f} bytes each), a real",
            f"mix told to an AMI user with every right; one core. The best of {ROUNDS} rounds in turns, and the worst.",
            "Durable is events by the clock, of which all is committed; the others by the process' own time. Goals:",
            f"line -> facts >= 1.5 x the naive limit ({'met' if facts >= 1.5 * limit else '**missed**'}),",
            f"durable on SQLite >= 1.0 x the best peer's mere parsing ({'met' if sqlite >= best else '**missed**'}).",
            "",
            "| what | events/s | worst | x naive limit | x best peer |",
            "|---|---:|---:|---:|---:|",
            *(
                f"| {name} | {rate:,.0f} | {min(every[name]):,.0f} | {rate / limit:.2f} | {rate / best:.2f} |"
                for name, rate in rates.items()
            ),
            "",
        ]
    )
