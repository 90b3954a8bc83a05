"""The rows of the journal: what is the same for all databases.

The rules of the journal (masters, catching up, identity) are in ``journal``; here is how its rows are
written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ...core.schema import Table
from .base import SqlStore
from .statements import CHUNK, chunks


class JournalRows(SqlStore):
    """A store that also keeps the rows of the journal."""

    def highest_position(self) -> int:
        """Return the highest position given out, as far as this transaction can see."""
        return int(self.rows(f"SELECT COALESCE(MAX(seq), 0) FROM {self.columns.name('sync_journal')}")[0][0])

    def newest_position(self) -> int:
        """Return the highest position given out, also where it was committed since this transaction began to read."""
        return self.highest_position()

    def settled_position(self) -> int:
        """Return the position up to which no open transaction can still write."""
        return self.highest_position()

    def prepare_positions(self) -> None:
        """Make what the database needs to count positions; called when the tables have been made."""

    #: how many records one statement notes
    noted_at_once = CHUNK * 4

    def note(
        self,
        table: str,
        keys: Sequence[int],
        origin: int | None,
        delivered: int,
        *,
        own: bool,
        times: Mapping[int, datetime] | None = None,
    ) -> None:
        """Move records to the next positions.

        Args:
            table: name of the table.
            keys: each once, in the order in which positions are given.
            origin: who brought the change.
            delivered: position up to which ``origin`` has got our changes; a record that holds later ones by
                others is not marked as brought by it.
            own: whether the record itself changed, not only a component of it.
            times: key -> time of the record, where all of them are new to the journal.
        """
        self.begin_if_needed()
        for part in chunks(keys, self.noted_at_once):
            if times is None or not self._note_new(table, part, origin, times):
                self._note(table, part, origin, delivered, own)

    def _note_new(
        self, table: str, keys: Sequence[int], origin: int | None, times: Mapping[int, datetime]
    ) -> bool:
        """Note records of which the journal should know none, in the quickest way; return False where it does."""
        return False

    def _note(self, table: str, keys: Sequence[int], origin: int | None, delivered: int, own: bool) -> None:
        raise NotImplementedError

    def note_all(self, table: Table) -> int:
        """Note all records of a table of which the journal knows none; return how many."""
        raise NotImplementedError

    _JOURNAL_COLUMNS = "tablename, record_id, seq, origin, changed_seq, changed_origin, modified_on"
