"""Rows of places for tests that need no database."""

from db.places import PlaceRow
from intake import area_data
from intake.placing import official_rows
from tests.intake.area import FILES

OFFICIAL_ROWS = official_rows(area_data.cut(FILES, "99.01"))


def own_row(
    code: str,
    name: str,
    *,
    level: str = "own",
    parent: str | None = None,
    alternatives: list[str] | None = None,
    island: bool | None = None,
) -> PlaceRow:
    """Return a row of the centre's own list."""
    return PlaceRow(code, "own", level, name, parent, alternatives or [], None, None, island)
