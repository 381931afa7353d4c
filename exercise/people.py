"""Invented people of Sumenep. Numbers begin with +62 812 0000, which no network has given out; all else is made up."""

from random import Random

_GIVEN = ("Siti", "Ahmad", "Nur", "Moh.", "Sri", "Budi", "Rahmawati", "Hasan", "Endang", "Fauzi", "Dewi", "Joko")
_FAMILY = ("Rekaan", "Fiktif", "Karangan", "Contoh", "Misalnya", "Umpama", "Teladan", "Percobaan")
CALLERS = 400


def caller(random: Random) -> tuple[str, str]:
    """Return a number and a name; the same number always belongs to the same name."""
    return numbered(random.randrange(1, CALLERS))


def numbered(count: int) -> tuple[str, str]:
    """Return the number and the name of caller `count`."""
    name = f"{_GIVEN[count % len(_GIVEN)]} {_FAMILY[count // len(_GIVEN) % len(_FAMILY)]}"
    return f"+628120000{count:04d}", name
