"""Lists in a statement: `WHERE id IN (…)`."""

from collections.abc import Iterable
from typing import Any, Self, TypeVar

from sqlalchemy import ARRAY, Boolean, String, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

T = TypeVar("T")


def several(values: Iterable[T]) -> list[T]:
    """Return the values for an `IN`, the last one repeated up to 1, 2, 4, 8, 16 … of them.

    Every length is a statement of its own to PostgreSQL, and its driver keeps a hundred prepared on a connection.
    """
    found = list(values)
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found) if found else 0)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> Self:
        """It stands as it is; SQLAlchemy would write `IN (…) = 1` for SQLite, which then takes no index."""
        return self


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column is one of the values (`several`) given as the parameter `name`.

    PostgreSQL gets them as one array, `= ANY`: SQLAlchemy writes the text of an `IN` anew at each execution, which
    costs more than the rest of what it does.
    """
    of_one = String() if isinstance(column.type, String) else column.type  # VARCHAR(n) would cut a longer value down
    return _Among(column, bindparam(name, type_=ARRAY(of_one)))


@compiles(_Among, "sqlite")
def _in_list(element: _Among, compiler: SQLCompiler, **more: Any) -> str:
    column, values = element.clauses
    return compiler.process(column.in_(bindparam(values.key, expanding=True)), **more)


@compiles(_Among, "postgresql")
def _of_array(element: _Among, compiler: SQLCompiler, **more: Any) -> str:
    column, values = element.clauses
    return compiler.process(column == any_(values), **more)
