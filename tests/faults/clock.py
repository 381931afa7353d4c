"""The product's clock (INTAKE112_TEST_CLOCK) in a test's hand: hours pass at once, or it goes, and goes wrong."""

import threading
import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

WRITTEN_EVERY_S = 0.05


def write(file: Path, at: datetime) -> None:
    """Set the clock; it stands there."""
    new = file.with_suffix(".new")
    new.write_text(at.isoformat())
    new.replace(file)


class Wrong:
    """A clock that goes, and is so many seconds `ahead` of the machine's. Use as a context manager."""

    def __init__(self, file: Path, ahead: float) -> None:
        self.file = file
        self.ahead = ahead
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="clock")

    def __enter__(self) -> Self:
        self._write()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._over.wait(WRITTEN_EVERY_S):
            self._write()

    def _write(self) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(f"{time.time() + self.ahead:.6f}")
        new.replace(self.file)
