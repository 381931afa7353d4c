"""What the lanes of this process did since it started, for the metrics."""

from collections import Counter
from dataclasses import dataclass, field

import structlog

from db.engine import DatabaseUnavailableError

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Tally:
    """Counts; `faults` by name: fence_lost, database_unavailable, not_saved, ..."""

    outcomes: Counter[str] = field(default_factory=Counter)  # by code: status_200, timeout, dns, ...
    faults: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0

    def stumbled(self, error: Exception) -> None:
        """Count and log what must not end a lane."""
        if isinstance(error, DatabaseUnavailableError):
            self.faults["database_unavailable"] += 1
            log.warning("database_unavailable", error=str(error))
        else:
            self.faults["unexpected"] += 1
            log.error("lane_stumbled", exc_info=error)
