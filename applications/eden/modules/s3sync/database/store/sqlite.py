"""The store on SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

from ...core.errors import RowRefused, StoreFull, SyncError
from ...core.schema import Table
from ...exchange.ports import Row
from .column_types import SQLiteColumns
from .journal_rows import JournalRows
from .sqlite_matching import SQLiteMatching
from .wal_checkpointer import write_back

_BUSY = ("locked", "busy", "unable to open database file")
# 8 MB are enough for what a batch reads again. More is hardly faster, and every process with an import would need it.
# A thread checkpoints the log (see ``wal_checkpointer``); the writer does only if that cannot keep up, at 200 MB.
_FOR_WRITING = ("PRAGMA cache_size = -8192", "PRAGMA wal_autocheckpoint = 50000")
#: Number of rows in a transaction from which on a checkpoint is worthwhile.
_MANY_ROWS = 500
_FULL = ("disk is full", "disk I/O error")


class _Prepared(threading.local):
    """The connection of a thread that was set up to write."""

    connection: Any = None


class SQLiteStore(SQLiteMatching, JournalRows):
    """SQLite has one writer at a time: keys are generated here, inside the transaction that locks the file."""

    dialect = "sqlite"
    SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    locking = ""
    mark = "?"
    # The planner must read the journal in order and look up records, never sort the table by the journal.
    join_in_order = "CROSS JOIN"
    most_marks = 4096 if sqlite3.sqlite_version_info >= (3, 32) else 512
    INDEX_COLUMNS = (
        "SELECT m.tbl_name, m.name, i.name FROM sqlite_master m, pragma_index_info(m.name) i "
        "WHERE m.type = 'index' ORDER BY m.name, i.seqno"
    )

    def __init__(self, db: Any, schema: Any = None) -> None:
        super().__init__(db, schema)
        self.columns = SQLiteColumns()
        self._written = 0
        self._prepared = _Prepared()
        self._usual_wait: int | None = None

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return the exceptions of sqlite3; surrogates and huge integers fail before they reach the database."""
        return (sqlite3.Error, UnicodeEncodeError, OverflowError)

    def translated(self, error: BaseException, subject: str) -> SyncError:
        """See SqlStore."""
        text = str(error)
        if isinstance(error, (sqlite3.IntegrityError, UnicodeEncodeError, OverflowError)):
            return self.refused(error, text)
        if isinstance(error, sqlite3.OperationalError):
            if any(each in text for each in _BUSY):
                return self.busy(error)
            if any(each in text for each in _FULL):
                return StoreFull(f"The database of this site cannot grow: {text}.")
        if isinstance(error, (sqlite3.InterfaceError, sqlite3.DataError, sqlite3.ProgrammingError)) and (
            "bind" in text or "too big" in text
        ):
            return self.refused(error, text)
        return SyncError(f"The database of this site reported: {text} (in {subject[:200]}).")

    def lock_writers(self) -> None:
        """Take the write lock at once: upgrading a read lock later can fail in the middle."""
        if self._adapter.connection.in_transaction:
            self._guarded(self._adapter.connection.commit)
        self._prepare_to_write()
        self.run("BEGIN IMMEDIATE")
        self._written = 0

    def _prepare_to_write(self) -> None:
        """Set up a connection once: it keeps its settings."""
        connection = self._adapter.connection
        if self._prepared.connection is not connection:
            for pragma in _FOR_WRITING:
                self.run(pragma)
            self._prepared.connection = connection

    def begin_aside(self) -> None:
        """See Transactions; SQLite has one writer at a time, whatever it writes."""
        self.lock_writers()

    def wait_at_most(self, seconds: float | None) -> None:
        """See Transactions."""
        if self._usual_wait is None:
            self._usual_wait = int(self.rows("PRAGMA busy_timeout")[0][0])
        self.run(f"PRAGMA busy_timeout = {self._usual_wait if seconds is None else int(seconds * 1000)}")

    def hold(self, table: Table, by: str, value: Any) -> None:
        """See ports.Store: there is one writer at a time, whatever it writes."""

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See SqlStore."""
        super().run_many(sql, rows)
        self._written += len(rows)

    def committed(self) -> None:
        """See SqlStore."""
        path = str(self._adapter.dbpath)
        if self._written >= _MANY_ROWS and not path.startswith((":memory:", "file:")):
            write_back(path).wake()

    # Who has the write lock needs no other.
    locks_records = False

    def lock_counter(self) -> None:
        """See JournalRows: take the write lock before anything is read that the write depends on."""
        self.begin_if_needed()

    def begin_if_needed(self) -> None:
        """Begin a transaction before a savepoint: outside one, a savepoint is a transaction itself in SQLite."""
        if not self._adapter.connection.in_transaction:
            self.run("BEGIN IMMEDIATE")

    def _update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """See SqlStore; what is NULL in all rows is written so: the driver searches for an adapter for each None."""
        name = self.columns.name
        by_column = list(zip(*rows))
        filled = [at for at in range(1, len(by_column)) if by_column[at].count(None) < len(rows)]
        assigned = ", ".join(
            f"{name(column)} = {self.mark if at in filled else 'NULL'}"
            for at, column in enumerate(columns, 1)
        )
        sql = f"UPDATE {name(table.name)} SET {assigned} WHERE {name(table.key)} = {self.mark}"
        self.run_many(sql, list(zip(*(by_column[at] for at in filled), by_column[0])))

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """See SqlStore; without a savepoint, for which SQLite would copy every page that changes."""
        if not rows:
            return []
        encoded = self._encoded_columns(table, columns, rows)
        self.begin_if_needed()
        name = self.columns.name
        # The driver searches for an adapter for each None. A column with only None is left out; SQLite fills in NULL.
        filled = [
            at
            for at, column in enumerate(columns)
            if table.fields[column].notnull or encoded[at].count(None) < len(rows)
        ]
        last = self._last_key(table)
        keys = range(last + 1, last + 1 + len(rows))
        known = (table.key, *table.own_key)
        into = ", ".join(name(each) for each in (*known, *(columns[at] for at in filled)))
        sql = f"INSERT INTO {name(table.name)} ({into}) VALUES ({self.marks(len(known) + len(filled))})"
        try:
            self.run_many(sql, list(zip(*[keys] * len(known), *(encoded[at] for at in filled))))
        except RowRefused:
            self.run(f"DELETE FROM {name(table.name)} WHERE {name(table.key)} > ?", (last,))
            raise
        return list(keys)

    def _last_key(self, table: Table) -> int:
        """Return the highest key ever used, also by removed rows."""
        name = self.columns.name
        sql = (
            f"SELECT MAX(COALESCE((SELECT MAX({name(table.key)}) FROM {name(table.name)}), 0),"
            " COALESCE((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))"
        )
        found: int | None = self.rows(sql, (table.name,))[0][0]
        return found or 0

    def _note(self, table: str, keys: Sequence[int], origin: int | None, delivered: int, own: bool) -> None:
        journal = self.columns.name("sync_journal")
        moved = (
            f"origin = CASE WHEN {journal}.origin IS excluded.origin OR {journal}.seq <= {int(delivered)} "
            "THEN excluded.origin END, seq = excluded.seq"
        )
        if own:
            moved += (
                ", changed_seq = excluded.changed_seq, changed_origin = excluded.changed_origin, "
                "modified_on = excluded.modified_on"
            )
        sql = (
            f"INSERT INTO {journal} ({self._JOURNAL_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, "
            f"(SELECT modified_on FROM {self.columns.name(table)} WHERE id = ?)) "
            f"ON CONFLICT (tablename, record_id) DO UPDATE SET {moved}"
        )
        first = self.highest_position() + 1
        self.run_many(
            sql,
            [(table, key, seq, origin, seq, origin, key) for seq, key in enumerate(keys, start=first)],
        )

    def note_all(self, table: Table) -> int:
        """See JournalRows."""
        name = self.columns.name
        first = self.highest_position()
        sql = (
            f"INSERT INTO {name('sync_journal')} ({self._JOURNAL_COLUMNS}) "
            f"SELECT ?, n.id, ? + n.place, NULL, ? + n.place, NULL, n.modified_on FROM "
            f"(SELECT {name(table.key)} AS id, modified_on, ROW_NUMBER() OVER (ORDER BY {name(table.key)}) AS place "
            f"FROM {name(table.name)}) n"
        )
        return int(self.run(sql, (table.name, first, first)).rowcount)
