"""The port to what is known of deletions: what took a record along, who did it, where, and what is left of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ..core.kept import Deletion, DeletionMark, Place, Referrer


class Deletions(Protocol):
    """What is known of deletions. All methods work within the current transaction."""

    def note(self, table: str, deletions: Sequence[Deletion]) -> None:
        """Write down deletions, in place of what was known of the same records."""
        ...

    def tell(self, table: str, told: Mapping[int, tuple[DeletionMark, Place | None]]) -> None:
        """Take over what another site knows of the deletions of records that are deleted here, too.

        Args:
            table: their table.
            told: key -> what was told, and the record here that ``DeletionMark.along`` names.
        """
        ...

    def vacate(self, table: str, field: str, values: Mapping[int, Any]) -> None:
        """Remember unique values that deleted records give up, by key."""
        ...

    def refer(self, targets: Mapping[Place, Collection[int]], referrer: Referrer) -> None:
        """Remember references that were emptied, or could not be filled again, because their targets are deleted.

        Args:
            targets: deleted record -> the records that referred to it.
            referrer: the field by which they did.
        """
        ...

    def empty(self, table: str, keys: Collection[int]) -> None:
        """Note that the content of deleted records was removed, and forget their names."""
        ...

    def overdue(self, before: datetime, limit: int) -> dict[str, list[int]]:
        """Return table -> records with their content whose deletion was written down before a time (UTC).

        What went along with a record that is not among these is not, either.

        Args:
            before: the time.
            limit: how many at most.
        """
        ...

    def forget(self, table: str, keys: Collection[int]) -> None:
        """Forget the deletions of records that live again."""
        ...

    def of(self, table: str, keys: Collection[int]) -> dict[int, Deletion]:
        """Return key -> deletion for records whose deletion is noted."""
        ...

    def along(self, table: str, keys: Collection[int]) -> dict[str, list[Deletion]]:
        """Return table -> deletions of the records that the deletion of any of these took along."""
        ...

    def marks(self, table: str, keys: Collection[int]) -> dict[int, DeletionMark]:
        """Return key -> what other sites are told of its deletion, for those of which it is known."""
        ...

    # --- deletions that nobody wrote down ---------------------------------------------------------------------

    def position(self) -> int:
        """Return the position of the journal up to which every deletion was looked for."""
        ...

    def reached(self, position: int) -> None:
        """Store ``position``."""
        ...

    def unnoted(self, table: str, after: int, until: int) -> list[int]:
        """Return deleted records whose deletion is not noted, of those that changed between two positions."""
        ...

    def outdated(self, table: str, after: int, until: int) -> list[int]:
        """Return records that live although their deletion is noted, of those that changed between two positions."""
        ...

    def first_uncertain(self, after: int, until: int) -> datetime | None:
        """Return the time of the first deletion of ``uncertain``, of records that changed between two positions."""
        ...

    def uncertain(self, since: datetime) -> dict[str, list[Deletion]]:
        """Return table -> deletions made since a time of which it is not known what took the records along."""
        ...
