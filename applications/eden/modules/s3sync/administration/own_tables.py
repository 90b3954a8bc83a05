"""Takes our tables, columns and indices out of the database of an Eden, when we leave it for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gluon import DAL

from ..core.clock import SystemClock
from ..core.errors import SyncError
from ..database.store import open_store
from ..database.tables import define as define
from ..database.tables.indices import INDICES

OWN_INDICES = frozenset(each[0] for each in INDICES)


def drop(db: Any, s3db: Any, indices: Iterable[str]) -> dict[str, list[str]]:
    """Drop what an Eden's own data model does not have. The caller commits.

    Args:
        db: the DAL of the Eden, in which the sync_* tables are Eden's own.
        s3db: its data model.
        indices: those that were made for its other tables, as table/name.

    Returns:
        the tables and columns that were dropped, and what could not be dropped, with the reason.
    """
    store = open_store(db)
    name = store.columns.name
    told: dict[str, list[str]] = {"tables": [], "columns": [], "failed": []}

    def run(statement: str, key: str = "", what: str = "") -> None:
        try:
            with store.savepoint():
                store.run(statement)
        except SyncError as error:
            told["failed"].append(f"{what or statement}: {error}")
            return
        if key:
            told[key].append(what)

    def present() -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for table, index, column in store.rows(store.INDEX_COLUMNS):
            found.setdefault((str(table), str(index)), []).append(str(column))
        return found

    def drop_index(table: str, index: str) -> None:
        place = f" ON {name(table)}" if store.dialect == "mysql" else ""
        run(f"DROP INDEX {name(index)}{place}", what=f"index {index}")

    here = _here(store)
    for listed in indices:
        table, _, index = listed.partition("/")
        if (table, index) in present():
            drop_index(table, index)
    for table, ours in _ours().items():
        if table not in here:
            continue
        edens = s3db.table(table, None)
        if edens is None:
            run(f"DROP TABLE {name(table)}", "tables", table)
            continue
        extra = [each for each in ours if each.lower() in here[table] and each not in edens.fields]
        for (on, index), columns in present().items():
            if on == table and (index in OWN_INDICES or set(extra).intersection(columns)):
                drop_index(on, index)
        for column in extra:
            run(f"ALTER TABLE {name(table)} DROP COLUMN {name(column)}", "columns", f"{table}.{column}")
    return told


def _ours() -> dict[str, list[str]]:
    """Return the sync_* tables with their columns."""
    db = DAL("sqlite:memory", migrate_enabled=False)
    try:
        define.define(db, SystemClock())
        return {each: list(db[each].fields) for each in db.tables if each.startswith("sync_")}
    finally:
        db.close()


def _here(store: Any) -> dict[str, set[str]]:
    """Return the sync_* tables of the database, with their columns in lower case."""
    found: dict[str, set[str]] = {}
    if store.dialect == "sqlite":
        query = (
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
    else:
        schema = "current_schema()" if store.dialect == "postgres" else "DATABASE()"
        query = (
            f"SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = {schema}"
        )
    for table, column in store.rows(query):
        if str(table).startswith("sync_"):
            found.setdefault(str(table), set()).add(str(column).lower())
    return found
