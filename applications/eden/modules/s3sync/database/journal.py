"""The journal: which records changed, in which order, and who brought the change (ports.Journal).

``sync_journal`` has one row per record. A change moves the row to the next position; a change of a component moves
its master too. All tables share one counter of positions. ``head()`` is never above a position that an open
transaction may still use:

* SQLite has one writer at a time: the next position is the highest plus one.
* PostgreSQL has a sequence. Before its first position a transaction takes a shared advisory lock with the position
  that the sequence had then; ``head()`` stays at the lowest of these locks while they are held.
* MySQL and MariaDB have the counter in a row of ``sync_journal_state``, which stays locked until the writer commits.

``origin`` is the repository that need not get the record back. ``changed_seq`` and ``changed_origin`` are for the
record without its components, to detect conflicts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Callable

from ..core.atomic_write import replace_text
from ..core.clock import Clock
from ..core.fields import EVERY_FIELD, ChangeKind
from ..core.schema import Schema, Table
from ..exchange.came import NOTHING_CAME, Came
from ..exchange.ports import nowhere
from .changes import SqlChanges
from .store import JournalRows, open_store
from .store.statements import chunks
from .tables.fields import new_uuid
from .tables.indices import prepare

#: Seconds before a catch-up whose writes the next one checks again: their second may not be over.
SETTLING = timedelta(seconds=10)

_prepared: set[tuple[str, str]] = set()
#: Tables by name, and the statements that tell what was written past the journal.
_Look = tuple[dict[str, Table], list[str]]
#: Kind of database, schema and tables asked for -> the look: each question asks for the same tables again.
_looks: dict[tuple[type[JournalRows], Schema, tuple[str, ...]], _Look] = {}
MOST_LOOKS = 32


class SqlJournal:
    """The journal in the site's database.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        schema: returns the schema; called when first needed, as it defines all tables.
        clock: the site's clock.
        path: file outside the database with identity and highest position, which reveals a database that was
            restored from a backup; None for no file.

    Attributes:
        schema, clock: as given.
        store: the store with the journal's rows.
        changes: which fields of the records were changed.
        came: what callbacks are finishing now, see ``settling``.
    """

    def __init__(
        self,
        db: Any,
        schema: Callable[[], Schema],
        clock: Clock,
        path: Path | None = None,
    ) -> None:
        self._db = db
        self.schema = schema
        self._path = path
        self.clock = clock
        self.store: JournalRows = open_store(db, schema)
        self.changes = SqlChanges(self.store, schema, clock)
        self.came = NOTHING_CAME
        self._ensure_prepared()

    def _ensure_prepared(self) -> None:
        adapter = self._db._adapter
        key = (str(adapter.uri), str(getattr(adapter, "dbpath", adapter.folder)))
        if key in _prepared:
            return
        # The identity is written last: if it exists, everything else does, and no lock is needed.
        if self.store.identity() is None:
            with self._writing():
                prepare(self._db)
                if self.store.identity() is None:
                    self._rename()
        _prepared.add(key)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write within the open transaction, or in a new one."""
        if self.store.in_transaction:
            yield
        else:
            with self.store.transaction():
                yield

    # --- identity ------------------------------------------------------------------------------------------

    def identity(self) -> str:
        """Return the name of this journal, and store its position outside the database.

        It is called once per page or run: it reads a row and a small file, and writes the file if the journal has
        moved. A database that is behind its file was restored from a backup. One that has sent cursors but has
        another file, or none, was moved or copied. Both get a new identity, so that peers compare everything again.
        """
        # The file is read first: otherwise commits of others in between would make it look ahead of the database.
        remembered = self._remembered()
        stored, head = self.store.identity(), self.store.highest_position()
        if stored is None or self._is_foreign(stored, head, remembered):
            return self._settled_identity()
        # An uncommitted position may still be rolled back.
        if remembered != (stored, head) and not self.store.in_transaction:
            self._remember(stored, head)
        return stored

    def _settled_identity(self) -> str:
        """Check again with writers locked out, and give the journal a new identity if needed."""
        with self._writing():
            # Here too the file is read first: not every local writer is locked out.
            remembered = self._remembered()
            stored, head = self.store.identity(), self.store.highest_position()
            if stored is None or self._is_foreign(stored, head, remembered):
                stored = self._rename()
                # Before the end of the transaction: a process that waits for it must find both.
                self._remember(stored, head)
        return stored

    def _is_foreign(self, stored: str, head: int, remembered: tuple[str, int] | None) -> bool:
        if self._path is None:
            return False
        if remembered is not None and remembered[0] == stored:
            return head < remembered[1] and self.store.newest_position() < remembered[1]
        table = self.store.columns.name("sync_checkpoint")
        return bool(self.store.rows(f"SELECT id FROM {table} WHERE direction = 'serve' LIMIT 1"))

    def _rename(self) -> str:
        """Give the journal a new identity, within a transaction."""
        identity = new_uuid()
        table = self.store.columns.name("sync_journal_state")
        mark = self.store.mark
        if self.store.identity() is None:
            self.store.run(
                f"INSERT INTO {table} (identity, head, created_on) VALUES ({mark}, 0, {mark})",
                (identity, self._stamp(self.clock.now())),
            )
        else:
            self.store.run(f"UPDATE {table} SET identity = {mark}", (identity,))
        return identity

    def _remembered(self) -> tuple[str, int] | None:
        if self._path is None:
            return None
        try:
            content = json.loads(self._path.read_text("utf-8"))
            return str(content["identity"]), int(content["head"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            # Without the file, or with an incomplete one, the worst result is another comparison.
            return None

    def _remember(self, identity: str, head: int) -> None:
        if self._path is not None:
            replace_text(self._path, json.dumps({"identity": identity, "head": head}))

    # --- positions -----------------------------------------------------------------------------------------

    def head(self) -> int:
        """See ports.Journal."""
        return self.store.settled_position()

    def moved_tables(self, after: int, until: int) -> set[str]:
        """Return the tables of which records changed at positions behind ``after``, up to ``until``."""
        return self.store.moved_tables(after, until)

    def positions(self, table: str, keys: Collection[int]) -> dict[int, tuple[int, int | None]]:
        """See ports.Journal."""
        return self.store.positions(table, keys)

    # --- noting --------------------------------------------------------------------------------------------

    def note(
        self,
        table: str,
        keys: Sequence[int],
        origin: int | None,
        delivered: Callable[[str], int] = nowhere,
        covered: Collection[int] = (),
        times: Mapping[int, datetime] | None = None,
    ) -> None:
        """See ports.Journal.

        A master noted because of its component keeps the position of its own last change.
        """
        if not keys:
            return
        noted = list(dict.fromkeys(keys))
        self.store.note(table, noted, origin, delivered(table), own=True, times=times)
        alone = [key for key in noted if key not in covered] if covered else noted
        for master, found in self._masters_of(table, alone) if alone else ():
            self.store.note(master, found, origin, delivered(master), own=False)

    def assert_ours(self, table: str, keys: Sequence[int]) -> None:
        """See ports.Journal."""
        if keys:
            self.store.note(table, list(dict.fromkeys(keys)), None, 0, own=False)
            self.note_masters(table, keys)

    def note_masters(self, table: str, keys: Sequence[int]) -> None:
        """Note only the masters of component records: the components are about to be removed."""
        for master, found in self._masters_of(table, keys):
            self.store.note(master, found, None, 0, own=False)

    def _masters_of(self, table: str | Table, keys: Sequence[int] | None) -> Iterator[tuple[str, list[int]]]:
        """Yield the masters of component records by table.

        Args:
            table: the component's table.
            keys: the component records; None for all of them, but only for masters in the journal.
        """
        schema = self.schema()
        name = self.store.columns.name
        tablename = table if isinstance(table, str) else table.name
        found: dict[str, set[int]] = {}
        for master, component in schema.masters(tablename):
            known = schema.get(master)
            if not component.travels or known is None or known.is_super:
                continue
            source = f"{name(tablename)} c"
            column = f"c.{name(component.fkey)}"
            if component.pkey != known.key:
                source += f" JOIN {name(master)} m ON m.{name(component.pkey)} = {column}"
                column = f"m.{name(known.key)}"
            if keys is None:
                rows = self.store.rows(
                    f"SELECT DISTINCT {column} FROM {source} JOIN {name('sync_journal')} j "
                    f"ON j.tablename = {self.store.mark} AND j.record_id = {column}",
                    (master,),
                )
            else:
                sql = f"SELECT {column} FROM {source} WHERE {column} IS NOT NULL AND c.{name('id')} IN "
                rows = self.store.by_keys(sql, (), keys)
            found.setdefault(master, set()).update(row[0] for row in rows)
        for master, ids in found.items():
            if ids:
                yield master, sorted(ids)

    @contextmanager
    def settling(self, came: Came) -> Iterator[None]:
        """See ports.Journal."""
        self.came, before = came, self.came
        try:
            yield
        finally:
            self.came = before

    def forget_origin(self, origin: int, after: int = 0) -> None:
        """See ports.Journal."""
        table = self.store.columns.name("sync_journal")
        mark = self.store.mark
        with self._writing():
            self.store.run(
                f"UPDATE {table} SET origin = NULL WHERE origin = {mark} AND seq > {mark}", (origin, after)
            )

    # --- catching up ---------------------------------------------------------------------------------------

    def catch_up(self, table: Table, *, thorough: bool = False) -> int:
        """See ports.Journal.

        Components that travel with the table are caught up before it. Indices find records with a higher id or a
        later time than at the last catch-up: without changes this takes two look-ups per table. After a change
        outside the journal with an earlier time, a thorough catch-up is needed, which compares every record with the
        journal.

        Args:
            table: the table.
            thorough: compare all records.
        """
        schema = self.schema()
        members = [schema.get(each.table) for each in table.components.values() if each.travels]
        tables = [each for each in (*members, table) if each is not None and _can_catch_up(each)]
        return sum(self._catch_up(each, highest, thorough) for each, highest in self._filled(tables))

    def _filled(self, tables: Sequence[Table]) -> list[tuple[Table, int]]:
        """Return the tables that have records, each with its highest key, in one statement."""
        if not tables:
            return []
        name = self.store.columns.name
        highest = ", ".join(f"(SELECT MAX({name(each.key)}) FROM {name(each.name)})" for each in tables)
        found = self.store.rows(f"SELECT {highest}")[0]
        return [(table, key) for table, key in zip(tables, found) if key is not None]

    def catch_up_all(self, tables: Sequence[Table]) -> int:
        """Catch up several tables: where nothing was written past the journal, in two statements for all of them.

        Args:
            tables: the tables; components that travel with them are caught up as well.
        """
        return sum(self.catch_up(each) for each in self._behind(tables))

    def _behind(self, tables: Sequence[Table]) -> list[Table]:
        """Return those of these tables, and of their components, in which a catch-up has something to look at."""
        wanted, statements = self._look(tables)
        if not wanted:
            return []
        *looks, watermark = statements
        found = [each for sql in looks for each in self.store.rows(sql)[0]]
        watermarks = {
            table: (last, self._stamp_text(stamp)) for table, last, stamp in self.store.rows(watermark)
        }
        return [
            wanted[table]
            for table, highest, stamp in zip(wanted, found[::2], found[1::2])
            if highest is not None and watermarks.get(table) != (highest, self._stamp_text(stamp))
        ]

    def _look(self, tables: Sequence[Table]) -> _Look:
        """Return the tables in which to look for what was written past the journal, and the statements for that."""
        schema = self.schema()
        key = (type(self.store), schema, tuple(each.name for each in tables))
        look = _looks.get(key)
        if look is not None:
            return look
        members = [
            schema.get(each.table) for table in tables for each in table.components.values() if each.travels
        ]
        wanted = {each.name: each for each in (*members, *tables) if each is not None and _can_catch_up(each)}
        name, plain = self.store.columns.name, self.store.columns.plain
        newest = [
            f"(SELECT MAX({name(each.key)}) FROM {name(each.name)}), "
            f"(SELECT MAX({name('modified_on')}) FROM {name(each.name)})"
            for each in wanted.values()
        ]
        statements = [f"SELECT {', '.join(part)}" for part in chunks(newest)]
        for each in [*wanted.values()][:1]:
            moment = plain("modified_on", each.fields["modified_on"])
            statements.append(f"SELECT tablename, last_id, {moment} FROM {name('sync_watermark')}")
        if len(_looks) >= MOST_LOOKS:
            _looks.clear()
        _looks[key] = wanted, statements
        return wanted, statements

    def notice(self, table: Table, keys: Collection[int]) -> None:
        """See ports.Journal."""
        if not keys or not _can_catch_up(table):
            return
        sql = f"{self._written_past(table)} AND t.{self.store.columns.name(table.key)} IN "
        missing = sorted(row[0] for row in self.store.by_keys(sql, (table.name,), keys))
        if missing:
            with self._writing():
                self._note_missing(table, missing)

    def _catch_up(self, table: Table, highest: int, thorough: bool) -> int:
        name = self.store.columns.name
        newest = self._newest(table)
        mark = self.store.mark
        watermark = self.store.rows(
            f"SELECT last_id, {self.store.columns.plain('modified_on', table.fields['modified_on'])} "
            f"FROM {name('sync_watermark')} WHERE tablename = {mark}",
            (table.name,),
        )
        known = watermark[0] if watermark else None
        if known is not None and not thorough:
            same_time = self._stamp_text(known[1]) == self._stamp_text(newest)
            if known[0] == highest and same_time:
                return 0
        # Records with a time in the future, or in a second that may not be over, are checked again.
        limit = self.clock.now() - SETTLING
        is_settled = newest is None or self._as_time(newest) < limit
        missing = self._missing(table, None if thorough else known)
        if not missing and known is not None and known[0] == highest and not is_settled:
            return 0
        with self._writing():
            count = self._note_missing(table, missing)
            values = (highest, newest if is_settled else self._stamp(limit), table.name)
            self.store.upsert(
                "sync_watermark", ("tablename",), ("last_id", "modified_on", "tablename"), [values]
            )
        return count

    def _newest(self, table: Table) -> Any:
        name = self.store.columns.name
        column = f"MAX({name('modified_on')})"
        rows = self.store.rows(f"SELECT {column} FROM {name(table.name)}")
        return rows[0][0]

    def _note_missing(self, table: Table, missing: list[int] | None) -> int:
        if missing is None:
            count = self.store.note_all(table)
            for master, found in self._masters_of(table, None):
                self.store.note(master, found, None, 0, own=False)
            return count
        known = self.store.positions(table.name, missing)
        self.note(table.name, missing, None)
        self.changes.edit(table.name, {key: {EVERY_FIELD: []} for key in known}, kind=ChangeKind.OUTSIDE)
        return len(missing)

    def _missing(self, table: Table, known: tuple[int, Any] | None) -> list[int] | None:
        """Return the keys of records whose present version is not in the journal; None for all."""
        name = self.store.columns.name
        mark = self.store.mark
        if known is None and not self.store.rows(
            f"SELECT id FROM {name('sync_journal')} WHERE tablename = {mark} LIMIT 1", (table.name,)
        ):
            return None
        sql = self._written_past(table)
        parts: list[tuple[str, tuple[Any, ...]]] = [("", ())]
        if known is not None:
            parts = [(f" AND t.{name(table.key)} > {mark}", (known[0],))]
            if known[1] is not None:
                parts.append((f" AND t.modified_on > {mark}", (self._stamp_text(known[1]),)))
        missing: set[int] = set()
        for condition, parameters in parts:
            missing.update(row[0] for row in self.store.rows(sql + condition, (table.name, *parameters)))
        return sorted(missing)

    def _written_past(self, table: Table) -> str:
        """Return the query for the keys of records whose present version is not in the journal."""
        name = self.store.columns.name
        return (
            f"SELECT t.{name(table.key)} FROM {name(table.name)} t LEFT JOIN {name('sync_journal')} j "
            f"ON j.tablename = {self.store.mark} AND j.record_id = t.{name(table.key)} "
            "WHERE (j.record_id IS NULL OR (t.modified_on IS NOT NULL AND (j.modified_on IS NULL OR "
            "j.modified_on <> t.modified_on)))"
        )

    def _stamp(self, moment: datetime) -> Any:
        return moment.isoformat(" ", "seconds") if self.store.columns.text_times else moment

    @staticmethod
    def _stamp_text(value: Any) -> Any:
        return value.isoformat(" ", "seconds") if isinstance(value, datetime) else value

    @staticmethod
    def _as_time(value: Any) -> datetime:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value[:19])


def _can_catch_up(table: Table) -> bool:
    """Return whether changes of a table's records can be found that were made outside the journal."""
    return not table.is_super and "modified_on" in table.fields
