"""A pretend agency: it receives signed envelopes as a real one would, and people there answer after a while.

It refuses what is not signed with its secret, takes an envelope that comes twice only once, and keeps all of them for
whoever looks. Its answers go to the `answer_url` of the envelope with its own token. What it does well and what badly
is its temperament.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

import structlog
import uvicorn
from fastapi import FastAPI, Request, Response

from exercise.beside import tasks_beside
from exercise.pbx import Clock, Pause
from exercise.speak import UnheardError, speak
from exercise.temperaments import PROMPT, Door, Step, Temperament, dribble
from intake.api.server import Server, accept_no_more
from routing.signing import BadSignatureError, verify

log = structlog.get_logger(__name__)
Json = dict[str, Any]
TRIES: Final = 3
TRY_AGAIN_S: Final = 2.0
ALLOW_CIDR: Final = ("127.0.0.0/8",)
HOOK: Final = "/pretend-agency/hook"
WRONG_TOKEN: Final = "i112_another"  # noqa: S105  # nobody's


class AnswerRefusedError(Exception):
    """The centre did not take an answer; the message holds its status and words."""


class PretendAgency:
    """One agency with its receiver on a free port of loopback: `url`, within `async with agency.serving()`.

    Before it is enrolled it refuses everything (401).
    """

    def __init__(
        self,
        code: str,
        name: str,
        clock: Clock,
        *,
        kinds: Sequence[str] = (),
        phone: str | None = None,
        temperament: Temperament = PROMPT,
        by: str = "Petugas piket (rekaan)",
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.code = code
        self.name = name
        self.kinds = tuple(kinds)
        self.phone = phone
        self.allow_cidr = list(ALLOW_CIDR)
        self.envelopes: list[Json] = []  # as received, each webhook-id once
        self.answers: list[Json] = []  # that the centre took
        self.refused = 0  # requests without a good signature
        self.failed: list[str] = []  # answers that the centre did not take
        self._clock = clock
        self._pause = pause
        self._temperament = temperament
        self._by = by
        self._secret: str | None = None
        self._token = ""
        self._seen: set[str] = set()
        self._over: set[str] = set()  # dispatches that nobody waits for any more
        self._changed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._server: Server | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self._left = asyncio.Event()
        self.url = ""

    def enrol(self, secret: str, token: str) -> None:
        """Take what registering gave: the signing secret, and the token to answer with."""
        self._secret, self._token = secret, token

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Receive and answer; at the end answers that are still owed are left out."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            if self._temperament.door is not Door.SHUT:  # what is bound and does not listen refuses
                listener.listen()
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}{HOOK}"
            async with tasks_beside() as self._tasks:
                hearing = self._tasks.create_task(self._hear(listener))
                try:
                    yield self
                finally:
                    self.leave()
                    await asyncio.wait([hearing])

    async def _hear(self, listener: socket.socket) -> None:
        """Hear the centre until it is time to leave, in this agency's way."""
        match self._temperament.door:
            case Door.OPEN:
                app = FastAPI(openapi_url=None)
                app.add_api_route(HOOK, self._receive, methods=["POST"])
                config = uvicorn.Config(
                    app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
                )
                self._server = Server(config)
                self._server.should_exit = self._left.is_set()
                await self._server.serve(sockets=[listener])
            case Door.SHUT:
                await self._left.wait()
            case Door.DRIPS:
                server = await asyncio.start_server(self._drip, sock=listener)
                await self._left.wait()
                await accept_no_more([listener])
                server.close()

    def _drip(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._tasks is None or self._left.is_set():
            writer.transport.abort()
            return
        dripping = self._tasks.create_task(dribble(writer, self._pause))
        dripping.add_done_callback(lambda _: writer.transport.abort())  # one that was cancelled before it began, too
        self._keep(dripping)

    def leave(self) -> None:
        """Stop answering and receiving, soon; the end of `serving` waits for it."""
        self._left.set()
        for task in self._busy:
            task.cancel()
        if self._server is not None:
            self._server.should_exit = True

    async def received(self, count: int) -> list[Json]:
        """Wait until so many envelopes were received; return them all."""
        await self._until(lambda: len(self.envelopes) >= count)
        return self.envelopes

    async def answered(self, count: int) -> list[Json]:
        """Wait until the centre took so many answers; return them all."""
        await self._until(lambda: len(self.answers) >= count)
        return self.answers

    async def refused_by_the_centre(self, count: int) -> list[str]:
        """Wait until the centre refused so many answers; return why, one text each."""
        await self._until(lambda: len(self.failed) >= count)
        return self.failed

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    async def _receive(self, request: Request) -> Response:
        body, given = await request.body(), request.headers
        signed = (given.get("webhook-id"), given.get("webhook-timestamp"), given.get("webhook-signature"))
        try:
            verify([self._secret] if self._secret else [], *signed, body, self._clock().timestamp())
        except BadSignatureError as error:
            self.refused += 1
            return Response(str(error), error.status)
        if (envelope_id := given["webhook-id"]) not in self._seen:
            self._seen.add(envelope_id)
            self._take(json.loads(body))
        return Response(status_code=204)

    def _take(self, envelope: Json) -> None:
        self.envelopes.append(envelope)
        self._changed.set()
        dispatch = envelope["data"].get("dispatch") or {}
        if envelope["type"] == "dispatch.created" and self._tasks is not None:
            self._keep(self._tasks.create_task(self._answer(dispatch)))
        elif envelope["type"] in ("dispatch.cancelled", "report.closed"):
            self._over.add(dispatch.get("id", ""))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _answer(self, dispatch: Json) -> None:
        for count, step in enumerate(self._temperament.steps, 1):
            await self._pause(self._wait_s(step, dispatch))
            if dispatch["id"] in self._over:
                return
            at = self._clock() - timedelta(seconds=step.age_s)
            words = {"answer": step.answer, "by": self._by, "at": at.isoformat(), "sequence": step.sequence or count}
            try:
                await self._say(dispatch["answer_url"], words | ({"note": step.note} if step.note else {}))
            except (AnswerRefusedError, UnheardError) as error:
                self.failed.append(f"{step.answer}: {error!r}")
                self._changed.set()
                log.warning("pretend_answer_not_taken", agency=self.code, dispatch=dispatch["id"], why=repr(error))
                return

    def _wait_s(self, step: Step, dispatch: Json) -> float:
        if not step.of_deadline:
            return step.after_s
        deadline = datetime.fromisoformat(dispatch["accept_by"])
        return max(0.0, (deadline - self._clock()).total_seconds() + step.after_s)

    async def _say(self, url: str, words: Json) -> None:
        """Give an answer to the centre, which may be away for a moment.

        Raises AnswerRefusedError; UnheardError when it is still away after the last try.
        """
        for left in reversed(range(TRIES)):
            try:
                token = WRONG_TOKEN if self._temperament.wrong_token else self._token
                status, text = await speak(url, token, words)
            except UnheardError:
                if not left:
                    raise
            else:
                if 200 <= status < 300:
                    self.answers.append(words)
                    self._changed.set()
                    return
                if status < 500 or not left:
                    raise AnswerRefusedError(f"{status} {text}")
            await self._pause(TRY_AGAIN_S)
