"""The pretend Asterisk: an AMI server on loopback that plays recorded stories to everyone who is logged in.

What it says are the bytes of a tape with new ids and times; what it answers has the forms of Asterisk 22, header by
header. Members of the queue come, pause and go by the actions of its second user, as by the real one's; who was taken
out or paused is rung by no story (`ringing`), and what a tape says of a member is told as the member is now. It knows
no SIP and no sound, and nobody can act on its calls: an action that neither the tapes' recorder nor a shift needs is
answered as an unknown one. Like the real one it can be cut off (`drop_sessions`) and stand still (`freeze`).

Time goes by in `pause` only, so that a test plays an hour in no time.
"""

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from ami_bridge.frames import END, Splitter, event_name
from exercise.story import EPOCH, NOTHING, SECOND, Header, Story, headers, joined, with_new_ids
from exercise.switch import Switch

Clock = Callable[[], datetime]
Pause = Callable[[float], Awaitable[None]]
BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
VERSION: Final = b"22.10.1"
DESKS: Final = tuple(f"op{number}" for number in range(1, 9))
MOST_UNREAD = 4 << 20  # bytes; a session that does not read is cut off, as Asterisk does


class PretendAsterisk:
    """One pretend PBX. Use as an async context manager.

    `host`, `port`, `username` and `secret` are for the bridge; `control` and `control_secret` for its hand.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        pause: Pause = asyncio.sleep,
        members: Sequence[str] = DESKS,
        username: str = "intake112",
        secret: str | None = None,
        control: str = "intake112-control",
        system: str = "pbx-1",
    ) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.username = username
        self.secret = secret or secrets.token_urlsafe(24)
        self.control, self.control_secret = control, secrets.token_urlsafe(24)  # who may act, and hears no event
        self.logged_in = asyncio.Event()  # somebody has logged in, ever
        self._clock = clock
        self._pause = pause
        self._system = system.encode()
        self.began = clock()
        self.switch = Switch(self.began)
        self.switch.log_in(members, self.began)
        self._next_serial = 0
        self._sessions: list[_Session] = []
        self._running = asyncio.Event()
        self._running.set()
        self._server: asyncio.Server | None = None

    @property
    def sessions(self) -> int:
        """How many sessions are logged in."""
        return sum(session.name is not None for session in self._sessions)

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End every session and stop listening."""
        if self._server is not None:
            self._server.close()
            self._running.set()
            self.drop_sessions()
            for session in list(self._sessions):
                await session.ended.wait()
            await self._server.wait_closed()

    async def play(
        self,
        story: Story,
        *,
        number: str | None = None,
        name: str | None = None,
        speed: float = 1.0,
        desks: Mapping[str, str] | None = None,
    ) -> list[bytes]:
        """Play a story from its first event to its last, and return the frames that were said.

        `number` and `name` are another caller's, `desks` is who plays whose part. Where the PBX stopped on the tape,
        it ends its sessions and forgets its calls. Raises ValueError, FrameError: see `with_new_ids`.
        """
        story = story.at_speed(speed)
        frames = with_new_ids(story, self._next_serial, self._clock(), number, name, desks)
        self._next_serial += story.width
        said_until, said = NOTHING, []
        for cue, raw in zip(story.cues, frames, strict=True):
            if cue.after > said_until:
                await self._pause((cue.after - said_until).total_seconds())
                said_until = cue.after
            await self._running.wait()
            if (told := self.switch.as_now(raw)) is not None:
                self.say(told)
                said.append(told)
        if any(event_name(raw) == b"Shutdown" for raw in frames):
            self.switch.forget()
            self.drop_sessions()
        return said

    def say(self, raw: bytes) -> None:
        """Send one event (without its empty line) to every session."""
        self.switch.hear(raw, self._clock())
        for session in self._sessions:
            session.hear(raw)

    def drop_sessions(self) -> None:
        """Cut every connection; new ones are taken."""
        for session in self._sessions:
            session.cut()

    def freeze(self) -> None:
        """Stand still: no event, no answer, no greeting, and no connection ends."""
        self._running.clear()

    def thaw(self) -> None:
        """Go on where `freeze` stopped."""
        self._running.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(writer)
        self._sessions.append(session)
        splitter = Splitter()
        try:
            await self._running.wait()
            writer.write(BANNER)
            while data := await reader.read(65536):
                await self._running.wait()
                for raw in splitter.feed(data):
                    self._act(session, raw)
                await writer.drain()
        except ConnectionError:
            pass  # the other side is gone, or we cut the line
        finally:
            self._sessions.remove(session)
            session.cut()
            session.ended.set()

    # -- actions ------------------------------------------------------------------------------------------------------

    def _act(self, session: "_Session", raw: bytes) -> None:
        asked = {key.lower(): value for key, value in headers(raw)}
        answer = _Answer(session, asked.get(b"actionid"))
        action = asked.get(b"action", b"")
        now = self._clock()
        match action.lower():
            case b"":
                answer.error(b"Missing action in request")
            case b"login":
                self._login(session, answer, asked)
            case b"logoff":
                answer.give(b"Goodbye", [(b"Message", b"Thanks for all the fish.")])
                session.cut()
            case _ if session.name is None:
                answer.error(b"Permission denied")
            case b"ping":
                answer.give(b"Success", [(b"Ping", b"Pong"), (b"Timestamp", _stamp(now))])
            case b"events":
                session.wants_events = asked.get(b"eventmask", b"").lower() not in (b"off", b"no", b"")
                answer.give(b"Success", [(b"Events", b"On" if session.wants_events else b"Off")])
            case b"corestatus":
                answer.give(b"Success", self.switch.core_status())
            case b"coresettings":
                answer.give(b"Success", self._settings())
            case b"coreshowchannels":
                answer.first = True
                answer.list(b"Channels will follow", b"CoreShowChannelsComplete", self.switch.channels(now))
            case b"queuestatus":
                found = self.switch.status(now, asked.get(b"queue", b""), asked.get(b"member", b""))
                answer.list(b"Queue status will follow", b"QueueStatusComplete", found)
            case b"queueadd" | b"queueremove" | b"queuepause":
                self._act_on_member(session, answer, action.lower(), asked)
            case b"getvar":
                variable = asked.get(b"variable", b"")
                there = b"NOT_INUSE" if variable.startswith(b"DEVICE_STATE(") else b""
                answer.give(b"Success", [(b"Variable", variable), (b"Value", there)])
            case _:
                hint = b"Use Action: ListCommands to show available commands."
                answer.error(b"Invalid/unknown command: %s. %s" % (action, hint))

    def _act_on_member(
        self, session: "_Session", answer: "_Answer", action: bytes, asked: Mapping[bytes, bytes]
    ) -> None:
        if session.name != self.control.encode():
            answer.error(b"Permission denied")
            return
        message, event = self.switch.act(action, dict(asked), self._clock())
        answer.give(b"Success" if event else b"Error", [(b"Message", message)])
        if event:
            kind, privilege, *fields = event
            now = (b"Timestamp", _stamp(self._clock())), (b"SystemName", self._system)
            self.say(joined([kind, privilege, *now, *fields]))

    def _login(self, session: "_Session", answer: "_Answer", asked: Mapping[bytes, bytes]) -> None:
        if session.name is not None:
            answer.give(b"Success", [(b"Message", b"Already authenticated")])
            return
        username, secret = asked.get(b"username", b""), asked.get(b"secret", b"")
        known = {self.username.encode(): self.secret, self.control.encode(): self.control_secret}.get(username)
        if known is None or not hmac.compare_digest(secret, known.encode()):
            answer.error(b"Authentication failed")
            session.cut()
            return
        answer.give(b"Success", [(b"Message", b"Authentication accepted")])
        session.name = username
        is_ear = username == self.username.encode()
        session.wants_events = is_ear and asked.get(b"events", b"on").lower() not in (b"off", b"no")
        uptime = b"%d" % (max(self._clock() - self.began, timedelta()) // SECOND)
        booted = ((b"Event", b"FullyBooted"), (b"Privilege", b"system,all"), (b"Uptime", uptime))
        session.hear(joined([*booted, (b"LastReload", uptime), (b"Status", b"Fully Booted")]))
        self.say(joined(self._authenticated(session)))
        if is_ear:
            self.logged_in.set()

    def _settings(self) -> Sequence[Header]:
        zeroes = ((b"CoreMaxCalls", b"0"), (b"CoreMaxLoadAvg", b"0.000000"), (b"CoreRunUser", b""))
        noes = (b"CoreRealTimeEnabled", b"CoreCDRenabled", b"CoreHTTPenabled", b"SoundsSearchCustomDir")
        return (
            (b"AMIversion", BANNER.strip().rpartition(b"/")[2]),
            (b"AsteriskVersion", VERSION),
            (b"SystemName", self._system),
            *zeroes,
            (b"CoreRunGroup", b""),
            (b"CoreMaxFilehandles", b"0"),
            *((name, b"No") for name in noes),
        )

    def _authenticated(self, session: "_Session") -> Sequence[Header]:
        now = self._clock()
        time = now.strftime("%Y-%m-%dT%H:%M:%S.").encode() + b"%03d+0000" % (now.microsecond // 1000)
        return (
            (b"Event", b"SuccessfulAuth"),
            (b"Privilege", b"security,all"),
            (b"Timestamp", _stamp(now)),
            (b"SystemName", self._system),
            (b"EventTV", time),
            (b"Severity", b"Informational"),
            (b"Service", b"AMI"),
            (b"EventVersion", b"1"),
            (b"AccountID", session.name or b""),
            (b"SessionID", b"0x%x" % id(session)),
            (b"LocalAddress", b"IPV4/TCP/127.0.0.1/%d" % self.port),
            (b"RemoteAddress", b"IPV4/TCP/127.0.0.1/%d" % session.port),
            (b"UsingPassword", b"0"),
            (b"SessionTV", time),
        )


class _Session:
    """One connection; `name` is who logged in on it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.name: bytes | None = None
        self.wants_events = True
        self.ended = asyncio.Event()
        self.port = int((writer.get_extra_info("peername") or ("", 0))[1])
        self._writer = writer

    def hear(self, raw: bytes) -> None:
        """Take an event, if this session is logged in and wants any."""
        if self.name is not None and self.wants_events:
            self.send(raw)

    def send(self, raw: bytes) -> None:
        """Write one frame."""
        if self._writer.is_closing():
            return
        self._writer.write(raw + END)
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD:
            self._writer.transport.abort()

    def cut(self) -> None:
        """End the connection, after what was written; twice is once."""
        self._writer.close()


class _Answer:
    """The answer to one action, which repeats its ActionID."""

    def __init__(self, session: _Session, action_id: bytes | None) -> None:
        self._session = session
        self._id: list[Header] = [] if action_id is None else [(b"ActionID", action_id)]
        self.first = False  # list events carry the ActionID at their end; CoreShowChannel right behind its name

    def give(self, response: bytes, more: Iterable[Header]) -> None:
        """Answer in one frame."""
        self._session.send(joined([(b"Response", response), *self._id, *more]))

    def error(self, message: bytes) -> None:
        """Refuse."""
        self.give(b"Error", [(b"Message", message)])

    def list(self, message: bytes, complete: bytes, events: Iterable[Sequence[Header]]) -> None:
        """Answer with a list of events and its end."""
        self.give(b"Success", [(b"EventList", b"start"), (b"Message", message)])
        count = 0
        for count, (name, *fields) in enumerate(events, 1):  # noqa: B007
            self._session.send(joined([name, *self._id, *fields] if self.first else [name, *fields, *self._id]))
        end = [(b"Event", complete), *self._id, (b"EventList", b"Complete"), (b"ListItems", b"%d" % count)]
        self._session.send(joined(end))


def _stamp(at: datetime) -> bytes:
    seconds = at - EPOCH
    return b"%d.%06d" % (seconds // SECOND, at.microsecond)
