"""The ports for what waits here: pending references and files, and versions that did not become the record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from ..core.kept import DecidedElsewhere, Deferred, Kept, KeptKind, OpenConflict


class PendingReferences(Protocol):
    """Pending references and files. All methods work within the current transaction."""

    def defer(self, items: Sequence[Deferred]) -> None:
        """Store pending references and files, in place of those for the same record and field.

        A file is waited for from each repository that brought the record: any of them may be the one that has it.
        """
        ...

    def deferred_for(self, targets: Mapping[str, Collection[str]]) -> list[Deferred]:
        """Return the references that wait for any of these records: table -> uuids."""
        ...

    def deferred_of(self, table: str, keys: Iterable[int]) -> list[Deferred]:
        """Return the pending references and files of records; the keys are read only where the table has any."""
        ...

    def settle(self, items: Sequence[Deferred]) -> None:
        """Remove deferred items that have been resolved or superseded; a file from whichever repository."""
        ...

    def waiting_files(self, repository_id: int, limit: int) -> list[Deferred]:
        """Return files to fetch from this repository now, oldest first."""
        ...

    def missing_files(self, repository_id: int, limit: int) -> list[Deferred]:
        """Return all files that are to come from this repository, also those that are asked for later.

        Those that a person has given up are left out.
        """
        ...

    def tried(self, items: Sequence[Deferred]) -> None:
        """Count a failed attempt: other files are tried before these, and these after a pause that grows."""
        ...

    def give_up(self, items: Sequence[Deferred]) -> None:
        """Ask for files no more because a person said so, until ``ask_again`` or another file for the same field."""
        ...

    def ask_again(self, repository_id: int, table: str) -> None:
        """Ask for the files of a table from this repository at once, whatever came of it before."""
        ...


class KeptVersions(Protocol):
    """Versions that did not become the record here. All methods work within the current transaction."""

    def keep(self, items: Sequence[Kept]) -> None:
        """Keep versions: every loser of a conflict, of other kinds the latest per repository, table and uuid.

        A version with a row replaces what its row says, and stays listed since when it was.
        """
        ...

    def known(self, repository_id: int | None, table: str, uuids: Collection[str]) -> dict[str, Kept]:
        """Return the open kept versions of these records from this repository, by uuid (without XML)."""
        ...

    def our_versions(
        self, repository_id: int | None, table: str, uuids: Collection[str]
    ) -> dict[str, list[str]]:
        """Return our versions in conflicts with this repository, also in decided ones: uuid -> S3XML."""
        ...

    def overruled(self, table: str, uuids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
        """Return versions of which theirs was taken, from any repository, also decided ones: uuid -> ours, theirs."""
        ...

    def open_conflicts(self, table: str, uuids: Collection[str]) -> list[OpenConflict]:
        """Return the open conflicts of these records with all repositories."""
        ...

    def decided_elsewhere(self, decisions: Sequence[DecidedElsewhere]) -> None:
        """Close conflicts on which a person has decided at another site."""
        ...

    def release(
        self, repository_id: int | None, table: str, uuids: Collection[str], kinds: Sequence[KeptKind]
    ) -> None:
        """Close kept versions of these records because a later version was taken."""
        ...

    def waiting_deletions(self, after: int, limit: int) -> list[tuple[int, Kept]]:
        """Return deletions that wait, of all repositories, with their keys, in the order of these.

        Args:
            after: the key from which on, this one excluded; 0 for the beginning.
            limit: how many at most.
        """
        ...

    def count_waiting(self, repository_id: int) -> int:
        """Return how many deletions of a repository wait."""
        ...

    def supersede(self, rows: Collection[int]) -> None:
        """Close kept versions by their rows because they were taken or are out of date."""
        ...

    def tables_to_retry(self, repository_id: int | None) -> set[str]:
        """Return the tables of which rejected records are tried again when something arrives or is free."""
        ...

    def retriable(self, repository_id: int | None, table: str, limit: int, after: int = 0) -> list[Kept]:
        """Return rejected records to try again: a missing reference has arrived, or their value may be free now.

        Args:
            repository_id: which sent them.
            table: their table.
            limit: how many at most.
            after: the row from which on, this one excluded; after the last one follows the first.
        """
        ...

    def rejected(self, repository_id: int | None, table: str) -> list[tuple[int, str]]:
        """Return the rejected records of a table from a repository: row and S3XML."""
        ...

    def due(self, repository_id: int | None, limit: int) -> list[Kept]:
        """Return records of all tables that were rejected because of their time, and whose time has come."""
        ...
