"""The door to Asterisk: asterisk-ami keeps the session, our codec gets every kept frame byte for byte.

asterisk-ami connects, logs in, numbers actions and keeps their answers. Its reading is replaced (`listen`), because as
shipped one exception in a callback ends its thread in silence, it cuts lines where callers can forge them, and a hop
per event costs ten times the throughput. Ours reads large pieces, cuts frames on bytes, drops events by name before
anything is decoded, and gives the loop one batch per read. (One core, real bytes: 300,000 events/s against 28,000.)

The session's `timeout` is three pings: a line that says nothing for so long is dead, and is told so.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Container
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from asterisk.ami import Action, AMIClient, Response

from ami_bridge import frames
from ami_bridge.reading import KEPT
from ami_bridge.watch import WATCHED

PIECE = 256 * 1024
T = TypeVar("T")
Deliver = Callable[[list[bytes]], None]
Pong = Callable[[datetime, datetime, str], Awaitable[None]]  # asked, answered (our clock), the PBX's own time


class LineError(Exception):
    """The AMI session could not be made, or is gone; the message says why, without the secret."""


class RefusedError(LineError):
    """Asterisk answered an action with an error: the message is Asterisk's own."""


class _Session(AMIClient):
    def __init__(
        self,
        host: str,
        port: int,
        timeout: float,
        kept: Container[bytes],
        deliver: Deliver,
        watched: Deliver,
        ended: Callable[[str], None],
    ) -> None:
        super().__init__(address=host, port=port, timeout=timeout)
        self._kept = kept
        self._deliver = deliver
        self._watched = watched
        self._ended = ended
        self._left = False

    @property
    def wire(self) -> socket.socket:
        """The connected socket. Raises LineError before `connect`."""
        if self._socket is None:
            raise LineError("not connected")
        return self._socket

    def send(self, pack: Action | str) -> None:
        """Send all of an action; a line break in any value is refused before the write (frames.FrameError)."""
        if isinstance(pack, str):
            raise TypeError("only actions are sent: text could hold a forged header")
        self.wire.sendall(frames.encode([("Action", pack.name), *((k, str(v)) for k, v in pack.keys.items())]))

    def connect(self) -> None:
        """Connect, and read in a thread of its own. Raises OSError."""
        try:
            super().connect()
        except OSError:
            self.wire.close()
            raise

    def leave(self) -> None:
        """Let the reading end, soon, also one that has not begun yet; whoever is the last of both closes the socket."""
        self._left = True
        with contextlib.suppress(OSError, LineError):  # nothing is connected
            self.wire.shutdown(socket.SHUT_RDWR)
        if self.finished is not None and self.finished.is_set():
            self.wire.close()

    def listen(self) -> None:
        """Read until the line ends; whatever happens, say that it ended and why."""
        why = "Asterisk closed the session"
        try:
            if not self._left:
                self._read()
        except TimeoutError:
            why = f"nothing was heard for {self._timeout:g} s"
        except OSError as error:
            why = str(error)
        finally:
            if self.finished is not None:
                self.finished.set()
            if self._left:
                self.wire.close()
            self._ended(why)

    def _read(self) -> None:
        splitter = frames.Splitter()
        data = self._banner()
        piece = memoryview(bytearray(PIECE))  # one for all: `recv` would cut down one for each, and tear the heap
        while True:
            batch, watched = [], []
            for raw in splitter.feed(data):
                if (name := frames.event_name(raw)) in self._kept:
                    batch.append(raw)
                elif name in WATCHED:
                    watched.append(raw)
                elif raw.startswith(b"Response: "):
                    self.fire_recv_pack(frames.decode(raw))
            if batch:
                self._deliver(batch)
            if watched:
                self._watched(watched)
            if not (size := self.wire.recv_into(piece)):
                return
            data = bytes(piece[:size])

    def _banner(self) -> bytes:
        """Return what came behind the greeting line, which no empty line ends."""
        data = b""
        while b"\r\n" not in data:
            piece = self.wire.recv(PIECE)
            data += piece
            if not piece or (b"\r\n" not in data and len(data) > 1024):
                raise ConnectionError("no AMI greeting: is this the AMI port?")
        return data.partition(b"\r\n")[2]


class Line:
    """One logged-in AMI session. Use as an async context manager; a new object for every connection.

    `deliver` is called in the loop with each batch of kept frames (events of these names), in order; `watched` with
    those of `watch.WATCHED`. `closed` ends with the reason.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ping_s: float,
        deliver: Deliver,
        watched: Deliver = lambda _: None,
        kept: Container[bytes] = KEPT,
    ) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = loop.create_future()
        self._ping_s = ping_s
        self._timeout = 3 * ping_s
        self._session = _Session(
            host,
            port,
            self._timeout,
            kept,
            deliver=lambda batch: self._to_loop(deliver, batch),
            watched=lambda batch: self._to_loop(watched, batch),
            ended=lambda why: self._to_loop(self._set_closed, why),
        )

    def _to_loop(self, function: Callable[[T], None], value: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(function, value)

    def _set_closed(self, why: str) -> None:
        if not self.closed.done():
            self.closed.set_result(why)

    async def __aenter__(self) -> Self:
        """Connect. Raises LineError."""
        try:
            await asyncio.to_thread(self._session.connect)
        except OSError as error:
            raise LineError(f"cannot connect: {error}") from error
        except asyncio.CancelledError:  # the thread goes on
            self._session.leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End the session, and wait for the thread that reads."""
        self._session.leave()
        await asyncio.to_thread(self._session.disconnect)

    async def login(self, username: str, secret: str) -> None:
        """Log in. Raises RefusedError for a wrong name or secret, LineError when the line ends meanwhile."""
        await self.action("Login", Username=username, Secret=secret)

    async def action(self, name: str, **headers: str) -> Response:
        """Send an action and return Asterisk's answer. Raises RefusedError, LineError, frames.FrameError."""
        answer: asyncio.Future[Response] = self._loop.create_future()

        def arrived(response: Response) -> None:
            if not answer.done():
                answer.set_result(response)

        try:
            self._session.send_action(Action(name, dict(headers)), lambda r: self._to_loop(arrived, r))
        except OSError as error:
            raise LineError(f"cannot send {name}: {error}") from error
        either: list[asyncio.Future[Response] | asyncio.Future[str]] = [answer, self.closed]
        await asyncio.wait(either, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            why = self.closed.result() if self.closed.done() else f"no answer within {self._timeout:g} s"
            raise LineError(f"{name}: {why}")
        response = answer.result()
        if response.is_error():
            raise RefusedError(f"{name}: {response.keys.get('Message', 'refused')}")
        return response

    def end(self, why: str) -> None:
        """End the line: who keeps it alive is told why."""
        self._set_closed(why)

    async def keep_alive(self, clock: Callable[[], datetime], pong: Pong) -> str:
        """Ping until the line ends, now and every `ping_s`; return why it ended. `pong` gets each answer."""
        while True:
            try:
                asked = clock()
                response = await self.action("Ping")
                await pong(asked, clock(), response.keys.get("Timestamp", ""))
            except LineError as error:
                return self.closed.result() if self.closed.done() else str(error)
            done, _ = await asyncio.wait([self.closed], timeout=self._ping_s)
            if done:
                return self.closed.result()
