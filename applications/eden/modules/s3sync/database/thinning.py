"""Forgets of the changes of records what is old and says nothing about the present versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Callable

from ..core.fields import Change, thinned
from ..core.schema import Schema
from .changes import SqlChanges
from .store import JournalRows

#: Number of changes that one transaction looks at, so that nobody waits for long.
AT_ONCE = 1000
#: The row of sync_watermark that tells how far the changes are thinned.
_WATERMARK = "sync_change"


class Thinning:
    """Thins the changes of a site.

    Args:
        store: the store of the journal.
        changes: the changes.
        schema: the synchronised tables.
        is_over: returns whether a change can be thinned: its table, its position, when it was written down (UTC).
    """

    def __init__(
        self,
        store: JournalRows,
        changes: SqlChanges,
        schema: Schema,
        is_over: Callable[[str, int | None, datetime], bool],
    ) -> None:
        self._store = store
        self._changes = changes
        self._schema = schema
        self._is_over = is_over

    def run(self, before: datetime) -> int:
        """Thin what was written down before a time (UTC); return how many changes were removed or shortened.

        Each part is a transaction of its own. What cannot be thinned yet is looked at again the next time.
        """
        after, count = self._begin(), 0
        waiting: int | None = None
        while True:
            found = self._changes.written(after, AT_ONCE)
            while found and found[-1][-1] >= before:
                found.pop()
            if not found:
                return count
            records: dict[str, set[int]] = defaultdict(set)
            for row, table, key, position, noted_on in found:
                if noted_on < before and self._is_over(table, position, noted_on):
                    records[table].add(key)
                elif waiting is None:
                    waiting = row - 1
            after = found[-1][0]
            with self._store.aside():
                count += sum(self._thin(table, sorted(keys), before) for table, keys in records.items())
                self._note(after if waiting is None else waiting)

    def _thin(self, table: str, keys: Sequence[int], before: datetime) -> int:
        def old(change: Change) -> bool:
            noted = change.noted_on
            return noted is not None and noted < before and self._is_over(table, change.position, noted)

        there = self._present(table, keys)
        gone: list[int] = []
        shorter: list[tuple[int, Change]] = []
        for key, rows in self._changes.rows_of(table, keys).items():
            if key not in there:
                gone += [row for row, _ in rows]
                continue
            left = thinned([change for _, change in rows], old)
            for (row, change), stays in zip(rows, left):
                if stays is None:
                    gone.append(row)
                elif stays != change:
                    shorter.append((row, stays))
        for row, each in self._changes.rows_emptied(table, keys):
            noted = each.noted_on
            over = noted is not None and noted < before and self._is_over(table, each.position, noted)
            if over or each.key not in there:
                gone.append(row)
        self._changes.remove(gone)
        self._changes.shorten(shorter)
        return len(gone) + len(shorter)

    def _present(self, table: str, keys: Sequence[int]) -> set[int]:
        """Return those of the records that exist, also as deleted ones; all where the site does not have the table."""
        known = self._schema.get(table)
        if known is None:
            return set(keys)
        return {row[0] for row in self._store.fetch(known, (known.key,), known.key, keys)}

    def _begin(self) -> int:
        sql = f"SELECT last_id FROM {self._store.columns.name('sync_watermark')} WHERE tablename = "
        rows = self._store.rows(f"{sql}{self._store.mark}", (_WATERMARK,))
        return int(rows[0][0]) if rows else 0

    def _note(self, row: int) -> None:
        self._store.upsert("sync_watermark", ("tablename",), ("last_id", "tablename"), [(row, _WATERMARK)])
