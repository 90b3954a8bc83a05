"""The two databases of a move, each by its own driver: tables, rows in the order of their keys, references.

Values are those that pydal stores: the same texts in all three databases, but for numbers and times, which SQLite has
as texts. Runs in the Python of a site, where the drivers are.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

Row = tuple[Any, ...]
#: Rows that are written, and committed, at once.
BATCH = 2000


class End:
    """A database.

    Attributes:
        connection: of the driver.
        mark: stands for a value in a statement.
    """

    mark = "%s"
    _quote = '"'

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._columns: dict[str, list[str]] = {}
        self._keys: dict[str, str] = {}

    def quoted(self, name: str) -> str:
        """Return a name as it stands in a statement."""
        return f"{self._quote}{name}{self._quote}"

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; return its rows."""
        with contextlib.closing(self.connection.cursor()) as cursor:
            cursor.execute(statement, tuple(values))
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def tables(self) -> list[str]:
        """Return the names of all tables, in a lasting order."""
        raise NotImplementedError

    def columns(self, table: str) -> list[str]:
        """Return the names of the columns of a table but for those that the database computes."""
        if table not in self._columns:
            self._columns[table] = self._columns_of(table)
        return self._columns[table]

    def _columns_of(self, table: str) -> list[str]:
        raise NotImplementedError

    def key(self, table: str) -> str:
        """Return the one column of the primary key of a table.

        Raises:
            LookupError: it has none, or one of several columns.
        """
        if table not in self._keys:
            found = self._key_of(table)
            if len(found) != 1:
                raise LookupError(table)
            self._keys[table] = found[0]
        return self._keys[table]

    def _key_of(self, table: str) -> list[str]:
        raise NotImplementedError

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.run(f"SELECT COUNT(*) FROM {self.quoted(table)}")[0][0])

    def last(self, table: str) -> int:
        """Return the highest key of a table, 0 if it is empty."""
        return int(
            self.run(f"SELECT MAX({self.quoted(self.key(table))}) FROM {self.quoted(table)}")[0][0] or 0
        )

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[list[Row]]:
        """Yield the rows of a table with a higher key than this one, in its order, some at a time.

        Args:
            table: a table with a key.
            columns: what is read, the key first.
            after: the key.
        """
        named, key = ", ".join(map(self.quoted, columns)), self.quoted(self.key(table))
        statement = (
            f"SELECT {named} FROM {self.quoted(table)} WHERE {key} > {self.mark} ORDER BY {key} LIMIT {BATCH}"
        )
        while found := self.run(statement, (after,)):
            yield found
            after = int(found[-1][0])

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Write rows; the caller commits."""
        named = ", ".join(map(self.quoted, columns))
        marks = ", ".join([self.mark] * len(columns))
        statement = f"INSERT INTO {self.quoted(table)} ({named}) VALUES ({marks})"
        with contextlib.closing(self.connection.cursor()) as cursor:
            cursor.executemany(statement, rows)

    def loosen(self, remembered: Path) -> None:
        """Let rows be written in any order.

        Args:
            remembered: file for what ``tighten`` needs, also after this process was killed.
        """

    def tighten(self, remembered: Path) -> None:
        """Check all references, from now on and those that are there."""

    def empty(self, tables: Iterable[str]) -> None:
        """Remove all rows of these tables."""
        for name in tables:
            self.run(f"DELETE FROM {self.quoted(name)}")
        self.connection.commit()

    def settle(self, tables: Iterable[str]) -> None:
        """Let the next key of each table be a new one."""


class SqliteEnd(End):
    """See ``End``."""

    mark = "?"

    def __init__(self, path: Path) -> None:
        super().__init__(sqlite3.connect(path, timeout=30))

    def tables(self) -> list[str]:
        """See ``End``."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        return sorted(row[0] for row in self.run(query))

    def _columns_of(self, table: str) -> list[str]:
        return [row[0] for row in self.run("SELECT name FROM pragma_table_info(?)", (table,))]

    def _key_of(self, table: str) -> list[str]:
        return [row[0] for row in self.run("SELECT name FROM pragma_table_info(?) WHERE pk > 0", (table,))]

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """See ``End``."""
        super().insert(table, columns, [tuple(map(_as_text, row)) for row in rows])

    def loosen(self, remembered: Path) -> None:
        """See ``End``."""
        self.run("PRAGMA foreign_keys = OFF")

    def tighten(self, remembered: Path) -> None:
        """See ``End``."""
        wrong = self.run("PRAGMA foreign_key_check")
        if wrong:
            raise sqlite3.IntegrityError(
                f"the row {wrong[0][1]} of {wrong[0][0]} refers to what is not in {wrong[0][2]}"
            )


class PostgresEnd(End):
    """See ``End``."""

    def __init__(self, uri: str) -> None:
        import psycopg2
        import psycopg2.extras

        super().__init__(psycopg2.connect(uri.replace("postgres:", "postgresql:", 1)))
        # JSON is copied as it is written; by this connection alone, for others in the process read it.
        psycopg2.extras.register_default_json(self.connection, loads=lambda text: text)

    def tables(self) -> list[str]:
        """See ``End``."""
        query = "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"
        return sorted(row[0] for row in self.run(query))

    def _columns_of(self, table: str) -> list[str]:
        query = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = ANY (current_schemas(false)) AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position"
        )
        return [row[0] for row in self.run(query, (table,))]

    def _key_of(self, table: str) -> list[str]:
        query = (
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
            " WHERE indisprimary AND indrelid = %s::regclass"
        )
        return [row[0] for row in self.run(query, (self.quoted(table),))]

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """See ``End``."""
        from psycopg2.extras import execute_values

        named = ", ".join(map(self.quoted, columns))
        with contextlib.closing(self.connection.cursor()) as cursor:
            execute_values(
                cursor, f"INSERT INTO {self.quoted(table)} ({named}) VALUES %s", rows, page_size=BATCH
            )

    def loosen(self, remembered: Path) -> None:
        """See ``End``: who owns tables may drop their references, and nothing less lets rows come in any order."""
        if not remembered.is_file():
            query = (
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE contype = 'f' AND connamespace::regnamespace::text = ANY (current_schemas(false))"
            )
            remembered.write_text(json.dumps(self.run(query)), encoding="utf-8")
        for table, name, _ in json.loads(remembered.read_text(encoding="utf-8")):
            self.run(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {self.quoted(name)}")
        self.connection.commit()

    def tighten(self, remembered: Path) -> None:
        """See ``End``."""
        for table, name, definition in json.loads(remembered.read_text(encoding="utf-8")):
            self.run(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {self.quoted(name)}")
            self.run(f"ALTER TABLE {table} ADD CONSTRAINT {self.quoted(name)} {definition}")
        self.connection.commit()

    def settle(self, tables: Iterable[str]) -> None:
        """See ``End``."""
        for name in tables:
            key = self.key(name)
            sequence = f"pg_get_serial_sequence('{self.quoted(name)}', '{key}')"
            highest = f"MAX({self.quoted(key)})"
            values = f"{sequence}, GREATEST({highest}, 1), {highest} IS NOT NULL"
            self.run(f"SELECT setval({values}) FROM {self.quoted(name)}")
        self.connection.commit()


class MysqlEnd(End):
    """See ``End``."""

    _quote = "`"

    def __init__(self, uri: str) -> None:
        import pymysql

        parts = urlsplit(uri)
        super().__init__(
            pymysql.connect(
                host=parts.hostname or "localhost",
                port=parts.port or 3306,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.lstrip("/")),
                charset="utf8mb4",
            )
        )

    def tables(self) -> list[str]:
        """See ``End``."""
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        return sorted(row[0] for row in self.run(query))

    def _columns_of(self, table: str) -> list[str]:
        query = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = DATABASE() AND extra NOT LIKE '%%GENERATED%%'"
            " ORDER BY ordinal_position"
        )
        return [row[0] for row in self.run(query, (table,))]

    def _key_of(self, table: str) -> list[str]:
        query = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = DATABASE() AND column_key = 'PRI'"
        )
        return [row[0] for row in self.run(query, (table,))]

    def loosen(self, remembered: Path) -> None:
        """See ``End``: this connection checks nothing. What it copies was checked where it comes from."""
        self.run("SET FOREIGN_KEY_CHECKS = 0")


def _as_text(value: Any) -> Any:
    """Return a value as pydal stores it in SQLite."""
    import datetime
    import decimal

    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal)):
        return text_of(value)
    return bytes(value) if isinstance(value, memoryview) else value


def text_of(value: Any) -> str:
    """Return a number or time as the same text from each database: those of SQLite are texts, or other numbers."""
    import datetime

    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        # MariaDB has times of the day as spans.
        return (datetime.datetime.min + value).time().isoformat()
    if isinstance(value, (memoryview, bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, str):
        return value
    whole = int(value)
    return str(whole) if whole == value else repr(float(value))


def open_end(uri: str, databases: Path) -> End:
    """Open a database.

    Args:
        uri: pydal connection string.
        databases: the folder of SQLite's file.
    """
    kind, _, name = uri.partition("://")
    if kind == "sqlite":
        return SqliteEnd(databases / name)
    return PostgresEnd(uri) if kind.startswith("postgres") else MysqlEnd(uri)
