"""Adds our tables and columns to the database of an Eden, and takes nothing away.

Columns that an Eden has already keep its types; texts only become longer. pydal would change them to ours, and on
PostgreSQL by dropping them.
"""

from __future__ import annotations

from typing import Any

from ..core.clock import Clock
from ..database.store import open_store
from ..database.tables import define as define

#: Query for (table, column, length of a text or None) of all tables.
_COLUMNS = (
    "SELECT table_name, column_name, character_maximum_length FROM information_schema.columns "
    "WHERE table_schema = {schema}"
)
_SCHEMAS = {"postgres": "current_schema()", "mysql": "DATABASE()"}
Columns = dict[str, dict[str, "int | None"]]


def prepare_tables(db: Any, clock: Clock) -> dict[str, int]:
    """Create the tables that are missing, and add the columns that Eden's tables lack. The caller commits.

    Args:
        db: the Eden's DAL, in which the sync_* tables are not used yet.
        clock: the site's clock.

    Returns:
        the numbers of tables and columns made.
    """
    if db._dbname == "sqlite":
        db.commit()
        db.executesql("PRAGMA journal_mode = WAL;")
    define.define(db, clock, migrate=False)
    here = columns_here(db)
    made = {"tables": 0, "columns": 0}
    for name in [each for each in db.tables if each.startswith("sync_")]:
        table = db[name]
        known = here.get(name)
        if known is None:
            db.executesql(db._adapter.migrator.create_table(table, migrate=False))
            made["tables"] += 1
            continue
        for field in table:
            if field.name.lower() not in known:
                _add(db, table, field)
                made["columns"] += 1
            elif field.type in ("string", "password") and 0 < (known[field.name.lower()] or 0) < field.length:
                db.executesql(length_statement(db, table, field))
    return made


def columns_here(db: Any) -> Columns:
    """Return the columns of the sync_* tables of a database by table, in lower case, with the length of texts."""
    store = open_store(db)
    found: Columns = {}
    if store.dialect == "sqlite":
        for (table,) in store.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'sync~_%' ESCAPE '~'"
        ):
            rows = store.rows(f"PRAGMA table_info({store.columns.name(table)})")
            found[table] = {str(row[1]).lower(): None for row in rows}
        return found
    for table, column, length in store.rows(_COLUMNS.format(schema=_SCHEMAS[store.dialect])):
        if str(table).startswith("sync_"):
            found.setdefault(str(table), {})[str(column).lower()] = length
    return found


def _add(db: Any, table: Any, field: Any) -> None:
    name = open_store(db).columns.name
    kind = _sql_type(db, field)
    if field.notnull:
        # Rows that are there already need a value.
        kind += f" DEFAULT {db._adapter.represent(field.default, field.type)} NOT NULL"
    db.executesql(f"ALTER TABLE {name(table._tablename)} ADD COLUMN {name(field.name)} {kind};")


def length_statement(db: Any, table: Any, field: Any) -> str:
    """Return the statement that gives a column the length of its field; SQLite asks for none."""
    store = open_store(db)
    name = store.columns.name
    change = "ALTER COLUMN {column} TYPE" if store.dialect == "postgres" else "MODIFY {column}"
    begin = f"ALTER TABLE {name(table._tablename)} {change.format(column=name(field.name))}"
    null = " NOT NULL" if field.notnull and store.dialect == "mysql" else ""
    return f"{begin} {_sql_type(db, field)}{null}"


def _sql_type(db: Any, field: Any) -> str:
    # A column that is added later refers to its table without a constraint.
    kind = "integer" if field.type.startswith("reference ") else field.type
    return str(db._adapter.types[kind] % {"length": field.length})
