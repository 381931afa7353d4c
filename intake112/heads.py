"""The audit chain's head, signed and carried away every hour: what shows a tail that was cut, and rows made anew.

Whoever can write the database can make a chain of their own that fits in itself. They cannot make it fit a head that
was signed and taken elsewhere before. Each line of a file of heads is JSON: `n`, `hash`, `at`, and the ed25519
signature of them. The key is a file of mode 600 in the state folder; checking needs only the public one
(docs/decisions/0052-signed-heads.md).
"""

import asyncio
import base64
import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from db import chain
from db.chain import Head, SignedHead
from db.engine import Database, DatabaseUnavailableError
from db.journal import canonical
from db.machine_room import Alarm
from db.wakeups import rest

log = structlog.get_logger(__name__)
EVERY: Final = timedelta(hours=1)
LOOK_EVERY_S: Final = 60.0
NEW_KEY: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
APPEND: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class HeadsError(Exception):
    """A key or a file of heads cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the key is, and the files to which heads are written."""

    key: Path
    files: Sequence[Path]

    @classmethod
    def of(cls, state: Path, elsewhere: Path | None) -> "Places":
        """Return the places below a state folder, and the file elsewhere if there is one."""
        return cls(state / "audit" / "key", [state / "audit" / "heads", *([elsewhere] if elsewhere else [])])


def key_of(file: Path) -> Ed25519PrivateKey:
    """Return the signing key, made now if there is none. Raises HeadsError, OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), os.fdopen(os.open(file, NEW_KEY, 0o600), "wb") as new:
        new.write(base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()))
        new.flush()
        os.fsync(new.fileno())
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise HeadsError(f"others can read {file}, so what it signs proves nothing: chmod 600 it, or remove it")
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(file.read_bytes(), validate=True))
    except ValueError:
        raise HeadsError(f"{file} is no key: restore it from your backup, or remove it and begin anew") from None


def public(key: Ed25519PrivateKey) -> str:
    """Return the public key as it is printed."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(key: Ed25519PrivateKey, head: Head, at: datetime) -> SignedHead:
    """Return the head signed, as of this time."""
    said = at.astimezone(UTC).isoformat(timespec="seconds")
    return SignedHead(head.n, head.hash, said, base64.b64encode(key.sign(_signed(head, said))).decode())


def read(file: Path, key: str) -> list[SignedHead]:
    """Return the heads of a file, each signed by the key whose public one this is.

    A torn last line is left out. So is one in the middle, which a full disk or a lost machine leaves, and it is told: a
    line that somebody changed is a line still. Raises HeadsError, OSError.
    """
    try:
        public_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
    except ValueError:
        raise HeadsError("this is no public key: `intake112 audit key` prints it") from None
    found: list[SignedHead] = []
    torn: list[int] = []
    *lines, _ = file.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            head = msgspec.json.decode(line, type=SignedHead)
            public_key.verify(base64.b64decode(head.signature, validate=True), _signed(head, head.at))
        except (ValueError, InvalidSignature) as error:
            if isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):  # no JSON
                torn.append(number)
                continue
            raise _unsigned(number, file) from None
        if torn:
            log.warning("audit_heads_torn", file=str(file), lines=torn)
            torn = []
        found.append(head)
    if torn:
        raise _unsigned(torn[0], file)  # nothing was written behind it, so it is no line that broke off
    return found


def _unsigned(number: int, file: Path) -> HeadsError:
    return HeadsError(
        f"line {number} of {file} is not signed by this key: the line was changed, or the key is another's"
    )


def line(head: SignedHead) -> bytes:
    """Return the line of a file of heads."""
    return msgspec.json.encode(head) + b"\n"


def _signed(head: Head, at: str) -> bytes:
    return canonical(["intake112 audit head", head.n, head.hash, at]).encode()


async def taken(database: Database, places: Places) -> SignedHead:
    """Return the present head, signed. Raises HeadsError, OSError, DatabaseUnavailableError."""
    key = await asyncio.to_thread(key_of, places.key)
    async with database.reading() as reading:
        return sign(key, await chain.head(reading), reading.now)


class Heads:
    """Writes a signed head every hour in which something was recorded."""

    def __init__(self, database: Database, places: Places) -> None:
        self._database = database
        self._places = places
        self._last: SignedHead | None = None
        self._written_at: datetime | None = None
        self._failed: dict[Path, str] = {}
        self._not_signed = ""
        self.written = 0

    def figures(self) -> dict[str, float]:
        """Return what it counts."""
        return {"audit_heads": self.written}

    def alarms(self) -> list[Alarm]:
        """Return what is wrong now."""
        advice = "Check the folder, its disk and who may write there (INTAKE112_AUDIT_HEADS)."
        wrong = "; ".join(filter(None, [self._not_signed, *self._failed.values()]))
        return [Alarm("audit_head", f"{wrong}. {advice}")] if wrong else []

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            try:
                await self.look()
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
            await rest(stop, LOOK_EVERY_S)

    async def look(self) -> None:
        """Write the head if an hour has gone by; where the last one could not be written, try again."""
        now = self._database.clock()
        due = self._written_at is None or abs(now - self._written_at) >= EVERY
        if not (due or self._failed or self._not_signed):
            return
        try:
            head = await taken(self._database, self._places)
        except (OSError, HeadsError) as error:
            self._not_signed = f"the head of the audit chain cannot be signed: {error}"
            log.error("audit_head_not_signed", why=str(error))  # noqa: TRY400 - there is no more to know
            return
        self._not_signed = ""
        files: Sequence[Path] = list(self._failed)
        if due:
            files = files if self._last is not None and head.n == self._last.n else self._places.files
            self._last, self._written_at = head, now
        if head.n and files:
            said = [(file, await asyncio.to_thread(append, file, head)) for file in files]
            self._failed = {file: wrong for file, wrong in said if wrong is not None}
            self.written += 1


def append(file: Path, head: SignedHead) -> str | None:
    """Append a head to a file, on the disk; return what went wrong, if anything did."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, APPEND, 0o640), "ab") as out:
            out.write((b"\n" if _is_torn(file) else b"") + line(head))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        log.error("audit_head_not_written", file=str(file), why=str(error))  # noqa: TRY400 - there is no more to know
        return f"the signed head of the audit chain cannot be written to {file}: {error.strerror}"
    return None


def _is_torn(file: Path) -> bool:
    """Tell whether the last line of a file broke off: the disk was full, or the machine went away."""
    with file.open("rb") as written:
        size = written.seek(0, os.SEEK_END)
        written.seek(max(0, size - 1))
        return written.read(1) not in (b"", b"\n")
