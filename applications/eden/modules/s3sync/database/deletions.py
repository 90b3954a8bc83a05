"""What is known of deletions, in the table sync_deletion (ports.Deletions)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..core.clock import Clock
from ..core.kept import Deletion, DeletionMark, DeletionState, Place, Referrer
from ..core.schema import Schema
from ..exchange.ports import Row
from .store import open_store
from .store.column_types import MOMENT

#: Returns key -> name of records of a table, for people.
Naming = Callable[[str, Collection[int]], Mapping[int, str]]

_COLUMNS = (
    "tablename",
    "record_id",
    "deleted_on",
    "by_email",
    "site",
    "repository_id",
    "along_table",
    "along_id",
    "certain",
    "state",
    "emptied",
    "vacated",
    "name",
    "noted_on",
)
_UNIQUE = ("tablename", "record_id")
_LONGEST_TEXT = 255
#: How the DAL stores truth.
_TRUE, _FALSE = "T", "F"
_UNCERTAIN = f"state = '{DeletionState.BIN.value}' AND certain = '{_FALSE}' AND along_id IS NULL"
#: The row of sync_watermark that says up to which position of the journal deletions were looked for.
_WATERMARK = "sync_deletion"


class SqlDeletions:
    """Deletions in the site's database.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        schema: gives the schema.
        clock: the site's clock.
        naming: gives the names of records.
    """

    def __init__(
        self, db: Any, schema: Callable[[], Schema], clock: Clock, naming: Naming = lambda table, keys: {}
    ) -> None:
        self._store = open_store(db, schema)
        self._schema = schema
        self._clock = clock
        self._naming = naming
        self._deletions = self._store.columns.name("sync_deletion")
        self._encode = self._store.columns.encoder(MOMENT) or _unchanged
        self._decode = self._store.columns.decoder(MOMENT) or _unchanged

    # --- writing -----------------------------------------------------------------------------------------

    def note(self, table: str, deletions: Sequence[Deletion]) -> None:
        """See ports.Deletions."""
        if not deletions:
            return
        names = self._naming(table, [each.key for each in deletions])
        now = self._encode(self._clock.now())
        rows = [self._row(table, each, names.get(each.key, ""), now) for each in deletions]
        self._store.upsert("sync_deletion", _UNIQUE, _COLUMNS, rows)

    def _row(self, table: str, each: Deletion, name: str, now: Any) -> Row:
        return (
            table,
            each.key,
            None if each.deleted_on is None else self._encode(each.deleted_on),
            each.by[:_LONGEST_TEXT],
            each.site,
            each.via,
            *(each.along or (None, None)),
            _TRUE if each.certain else _FALSE,
            each.state.value,
            _emptied(each.emptied),
            json.dumps(dict(each.vacated), default=_written) if each.vacated else None,
            (each.name or name)[:_LONGEST_TEXT],
            now,
        )

    def tell(self, table: str, told: Mapping[int, tuple[DeletionMark, Place | None]]) -> None:
        """See ports.Deletions."""
        mark = self._store.mark
        self._store.begin_if_needed()
        # Who deleted a record itself has the last word: another deletion took it along only for its own site.
        self._store.run_many(
            f"UPDATE {self._deletions} SET by_email = {mark}, site = {mark}, along_table = {mark}, "
            f"along_id = {mark}, certain = '{_TRUE}' WHERE tablename = {mark} AND record_id = {mark} "
            f"AND (along_id IS NOT NULL OR certain = '{_FALSE}')",
            [
                (each.by[:_LONGEST_TEXT], each.site, *(along or (None, None)), table, key)
                for key, (each, along) in told.items()
            ],
        )

    def vacate(self, table: str, field: str, values: Mapping[int, Any]) -> None:
        """See ports.Deletions."""
        found = self.of(table, values)
        mark = self._store.mark
        self._store.run_many(
            f"UPDATE {self._deletions} SET vacated = {mark} WHERE tablename = {mark} AND record_id = {mark}",
            [
                (json.dumps({**each.vacated, field: values[key]}, default=_written), table, key)
                for key, each in found.items()
            ],
        )

    def refer(self, targets: Mapping[Place, Collection[int]], referrer: Referrer) -> None:
        """See ports.Deletions."""
        by_table: dict[str, dict[int, Collection[int]]] = {}
        for (name, key), referring in targets.items():
            by_table.setdefault(name, {})[key] = referring
        mark = self._store.mark
        for name, wanted in by_table.items():
            rows = []
            for key, each in self.of(name, wanted).items():
                keys = sorted({*each.emptied.get(referrer, ()), *wanted[key]})
                rows.append((_emptied({**each.emptied, referrer: tuple(keys)}), name, key))
            self._store.run_many(
                f"UPDATE {self._deletions} SET emptied = {mark} WHERE tablename = {mark} AND record_id = {mark}",
                rows,
            )

    def empty(self, table: str, keys: Collection[int]) -> None:
        """See ports.Deletions."""
        self._store.by_keys_run(
            f"UPDATE {self._deletions} SET state = {self._store.mark}, name = '', emptied = NULL, vacated = NULL "
            f"WHERE tablename = {self._store.mark} AND record_id IN ",
            (DeletionState.EMPTIED.value, table),
            keys,
        )

    def overdue(self, before: datetime, limit: int) -> dict[str, list[int]]:
        """See ports.Deletions."""
        mark, kept = self._store.mark, f"'{DeletionState.BIN.value}'"
        moment = self._encode(before)
        sql = (
            f"SELECT d.tablename, d.record_id FROM {self._deletions} d "
            f"WHERE d.state = {kept} AND d.noted_on < {mark} AND (d.along_id IS NULL OR NOT EXISTS ("
            f"SELECT 1 FROM {self._deletions} t WHERE t.tablename = d.along_table AND t.record_id = d.along_id "
            f"AND t.state = {kept} AND t.noted_on >= {mark})) LIMIT {int(limit)}"
        )
        found: dict[str, list[int]] = {}
        for name, key in self._store.rows(sql, (moment, moment)):
            found.setdefault(name, []).append(key)
        return found

    def forget(self, table: str, keys: Collection[int]) -> None:
        """See ports.Deletions."""
        if self._are_there(table):
            where = f"tablename = {self._store.mark} AND record_id IN "
            self._store.by_keys_run(f"DELETE FROM {self._deletions} WHERE {where}", (table,), keys)

    # --- reading -----------------------------------------------------------------------------------------

    def of(self, table: str, keys: Collection[int]) -> dict[int, Deletion]:
        """See ports.Deletions."""
        if not keys or not self._are_there(table):
            return {}
        where = f"tablename = {self._store.mark} AND record_id IN "
        return {each.key: each for _, each in self._read(where, (table,), keys)}

    def along(self, table: str, keys: Collection[int]) -> dict[str, list[Deletion]]:
        """See ports.Deletions."""
        found: dict[str, list[Deletion]] = {}
        where = f"along_table = {self._store.mark} AND along_id IN "
        for name, each in self._read(where, (table,), keys):
            found.setdefault(name, []).append(each)
        return found

    def _read(
        self, where: str, parameters: Sequence[Any], keys: Collection[int]
    ) -> list[tuple[str, Deletion]]:
        return self._decoded(self._store.by_keys(self._selecting(where), parameters, keys))

    def _found(self, where: str, parameters: Sequence[Any]) -> list[tuple[str, Deletion]]:
        return self._decoded(self._store.rows(self._selecting(where), parameters))

    def _selecting(self, where: str) -> str:
        times = {"deleted_on", "noted_on"}
        plain = self._store.columns.plain
        columns = ", ".join(plain(name, MOMENT) if name in times else name for name in _COLUMNS)
        return f"SELECT {columns} FROM {self._deletions} WHERE {where}"

    def _decoded(self, rows: Iterable[Row]) -> list[tuple[str, Deletion]]:
        return [(row[0], self._deletion(row)) for row in sorted(rows, key=lambda row: (row[0], row[1]))]

    def _deletion(self, row: Row) -> Deletion:
        _, key, deleted_on, by, site, via, along_table, along_id, certain, state, emptied, vacated = row[:12]
        return Deletion(
            key,
            None if deleted_on is None else self._decode(deleted_on),
            by or "",
            site or "",
            via,
            None if along_id is None else (along_table, along_id),
            str(certain)[:1].upper() == _TRUE,
            DeletionState(state),
            {_referrer(name): tuple(keys) for name, keys in json.loads(emptied or "{}").items()},
            json.loads(vacated or "{}"),
            row[12] or "",
            None if row[13] is None else self._decode(row[13]),
        )

    def marks(self, table: str, keys: Collection[int]) -> dict[int, DeletionMark]:
        """See ports.Deletions."""
        if not keys or not self._are_there(table):
            return {}
        # What took it along is told only where that is known: otherwise every site finds it by the times.
        sql = (
            f"SELECT record_id, site, by_email, along_table, along_id FROM {self._deletions} "
            f"WHERE certain = '{_TRUE}' AND tablename = {self._store.mark} AND record_id IN "
        )
        rows = self._store.by_keys(sql, (table,), keys)
        wanted: dict[str, set[int]] = {}
        for *_, name, above in rows:
            if above is not None:
                wanted.setdefault(name, set()).add(above)
        uuids = {name: self._uuids(name, among) for name, among in wanted.items()}
        return {
            key: DeletionMark(site or "", by or "", None if above is None else (name, uuids[name][above]))
            for key, site, by, name, above in rows
            if above is None or above in uuids[name]
        }

    def _uuids(self, name: str, keys: Collection[int]) -> dict[int, str]:
        """Return key -> uuid of records, none where this site does not have such a table any more."""
        table = self._schema().get(name)
        return {} if table is None else dict(self._store.fetch(table, (table.key, "uuid"), table.key, keys))

    # --- deletions that nobody wrote down ----------------------------------------------------------------

    def position(self) -> int:
        """See ports.Deletions."""
        table, mark = self._store.columns.name("sync_watermark"), self._store.mark
        rows = self._store.rows(f"SELECT last_id FROM {table} WHERE tablename = {mark}", (_WATERMARK,))
        return int(rows[0][0]) if rows else 0

    def reached(self, position: int) -> None:
        """See ports.Deletions."""
        self._store.upsert(
            "sync_watermark", ("tablename",), ("tablename", "last_id"), [(_WATERMARK, position)]
        )

    def unnoted(self, table: str, after: int, until: int) -> list[int]:
        """See ports.Deletions."""
        return self._changed(table, after, until, deleted=True, noted=False)

    def outdated(self, table: str, after: int, until: int) -> list[int]:
        """See ports.Deletions."""
        return self._changed(table, after, until, deleted=False, noted=True)

    def _changed(self, table: str, after: int, until: int, *, deleted: bool, noted: bool) -> list[int]:
        known = self._schema().table(table)
        encode = self._store.columns.encoder(known.fields["deleted"]) or _unchanged
        name, mark = self._store.columns.name, self._store.mark
        column = f"r.{name('deleted')}"
        state = f"{column} = {mark}" if deleted else f"({column} IS NULL OR NOT {column} = {mark})"
        sql = (
            f"SELECT j.record_id FROM {name('sync_journal')} j "
            f"JOIN {name(table)} r ON r.{name(known.key)} = j.record_id "
            f"LEFT JOIN {self._deletions} d ON d.tablename = j.tablename AND d.record_id = j.record_id "
            f"WHERE j.tablename = {mark} AND j.seq > {mark} AND j.seq <= {mark} "
            f"AND d.id IS {'NOT NULL' if noted else 'NULL'} AND {state}"
        )
        return [row[0] for row in self._store.rows(sql, (table, after, until, encode(True)))]

    def first_uncertain(self, after: int, until: int) -> datetime | None:
        """See ports.Deletions."""
        journal, mark = self._store.columns.name("sync_journal"), self._store.mark
        sql = (
            f"SELECT MIN(d.deleted_on) FROM {self._deletions} d JOIN {journal} j "
            f"ON j.tablename = d.tablename AND j.record_id = d.record_id "
            f"WHERE {_UNCERTAIN} AND j.seq > {mark} AND j.seq <= {mark}"
        )
        ((first,),) = self._store.rows(sql, (after, until))
        return None if first is None else self._decode(first)

    def uncertain(self, since: datetime) -> dict[str, list[Deletion]]:
        """See ports.Deletions."""
        found: dict[str, list[Deletion]] = {}
        where = f"{_UNCERTAIN} AND deleted_on >= {self._store.mark}"
        for name, each in self._found(where, (self._encode(since),)):
            found.setdefault(name, []).append(each)
        return found

    def _are_there(self, table: str) -> bool:
        """Return whether any deletion of a table is noted."""
        sql = f"SELECT 1 FROM {self._deletions} WHERE tablename = {self._store.mark} LIMIT 1"
        return bool(self._store.rows(sql, (table,)))


def _emptied(fields: Mapping[Referrer, Sequence[int]]) -> str | None:
    return json.dumps({".".join(field): keys for field, keys in fields.items()}) if fields else None


def _referrer(name: str) -> tuple[str, str]:
    table, _, field = name.partition(".")
    return table, field


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _unchanged(value: Any) -> Any:
    return value
