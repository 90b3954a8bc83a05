"""Calls what the data model does after a deletion."""

from __future__ import annotations

from collections.abc import Collection

from ....core.schema import Table
from ...ports import Store
from ..callbacks import contained
from ..context import Vars


class DeletionCalls:
    """The calls of ``ondelete`` that are due: each gets its record as it was, once all of a deletion is written.

    Args:
        store: the store of the site.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._due: list[tuple[Table, Vars]] = []

    def prepare(self, table: Table, keys: Collection[int]) -> None:
        """Read records that are about to be marked as deleted, if their table wants to be called."""
        if table.ondelete is not None and keys:
            columns = (table.key, *table.fields)
            rows = self._store.fetch(table, columns, table.key, keys)
            self._due.extend((table, Vars(zip(columns, row))) for row in rows)

    def make(self) -> None:
        """Make the calls that are due."""
        due, self._due = self._due, []
        for table, record in due:
            if table.ondelete is not None:
                # A foreign one that fails is in the log; the record is deleted all the same, as in an Eden.
                with contained(self._store):
                    table.ondelete(record)
