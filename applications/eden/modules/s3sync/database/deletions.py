"""What is known of deletions, in the table sync_deletion (ports.Deletions)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..core.clock import Clock
from ..core.kept import Deletion, DeletionMark, DeletionState, Place
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
        emptied = {".".join(field): keys for field, keys in each.emptied.items()}
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
            json.dumps(emptied) if emptied else None,
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

    def empty(self, table: str, keys: Collection[int], state: DeletionState) -> None:
        """See ports.Deletions."""
        self._store.by_keys_run(
            f"UPDATE {self._deletions} SET state = {self._store.mark}, name = '', emptied = NULL, vacated = NULL "
            f"WHERE tablename = {self._store.mark} AND record_id IN ",
            (state.value, table),
            keys,
        )

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
        plain = {"deleted_on", "noted_on"}
        columns = ", ".join(
            self._store.columns.plain(name, MOMENT) if name in plain else name for name in _COLUMNS
        )
        sql = f"SELECT {columns} FROM {self._deletions} WHERE {where}"
        rows = sorted(self._store.by_keys(sql, parameters, keys), key=lambda row: (row[0], row[1]))
        return [(row[0], self._deletion(row)) for row in rows]

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
        found = self.of(table, keys)
        wanted: dict[str, set[int]] = {}
        for each in found.values():
            if each.along is not None:
                wanted.setdefault(each.along[0], set()).add(each.along[1])
        uuids: dict[Place, str] = {}
        for name, above in wanted.items():
            other = self._schema().get(name)
            if other is not None:
                for key, uuid in self._store.fetch(other, (other.key, "uuid"), other.key, above):
                    uuids[(name, key)] = uuid
        return {
            key: DeletionMark(
                each.site,
                each.by,
                (each.along[0], uuids[each.along]) if each.along in uuids else None,
                each.state is DeletionState.FOR_GOOD,
            )
            for key, each in found.items()
            # What took it along is told only where that is known: otherwise every site finds it by the times.
            if each.certain and (each.along is None or each.along in uuids)
        }

    def _are_there(self, table: str) -> bool:
        """Return whether any deletion of a table is noted."""
        sql = f"SELECT 1 FROM {self._deletions} WHERE tablename = {self._store.mark} LIMIT 1"
        return bool(self._store.rows(sql, (table,)))


def _referrer(name: str) -> tuple[str, str]:
    table, _, field = name.partition(".")
    return table, field


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _unchanged(value: Any) -> Any:
    return value
