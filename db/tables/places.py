"""Places by name: those of the regency, and the centre's own."""

from sqlalchemy import Boolean, Column, Double, Integer, String, Table, text

from db.tables.base import Json, UtcTime, metadata

place_lists = Table(
    "place_lists",
    metadata,
    Column("source", String(32), primary_key=True),  # idn-area-data, own
    Column("version", String(64), nullable=False),  # of what it was taken from
    Column("regency", String(8)),
    Column("serial", Integer, nullable=False),  # rises with every load: who keeps an index sees by it that it is old
    Column("places", Integer, nullable=False),
    Column("loaded_at", UtcTime, nullable=False),
    Column("loaded_by", String(128), nullable=False),
)

places = Table(
    "places",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("source", String(32), primary_key=True),  # own and an official code: what the centre adds to that place
    Column("level", String(16), nullable=False),  # kecamatan, kelurahan, desa, island, own
    Column("name", String(120), nullable=False),
    Column("parent", String(64)),  # code of what it lies in
    Column("alternatives", Json, nullable=False, server_default=text("'[]'")),
    Column("lat", Double),
    Column("lon", Double),
    Column("island", Boolean),  # no road leads there; null: as what it lies in
)
