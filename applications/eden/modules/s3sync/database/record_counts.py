"""The numbers of records in the tables of this site, cached because counting millions is slow.

A count is valid while the journal shows no change of the table; the count of a large table may be some minutes old
besides. Counts are stored in a file, for all processes of this site.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..core.atomic_write import replace_text
from ..core.clock import Clock
from ..core.schema import Table

#: Tables of at most so many records are counted after each change: that takes a few milliseconds.
SMALL = 20_000
#: How long the count of a larger table is valid after a change.
GOOD_FOR = timedelta(minutes=10)
#: How long any count is valid: records may be written without the journal.
LONGEST = timedelta(hours=1)


class RecordCounts:
    """The counts of a site.

    Args:
        store: the site's store (``store.base.SqlStore``).
        clock: the site's clock.
        path: the file for the counts.
    """

    def __init__(self, store: Any, clock: Clock, path: Path) -> None:
        self._store = store
        self._clock = clock
        self._path = path

    def counts(self, tables: Iterable[Table]) -> dict[str, int]:
        """Return table -> number of live records; super-entities have none of their own."""
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
        """Return the last position of the table in the journal, 0 if there is none; this is one look-up in an index."""
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
            # Without the file, or with an incomplete one, everything is counted again.
            return {}
        return {name: entry for name, entry in found.items() if _is_entry(entry)}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and {"records", "position", "counted_on"} <= set(entry)
