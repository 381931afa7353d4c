"""What processes know and say of themselves."""

from sqlalchemy import Column, String, Table, Text, text

from db.tables.base import Json, UtcTime, metadata

bridge_states = Table(
    "bridge_states",
    metadata,
    Column("bridge", String(96), primary_key=True),
    Column("state", Text, nullable=False),  # the call machine's whole state: what a killed bridge goes on from
    Column("updated_at", UtcTime, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("name", String(96), primary_key=True),  # "bridge:<pbx>:<which>", "routing", "routing:<host>:<pid>"
    Column("state", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("figures", Json, nullable=False, server_default=text("'{}'")),  # what it counts: {"tape_bytes": 4096.0}
    Column("alarms", Json, nullable=False, server_default=text("'[]'")),  # what is wrong now: machine_room.Alarm
    Column("since", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),  # a heartbeat older than its promise means: not running
)
