"""The records of the synchronised tables in sets: what is the same for all databases.

The statements go to the driver's cursor, past pydal's rows, because a row object a record costs ten times
what the database itself takes. Siblings of this module supply what differs: how keys are given out, how many
rows one statement takes, how the driver names its troubles.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import (
    Any,
    Callable,
)

from ...core.errors import RowRefused, StoreBusy, SyncError
from ...core.schema import Field, Schema, Table
from ...exchange.ports import Row
from ...wire.filters import Filter
from .column_types import Columns, Converter, encode_rows, encoded_columns
from .filter_sql import Conditions, SqlCondition

CHUNK = 500
#: queries that are put together with UNION ALL: SQLite takes 500, its driver once took 999 parameters
UNITED = 200
BUSY_SECONDS = 30
#: MariaDB has no OFFSET without a LIMIT: the largest that all databases take.
LARGEST_NUMBER = 2**63 - 1


class CallbackRollback(SyncError):
    """A callback of the data model asked the database to forget the transaction of an import."""

    code = "callback_rollback"
    default_hint = (
        "An onaccept or onvalidation of the data model calls db.rollback(); it has to raise instead."
    )


def chunks(items: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    """Yield consecutive parts of at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def padded(keys: Sequence[Any]) -> Sequence[Any]:
    """Repeat the last key up to a power of two, so that the driver meets few different statements."""
    size = 1
    while size < len(keys):
        size *= 2
    return keys if size == len(keys) else [*keys, *[keys[-1]] * (size - len(keys))]


def match_index(table: Table) -> str:
    """Return the name of the index by which duplicates in a table are found."""
    return f"{table.name[:50]}_duplicate"


def _folded(keys: Collection[Row], fold: Sequence[bool]) -> Iterable[Row]:
    """Yield keys with the texts in some of their columns in lower case."""
    columns = [
        [value.lower() if isinstance(value, str) else value for value in column] if lower else column
        for column, lower in zip(zip(*keys), fold)
    ]
    return zip(*columns)


class _Open(threading.local):
    """What a thread has open: a DAL that threads share has a connection for each of them."""

    depth = 0
    savepoints = 0


class SqlStore:
    """A ports.Store on the connection of a pydal DAL.

    One store serves one DAL object (see ``open_store``), and like the DAL one thread at a time.

    Args:
        db: the DAL.
        schema: gives the schema, needed for filters that reach into other tables; called when first used.
    """

    dialect = ""
    mark = "%s"
    knows_keys = True
    columns: Columns

    def __init__(self, db: Any, schema: Callable[[], Schema] | None = None) -> None:
        self._db = db
        self._adapter = db._adapter
        self._schema = schema
        self._open = _Open()
        self._commit, self._rollback = self._adapter.commit, self._adapter.rollback
        self._adapter.commit = self._commit_for_others
        self._adapter.rollback = self._roll_back_for_others

    # --- statements ----------------------------------------------------------------------------------------

    def cursor(self) -> Any:
        """Return a new cursor of the driver."""
        return self._adapter.connection.cursor()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement and return its cursor.

        Raises:
            SyncError: StoreBusy, StoreFull or RowRefused, by what the driver reports.
        """
        cursor = self.cursor()
        try:
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

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all its rows."""
        return list(self.run(sql, parameters).fetchall())

    @contextmanager
    def translating(self, subject: str) -> Iterator[None]:
        """Raise our errors in place of the driver's, for what pydal does.

        Args:
            subject: what is done, for the message.

        Raises:
            SyncError: as ``run``.
        """
        try:
            yield
        except self.driver_errors() as error:
            raise self.translated(error, subject) from error

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return the classes of exceptions that the driver raises."""
        raise NotImplementedError

    def translated(self, error: BaseException, subject: str) -> SyncError:
        """Return the error of ours that stands for one of the driver's."""
        raise NotImplementedError

    def marks(self, count: int) -> str:
        """Return that many parameter marks, separated by commas."""
        return ", ".join([self.mark] * count)

    def lock_writers(self) -> None:
        """Begin a write transaction and keep other imports out until its end."""
        raise NotImplementedError

    def by_keys(self, sql: str, parameters: Sequence[Any], keys: Collection[Any]) -> list[Row]:
        """Run a query that ends in "IN" once for every few hundred keys.

        Args:
            sql: the query.
            parameters: those before the keys.
            keys: numbers or texts.
        """
        found: list[Row] = []
        for part in chunks(list(dict.fromkeys(keys))):
            part = padded(part)
            found.extend(self.rows(f"{sql}({self.marks(len(part))})", (*parameters, *part)))
        return found

    def by_keys_run(self, sql: str, parameters: Sequence[Any], keys: Collection[Any]) -> None:
        """As ``by_keys``, for a statement that returns nothing."""
        for part in chunks(list(dict.fromkeys(keys))):
            part = padded(part)
            self.run(f"{sql}({self.marks(len(part))})", (*parameters, *part))

    def first_of_each(self, part: str, parameters: Sequence[Sequence[Any]]) -> list[Row]:
        """Run a query with an ORDER BY and a LIMIT of its own for each of many, by few statements.

        Args:
            part: the query.
            parameters: those of each.
        """
        found: list[Row] = []
        for some in chunks(parameters, UNITED):
            parts = [f"SELECT * FROM ({part}) t{number}" for number in range(len(some))]
            found.extend(self.rows(" UNION ALL ".join(parts), [each for one in some for each in one]))
        return found

    def upsert(self, table: str, unique: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows, in place of those that are equal in the unique columns. Values are passed as they are."""
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
        """Return the end of an INSERT that replaces columns of the row that is there."""
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
        """Return how a column stands in the list of an index.

        Args:
            column: its name.
            kind: pydal's type of it.
            length: most characters it takes, where it is a text.
        """
        return self.columns.name(column)

    def prepare_tables(self, tables: Sequence[str]) -> None:
        """Make existing tables fit to hold and compare any text; called where the database is set up."""

    #: query for (table, index, column), by index and place
    INDEX_COLUMNS = ""

    # --- transactions --------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Whether a ``transaction`` of this store is open."""
        return self._open.depth > 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a write transaction; see ports.Store.

        web2py has one transaction a request or job: what it has written so far is committed first, so that
        nothing foreign is rolled back with us. Inside, ``db.commit()`` of a callback waits for our end, and
        ``db.rollback()`` of a callback is an error. A transaction inside another is a savepoint of it.
        """
        if self.in_transaction:
            with self.savepoint():
                yield
            return
        self._guarded(self._commit)
        try:
            self.lock_writers()
            with self._held_open():
                yield
            self._guarded(self._commit)
        except BaseException as passing:
            self._undo(passing)
            raise
        self.committed()

    def committed(self) -> None:
        """Called after a ``transaction`` is stored for good."""

    @contextmanager
    def _held_open(self) -> Iterator[None]:
        self._open.depth += 1
        try:
            yield
        finally:
            self._open.depth -= 1

    def _undo(self, passing: BaseException) -> None:
        try:
            self._rollback()
        except self.driver_errors() as gone:
            # a lost connection has ended the transaction already
            raise passing from gone

    def _commit_for_others(self, *_: Any) -> None:
        """Commit for whoever calls ``db.commit()``; inside a ``transaction`` its end does."""
        if not self.in_transaction:
            self._commit()

    def _roll_back_for_others(self, *_: Any) -> None:
        if self.in_transaction:
            raise CallbackRollback("A callback tried to roll back the transaction of an import.")
        self._rollback()

    def _guarded(self, action: Callable[[], Any]) -> None:
        with self.translating("COMMIT"):
            action()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Run a part of the transaction that is undone alone after an exception."""
        self._open.savepoints += 1
        name = f"s3sync_{self._open.savepoints}"
        try:
            self.begin_if_needed()
            self.run(f"SAVEPOINT {name}")
            try:
                yield
            except BaseException as passing:
                try:
                    self.run(f"ROLLBACK TO SAVEPOINT {name}")
                    self.run(f"RELEASE SAVEPOINT {name}")
                except SyncError as gone:
                    # a full disk or a lost connection has ended the whole transaction already
                    raise passing from gone
                raise
            self.run(f"RELEASE SAVEPOINT {name}")
        finally:
            self._open.savepoints -= 1

    def begin_if_needed(self) -> None:
        """Make sure that a savepoint stands inside a transaction."""

    # --- reading -------------------------------------------------------------------------------------------

    def fetch(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """See ports.Store."""
        return self._decoded(table, columns, self._fetch(table, columns, by, keys, self.columns.plain))

    def fetch_raw(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """See ports.Store."""
        return self._fetch(table, columns, by, keys, self.columns.raw)

    def fetch_listing(
        self, table: Table, columns: Sequence[str], by: str, keys: Collection[int]
    ) -> list[Row]:
        """See ports.Store."""
        wanted = set(keys)
        if not wanted:
            return []
        listing = table.fields[by]
        read = self.columns.decoder(listing)
        column = self.columns.name(by)
        selected = self._select(table, [*columns, by, table.key], self.columns.plain)
        sql = f"SELECT {selected} FROM {self.columns.name(table.name)}"
        found: list[Row] = []
        few = sorted(wanted)
        no_parameters: list[Any] = []
        for part in [few] if len(few) > CHUNK else chunks(few, 50):
            if len(part) > 50:  # reading them all is cheaper than comparing each with so many
                where, parameters = f"{column} IS NOT NULL", no_parameters
            else:
                where, parameters = self._lists_any(column, part)
            found.extend(self.rows(f"{sql} WHERE {where}", parameters))
        chosen = []
        seen: set[Any] = set()
        for row in found:
            members = row[-2] if read is None or row[-2] is None else read(row[-2])
            if members and row[-1] not in seen and not wanted.isdisjoint(members):
                seen.add(row[-1])
                chosen.append(row[:-2])
        return self._decoded(table, columns, chosen)

    def _lists_any(self, column: str, keys: Sequence[int]) -> tuple[str, list[Any]]:
        return " OR ".join([f"{column} LIKE {self.mark}"] * len(keys)), [f"%|{key}|%" for key in keys]

    def match(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[str],
        keys: Collection[Row],
        *,
        ignore_case: bool = False,
    ) -> list[Row]:
        """See ports.Store; what the database cannot compare as Python does, is compared here once more."""
        fold = [ignore_case and table.fields[name].is_text for name in by]
        wanted = set(_folded(keys, fold))
        found: list[Row] = []
        for places, group in self._by_given_values(wanted).items():
            given = [(by[at], fold[at]) for at in places]
            empty = [name for at, name in enumerate(by) if at not in places]
            found.extend(self._matching_keys(table, [*columns, *by], given, empty, group))
        nothing = tuple([None] * len(by))
        if nothing in wanted:
            none = " AND ".join(f"{self.columns.name(name)} IS NULL" for name in by)
            found.extend(self._select_where(table, [*columns, *by], f"{none} AND {self.live(table)}", ()))
        width = len(columns)
        decoded = self._decoded(table, [*columns, *by], found)
        compared = _folded([row[width:] for row in decoded], fold)
        return [row[:width] for row, key in zip(decoded, compared) if key in wanted]

    @staticmethod
    def _by_given_values(keys: Collection[Row]) -> dict[tuple[int, ...], list[Row]]:
        """Sort keys by the places where they hold something, and leave nothing else in them."""
        if keys and not any(None in key for key in keys):
            return {tuple(range(len(next(iter(keys))))): list(keys)}
        groups: dict[tuple[int, ...], list[Row]] = {}
        for key in keys:
            places = tuple(at for at, value in enumerate(key) if value is not None)
            if places:
                groups.setdefault(places, []).append(tuple(key[at] for at in places))
        return groups

    def _matching_keys(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        fields = [table.fields[name] for name, _ in by]
        encoded = list(encode_rows(keys, [self.columns.encoder(field) for field in fields]))
        return self._matching(table, columns, by, empty, encoded)

    def _live_without(self, table: Table, empty: Sequence[str], alias: str = "") -> str:
        """Return the condition that a record is not deleted and holds nothing in some columns."""
        nothing = "".join(f" AND {alias}{self.columns.name(each)} IS NULL" for each in empty)
        return f"{self.live(table, alias)}{nothing}"

    def lowered(self, expression: str, texts: Sequence[str]) -> str:
        """Return a text expression in lower case, to be compared with texts that are in lower case."""
        return f"LOWER({expression})"

    def _matching(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        """Return the live rows that may have one of the keys; more than these is no harm.

        Args:
            table: the table.
            columns: what to return.
            by: columns of the keys, each with whether its case is ignored (the keys are in lower case then).
            empty: further columns, in which the rows hold nothing.
            keys: values of these columns, as the database has them, none of them None.
        """
        name, fold = by[0]
        column = self.columns.name(name)
        values = list(dict.fromkeys(key[0] for key in keys))
        expression = self.lowered(column, values) if fold else column
        found: list[Row] = []
        # an expression without an index: the fewer statements, the fewer times the table is read
        for part in chunks(values, self.most_marks if fold else CHUNK):
            part = padded(part)
            where = f"{expression} IN ({self.marks(len(part))}) AND {self._live_without(table, empty)}"
            found.extend(self._select_where(table, columns, where, part))
        return found

    def prepare_match(self, table: Table, by: Sequence[tuple[str, bool]]) -> bool:
        """Make the index that ``match`` needs, where this database can index what it compares.

        Args:
            table: the table.
            by: the columns, each with whether its case is ignored.

        Returns:
            whether it was made now.
        """
        return False

    def _index_match(self, table: Table, by: Sequence[tuple[str, bool]]) -> None:
        name = self.columns.name
        listed = ", ".join(f"LOWER({name(each)})" if fold else name(each) for each, fold in by)
        self.run(f"CREATE INDEX {name(match_index(table))} ON {name(table.name)} ({listed})")

    def _select_where(
        self, table: Table, columns: Sequence[str], where: str, parameters: Sequence[Any]
    ) -> list[Row]:
        selected = self._select(table, columns, self.columns.plain)
        return self.rows(f"SELECT {selected} FROM {self.columns.name(table.name)} WHERE {where}", parameters)

    def live(self, table: Table, alias: str = "") -> str:
        """Return the condition that a record is not deleted."""
        if "deleted" not in table.fields:
            return "1 = 1"
        column = f"{alias}{self.columns.name('deleted')}"
        no = "FALSE" if self.columns.native_booleans else "'F'"
        return f"({column} = {no} OR {column} IS NULL)"

    def _fetch(
        self,
        table: Table,
        columns: Sequence[str],
        by: str,
        keys: Collection[Any],
        expression: Callable[[str, Field], str],
    ) -> list[Row]:
        distinct = list(dict.fromkeys(key for key in keys if key is not None))
        encode = self.columns.encoder(table.fields[by])
        if encode is not None:
            distinct = [encode(key) for key in distinct]
        selected = self._select(table, columns, expression)
        source = f"SELECT {selected} FROM {self.columns.name(table.name)} WHERE {self.columns.name(by)} IN "
        found: list[Row] = []
        for part in chunks(distinct):
            part = padded(part)
            found.extend(self.rows(f"{source}({self.marks(len(part))})", part))
        return found

    def _select(
        self, table: Table, columns: Sequence[str], expression: Callable[[str, Field], str], alias: str = ""
    ) -> str:
        fields = table.fields
        return ", ".join(expression(f"{alias}{self.columns.name(name)}", fields[name]) for name in columns)

    def _decoded(self, table: Table, columns: Sequence[str], rows: list[Row]) -> list[Row]:
        decoders = [self.columns.decoder(table.fields[name]) for name in columns]
        return list(encode_rows(rows, decoders))

    def reader(self, field: Field) -> Converter | None:
        """See ports.Store."""
        return self.columns.reader(field)

    def scan(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        after: int,
        until: int,
        limit: int,
        skip_origin: int | None = None,
        filters: Sequence[Filter] = (),
        msince: datetime | None = None,
        live_only: bool = False,
    ) -> list[Row]:
        """See ports.Store."""
        name = self.columns.name
        where = [f"j.tablename = {self.mark}", f"j.seq > {self.mark}", f"j.seq <= {self.mark}"]
        parameters: list[Any] = [table.name, after, until]
        if skip_origin is not None:
            where.append(f"(j.origin IS NULL OR j.origin <> {self.mark})")
            parameters.append(skip_origin)
        for condition in self._conditions(table, filters, msince, live_only):
            where.append(condition.sql)
            parameters.extend(condition.parameters)
        selected = self._select(table, columns, self.columns.raw, "t.")
        sql = (
            f"SELECT {selected}, j.seq FROM {self.columns.name('sync_journal')} j "
            f"{self.join_in_order} {name(table.name)} t ON t.{name(table.key)} = j.record_id "
            f"WHERE {' AND '.join(where)} ORDER BY j.seq LIMIT {int(limit)}"
        )
        return self.rows(sql, parameters)

    def count_changes(
        self,
        table: Table,
        *,
        after: int,
        until: int,
        skip_origin: int | None = None,
        filters: Sequence[Filter] = (),
    ) -> int:
        """Return how many records ``scan`` would yield in all; without filters from the journal's index alone."""
        name = self.columns.name
        where = [f"j.tablename = {self.mark}", f"j.seq > {self.mark}", f"j.seq <= {self.mark}"]
        parameters: list[Any] = [table.name, after, until]
        if skip_origin is not None:
            where.append(f"(j.origin IS NULL OR j.origin <> {self.mark})")
            parameters.append(skip_origin)
        source = f"{name('sync_journal')} j"
        conditions = self._conditions(table, filters, None, False)
        if conditions:
            source += f" {self.join_in_order} {name(table.name)} t ON t.{name(table.key)} = j.record_id"
        for condition in conditions:
            where.append(condition.sql)
            parameters.extend(condition.parameters)
        return int(self.rows(f"SELECT COUNT(*) FROM {source} WHERE {' AND '.join(where)}", parameters)[0][0])

    join_in_order = "JOIN"
    #: most parameters that one statement may have, a power of two
    most_marks = 4096

    def holds_any(self, table: Table) -> bool:
        """See ports.Store."""
        return bool(self.rows(f"SELECT 1 FROM {self.columns.name(table.name)} LIMIT 1"))

    def count(self, table: Table, filters: Sequence[Filter] = (), *, live_only: bool = True) -> int:
        """See ports.Store."""
        conditions = self._conditions(table, filters, None, live_only)
        where = " AND ".join(condition.sql for condition in conditions) or "1 = 1"
        parameters = [each for condition in conditions for each in condition.parameters]
        rows = self.rows(f"SELECT COUNT(*) FROM {self.columns.name(table.name)} t WHERE {where}", parameters)
        return int(rows[0][0])

    def keys_by_page(
        self,
        table: Table,
        *,
        start: int,
        limit: int | None,
        filters: Sequence[Filter] = (),
        msince: datetime | None = None,
        live_only: bool = True,
    ) -> list[int]:
        """Return the keys of the records that match, in the order of the keys.

        Args:
            table: the table.
            start: so many of them are left out at the beginning.
            limit: most keys to return, None for all.
            filters, msince, live_only: as in ``scan``.
        """
        key = f"t.{self.columns.name(table.key)}"
        conditions = self._conditions(table, filters, msince, live_only)
        where = " AND ".join(condition.sql for condition in conditions) or "1 = 1"
        parameters = [each for condition in conditions for each in condition.parameters]
        most = LARGEST_NUMBER if limit is None else limit
        rows = self.rows(
            f"SELECT {key} FROM {self.columns.name(table.name)} t WHERE {where} "
            f"ORDER BY {key} LIMIT {int(most)} OFFSET {int(start)}",
            parameters,
        )
        return [row[0] for row in rows]

    def matching(self, table: Table, keys: Collection[int], filters: Sequence[Filter]) -> set[int]:
        """See ports.Store."""
        conditions = self._conditions(table, filters, None, False)
        key = f"t.{self.columns.name(table.key)}"
        where = "".join(f"{condition.sql} AND " for condition in conditions)
        parameters = [each for condition in conditions for each in condition.parameters]
        sql = f"SELECT {key} FROM {self.columns.name(table.name)} t WHERE {where}{key} IN "
        return {row[0] for row in self.by_keys(sql, parameters, keys)}

    def _conditions(
        self, table: Table, filters: Sequence[Filter], msince: datetime | None, live_only: bool
    ) -> list[SqlCondition]:
        found = []
        if live_only:
            found.append(SqlCondition(self.live(table, "t."), ()))
        if msince is not None and "modified_on" in table.fields:
            encode = self.columns.encoder(table.fields["modified_on"])
            value = msince if encode is None else encode(msince)
            found.append(SqlCondition(f"t.{self.columns.name('modified_on')} >= {self.mark}", (value,)))
        filters = [each for each in filters if each.table in (None, table.name)]
        if filters:
            translate = Conditions(self._require_schema(), self)
            found.extend(translate(table, each, "t") for each in filters)
        return found

    def _require_schema(self) -> Schema:
        if self._schema is None:
            raise RuntimeError("A store that has to filter needs the schema: open_store(db, schema).")
        return self._schema()

    # --- writing -------------------------------------------------------------------------------------------

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """See ports.Store."""
        if not rows:
            return []
        encoded = self._encoded(table, columns, rows)
        with self.savepoint():
            return self._insert(table, columns, encoded)

    def withdraw(self, table: Table, keys: Collection[int]) -> None:
        """See ports.Store."""
        name = self.columns.name
        self.by_keys_run(f"DELETE FROM {name(table.name)} WHERE {name(table.key)} IN ", (), keys)

    def update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """See ports.Store."""
        if not rows or not columns:
            return
        encoded = self._encoded(table, [table.key, *columns], rows)
        with self.savepoint():
            self._update(table, columns, encoded)

    def _encoded(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> Sequence[Row]:
        return list(zip(*self._encoded_columns(table, columns, rows)))

    def _encoded_columns(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> list[Sequence[Any]]:
        encoders = [self.columns.encoder(table.fields[name]) for name in columns]
        try:
            return encoded_columns(rows, encoders)
        except (TypeError, ValueError, AttributeError) as error:
            raise RowRefused(f"A value for {table.name} does not fit its column: {error}.") from error

    def _insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        raise NotImplementedError

    def _update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        quote = self.columns.name
        assignments = ", ".join(f"{quote(name)} = {self.mark}" for name in columns)
        sql = f"UPDATE {quote(table.name)} SET {assignments} WHERE {quote(table.key)} = {self.mark}"
        self.run_many(sql, [(*row[1:], row[0]) for row in rows])

    def busy(self, error: BaseException) -> StoreBusy:
        """Return the error for a database that another process holds or that does not answer."""
        return StoreBusy(f"The database of this site did not let us in: {str(error).strip()}.")

    def refused(self, error: BaseException, detail: str) -> RowRefused:
        """Return the error for a row that violates the data model."""
        return RowRefused(f"The database refused a row: {detail.strip()}.")
