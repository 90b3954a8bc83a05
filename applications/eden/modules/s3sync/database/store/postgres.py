"""The store on PostgreSQL."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Callable

import psycopg2
from psycopg2.extras import execute_batch, execute_values

from ...core.errors import RowRefused, StoreFull, SyncError
from ...core.schema import Field, Table
from ...core.text import BLANKS, FINAL_SIGMA, SIGMA, UNSEEN
from ...exchange.ports import Row
from .column_types import Columns
from .journal_rows import JournalRows
from .matching import both_forms
from .pg_copy import array, copy_lines
from .statements import IDLE_SECONDS, chunks

_PAGE = 1000
_ASCII_BLANKS = "".join(filter(str.isascii, BLANKS))
#: Maximum number of keys in one statement.
_KEYS = 5000
#: COPY gets its lines in one piece: each further piece waits for other threads.
_PIECE = 1 << 24
_BUSY_CODES = ("25P03", "40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300")
_DEADLOCK_CODES = ("40001", "40P01")
#: The transaction was aborted by an earlier statement.
_ABORTED = "25P02"
#: What psycopg2 itself raises where it is used wrongly, without a code of the server.
_MISTAKES = (psycopg2.ProgrammingError, psycopg2.NotSupportedError, psycopg2.DataError)
_COUNTER = "sync_journal_position"


class PostgresStore(JournalRows):
    """PostgreSQL: keys come from the sequences in one statement, rows by COPY, values to look up as arrays.

    Imports take turns (by an advisory lock), so that two peers with the same new record do not both create it. Local
    writers are not blocked.
    """

    dialect = "postgres"
    SIZE = "SELECT pg_database_size(current_database())"
    # Others may refer to the rows meanwhile.
    locking = " FOR NO KEY UPDATE"
    match_ending, former_endings = "same", ("duplicate", "alike")
    INDEX_COLUMNS = (
        "SELECT t.relname, i.relname, a.attname FROM pg_index x "
        "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace "
        "JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k(attnum, place) ON TRUE "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum "
        "WHERE n.nspname = current_schema() ORDER BY i.relname, k.place"
    )

    def __init__(self, db: Any, schema: Any = None) -> None:
        super().__init__(db, schema)
        types = db._adapter.types
        self.columns = Columns(
            '"',
            native_lists=types["list:integer"].endswith("[]"),
            native_booleans=types["boolean"] == "BOOLEAN",
            native_json=types["json"].startswith("JSON"),
            moment_text="{}::text",
        )
        self._types: dict[str, dict[str, str]] = {}
        self._sequences: dict[str, str] = {}
        self._tag: int | None = None

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """Return the exceptions of psycopg2; a NUL character or a surrogate fails before it reaches the database."""
        return (psycopg2.Error, ValueError)

    def translated(self, error: BaseException, subject: str) -> SyncError:
        """See SqlStore."""
        code = _code(error)
        text = " ".join(str(error).split())
        if isinstance(error, ValueError):
            return self.refused(error, text)
        if code is None and not isinstance(error, _MISTAKES):
            return self.busy(error)  # the connection is lost: no server, or it was restarted
        if code in _BUSY_CODES:
            return self.busy(error, deadlock=code in _DEADLOCK_CODES)
        if str(code).startswith("53"):
            return StoreFull(f"The database of this site cannot grow: {text}.")
        if str(code)[:2] in ("22", "23"):
            return self.refused(error, _detail(error))
        return SyncError(f"The database of this site reported: {text} (in {subject[:200]}).")

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See SqlStore."""
        cursor = self.cursor()
        values = re.search(r"\bVALUES (\((?:%s(?:, )?)+\))", sql)
        try:
            if values is not None:
                sql = f"{sql[: values.start(1)]}%s{sql[values.end(1) :]}"
                execute_values(cursor, sql, rows, page_size=_PAGE)
            else:
                execute_batch(cursor, sql, rows, page_size=_PAGE)
        except self.driver_errors() as error:
            raise self.translated(error, sql) from error

    def lock_writers(self) -> None:
        """See SqlStore."""
        self.begin_aside()
        self.run("SELECT pg_advisory_xact_lock(%s)", (self._lock_key() | (2**48 - 1),))

    def begin_aside(self) -> None:
        """See Transactions.

        The server ends a transaction whose process was stopped, or whose connection was cut off: others wait for it.
        """
        self.run(
            f"SET LOCAL lock_timeout = {int(self._open.patience * 1000)}; "
            f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000}; "
            f"SET LOCAL tcp_keepalives_idle = {IDLE_SECONDS}; SET LOCAL tcp_keepalives_interval = 5; "
            "SET LOCAL tcp_keepalives_count = 3"
        )

    def wait_at_most(self, seconds: float | None) -> None:
        """See Transactions."""
        self.run("RESET lock_timeout" if seconds is None else f"SET lock_timeout = {int(seconds * 1000)}")
        # What is set in a transaction is forgotten if that is rolled back.
        self._guarded(self._commit)

    def _lock_key(self) -> int:
        """Return the first key of our advisory locks, which differs from that of other sites in the same database."""
        if self._tag is None:
            (oid,) = self.rows("SELECT 'sync_journal'::regclass::oid::bigint")[0]
            self._tag = (0x2000 + (oid & 0x0FFF)) << 48
        return self._tag

    def by_keys(
        self, sql: str, parameters: Sequence[Any], keys: Collection[Any], ending: str = ""
    ) -> list[Row]:
        """See SqlStore; the keys are one parameter, an array."""
        sql = f"{sql[: sql.rindex('IN')]}= ANY(%s){ending}"
        found: list[Row] = []
        for part in chunks(list(dict.fromkeys(keys)), _KEYS):
            found.extend(self.rows(sql, (*parameters, _array(part))))
        return found

    def by_keys_run(self, sql: str, parameters: Sequence[Any], keys: Collection[Any]) -> None:
        """See SqlStore."""
        sql = f"{sql[: sql.rindex('IN')]}= ANY(%s)"
        for part in chunks(list(dict.fromkeys(keys)), _KEYS):
            self.run(sql, (*parameters, _array(part)))

    # --- records -------------------------------------------------------------------------------------------

    def _fetch(
        self,
        table: Table,
        columns: Sequence[str],
        by: str,
        keys: Collection[Any],
        expression: Callable[[str, Field], str],
    ) -> list[Row]:
        distinct = [key for key in keys if key is not None]
        encode = self.columns.encoder(table.fields[by])
        if encode is not None:
            distinct = [encode(key) for key in distinct]
        selected = self._select(table, columns, expression)
        source = f"SELECT {selected} FROM {self.columns.name(table.name)} WHERE {self.columns.name(by)} IN "
        return self.by_keys(source, (), distinct)

    def _lists_any(self, column: str, keys: Sequence[int]) -> tuple[str, list[Any]]:
        if self.columns.native_lists:
            return f"{column} && %s::bigint[]", [list(keys)]
        return super()._lists_any(column, keys)

    def _insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        name = self.columns.name
        keys = self._next(self._sequence(table), len(rows))
        known = (table.key, *table.own_key)
        into = ", ".join(name(each) for each in (*known, *columns))
        complete = [(*[key] * len(known), *row) for key, row in zip(keys, rows)]
        lines = copy_lines(complete)
        if lines is None:
            self.run_many(
                f"INSERT INTO {name(table.name)} ({into}) VALUES ({self.marks(len(columns) + len(known))})",
                complete,
            )
            return keys
        self._copy(f"{name(table.name)} ({into})", lines)
        return keys

    def _copy(self, into: str, lines: str) -> None:
        sql = f"COPY {into} FROM STDIN"
        try:
            self.cursor().copy_expert(sql, io.BytesIO(lines.encode("utf-8")), _PIECE)
        except self.driver_errors() as error:
            raise self.translated(error, sql) from error

    def _update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        name = self.columns.name
        types = self._column_types(table)
        assigned = ", ".join(f"{name(each)} = v.{name(each)}::{types[each]}" for each in columns)
        listed = ", ".join(name(each) for each in columns)
        beginning = f"UPDATE {name(table.name)} t SET {assigned} FROM "
        ending = f" v (update_key, {listed}) WHERE t.{name(table.key)} = v.update_key"
        has_lists = any(types[each].endswith("[]") for each in columns)
        arrays = [] if has_lists else [array(values) for values in zip(*rows)]
        if arrays and None not in arrays:
            casts = ", ".join(f"%s::{types[each]}[]" for each in (table.key, *columns))
            self.run(f"{beginning}unnest({casts}){ending}", arrays)
            return
        sql = f"{beginning}(VALUES %s){ending}"
        cursor = self.cursor()
        try:
            execute_values(cursor, sql, rows, page_size=_PAGE)
        except self.driver_errors() as error:
            raise self.translated(error, sql) from error

    def _next(self, sequence: str, count: int) -> list[int]:
        """Return the next numbers of a sequence; they may have gaps, taken by others."""
        sql = "SELECT array_agg(nextval(%s::regclass)) FROM generate_series(1, %s)"
        numbers: list[int] = self.rows(sql, (sequence, count))[0][0]
        return numbers

    def _sequence(self, table: Table) -> str:
        found = self._sequences.get(table.name)
        if found is None:
            quoted = self.columns.name(table.name)
            (found,) = self.rows("SELECT pg_get_serial_sequence(%s, %s)", (quoted, table.key))[0]
            self._sequences[table.name] = found
        return found

    def _column_types(self, table: Table) -> dict[str, str]:
        """Return the types of the columns without lengths: a cast to a length would silently truncate texts."""
        found = self._types.get(table.name)
        if found is None:
            rows = self.rows(
                "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                (self.columns.name(table.name),),
            )
            found = {name: "varchar" if type_ == "character" else type_ for name, type_ in rows}
            self._types[table.name] = found
        return found

    # --- the journal ---------------------------------------------------------------------------------------

    def prepare_positions(self) -> None:
        """See JournalRows."""
        self.run(f"CREATE SEQUENCE IF NOT EXISTS {_COUNTER}")
        if self.highest_position() > self._last_position():
            self.run("SELECT setval(%s, %s)", (_COUNTER, self.highest_position()))

    def remove_positions(self) -> None:
        """See JournalRows."""
        self.run(f"DROP SEQUENCE IF EXISTS {_COUNTER}")

    def _last_position(self) -> int:
        last, called = self.rows(f"SELECT last_value, is_called FROM {_COUNTER}")[0]
        return int(last) if called else 0

    def settled_position(self) -> int:
        """See JournalRows: read the sequence first, then the floors of the open transactions."""
        last = self._last_position()
        tag = self._lock_key() >> 48
        (floor,) = self.rows(
            "SELECT MIN(((classid::bigint & 65535) << 32) | objid::bigint) FROM pg_locks "
            "WHERE locktype = 'advisory' AND mode = 'ShareLock' AND objsubid = 1 AND granted "
            "AND (classid::bigint >> 16) = %s "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (tag,),
        )[0]
        return last if floor is None else min(last, int(floor))

    def _hold_floor(self) -> None:
        """Keep ``settled_position`` below the positions that this transaction will use, until it ends."""
        self.run(
            "SELECT pg_advisory_xact_lock_shared(%s + CASE WHEN is_called THEN last_value ELSE 0 END), "
            f"set_config('s3sync.floor', 'held', true) FROM {_COUNTER} "
            "WHERE COALESCE(current_setting('s3sync.floor', true), '') = ''",
            (self._lock_key(),),
        )

    noted_at_once = _KEYS

    def _note_new(
        self, table: str, keys: Sequence[int], origin: int | None, times: Mapping[int, datetime]
    ) -> bool:
        journal = self.columns.name("sync_journal")
        self._hold_floor()
        taken = self._next(_COUNTER, len(keys))
        rows = [(table, key, seq, origin, seq, origin, times[key]) for key, seq in zip(keys, taken)]
        try:
            with self.savepoint():
                self._copy(f"{journal} ({self._JOURNAL_COLUMNS})", copy_lines(rows) or "")
        except RowRefused:
            # One of them exists: left by a record whose key was used again, or just noted by another transaction.
            return False
        return True

    def _note(self, table: str, keys: Sequence[int], origin: int | None, delivered: int, own: bool) -> None:
        self._hold_floor()
        name = self.columns.name
        moved = (
            f"origin = CASE WHEN j.origin IS NOT DISTINCT FROM excluded.origin OR j.seq <= {int(delivered)} "
            "THEN excluded.origin END, seq = excluded.seq"
        )
        if own:
            moved += (
                ", changed_seq = excluded.changed_seq, changed_origin = excluded.changed_origin, "
                "modified_on = excluded.modified_on"
            )
        sql = (
            f"INSERT INTO {name('sync_journal')} AS j ({self._JOURNAL_COLUMNS}) "
            "SELECT %s, k.id, k.seq, %s::int, k.seq, %s::int, t.modified_on FROM "
            f"(SELECT id, nextval('{_COUNTER}') AS seq FROM "
            "(SELECT id FROM unnest(%s::int[]) WITH ORDINALITY u(id, place) ORDER BY place) o) k "
            f"LEFT JOIN {name(table)} t ON t.id = k.id "
            f"ON CONFLICT (tablename, record_id) DO UPDATE SET {moved}"
        )
        self.run(sql, (table, origin, origin, _array(keys)))

    def note_all(self, table: Table) -> int:
        """See JournalRows."""
        self._hold_floor()
        name = self.columns.name
        sql = (
            f"INSERT INTO {name('sync_journal')} ({self._JOURNAL_COLUMNS}) "
            "SELECT %s, n.id, n.seq, NULL, n.seq, NULL, n.modified_on FROM "
            f"(SELECT id, modified_on, nextval('{_COUNTER}') AS seq FROM "
            f"(SELECT {name(table.key)} AS id, modified_on FROM {name(table.name)} ORDER BY 1) o) n"
        )
        return int(self.run(sql, (table.name,)).rowcount)

    def _matching(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        keys = keys if self._composes() else both_forms(keys)
        # One array per column instead of thousands of parameters, joined: the index is searched once for each key.
        name = self.columns.name
        types = self._column_types(table)
        expressions = [
            self.squeezed(f"t.{name(each)}") if is_text else f"t.{name(each)}" for each, is_text in by
        ]
        arrays = ", ".join(f"%s::{'text' if is_text else types[each]}[]" for each, is_text in by)
        wanted = [f"k{at}" for at in range(len(by))]
        equal = " AND ".join(f"{one} = {other}" for one, other in zip(expressions, wanted))
        sql = (
            f"SELECT {self._select(table, columns, self.columns.plain, 't.')} "
            f"FROM unnest({arrays}) wanted ({', '.join(wanted)}) JOIN {name(table.name)} t ON {equal} "
            f"WHERE {self._live_without(table, empty, 't.')}"
        )
        found: list[Row] = []
        for part in chunks(list(dict.fromkeys(keys)), 20 * _PAGE):
            found.extend(self.rows(sql, [_array(values) for values in zip(*part)]))
        return found

    def squeezed(self, expression: str) -> str:
        """See ByContents."""
        simple = f"LOWER(translate({expression}, '{_ASCII_BLANKS}', ''))"
        if not self._is_unicode():
            return simple
        bare = f"translate({expression}, '{BLANKS}{UNSEEN}', '')"
        composed = f"normalize({bare})" if self._composes() else bare
        # What is beyond ASCII takes longer than all the rest, and most texts have nothing of it.
        plain = f"octet_length({expression}) = char_length({expression})"
        other = f"translate(LOWER({composed}), '{FINAL_SIGMA}', '{SIGMA}')"
        return f"(CASE WHEN {plain} THEN {simple} ELSE {other} END)"

    def _is_unicode(self) -> bool:
        return bool(self._adapter.connection.get_parameter_status("server_encoding") == "UTF8")

    def _composes(self) -> bool:
        """Return whether the server can compose letters."""
        return bool(self._adapter.connection.server_version >= 130000 and self._is_unicode())

    def prepare_match(self, table: Table, by: Sequence[str]) -> bool:
        """See SqlStore."""
        if self.rows("SELECT to_regclass(%s)", (self.match_index(table),))[0][0] is not None:
            return False
        self._index_match(table, by)
        return True


def _array(values: Sequence[Any]) -> Any:
    """Return values as one parameter: as text if all types have a text form, else as the driver's array."""
    text = array(values)
    return list(values) if text is None else text


def _detail(error: BaseException) -> str:
    """Return message and detail of the server, with the column or constraint if it names one."""
    diagnosis = getattr(error, "diag", None)
    parts: Collection[Any] = (
        getattr(diagnosis, "message_primary", None) or str(error),
        getattr(diagnosis, "message_detail", None),
        getattr(diagnosis, "column_name", None) or getattr(diagnosis, "constraint_name", None),
    )
    return "; ".join(str(each) for each in parts if each)


def _code(error: BaseException) -> str | None:
    """Return the server's code of an error: that of what aborted the transaction, where that is handled and passes."""
    code: str | None = getattr(error, "pgcode", None)
    earlier = error.__context__ if code == _ABORTED else None
    while earlier is not None:
        aborted_by = getattr(earlier, "pgcode", None)
        if aborted_by in _BUSY_CODES:
            return str(aborted_by)
        earlier = earlier.__context__
    return code
