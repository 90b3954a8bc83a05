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
from .eden_tables import columns_here, length_statement

OWN_INDICES = frozenset(each[0] for each in INDICES)
#: Queries for (table, index), also of those on expressions.
_INDICES = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index'",
    "postgres": "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema()",
    "mysql": "SELECT DISTINCT table_name, index_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE()",
}
Lengths = dict[str, dict[str, int]]


def indices_here(db: Any) -> set[str]:
    """Return the indices of all tables but those of the synchronisation, as table/name."""
    store = open_store(db)
    found = [(str(table), str(name)) for table, name in store.rows(_INDICES[store.dialect])]
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
    dropping = _Dropping(db)
    for listed in sorted(indices_here(db).intersection(indices)):
        table, _, index = listed.partition("/")
        dropping.index(table, index)
    here = columns_here(db)
    # Those that refer to others come before these.
    for table, ours in reversed(list(_ours().items())):
        edens = s3db.table(table, None) if table in here else None
        if edens is not None:
            dropping.columns(edens, ours, here[table])
        elif table in here:
            dropping.table(table)
    dropping.positions()
    return dropping.told


def _ours() -> Lengths:
    """Return the sync_* tables with their columns and the lengths of these."""
    db = DAL("sqlite:memory", migrate_enabled=False)
    try:
        define.define(db, SystemClock())
        return {
            each: {field.name: field.length for field in db[each]}
            for each in db.tables
            if each.startswith("sync_")
        }
    finally:
        db.close()


class _Dropping:
    """Drops, and notes what.

    Args:
        db: the DAL of the Eden.
    """

    def __init__(self, db: Any) -> None:
        self._db = db
        self._store = open_store(db)
        self._name = self._store.columns.name
        self.told: dict[str, list[str]] = {"tables": [], "columns": [], "failed": []}

    def _run(self, statement: str, key: str, what: str) -> None:
        # After an error PostgreSQL wants to go back; with each of these statements MySQL ends its transaction.
        apart = self._store.savepoint() if self._store.dialect == "postgres" else nullcontext()
        try:
            with apart:
                self._store.run(statement)
        except SyncError as error:
            self.told["failed"].append(f"{what}: {error}")
        else:
            self.told.get(key, []).append(what)

    def index(self, table: str, index: str) -> None:
        """Drop an index."""
        place = f" ON {self._name(table)}" if self._store.dialect == "mysql" else ""
        self._run(f"DROP INDEX {self._name(index)}{place}", "", f"index {index}")

    def table(self, table: str) -> None:
        """Drop a table of ours."""
        self._run(f"DROP TABLE {self._name(table)}", "tables", table)

    def positions(self) -> None:
        """Remove what counted the positions of the journal."""
        self._store.remove_positions()

    def columns(self, edens: Any, ours: dict[str, int], here: dict[str, int | None]) -> None:
        """Drop our columns of one of Eden's tables, and give the lengths of the others back.

        Args:
            edens: the table as Eden defines it.
            ours: our columns of it, with the lengths of texts.
            here: the columns it has, in lower case, with the lengths of texts.
        """
        table = edens._tablename
        extra = [each for each in ours if each.lower() in here and each not in edens.fields]
        self._indices_of(table, extra)
        for column in extra:
            statement = f"ALTER TABLE {self._name(table)} DROP COLUMN {self._name(column)}"
            self._run(statement, "columns", f"{table}.{column}")
        for field in edens:
            length = here.get(field.name.lower())
            if field.type in ("string", "password") and length == ours.get(field.name) and length:
                if length > field.length:
                    self._run(length_statement(self._db, edens, field), "", f"length of {table}.{field.name}")

    def _indices_of(self, table: str, columns: Iterable[str]) -> None:
        found: dict[str, set[str]] = {}
        for on, index, column in self._store.rows(self._store.INDEX_COLUMNS):
            if on == table:
                found.setdefault(str(index), set()).add(str(column))
        for index, indexed in found.items():
            if index in OWN_INDICES or indexed.intersection(columns):
                self.index(table, index)
