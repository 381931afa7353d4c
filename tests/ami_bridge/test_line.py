"""The door to Asterisk, against real sockets that misbehave."""

import asyncio
import gc
import socket
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from ami_bridge import frames
from ami_bridge.line import Line, LineError, RefusedError
from intake112.clock import SteadyClock
from tests.waiting import until

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
CLOCK = SteadyClock()
RING = b"Event: Newchannel\r\nUniqueid: 1.1"


@dataclass
class Pbx:
    """A socket that greets, answers every action with Success, and does what a test writes into it."""

    port: int = 0
    greeting: bytes = GREETING
    answers: bool = True
    heard: list[frames.Frame] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    sessions: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one session."""
        self.sessions += 1
        self.writers.append(writer)
        writer.write(self.greeting)
        self.came.set()
        splitter = frames.Splitter()
        while data := await reader.read(4096):
            for raw in splitter.feed(data):
                frame = frames.parse(raw)
                self.heard.append(frame)
                if self.answers:
                    wrong = frame.get("Secret") == "wrong"
                    words = (
                        [("Response", "Error"), ("Message", "Authentication failed")]
                        if wrong
                        else [("Response", "Success"), ("Timestamp", "1795487833.765750")]
                    )
                    writer.write(frames.encode([*words, ("ActionID", frame.get("ActionID"))]))

    def say(self, data: bytes) -> None:
        """Write bytes to every session."""
        for writer in self.writers:
            writer.write(data)


@asynccontextmanager
async def pbx() -> AsyncIterator[Pbx]:
    """Run a Pbx on a free port."""
    it = Pbx()
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        for writer in it.writers:
            writer.close()


async def nothing(asked: datetime, answered: datetime, pbx_said: str) -> None:
    """Take an answer to a ping, and do nothing about it."""


class Heard:
    """What a line delivered, batch by batch."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self._changed = asyncio.Event()

    def __call__(self, batch: list[bytes]) -> None:
        """Take a batch."""
        self.frames += batch
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, looking again after each batch."""
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


async def test_kept_frames_arrive_byte_for_byte_in_order_and_others_are_dropped() -> None:
    heard = Heard()
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=1, deliver=heard) as line:
        await line.login("intake112", "right")
        name = b"Event: Newchannel\r\nCallerIDName: Evil\xe2\x80\xa8Channel: PJSIP/x\xc2\x85Exten: 999\r\nUniqueid: 1.2"
        server.say(b"Event: VarSet\r\nVariable: x\r\n\r\n" + RING + b"\r\n\r\n" + name + b"\r\n\r\n")
        await heard.until(lambda: len(heard.frames) == 2)
    assert heard.frames == [RING, name]


async def test_a_wrong_secret_is_refused_in_asterisks_words_without_the_secret() -> None:
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=1, deliver=Heard()) as line:
        with pytest.raises(RefusedError, match="Authentication failed") as caught:
            await line.login("intake112", "wrong")
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("value", ["a\r\nAction: Command", "a\n"], ids=repr)
async def test_a_line_break_in_a_value_is_refused_before_the_write(value: str) -> None:
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=1, deliver=Heard()) as line:
        await line.login("intake112", "right")
        with pytest.raises(frames.FrameError):
            await line.action("Originate", Channel=value)
        await line.action("Ping")
        assert [frame.get("Action") for frame in server.heard] == ["Login", "Ping"]


async def test_a_cut_in_the_middle_of_a_frame_ends_the_line_and_delivers_no_half_frame() -> None:
    heard = Heard()
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=1, deliver=heard) as line:
        await line.login("intake112", "right")
        server.say(RING + b"\r\n\r\nEvent: Hangup\r\nUniq")
        await heard.until(lambda: heard.frames == [RING])
        server.writers[0].close()
        async with asyncio.timeout(5):
            assert "closed" in await line.closed
            assert await line.keep_alive(CLOCK, nothing)
    assert heard.frames == [RING]


async def test_a_dead_line_is_noticed_within_three_pings() -> None:
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=0.1, deliver=Heard()) as line:
        await line.login("intake112", "right")
        server.answers = False  # half-open: the socket stands, nothing comes
        async with asyncio.timeout(2):
            assert "no answer within" in await line.keep_alive(CLOCK, nothing) or line.closed.done()


async def test_a_quiet_line_that_answers_pings_stays_one_connection() -> None:
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=0.02, deliver=Heard()) as line:
        await line.login("intake112", "right")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):  # 25 pings, 8 times the library's own dead-line
                await line.keep_alive(CLOCK, nothing)
        assert server.sessions == 1
        assert not line.closed.done()


async def test_each_answer_to_a_ping_tells_the_clock_of_the_pbx_beside_ours() -> None:
    pongs: list[tuple[datetime, datetime, str]] = []

    async def pong(asked: datetime, answered: datetime, pbx_said: str) -> None:
        pongs.append((asked, answered, pbx_said))
        if len(pongs) == 3:
            line.end("seen enough")

    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=0.01, deliver=Heard()) as line:
        await line.login("intake112", "right")
        async with asyncio.timeout(5):
            assert await line.keep_alive(CLOCK, pong) == "seen enough"
    assert [said for _, _, said in pongs] == ["1795487833.765750"] * 3
    assert all(asked <= answered for asked, answered, _ in pongs)


async def test_nobody_listening_is_a_line_error() -> None:
    async with pbx() as server:
        port = server.port
    with pytest.raises(LineError, match="cannot connect"):
        async with Line("127.0.0.1", port, ping_s=1, deliver=Heard()):
            pass


async def test_a_port_that_is_not_ami_is_said_to_be_so() -> None:
    async with pbx() as server:
        server.greeting = b"x" * 4096
        async with Line("127.0.0.1", server.port, ping_s=1, deliver=Heard()) as line:
            async with asyncio.timeout(5):
                assert "is this the AMI port" in await line.closed


async def test_a_response_nobody_can_read_does_not_end_the_line() -> None:
    heard = Heard()
    async with pbx() as server, Line("127.0.0.1", server.port, ping_s=1, deliver=heard) as line:
        await line.login("intake112", "right")
        server.say(b"Response: \r\n\r\nResponse: Success\r\nActionID: nobody\r\n\r\n" + RING + b"\r\n\r\n")
        await heard.until(lambda: heard.frames == [RING])


async def held(port: int, logged_in: asyncio.Event | None = None) -> None:
    """Hold a line until this is cancelled."""
    async with Line("127.0.0.1", port, ping_s=30, deliver=Heard()) as line:
        if logged_in is not None:
            await line.login("intake112", "right")
            logged_in.set()
        await line.closed


async def gone(holding: asyncio.Task[None]) -> None:
    """Wait for the end of whoever was cancelled, and of the thread that reads; a socket left open fails here."""
    await asyncio.wait([holding])
    until(lambda: not any("(listen)" in thread.name for thread in threading.enumerate()), "nobody reads any more")
    gc.collect()


async def test_who_is_told_to_stop_while_it_connects_leaves_no_session() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(20):  # some are cancelled before the connection stands, some after
            knocked = asyncio.Event()
            loop.add_reader(listener, knocked.set)
            async with asyncio.TaskGroup() as tasks:
                holding = tasks.create_task(held(listener.getsockname()[1]))
                await knocked.wait()
                loop.remove_reader(listener)
                holding.cancel()
            with listener.accept()[0] as accepted:
                accepted.settimeout(5)
                assert await asyncio.to_thread(accepted.recv, 1) == b"", "the session is over"
                await gone(holding)


async def test_who_is_told_to_stop_twice_leaves_no_socket_though_all_threads_are_busy() -> None:
    executor, over, logged_in = ThreadPoolExecutor(1), threading.Event(), asyncio.Event()
    asyncio.get_running_loop().set_default_executor(executor)
    async with pbx() as server, asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(held(server.port, logged_in))
        await logged_in.wait()
        busy = executor.submit(over.wait)
        for _ in range(2):
            holding.cancel()
            await asyncio.sleep(0)  # it takes it up
        await gone(holding)
        over.set()
        busy.result()
