"""Reads records in the order of the journal, and counts them, with filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core.kept import DeletionState
from ...core.schema import Schema, Table
from ...exchange.ports import Row
from ...wire.filters import Filter
from .filter_sql import Conditions, SqlCondition
from .matching import ByContents
from .statements import UNITED, chunks

#: The largest LIMIT that all databases allow: MariaDB needs one with OFFSET.
LARGEST_NUMBER = 2**63 - 1


class Scans(ByContents):
    """Reads changes, and counts."""

    join_in_order = "JOIN"

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
        journal = f"{self.columns.name('sync_journal')} j"
        # Usually nothing has changed: a query without all columns of the table finds that out in a tenth of the time.
        if not self.rows(f"SELECT 1 FROM {journal} WHERE {' AND '.join(where)} LIMIT 1", parameters):
            return []
        for condition in self._conditions(table, filters, msince, live_only, emptied=not live_only):
            where.append(condition.sql)
            parameters.extend(condition.parameters)
        selected = self._select(table, columns, self.columns.raw, "t.")
        sql = (
            f"SELECT {selected}, j.seq FROM {journal} "
            f"{self.join_in_order} {name(table.name)} t ON t.{name(table.key)} = j.record_id "
            f"WHERE {' AND '.join(where)} ORDER BY j.seq LIMIT {int(limit)}"
        )
        return self.rows(sql, parameters)

    def changed_tables(self, after: Mapping[str, int], *, until: int, skip_origin: int) -> set[str]:
        """Return which tables have changes that ``scan`` without filters would find, in one statement for many.

        Args:
            after: table -> position behind which its changes count.
            until: position up to which they do.
            skip_origin: repository whose own changes do not.
        """
        where = f"tablename = {self.mark} AND seq > {self.mark} AND seq <= {self.mark}"
        origin = f"(origin IS NULL OR origin <> {self.mark})"
        exists = f"EXISTS (SELECT 1 FROM {self.columns.name('sync_journal')} WHERE {where} AND {origin})"
        found: set[str] = set()
        for part in chunks(list(after.items()), UNITED):
            given = [each for table, start in part for each in (table, start, until, skip_origin)]
            (row,) = self.rows(f"SELECT {', '.join([exists] * len(part))}", given)
            found.update(table for (table, _), changed in zip(part, row) if changed)
        return found

    def count_changes(
        self,
        table: Table,
        *,
        after: int,
        until: int,
        skip_origin: int | None = None,
        filters: Sequence[Filter] = (),
    ) -> int:
        """Return how many records ``scan`` would yield in total; without filters only the journal's index is read."""
        name = self.columns.name
        where = [f"j.tablename = {self.mark}", f"j.seq > {self.mark}", f"j.seq <= {self.mark}"]
        parameters: list[Any] = [table.name, after, until]
        if skip_origin is not None:
            where.append(f"(j.origin IS NULL OR j.origin <> {self.mark})")
            parameters.append(skip_origin)
        source = f"{name('sync_journal')} j"
        conditions = self._conditions(table, filters, None, False, emptied=True)
        if conditions:
            source += f" {self.join_in_order} {name(table.name)} t ON t.{name(table.key)} = j.record_id"
        for condition in conditions:
            where.append(condition.sql)
            parameters.extend(condition.parameters)
        return int(self.rows(f"SELECT COUNT(*) FROM {source} WHERE {' AND '.join(where)}", parameters)[0][0])

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
            start: number of keys to skip at the beginning.
            limit: maximum number of keys, None for all.
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
        self,
        table: Table,
        filters: Sequence[Filter],
        msince: datetime | None,
        live_only: bool,
        emptied: bool = False,
    ) -> list[SqlCondition]:
        """Return the conditions on records.

        Args:
            table, filters, msince, live_only: as in ``scan``.
            emptied: whether deleted records whose content was removed pass every filter: nobody knows any more what
                they said, and who has not heard of the deletion would keep them for good.
        """
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
            chosen = [translate(table, each, "t") for each in filters]
            found += [self._or_emptied(table, chosen)] if emptied and "deleted" in table.fields else chosen
        return found

    def _or_emptied(self, table: Table, chosen: Sequence[SqlCondition]) -> SqlCondition:
        deletions = (
            f"SELECT 1 FROM {self.columns.name('sync_deletion')} e WHERE e.tablename = {self.mark} "
            f"AND e.record_id = t.{self.columns.name(table.key)} AND e.state = {self.mark}"
        )
        sql = " AND ".join(each.sql for each in chosen)
        return SqlCondition(
            f"(({sql}) OR (NOT {self.live(table, 't.')} AND EXISTS ({deletions})))",
            (
                *(value for each in chosen for value in each.parameters),
                table.name,
                DeletionState.EMPTIED.value,
            ),
        )

    def _require_schema(self) -> Schema:
        if self._schema is None:
            raise RuntimeError(
                "A store that filters, or updates super-entities, needs the schema: open_store(db, schema)."
            )
        return self._schema()
