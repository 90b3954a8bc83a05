"""The rows of the journal: the parts that all databases share.

The rules of the journal (masters, catching up, identity) are in ``journal``; this module writes its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ...core.schema import Table
from .base import SqlStore
from .statements import CHUNK, chunks


class JournalRows(SqlStore):
    """A store that also writes the rows of the journal."""

    def identity(self) -> str | None:
        """Return the name of the journal as the database has it, None before there is any."""
        rows = self.rows(f"SELECT identity FROM {self.columns.name('sync_journal_state')}")
        return str(rows[0][0]) if rows else None

    def positions(self, table: str, keys: Collection[int]) -> dict[int, tuple[int, int | None]]:
        """Return key -> (position, origin) of the last change of a record itself, see ports.Journal."""
        rows = self.by_keys(
            f"SELECT record_id, changed_seq, changed_origin FROM {self.columns.name('sync_journal')} "
            f"WHERE tablename = {self.mark} AND record_id IN ",
            (table,),
            keys,
        )
        return {key: (seq, origin) for key, seq, origin in rows}

    def highest_position(self) -> int:
        """Return the highest position used, as far as this transaction can see."""
        return int(self.rows(f"SELECT COALESCE(MAX(seq), 0) FROM {self.columns.name('sync_journal')}")[0][0])

    def moved_tables(self, after: int, until: int) -> set[str]:
        """Return the names of the tables with records at positions behind ``after``, up to ``until``."""
        sql = (
            f"SELECT DISTINCT tablename FROM {self.columns.name('sync_journal')} "
            f"WHERE seq > {self.mark} AND seq <= {self.mark}"
        )
        return {row[0] for row in self.rows(sql, (after, until))}

    def newest_position(self) -> int:
        """Return the highest position used, also if it was committed after this transaction began to read."""
        return self.highest_position()

    def settled_position(self) -> int:
        """Return the highest position at or below which no open transaction can still write."""
        return self.highest_position()

    def lock_counter(self) -> None:
        """Lock what imports lock first, before a local write locks a record: else the two could wait for each other."""

    #: Whether a local write has to lock the records that it reads, so that they stay as they are until it writes.
    locks_records = True

    def prepare_positions(self) -> None:
        """Create what the database needs to count positions; called after the tables were created."""

    def remove_positions(self) -> None:
        """Remove what ``prepare_positions`` created; called when the tables are dropped for good."""

    #: Number of records that one statement notes.
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
            keys: each key once, in the order of the new positions.
            origin: the repository that brought the change.
            delivered: position up to which ``origin`` has received our changes; a record with later changes by
                others is not marked as brought by it.
            own: whether the record itself changed, not only one of its components.
            times: key -> time of the record, if all of them are new to the journal.
        """
        self.begin_if_needed()
        for part in chunks(keys, self.noted_at_once):
            if times is None or not self._note_new(table, part, origin, times):
                self._note(table, part, origin, delivered, own)

    def _note_new(
        self, table: str, keys: Sequence[int], origin: int | None, times: Mapping[int, datetime]
    ) -> bool:
        """Note records that should all be new to the journal, in the fastest way; return False if one is not new."""
        return False

    def _note(self, table: str, keys: Sequence[int], origin: int | None, delivered: int, own: bool) -> None:
        raise NotImplementedError

    def note_all(self, table: Table) -> int:
        """Note all records of a table that the journal does not contain yet; return how many."""
        raise NotImplementedError

    _JOURNAL_COLUMNS = "tablename, record_id, seq, origin, changed_seq, changed_origin, modified_on"
