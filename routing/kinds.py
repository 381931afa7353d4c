"""What kinds are called in forms that other people designed, and their categories there.

Kinds are rows, and a centre may rename them and add its own: the row's name is what agencies read. One that is not here
is of category Other, and without a row its name is its code.
"""

from dataclasses import dataclass, replace
from typing import Literal

Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
"""The categories of CAP 1.2, section 3.2.2."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's name in Indonesian and its CAP categories, the most telling first."""

    name: str
    categories: tuple[Category, ...]


UNKNOWN = Kind("Belum diketahui", ("Other",))
KINDS = {
    "kebakaran": Kind("Kebakaran", ("Fire",)),
    "ambulans": Kind("Ambulans", ("Health",)),
    "laka": Kind("Kecelakaan lalu lintas", ("Transport",)),
    "odgj": Kind("Krisis kesehatan jiwa (ODGJ)", ("Health",)),
    "hewan": Kind("Hewan liar", ("Safety",)),
    "pohon": Kind("Pohon tumbang", ("Env",)),
    "pju": Kind("Lampu jalan (PJU)", ("Infra",)),
    "banjir": Kind("Banjir atau bencana", ("Met", "Rescue")),  # CAP files floods under Met
    "laut": Kind("Kecelakaan laut", ("Rescue", "Transport")),
    "kriminal": Kind("Kriminal", ("Security",)),
    "sosial": Kind("Sosial", ("Other",)),
    "lain": Kind("Lain-lain", ("Other",)),
}


def named(code: str | None, name: str | None) -> Kind:
    """Return what is known of a kind, None included; `name`: as its row calls it, None when nobody looked."""
    if code is None:
        return UNKNOWN
    kind = KINDS.get(code, Kind(code, ("Other",)))
    return kind if name is None else replace(kind, name=name)
