"""What every table is made of: the one `metadata`, times in UTC, JSON, row numbers."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect


def _utc(at: datetime | None) -> datetime | None:
    """Refuse a naive time: a time without a zone is a guess."""
    if at is None or at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError("a naive datetime was given to the database; pass an aware one")
    return at.astimezone(UTC)


def _iso(at: datetime | None) -> str | None:
    """Write what SQLAlchemy keeps on SQLite, `2026-11-24 12:00:00.000000`, in a tenth of its time."""
    at = _utc(at)
    return None if at is None else at.isoformat(" ", "microseconds")[:26]


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC instant with microseconds; SQLite keeps it naive, so it is made aware again on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object]:
        """Write an aware instant; one call, for a batch of rings writes thousands."""
        return _iso if dialect.name == "sqlite" else _utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite numbers rows by itself only for a column declared INTEGER.
Serial = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
