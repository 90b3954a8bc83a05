"""Empties references to records that are deleted: a change that travels, but no edit.

Nobody has looked at the record that loses its reference. So it does not get the time of the deletion, by which it would
win over an edit or a deletion of that record elsewhere, but the earliest one after its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Callable

from ....core.clock import TICK, milliseconds
from ....core.fields import Emptied
from ....core.schema import Table
from ...ports import Ports


class Emptying:
    """Empties references, in sets.

    Args:
        ports: the ports of the site.
        is_possible: returns whether a time can be that of a record.
    """

    def __init__(self, ports: Ports, is_possible: Callable[[datetime], bool]) -> None:
        self._store = ports.store
        self._journal = ports.journal
        self._changes = ports.changes
        self._clock = ports.clock
        self._is_possible = is_possible

    def empty(self, table: Table, field_name: str, values: Mapping[int, Any]) -> None:
        """Write what is left of a reference.

        Args:
            table: the table that refers to deleted records.
            field_name: its reference to them.
            values: key of each record -> None, or for a list those that stay.
        """
        self._journal.notice(table, list(values))
        rows = self._store.fetch(table, (table.key, "modified_on"), table.key, values)
        moments = {key: self.touched(when) for key, when in rows}
        self._store.update(
            table,
            (field_name, "modified_on"),
            [(key, values[key], moment) for key, moment in moments.items()],
        )
        before = self._journal.positions(table.name, values)
        self._journal.note(table.name, list(values), None)
        after = self._journal.positions(table.name, values)
        self._changes.note_emptied(
            table.name,
            [
                Emptied(key, after[key][0], *before[key], milliseconds(moment))
                for key, moment in moments.items()
                if moment is not None and key in before
            ],
        )

    def touched(self, when: datetime | None) -> datetime | None:
        """Return the time of a record after a change that is no edit: ``when`` is its time before."""
        if when is None:
            return None
        return when + TICK if self._is_possible(when) else self._clock.now()
