"""The centre's own maps: listed with what is in them, one put there, one removed; open pages draw them anew.

A file is whole, on the disk and looked into before it has its name. It has it before the transaction that tells of it
commits; when that fails, what was there before is back. Only a server that is killed between the two leaves a new file
without its audit row.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import structlog

from db.engine import Database
from db.journal import Detail
from intake import map_checks, map_store
from intake.map_checks import About
from intake.map_refusals import (
    MOST,
    MapNameError,
    MapNotKeptError,
    MapThereError,
    TooManyMapsError,
    UnfitMapError,
    UnknownMapError,
)
from intake.map_store import Arriving, Saved
from intake.refusals import StaleRowError

log = structlog.get_logger(__name__)
TOPIC: Final = "map"
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Map:
    """A file, and what is in it, or why the map cannot draw it. Not `drawn`: another PMTiles is."""

    file: Saved
    about: About | UnfitMapError
    drawn: bool = True


@dataclass(slots=True)
class Maps:
    """The maps of one centre. `folder` None: this server has none."""

    database: Database
    folder: Path | None
    _known: dict[Path, Map] = field(default_factory=dict)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def every(self) -> list[Map]:
        """Return all maps, by name. What is in a file is looked up once."""
        if self.folder is None:
            return []
        async with self._looking:
            found = await asyncio.to_thread(self._look, self.folder)
        streets = [one for one in found if one.file.kind == "pmtiles"]
        sound = [one for one in streets if isinstance(one.about, About)] or streets
        return [replace(one, drawn=one.file.kind == "geojson" or one is sound[-1]) for one in found]

    async def put(
        self, name: str, pieces: AsyncIterable[bytes], by: str, *, seen: int | None, expected: int = 0
    ) -> Map:
        """Put a file there, in the place of one of this name whose version was `seen`; None: there was none.

        `expected` are its bytes as its sender says, 0 when not. Raises UnfitMapError, StaleRowError,
        MapThereError, DatabaseUnavailableError and each refusal of this room; then all is as it was.
        """
        kind = map_store.kind_of(name)
        if kind is None:
            raise MapNameError
        if self.folder is None:
            raise MapNotKeptError("This server has no folder for maps. Set INTAKE112_STATE_DIR.")
        path = self.folder / name
        with _disk():
            await asyncio.to_thread(self._expect, path, seen)
            arriving = await asyncio.to_thread(Arriving, self.folder, kind, name, expected)
            try:
                await _receive(arriving, pieces)
                about = await asyncio.to_thread(_about, arriving.path, kind)
                if isinstance(about, UnfitMapError):
                    raise about
                async with self._changing:
                    old = await asyncio.to_thread(self._expect, path, seen)
                    detail: Detail = {"bytes": arriving.bytes, "sha256": arriving.sha256, "replaced": old is not None}
                    await self._change(path, arriving.path, by, "map.uploaded", detail)
            finally:
                await asyncio.to_thread(arriving.drop)
            for one in await self.every():
                if one.file.path == path:
                    return one
            raise UnknownMapError  # somebody has removed it since

    async def remove(self, name: str, by: str, *, seen: int) -> None:
        """Remove a file whose version was `seen`. Raises UnknownMapError, StaleRowError, MapNotKeptError,
        DatabaseUnavailableError."""
        if self.folder is None or map_store.kind_of(name) is None:
            raise UnknownMapError
        path = self.folder / name
        with _disk():
            async with self._changing:
                old = await asyncio.to_thread(map_store.find, self.folder, name)
                if old is None:
                    raise UnknownMapError
                if old.version != seen:
                    raise StaleRowError(old.version)
                detail: Detail = {"bytes": old.bytes, "sha256": await asyncio.to_thread(map_store.digest, path)}
                await self._change(path, None, by, "map.removed", detail)

    async def _change(self, path: Path, new: Path | None, by: str, action: str, detail: Detail) -> None:
        old = await asyncio.to_thread(map_store.put_aside, path, new)
        try:
            async with self.database.transaction() as tx:
                tx.record(by, action, path.name, **detail)
                tx.tell("settings", TOPIC)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(map_store.put_back, path, old))
            raise
        if old is not None:
            await asyncio.to_thread(old.unlink, missing_ok=True)

    def _expect(self, path: Path, seen: int | None) -> Saved | None:
        """Return what is there, which must be what somebody has seen."""
        found = map_store.find(path.parent, path.name)
        if found is None and seen is not None:
            raise StaleRowError(0)
        if found is None and len(map_store.every(path.parent)) >= MOST:
            raise TooManyMapsError
        if found is not None and seen is None:
            raise MapThereError
        if found is not None and found.version != seen:
            raise StaleRowError(found.version)
        return found

    def _look(self, folder: Path) -> list[Map]:
        found = map_store.every(folder)
        known = {one.path: self._known.get(one.path) for one in found}
        self._known = {
            one.path: was if was is not None and was.file == one else Map(one, _about(one.path, one.kind))
            for one, was in zip(found, known.values(), strict=True)
        }
        return list(self._known.values())


async def _receive(arriving: Arriving, pieces: AsyncIterable[bytes]) -> None:
    async for piece in _larger(pieces):
        await asyncio.to_thread(arriving.write, piece)
    await asyncio.to_thread(arriving.end)


async def _larger(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Join small pieces: each goes to the disk by a thread of its own."""
    joined = bytearray()
    async for piece in pieces:
        joined += piece
        if len(joined) >= _PIECE:
            yield bytes(joined)
            joined.clear()
    if joined:
        yield bytes(joined)


def _about(path: Path, kind: map_checks.Kind) -> About | UnfitMapError:
    try:
        with path.open("rb") as file:
            return map_checks.look(kind, file)
    except UnfitMapError as error:
        return error
    except OSError as error:
        return UnfitMapError("unreadable", error=error.strerror)


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("map_not_kept", why=str(error))
        raise MapNotKeptError(
            f"The server's disk could not take it ({error.strerror}); what was there before stays. Make room, or see "
            "who may write to the folder `map`."
        ) from error
