"""By which limits a report is proposed as a duplicate of another. Who is joined to which is in `reports`."""

from sqlalchemy import Column, Integer, Table, text

from db.tables.base import Json, metadata

duplicate_limits = Table(  # one row, or none: then those of the release hold
    "duplicate_limits",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("within_m", Integer, nullable=False),
    Column("within_min", Integer, nullable=False),
    Column("joinable_h", Integer, nullable=False),
    Column("fits", Json, nullable=False),  # [["kebakaran", "ambulans"], ["lain", "*"]]
    Column("version", Integer, nullable=False, server_default=text("1")),
)
