"""How many records the tables of this site hold, without counting millions of them whenever somebody asks.

A count is used again while the journal says that the table did not change. The count of a large table may be
some minutes old besides. Counts are kept in a file, for all processes of this site.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..core.atomic_write import replace_text
from ..core.schema import Table
from ..exchange.ports import Clock

#: Tables of up to so many records are counted whenever they changed: that takes a few milliseconds.
SMALL = 20_000
#: The count of a larger table that changed meanwhile is good for so long.
GOOD_FOR = timedelta(minutes=10)
#: Records that were written behind the journal's back are found by counting once in a while.
LONGEST = timedelta(hours=1)


class RecordCounts:
    """The counts of a site.

    Args:
        store: the site's store (``store.base.SqlStore``).
        clock: the site's clock.
        path: file that keeps the counts.
    """

    def __init__(self, store: Any, clock: Clock, path: Path) -> None:
        self._store = store
        self._clock = clock
        self._path = path

    def counts(self, tables: Iterable[Table]) -> dict[str, int]:
        """Return how many live records tables hold, by name; super-entities hold none of their own."""
        known = self._read()
        now = self._clock.now()
        counts: dict[str, int] = {}
        changed = False
        for table in tables:
            if table.is_super:
                continue
            position = self._position(table)
            entry = known.get(table.name)
            if entry is None or not self._is_good(entry, position, now):
                records = self._store.count(table)
                entry = {"records": records, "position": position, "counted_on": now.isoformat()}
                known[table.name] = entry
                changed = True
            counts[table.name] = entry["records"]
        if changed:
            replace_text(self._path, json.dumps(known))
        return counts

    def _position(self, table: Table) -> int:
        """Return where the journal noted the table last, by one look-up in an index; 0 where it never did."""
        name = self._store.columns.name
        rows = self._store.rows(
            f"SELECT MAX(seq) FROM {name('sync_journal')} WHERE tablename = {self._store.mark}", (table.name,)
        )
        return int(rows[0][0] or 0)

    @staticmethod
    def _is_good(entry: dict[str, Any], position: int, now: datetime) -> bool:
        age = now - datetime.fromisoformat(entry["counted_on"])
        if not timedelta(0) <= age < LONGEST:
            return False
        return entry["position"] == position or (entry["records"] > SMALL and age < GOOD_FOR)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            # Without the file, or with half of one, everything is counted once more.
            return {}
        return {name: entry for name, entry in found.items() if _is_entry(entry)}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and {"records", "position", "counted_on"} <= set(entry)
