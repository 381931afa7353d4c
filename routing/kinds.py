"""What kinds are called in forms that other people designed, and their categories there.

Kinds are rows, and a centre may rename them and add its own: the row's name is what agencies read. One that is not here
is of category Other and of incident type TROUBLE, and without a row its name is its code.
"""

from dataclasses import dataclass, replace
from typing import Literal

Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
"""The categories of CAP 1.2, section 3.2.2."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's name in Indonesian, its CAP categories, the most telling first, and its incident type in EIDO.

    `incident_type` is the code of APCO's "Common Incident Types for Data Exchange" (2.103.2-2019, which NENA-STA-021
    takes; all of these are in 2.103.1-2012, too) whose text comes nearest and says nothing that a kind does not.
    """

    name: str
    categories: tuple[Category, ...]
    incident_type: str


TROUBLE = "TROUBLE"  # "unknown type trouble": there is no code for "other"
UNKNOWN = Kind("Belum diketahui", ("Other",), TROUBLE)
KINDS = {
    "kebakaran": Kind("Kebakaran", ("Fire",), "FUNK"),  # nobody says what burns
    "ambulans": Kind("Ambulans", ("Health",), "SICK"),  # "non-specific"
    "laka": Kind("Kecelakaan lalu lintas", ("Transport",), "MVAUNK"),  # whether anybody is hurt is a flag
    "odgj": Kind("Krisis kesehatan jiwa (ODGJ)", ("Health",), "EDP"),
    "hewan": Kind("Hewan liar", ("Safety",), "ANIMAL"),  # WILDLIFE is illegal hunting
    "pohon": Kind("Pohon tumbang", ("Env",), "PUBWKS"),
    "pju": Kind("Lampu jalan (PJU)", ("Infra",), "PUBWKS"),
    "banjir": Kind("Banjir atau bencana", ("Met", "Rescue"), "WATER"),  # CAP files floods under Met
    "laut": Kind("Kecelakaan laut", ("Rescue", "Transport"), "WATER"),
    "kriminal": Kind("Kriminal", ("Security",), "SUSP"),
    "sosial": Kind("Sosial", ("Other",), "CITASST"),
    "lain": Kind("Lain-lain", ("Other",), TROUBLE),
}


def named(code: str | None, name: str | None) -> Kind:
    """Return what is known of a kind, None included; `name`: as its row calls it, None when nobody looked."""
    if code is None:
        return UNKNOWN
    kind = KINDS.get(code, Kind(code, ("Other",), TROUBLE))
    return kind if name is None else replace(kind, name=name)
