"""Statements for many rows, where pydal would run one for each row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

PAGE = 512


def _mark(db: Any) -> str:
    return "?" if db._adapter.dbengine == "sqlite" else "%s"


def run_by_keys(db: Any, sql: str, keys: Iterable[int]) -> list[tuple[Any, ...]]:
    """Run a statement that ends in "IN" for some keys at a time; return the rows, if it is a query.

    The keys are parameters and their number is a power of two, so that the driver sees few different statements.
    It keeps those that it has prepared, and thousands of keys in each statement would fill the memory.

    Args:
        db: the DAL.
        sql: the statement.
        keys: the values for "IN".
    """
    mark = _mark(db)
    waiting = sorted(set(keys))
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(waiting), PAGE):
        part = waiting[start : start + PAGE]
        count = 1 << (len(part) - 1).bit_length()
        cursor = db._adapter.connection.cursor()
        marks = ", ".join([mark] * count)
        cursor.execute(f"{sql} ({marks})", (*part, *[part[-1]] * (count - len(part))))
        if cursor.description:
            found.extend(tuple(row) for row in cursor.fetchall())
    return found


def update_rows(db: Any, tablename: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set columns of many records, each to its own values.

    No callbacks run and the table's ``update`` values do not apply: this is for computed columns.

    Args:
        db: the DAL.
        tablename: the table; its key is ``id``.
        columns: names of the columns.
        rows: the values in the database's own types (numbers, texts, None), then the record's id.
    """
    if not rows:
        return
    adapter = db._adapter
    db[tablename]  # defines the lazy table before it is written to
    quote = adapter.dialect.quote
    mark = _mark(db)
    cursor = adapter.connection.cursor()
    if adapter.dbengine == "postgres":
        from psycopg2.extras import execute_values

        # The driver's executemany sends one statement for each row.
        listed = ", ".join(map(quote, columns))
        assigned = ", ".join(
            f"{quote(name)} = {_cast(db[tablename][name], f'v.{quote(name)}')}" for name in columns
        )
        execute_values(
            cursor,
            f"UPDATE {quote(tablename)} t SET {assigned} FROM (VALUES %s) v ({listed}, key_of_row) "
            f"WHERE t.{quote('id')} = v.key_of_row",
            rows,
            page_size=PAGE,
        )
        return
    assigned = ", ".join(f"{quote(name)} = {mark}" for name in columns)
    cursor.executemany(f"UPDATE {quote(tablename)} SET {assigned} WHERE {quote('id')} = {mark}", rows)


def _cast(field: Any, expression: str) -> str:
    """Return a PostgreSQL expression cast to a column's type: a column with only NULLs is taken for text."""
    if field.type in ("string", "text"):
        return expression
    return f"{expression}::{field.db._adapter.types[field.type]}"
