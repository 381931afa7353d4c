"""The product's database, which a test can take away: on PostgreSQL nobody can reach it, on SQLite another holds it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.faults.wire import Wire


class Store:
    """`url` is the product's way to the database; `own_url` is a test's, which stays open."""

    def __init__(self, url: str, own_url: str, wire: Wire | None) -> None:
        self.url = url
        self.own_url = own_url
        self._wire = wire
        self._held: sqlite3.Connection | None = None

    @classmethod
    @contextmanager
    def at(cls, database_url: str) -> Iterator[Self]:
        """Stand between the product and a database."""
        if database_url.startswith("sqlite"):
            yield cls(database_url, database_url, None)
            return
        port = database_url.rpartition("/")[0].rpartition(":")[2]
        with Wire(int(port)) as wire:
            yield cls(database_url.replace(f":{port}/", f":{wire.port}/"), database_url, wire)

    @property
    def kind(self) -> str:
        """SQLite or PostgreSQL."""
        return "SQLite" if self._wire is None else "PostgreSQL"

    def take_away(self) -> None:
        """From now on nothing can be written."""
        if self._wire is not None:
            self._wire.shut()
        else:
            path = self.url.removeprefix("sqlite+aiosqlite:///")
            self._held = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._held.execute("BEGIN IMMEDIATE")

    def give_back(self) -> None:
        """It is there again. Twice is once."""
        if self._wire is not None:
            self._wire.open()
        elif self._held is not None:
            self._held.close()
            self._held = None
