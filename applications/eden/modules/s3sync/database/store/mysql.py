"""The store on MySQL and MariaDB."""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Callable

from ...core.errors import RowRefused, StoreFull, SyncError
from ...core.schema import Field, Table
from ...core.text import BLANKS, UNSEEN
from ...exchange.ports import Row
from .column_types import Columns
from .journal_rows import JournalRows
from .matching import both_forms
from .statements import IDLE_SECONDS, chunks, padded

#: Separates the texts of a generated column.
_SEPARATOR = "/"
#: Bytes of values in one statement, far below the limit of a server.
_STATEMENT = 1 << 20
_STATEMENT_ROWS = 1000
_PLAIN_TEXT = re.compile(r"[\w:/.-]*", re.ASCII)
_BUSY_CODES = frozenset((1040, 1205, 1213, 2002, 2003, 2006, 2013, 2055))
_DEADLOCK_CODE = 1213
_FULL_CODES = frozenset((3, 28, 1021, 1114))
_REFUSED_CODES = frozenset(
    (1048, 1062, 1136, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 1690, 3140, 3819, 4025)
)
_UPDATE_ROWS = 100
_COLLATION = "utf8mb4_bin"
#: Takes Latin and Greek letters with and without accents, composed or not, for the same.
_ALIKE = "utf8mb4_unicode_520_ci"
#: How the names of generated columns begin by which duplicates are found.
_MATCHED = "duplicate_"
#: Maximum number of characters of a text in an index.
_INDEXED = 191


class MySQLStore(JournalRows):
    """MySQL and MariaDB: the server generates the keys of new rows, and writers lock the journal's counter in turn.

    Unless a table has a binary collation (see ``prepare_tables``), these databases compare texts without case and
    accents; rows found in excess are filtered out here.
    """

    dialect = "mysql"
    SIZE = (
        "SELECT SUM(data_length + index_length) FROM information_schema.tables "
        "WHERE table_schema = DATABASE()"
    )
    # A transaction of pydal's session sees the state at its first query.
    as_of_now = " LOCK IN SHARE MODE"
    knows_keys = False
    #: Generated columns known to exist: (database, table, column).
    _generated: set[tuple[str, str, str]] = set()
    INDEX_COLUMNS = (
        "SELECT table_name, index_name, column_name FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index"
    )

    def __init__(self, db: Any, schema: Any = None) -> None:
        super().__init__(db, schema)
        self.columns = Columns("`", moment_text="CAST({} AS CHAR)")
        self._step: int | None = None

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return the driver's exceptions; surrogates fail before they reach the database."""
        return (self._adapter.driver.Error, UnicodeEncodeError)

    def translated(self, error: BaseException, subject: str) -> SyncError:
        """See SqlStore."""
        if isinstance(error, UnicodeEncodeError):
            return self.refused(error, str(error))
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        driver = self._adapter.driver
        mistakes = (driver.ProgrammingError, driver.NotSupportedError, driver.DataError)
        # Without a code of the server the connection is lost, unless the driver was used wrongly.
        if code in _BUSY_CODES or (code == 0 and not isinstance(error, mistakes)):
            return self.busy(error, deadlock=code == _DEADLOCK_CODE)
        if code in _FULL_CODES:
            return StoreFull(f"The database of this site cannot grow: {text}.")
        if code in _REFUSED_CODES:
            return self.refused(error, text)
        return SyncError(f"The database of this site reported: {code} {text} (in {subject[:200]}).")

    def lock_writers(self) -> None:
        """See SqlStore.

        Strict mode: pydal's session would silently truncate long texts. Read committed: we must see what another writer
        committed while we waited for the lock.
        """
        self.begin_aside()
        self.lock_counter()

    def begin_aside(self) -> None:
        """See Transactions.

        MariaDB ends a transaction whose process was stopped, or whose connection was cut off: others wait for it.
        """
        self.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self.run(
            "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES', "
            f"SESSION innodb_lock_wait_timeout = {max(1, int(self._open.patience))} "
            f"/*M!100300 , SESSION idle_transaction_timeout = {IDLE_SECONDS} */"
        )
        self.run("START TRANSACTION")

    def committed(self) -> None:
        """See Transactions: what else runs on this connection may be idle, such as a run that waits for a site."""
        self.run("SET @s3sync = 0 /*M!100300 , SESSION idle_transaction_timeout = 0 */")

    def _undo(self, passing: BaseException) -> None:
        super()._undo(passing)
        try:
            self.committed()
        except SyncError as gone:
            raise passing from gone

    def wait_at_most(self, seconds: float | None) -> None:
        """See Transactions."""
        wait = "DEFAULT" if seconds is None else max(1, int(seconds))
        self.run(f"SET SESSION innodb_lock_wait_timeout = {wait}, SESSION lock_wait_timeout = {wait}")

    def lock_counter(self) -> None:
        """See JournalRows."""
        self.run("SELECT head FROM sync_journal_state FOR UPDATE")

    def begin_if_needed(self) -> None:
        """Begin a transaction before a savepoint: without one the server forgets the savepoint at once."""
        if not self.in_transaction and not self.rows("SELECT @@in_transaction")[0][0]:
            self.run("START TRANSACTION")

    def prepare_tables(self, tables: Sequence[str]) -> None:
        """Convert tables to utf8mb4.

        pydal creates them with three bytes per character: without emoji and much of Chinese. The binary collation
        compares texts like the other databases.
        """
        outdated = [
            row[0]
            for row in self.by_keys(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
                f"AND table_collation <> '{_COLLATION}' AND table_name IN ",
                (),
                tables,
            )
        ]
        for table in outdated:
            self.run(
                f"ALTER TABLE {self.columns.name(table)} CONVERT TO CHARACTER SET utf8mb4 COLLATE {_COLLATION}"
            )

    def index_part(self, column: str, kind: str, length: int | None) -> str:
        """See SqlStore; an index has 3,072 bytes, four per character, so it has only the beginning of long texts."""
        name = self.columns.name(column)
        is_long = kind == "text" or (kind == "string" and (length or 0) > _INDEXED)
        return f"{name}({_INDEXED})" if is_long else name

    def replacing(self, unique: Sequence[str], changed: Sequence[str]) -> str:
        """See SqlStore."""
        name = self.columns.name
        assigned = ", ".join(f"{name(each)} = VALUES({name(each)})" for each in changed)
        return f"ON DUPLICATE KEY UPDATE {assigned}"

    def by_keys(
        self, sql: str, parameters: Sequence[Any], keys: Collection[Any], ending: str = ""
    ) -> list[Row]:
        """See SqlStore; plain keys are literals in the statement, which saves the driver thousands of parameters."""
        found: list[Row] = []
        for part in chunks(list(dict.fromkeys(keys))):
            listed = _literals(part)
            if listed is None:
                found.extend(self.rows(f"{sql}({self.marks(len(part))}){ending}", (*parameters, *part)))
            else:
                found.extend(self.rows(f"{sql}({listed}){ending}", parameters))
        return found

    def by_keys_run(self, sql: str, parameters: Sequence[Any], keys: Collection[Any]) -> None:
        """See SqlStore."""
        for part in chunks(list(dict.fromkeys(keys))):
            listed = _literals(part)
            if listed is None:
                self.run(f"{sql}({self.marks(len(part))})", (*parameters, *part))
            else:
                self.run(f"{sql}({listed})", parameters)

    # --- records -------------------------------------------------------------------------------------------

    def squeezed(self, expression: str) -> str:
        """See ByContents; compared without accents, composed or not, where the server sees an accent (in Latin)."""
        return f"{_bare(expression)} COLLATE {_ALIKE}"

    def _match_column(self, by: Sequence[str]) -> tuple[str, str]:
        """Return name and expression of the generated column with the values that a duplicate rule compares.

        The name depends on the rule, so that a changed rule does not use the column of the former one.
        """
        listed = ", ".join(self.columns.name(each) for each in by)
        joined = f"CONCAT_WS('{_SEPARATOR}', {listed})"
        made = f"LEFT({_bare(joined)}, {_INDEXED})"
        return f"{_MATCHED}{zlib.crc32(f'{made} {_ALIKE}'.encode()):08x}", made

    def _has_column(self, table: str, column: str) -> bool:
        key = (str(self._adapter.uri), table, column)
        if key not in self._generated and self.rows(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() "
            "AND table_name = %s AND column_name = %s",
            (table, column),
        ):
            self._generated.add(key)
        return key in self._generated

    def prepare_match(self, table: Table, by: Sequence[str]) -> bool:
        """See SqlStore; MariaDB cannot index an expression, but a column generated from it."""
        column, made = self._match_column(by)
        if self._has_column(table.name, column):
            return False
        name = self.columns.name
        former = self.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
            "AND table_name = %s AND column_name REGEXP %s AND extra LIKE %s",
            (table.name, f"^{_MATCHED}[0-9a-f]{{8}}$", "%VIRTUAL%"),
        )
        dropped = "".join(f"DROP COLUMN {name(each)}, " for (each,) in former)
        self.run(
            f"ALTER TABLE {name(table.name)} {dropped}ADD COLUMN {name(column)} VARCHAR({_INDEXED}) "
            f"CHARACTER SET utf8mb4 COLLATE {_ALIKE} GENERATED ALWAYS AS ({made}) VIRTUAL, "
            f"ADD INDEX {name(column)} ({name(column)})"
        )
        return True

    def _matching(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        keys = both_forms(keys)
        rule = table.duplicate
        texts = [] if rule is None else [name for name in rule.primary if table.fields[name].is_text]
        asked = [(at, name) for at, (name, _) in enumerate(by) if table.fields[name].is_text]
        covered = {name for _, name in asked} | {name for name in empty if table.fields[name].is_text}
        if rule is None or not asked or covered != set(texts):
            return super()._matching(table, columns, by, empty, keys)
        column, _ = self._match_column(texts)
        if not self._has_column(table.name, column):
            return super()._matching(table, columns, by, empty, keys)
        # The column leaves out empty values, like the keys.
        places = [at for name in texts for at, each in asked if each == name]
        wanted = dict.fromkeys(_SEPARATOR.join([key[at] for at in places])[:_INDEXED] for key in keys)
        found: list[Row] = []
        for part in chunks(list(wanted)):
            part = padded(part)
            where = f"{self.columns.name(column)} IN ({self.marks(len(part))}) AND {self._live_without(table, empty)}"
            found.extend(self._select_where(table, columns, where, part))
        return found

    def _fetch(
        self,
        table: Table,
        columns: Sequence[str],
        by: str,
        keys: Collection[Any],
        expression: Callable[[str, Field], str],
    ) -> list[Row]:
        if not table.fields[by].is_text:
            return super()._fetch(table, columns, by, keys, expression)
        wanted = set(keys)
        return [
            row[:-1]
            for row in super()._fetch(table, [*columns, by], by, keys, expression)
            if row[-1] in wanted
        ]

    def _insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """See SqlStore; the rows of one statement get keys in order, and the server returns the first.

        Source: https://dev.mysql.com/doc/refman/8.0/en/innodb-auto-increment-handling.html, "simple inserts".
        """
        name = self.columns.name
        into = ", ".join(name(each) for each in columns)
        sql = f"INSERT INTO {name(table.name)} ({into}) VALUES "
        one = f"({self.marks(len(columns))})"
        step = self._key_step()
        keys: list[int] = []
        for part in _statements(rows):
            marks = ", ".join([one] * len(part))
            first = int(self.run(f"{sql}{marks}", [value for row in part for value in row]).lastrowid)
            keys.extend(range(first, first + step * len(part), step))
        return keys

    def _key_step(self) -> int:
        """Return the distance between two keys: more than one if several servers write."""
        if self._step is None:
            self._step = int(self.rows("SELECT @@SESSION.auto_increment_increment")[0][0])
        return self._step

    def _update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        name = self.columns.name
        assigned = ", ".join(f"t.{name(each)} = v.c{at}" for at, each in enumerate(columns))
        first = ", ".join(["%s AS k", *(f"%s AS c{at}" for at in range(len(columns)))])
        further = f" UNION ALL SELECT {self.marks(len(columns) + 1)}"
        for part in chunks(rows, _UPDATE_ROWS):
            sql = (
                f"UPDATE {name(table.name)} t JOIN (SELECT {first}{further * (len(part) - 1)}) v "
                f"ON t.{name(table.key)} = v.k SET {assigned}"
            )
            self.run(sql, [value for row in part for value in row])

    # --- the journal ---------------------------------------------------------------------------------------

    def newest_position(self) -> int:
        """See JournalRows.

        A transaction of pydal's session sees the state at its first query, another connection the present one.
        """
        try:
            with contextlib.closing(self._adapter.connector()) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sync_journal")
                (newest,) = cursor.fetchone()
        except self.driver_errors() as error:
            raise self.translated(error, "CONNECT") from error
        return max(int(newest), self.highest_position())

    def settled_position(self) -> int:
        """See JournalRows: the counter of the last committed transaction, since writers take turns."""
        rows = self.rows("SELECT head FROM sync_journal_state")
        return int(rows[0][0]) if rows else 0

    def prepare_positions(self) -> None:
        """See JournalRows."""
        self.run(
            "UPDATE sync_journal_state SET head = GREATEST(head, (SELECT COALESCE(MAX(seq), 0) FROM sync_journal))"
        )

    def _take_positions(self, count: int) -> int:
        """Return the position before the next ones, and lock out other writers until the transaction ends."""
        self.run("UPDATE sync_journal_state SET head = head + %s", (count,))
        return int(self.rows("SELECT head FROM sync_journal_state")[0][0]) - count

    def _note_new(
        self, table: str, keys: Sequence[int], origin: int | None, times: Mapping[int, datetime]
    ) -> bool:
        journal = self.columns.name("sync_journal")
        last = self._take_positions(len(keys))
        rows = [
            (table, key, seq, origin, seq, origin, times[key]) for seq, key in enumerate(keys, start=last + 1)
        ]
        try:
            with self.savepoint():
                self.run_many(
                    f"INSERT INTO {journal} ({self._JOURNAL_COLUMNS}) VALUES ({self.marks(7)})", rows
                )
        except RowRefused:
            # One of them exists: left by a record whose key was used again.
            return False
        return True

    def _note(self, table: str, keys: Sequence[int], origin: int | None, delivered: int, own: bool) -> None:
        name = self.columns.name
        last = self._take_positions(len(keys))
        times: dict[int, Any] = dict(
            self.by_keys(f"SELECT id, modified_on FROM {name(table)} WHERE id IN ", (), keys)
        )
        # MySQL assigns from left to right: expressions with the old position come before the new one.
        kept = f"IF(origin <=> VALUES(origin) OR seq <= {int(delivered)}, VALUES(origin), NULL)"
        moved = ("seq", *(("changed_seq", "changed_origin", "modified_on") if own else ()))
        ending = self.replacing((), moved).replace(" UPDATE ", f" UPDATE origin = {kept}, ", 1)
        self.run_many(
            f"INSERT INTO {name('sync_journal')} ({self._JOURNAL_COLUMNS}) VALUES ({self.marks(7)}) {ending}",
            [
                (table, key, seq, origin, seq, origin, times.get(key))
                for seq, key in enumerate(keys, start=last + 1)
            ],
        )

    def note_all(self, table: Table) -> int:
        """See JournalRows."""
        name = self.columns.name
        count = int(self.rows(f"SELECT COUNT(*) FROM {name(table.name)}")[0][0])
        last = self._take_positions(count)
        sql = (
            f"INSERT INTO {name('sync_journal')} ({self._JOURNAL_COLUMNS}) "
            "SELECT %s, n.id, %s + n.place, NULL, %s + n.place, NULL, n.modified_on FROM "
            f"(SELECT {name(table.key)} AS id, modified_on, ROW_NUMBER() OVER (ORDER BY {name(table.key)}) AS place "
            f"FROM {name(table.name)}) n WHERE n.place <= %s"
        )
        return int(self.run(sql, (table.name, last, last, count)).rowcount)


def _bare(expression: str) -> str:
    """Return a text expression in lower case, without blanks and what nobody sees."""
    return f"LOWER(REGEXP_REPLACE({expression}, '[{BLANKS}{UNSEEN}]', ''))"


def _literals(keys: Sequence[Any]) -> str | None:
    """Return numbers or plain texts as literals, None if the driver must quote them."""
    kinds = set(map(type, keys))
    if kinds == {int}:
        return ", ".join(map(str, keys))
    if kinds == {str} and _PLAIN_TEXT.fullmatch("".join(keys)):
        listed = "', '".join(keys)
        return f"'{listed}'"
    return None


def _statements(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows in parts that fit into one statement each."""
    part: list[Row] = []
    size = 0
    for row in rows:
        length = sum([len(value) for value in row if value.__class__ is str])
        if part and (size + length > _STATEMENT or len(part) >= _STATEMENT_ROWS):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part
