"""Rows as they lie in the database, read and written for many records at once.

pydal makes objects of each value that it reads, and a statement of each record that it writes: for a page that takes
most of the time. What is written here is worked out by each site itself, so no change of ours is noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def read(db: Any, query: Any, *fields: Any) -> list[tuple[Any, ...]]:
    """Return rows with raw values, in the order of the fields."""
    return [tuple(row) for row in db.executesql(db(query)._select(*fields))]


def is_true(value: Any) -> bool:
    """Return whether a raw boolean is true."""
    return value in ("T", True)


def update(table: Any, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write values into records.

    Args:
        table: the pydal table.
        names: of the fields.
        rows: for each record the values in this order, booleans as True or False, and its key.
    """
    db = table._db
    mark = "?" if db._dbname == "sqlite" else "%s"
    sets = ", ".join(f"{table[name]._rname}={mark}" for name in names)
    sql = f"UPDATE {table._rname} SET {sets} WHERE {table._id._rname}={mark}"
    values = [tuple(map(_raw, row)) for row in rows]
    if values:
        db._adapter.cursor.executemany(sql, values)


def insert(table: Any, records: Iterable[Mapping[str, Any]]) -> None:
    """Insert records with the defaults of their table, without its callbacks."""
    for record in records:
        table._db.executesql(table._insert(**record))


def _raw(value: Any) -> Any:
    return ("F", "T")[value] if isinstance(value, bool) else value
