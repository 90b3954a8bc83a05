"""Finds out what the callbacks of an Eden make of records, so that its profile can name it.

What each site works out by itself must not travel: two sites would undo each other's values for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from ..core.records import differs
from ..core.schema import Hook, Schema, Table
from ..exchange.importer.context import CallbackFailed, HookForm
from ..exchange.ports import Store

#: Records of a table for which its callback is called.
MOST = 20


class Derived(NamedTuple):
    """What callbacks did.

    Attributes:
        tables, records: for how many tables and records they were called.
        fields: (table, field) -> records in which a value that was written was another one afterwards.
        rows: (table with the callback, table) -> records that it made there, which would travel.
        failed: table -> what its callback failed with, the first time.
    """

    tables: int
    records: int
    fields: dict[tuple[str, str], int]
    rows: dict[tuple[str, str], int]
    failed: dict[str, str]


class _Undone(Exception):
    """Ends the transaction in which callbacks were called."""


class Finder:
    """Calls callbacks for some records that are here, as after an import of them, and undoes what they did.

    Args:
        db: the database, of pydal.
        schema: the tables.
        store: their store.
    """

    def __init__(self, db: Any, schema: Schema, store: Store) -> None:
        self._db = db
        self._schema = schema
        self._store = store
        self._fields: Counter[tuple[str, str]] = Counter()
        self._rows: Counter[tuple[str, str]] = Counter()
        self._failed: dict[str, str] = {}
        self._counted: dict[str, int] = {}

    def find(self, most: int = MOST) -> Derived:
        """Return what the callbacks of all tables do with records that are new to a site.

        All of it is one transaction, which is undone: nobody else writes meanwhile.

        Args:
            most: records of each table, the newest ones.
        """
        called: list[int] = []
        with suppress(_Undone), self._store.transaction():
            self._counted = self._count()
            called += [self._look_at(table, most) for table in self._schema if _hook(table) is not None]
            raise _Undone
        return Derived(
            sum(map(bool, called)), sum(called), dict(self._fields), dict(self._rows), self._failed
        )

    def _look_at(self, table: Table, most: int) -> int:
        hook = _hook(table)
        assert hook is not None
        rows = self._db[table.name]
        live = rows.deleted == False if "deleted" in rows.fields else rows[table.key] > 0  # noqa: E712
        found = self._read(table, live, most)
        for values in found.values():
            try:
                with self._store.savepoint():
                    hook(HookForm(table.name, dict(values)))
            except CallbackFailed as failed:
                self._failed.setdefault(table.name, str(failed))
        if found:
            self._compare(table, found, self._read(table, rows[table.key].belongs(list(found)), most))
            self._note_rows(table)
        return len(found)

    def _read(self, table: Table, query: Any, most: int) -> dict[int, dict[str, Any]]:
        """Return key -> values of records, the newest ones first."""
        rows = self._db[table.name]
        columns = [rows[name] for name in rows.fields]
        selected = self._db(query).select(*columns, orderby=~rows[table.key], limitby=(0, most))
        return {row[table.key]: {name: row[name] for name in rows.fields} for row in selected}

    def _compare(
        self, table: Table, before: Mapping[int, dict[str, Any]], after: Mapping[int, dict[str, Any]]
    ) -> None:
        names = [each.name for each in table.data_fields() if each.name not in table.computed]
        for key, values in before.items():
            # One that the callback deleted has no values to compare.
            now = after.get(key, values)
            self._fields.update((table.name, name) for name in names if differs(values[name], now[name]))

    def _note_rows(self, table: Table) -> None:
        counted = self._count()
        for name, number in counted.items():
            if number > self._counted[name]:
                self._rows[(table.name, name)] += number - self._counted[name]
        self._counted = counted

    def _count(self) -> dict[str, int]:
        return {each.name: self._store.count(each) for each in self._schema}


def _hook(table: Table) -> Hook | None:
    return table.onaccept.get("create") or table.onaccept.get("update")
