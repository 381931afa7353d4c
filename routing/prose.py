"""A report as plain text for forms that have one field for everything: the narrative, then a line for each entry.

    Dapur terbakar, ada orang di dalam.

    [2026-03-14T01:59:26Z rina] asap tebal

Nobody's words may pass for an entry: where a text would begin a line with `[`, a space is put before it.
"""

import re
from datetime import UTC, datetime

from routing.clipping import utc
from routing.visible import VisibleEntry, VisibleReport

WITHHELD = "Nomor dan nama penelepon ada pada pusat 112 dan tidak diteruskan: bila perlu, hubungi pusat."
_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_BEGINS = re.compile(rf"(\A|[{_LINE_ENDS}])(?=\[)")
_UNFIT = re.compile(rf"[\[\]{_LINE_ENDS}]")


def second(at: datetime) -> datetime:
    """Return the whole second (UTC) in which an aware instant lies."""
    return at.astimezone(UTC).replace(microsecond=0)


def unreal(report: VisibleReport) -> str | None:
    """Return the word that must stand before what nobody is to drive to; None for what happened."""
    return word_of(report.classification, exercise=report.exercise)


def word_of(classification: str, *, exercise: bool) -> str | None:
    """Return the same of a report's class."""
    if classification == "test":
        return "UJI COBA"
    return "LATIHAN" if exercise else None


def words(text: str) -> str:
    """Return a text that cannot be taken for an entry's line."""
    return _BEGINS.sub(r"\1 ", text)


def line(entry: VisibleEntry) -> str:
    """Return the line (or lines, if the text has some) of one entry."""
    return f"[{utc(second(entry.at))} {_UNFIT.sub(' ', entry.author)}] {words(entry.text)}"


def told(narrative: str | None, entries: list[VisibleEntry]) -> str:
    """Return the narrative, an empty line and the entries, oldest first; "" when there is neither."""
    parts = [words(narrative)] if narrative else []
    if entries:
        parts.append("\n".join(map(line, entries)))
    return "\n\n".join(parts)
