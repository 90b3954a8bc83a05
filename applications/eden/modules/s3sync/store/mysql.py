"""The store on MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Callable

from ..errors import StoreFull, SyncError
from ..ports import Row
from ..schema import Field, Table
from .base import BUSY_SECONDS, chunks
from .columns import Columns
from .positions import JournalRows

_BUSY_CODES = frozenset((1040, 1205, 1213, 2002, 2003, 2006, 2013, 2055))
_FULL_CODES = frozenset((3, 28, 1021, 1114))
_REFUSED_CODES = frozenset(
    (1048, 1062, 1136, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 1690, 3140, 3819, 4025)
)
_UPDATE_ROWS = 100
_COLLATION = "utf8mb4_bin"


class MySQLStore(JournalRows):
    """MySQL and MariaDB: new keys are read back by uuid, and writers take turns at the counter of the
    journal.

    Texts are compared by these databases without regard to case and accents unless a table has a binary
    collation (see ``prepare_tables``); what they find too much is sorted out here.
    """

    dialect = "mysql"
    INDEX_COLUMNS = (
        "SELECT table_name, index_name, column_name FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index"
    )

    def __init__(self, db: Any, schema: Any = None) -> None:
        super().__init__(db, schema)
        self.columns = Columns("`")

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return what the driver raises; surrogates fail before they reach the database."""
        return (self._adapter.driver.Error, UnicodeEncodeError)

    def translated(self, error: BaseException, subject: str) -> SyncError:
        """See SqlStore."""
        if isinstance(error, UnicodeEncodeError):
            return self.refused(error, str(error))
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        if code in _BUSY_CODES or code == 0:
            return self.busy(error)
        if code in _FULL_CODES:
            return StoreFull(f"The database of this site cannot grow: {text}.")
        if code in _REFUSED_CODES:
            return self.refused(error, text)
        return SyncError(f"The database of this site reported: {code} {text} (in {subject[:200]}).")

    def lock_writers(self) -> None:
        """See SqlStore.

        Strict: pydal's session would cut texts that are too long without a word. Read committed: what another
        writer committed while we waited for our turn has to be seen.
        """
        self.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self.run("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'")
        self.run(f"SET SESSION innodb_lock_wait_timeout = {BUSY_SECONDS}")
        self.run("START TRANSACTION")
        self.run("SELECT head FROM sync_journal_state FOR UPDATE")

    def begin_if_needed(self) -> None:
        """A savepoint without a transaction would be forgotten at once."""
        if not self.in_transaction and not self.rows("SELECT @@in_transaction")[0][0]:
            self.run("START TRANSACTION")

    def prepare_tables(self, tables: Sequence[str]) -> None:
        """Convert tables to utf8mb4: pydal makes them for three bytes a character, which is no emoji and half
        of Chinese.

        The binary collation compares texts as the other databases do.
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

    def replacing(self, unique: Sequence[str], changed: Sequence[str]) -> str:
        """See SqlStore."""
        name = self.columns.name
        assigned = ", ".join(f"{name(each)} = VALUES({name(each)})" for each in changed)
        return f"ON DUPLICATE KEY UPDATE {assigned}"

    # --- records -------------------------------------------------------------------------------------------

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
        name = self.columns.name
        into = ", ".join(name(each) for each in columns)
        sql = f"INSERT INTO {name(table.name)} ({into}) VALUES ({self.marks(len(columns))})"
        if "uuid" not in columns:
            return [int(self.run(sql, row).lastrowid) for row in rows]
        self.run_many(sql, rows)
        at = list(columns).index("uuid")
        keys: dict[Any, int] = {}
        for part in chunks(rows):
            uuids = [row[at] for row in part]
            keys.update(self.fetch(table, ("uuid", table.key), "uuid", uuids))
        return [keys[row[at]] for row in rows]

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

    def settled_position(self) -> int:
        """See JournalRows: the counter of the last transaction that committed, since they take turns."""
        rows = self.rows("SELECT head FROM sync_journal_state")
        return int(rows[0][0]) if rows else 0

    def prepare_positions(self) -> None:
        """See JournalRows."""
        self.run(
            "UPDATE sync_journal_state SET head = GREATEST(head, (SELECT COALESCE(MAX(seq), 0) FROM sync_journal))"
        )

    def _take_positions(self, count: int) -> int:
        """Return the position before the next ones, and keep other writers out until the transaction ends."""
        self.run("UPDATE sync_journal_state SET head = head + %s", (count,))
        return int(self.rows("SELECT head FROM sync_journal_state")[0][0]) - count

    def _note(self, table: str, keys: Sequence[int], origin: int | None, delivered: int, own: bool) -> None:
        name = self.columns.name
        last = self._take_positions(len(keys))
        times: dict[int, Any] = dict(
            self.by_keys(f"SELECT id, modified_on FROM {name(table)} WHERE id IN ", (), keys)
        )
        # MySQL assigns from left to right: what looks at the old position comes before the new one.
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
