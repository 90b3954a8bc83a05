"""Takes our tables, columns and indices out of the database of an Eden, when we leave it for good."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from gluon import DAL

from ..core.clock import SystemClock
from ..core.errors import SyncError
from ..database.store import open_store
from ..database.tables import define as define
from ..database.tables.indices import INDICES
from .eden_tables import columns_here

OWN_INDICES = frozenset(each[0] for each in INDICES)


def indices_here(db: Any) -> set[str]:
    """Return the indices of all tables but those of the synchronisation, as table/name."""
    store = open_store(db)
    found = {(str(row[0]), str(row[1])) for row in store.rows(store.INDEX_COLUMNS)}
    return {f"{table}/{name}" for table, name in found if not table.startswith("sync_")}


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
            # After an error PostgreSQL wants to go back; with each of these statements MySQL ends its transaction.
            with store.savepoint() if store.dialect == "postgres" else nullcontext():
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

    here = columns_here(db)
    for listed in indices:
        table, _, index = listed.partition("/")
        if (table, index) in present():
            drop_index(table, index)
    # Those that refer to others come before these.
    for table, ours in reversed(list(_ours().items())):
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
