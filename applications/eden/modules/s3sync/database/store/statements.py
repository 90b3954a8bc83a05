"""Statements on the connection of a pydal DAL, for sets of keys, with our errors in place of the driver's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...core.errors import RowRefused, StoreBusy, SyncError
from ...exchange.ports import Row
from .column_types import Columns

CHUNK = 500
#: Maximum number of queries in a UNION ALL: SQLite allows 500, and earlier versions 999 parameters.
UNITED = 200
#: Seconds that a writer waits for a lock of another one.
BUSY_SECONDS = 30.0
#: Seconds without a statement after which the server ends a transaction of ours: its process was stopped or cut off.
#: It is less than others wait for it.
IDLE_SECONDS = 20


def chunks(items: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    """Yield consecutive parts with at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def padded(keys: Sequence[Any]) -> Sequence[Any]:
    """Repeat the last key up to a power of two, so that the driver sees few different statements."""
    size = 1
    while size < len(keys):
        size *= 2
    return keys if size == len(keys) else [*keys, *[keys[-1]] * (size - len(keys))]


class Statements:
    """Runs statements on the driver's cursor.

    Args:
        db: the DAL.
    """

    dialect = ""
    mark = "%s"
    columns: Columns
    #: End of a query that also reads what was committed after this transaction began to read.
    as_of_now = ""
    #: End of a query that keeps the rows that it reads as they are.
    locking = " FOR UPDATE"
    #: Query for (table, index, column), ordered by index and position.
    INDEX_COLUMNS = ""

    def __init__(self, db: Any) -> None:
        self._db = db
        self._adapter = db._adapter

    def cursor(self) -> Any:
        """Return a new cursor of the driver."""
        return self._adapter.connection.cursor()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement and return its cursor.

        Raises:
            SyncError: StoreBusy, StoreFull or RowRefused, by what the driver reports.
        """
        try:
            # A connection that is lost has no cursor either.
            cursor = self.cursor()
            cursor.execute(sql, tuple(parameters))
        except self.driver_errors() as error:
            raise self.translated(error, sql) from error
        return cursor

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of parameters.

        Raises:
            SyncError: as ``run``.
        """
        cursor = self.cursor()
        try:
            cursor.executemany(sql, rows)
        except self.driver_errors() as error:
            raise self.translated(error, sql) from error

    #: Query for the bytes of the database.
    SIZE = ""

    def size(self) -> int:
        """Return the size of the database in bytes."""
        return int(self.rows(self.SIZE)[0][0] or 0)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all its rows."""
        return list(self.run(sql, parameters).fetchall())

    @contextmanager
    def translating(self, subject: str) -> Iterator[None]:
        """Raise our errors in place of the driver's, for work done by pydal.

        Args:
            subject: what is being done, for the message.

        Raises:
            SyncError: as ``run``.
        """
        try:
            yield
        except self.driver_errors() as error:
            raise self.translated(error, subject) from error

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return the exception classes of the driver."""
        raise NotImplementedError

    def ending(self, error: BaseException | None) -> SyncError | None:
        """See port Store: after a deadlock, or without a connection, nothing of what was written before is left."""
        if error is None or not isinstance(error, self.driver_errors()):
            return None
        found = self.translated(error, "")
        return None if isinstance(found, RowRefused) else found

    def translated(self, error: BaseException, subject: str) -> SyncError:
        """Return our error for one of the driver's."""
        raise NotImplementedError

    def marks(self, count: int) -> str:
        """Return a number of parameter marks, separated by commas."""
        return ", ".join([self.mark] * count)

    def by_keys(
        self, sql: str, parameters: Sequence[Any], keys: Collection[Any], ending: str = ""
    ) -> list[Row]:
        """Run a query that ends in "IN" once for every few hundred keys.

        Args:
            sql: the query.
            parameters: parameters before the keys.
            keys: numbers or texts.
            ending: what follows the keys.
        """
        found: list[Row] = []
        for part in chunks(list(dict.fromkeys(keys))):
            part = padded(part)
            found.extend(self.rows(f"{sql}({self.marks(len(part))}){ending}", (*parameters, *part)))
        return found

    def by_keys_run(self, sql: str, parameters: Sequence[Any], keys: Collection[Any]) -> None:
        """Run ``by_keys`` for a statement that returns nothing."""
        for part in chunks(list(dict.fromkeys(keys))):
            part = padded(part)
            self.run(f"{sql}({self.marks(len(part))})", (*parameters, *part))

    def first_of_each(self, part: str, parameters: Sequence[Sequence[Any]]) -> list[Row]:
        """Run a query with its own ORDER BY and LIMIT for each of many parameters, in few statements.

        Args:
            part: the query.
            parameters: the parameters of each query.
        """
        found: list[Row] = []
        for some in chunks(parameters, UNITED):
            parts = [f"SELECT * FROM ({part}) t{number}" for number in range(len(some))]
            found.extend(self.rows(" UNION ALL ".join(parts), [each for one in some for each in one]))
        return found

    def upsert(self, table: str, unique: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows, replacing those with equal unique columns. Values are passed unchanged."""
        if not rows:
            return
        name = self.columns.name
        into = ", ".join(name(each) for each in columns)
        changed = [each for each in columns if each not in unique]
        self.begin_if_needed()
        self.run_many(
            f"INSERT INTO {name(table)} ({into}) VALUES ({self.marks(len(columns))}) "
            f"{self.replacing(unique, changed)}",
            rows,
        )

    def replacing(self, unique: Sequence[str], changed: Sequence[str]) -> str:
        """Return the end of an INSERT that replaces columns of an existing row."""
        name = self.columns.name
        assigned = ", ".join(f"{name(each)} = excluded.{name(each)}" for each in changed)
        return f"ON CONFLICT ({', '.join(name(each) for each in unique)}) DO UPDATE SET {assigned}"

    def indices(self) -> set[tuple[str, tuple[str, ...]]]:
        """Return the indices of this database, each as table and columns in order."""
        found: dict[tuple[str, str], list[str]] = {}
        for table, index, column in self.rows(self.INDEX_COLUMNS):
            found.setdefault((table, index), []).append(column)
        return {(table, tuple(columns)) for (table, _), columns in found.items()}

    def index_part(self, column: str, kind: str, length: int | None) -> str:
        """Return a column as a part of an index.

        Args:
            column: its name.
            kind: its pydal type.
            length: maximum number of characters of a text.
        """
        return self.columns.name(column)

    def prepare_tables(self, tables: Sequence[str]) -> None:
        """Convert existing tables so that they can store and compare any text; called when the database is set up."""

    def begin_if_needed(self) -> None:
        """Begin a transaction unless one is open."""

    def busy(self, error: BaseException, *, deadlock: bool = False) -> StoreBusy:
        """Return the error for a database that is locked by another process or does not answer.

        Args:
            error: the driver's.
            deadlock: as for ``StoreBusy``.
        """
        busy = StoreBusy(f"The database of this site did not let us in: {str(error).strip()}.")
        busy.deadlock = deadlock
        return busy

    def refused(self, error: BaseException, detail: str) -> RowRefused:
        """Return the error for a row that violates the data model."""
        return RowRefused(f"The database refused a row: {detail.strip()}.")
