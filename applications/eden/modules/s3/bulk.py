"""Many rows in one go, past pydal's one statement a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

PAGE = 500


def key_list(keys: Iterable[int]) -> str:
    """Return keys as ``Field.belongs`` takes them ready-made; it converts the members of a list one by one."""
    return f"{','.join(str(int(key)) for key in keys) or 'NULL'};"


def update_rows(db: Any, tablename: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set columns of many records, each to values of its own.

    Neither callbacks nor the table's ``update`` values take part, so this is for what a site derives from its records.

    Args:
        db: the DAL.
        tablename: the table; its key is ``id``.
        columns: the columns.
        rows: their values in the database's own types (numbers, texts, None), then the record's id.
    """
    if not rows:
        return
    adapter = db._adapter
    db[tablename]  # a lazy table has to exist before it is written to
    quote = adapter.dialect.quote
    mark = "?" if adapter.dbengine == "sqlite" else "%s"
    assigned = ", ".join(f"{quote(name)} = {mark}" for name in columns)
    sql = f"UPDATE {quote(tablename)} SET {assigned} WHERE {quote('id')} = {mark}"
    cursor = adapter.connection.cursor()
    if adapter.dbengine == "postgres":
        from psycopg2.extras import execute_batch

        # its executemany asks the server once for every row
        execute_batch(cursor, sql, rows, page_size=PAGE)
    else:
        cursor.executemany(sql, rows)
