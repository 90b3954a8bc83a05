"""Everything that the use cases need from outside.

Values of the Store are Python values: str, int, float, Decimal, bool, date, datetime (UTC, no time zone), time, list,
any value of JSON, and None. An upload field has web2py's stored name. A reference has the target's key, a
list:reference a list of keys. The keys of a table are its ``Table.key`` column.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Protocol

from ..core.clock import Clock
from ..core.errors import SyncError
from ..core.schema import Field, Schema, Table

if TYPE_CHECKING:
    from ..wire.filters import Filter
from ..core.fields import Change, Edits, Emptied
from .came import Came
from .deletions import Deletions
from .kept_ports import KeptVersions, PendingReferences

Row = tuple[Any, ...]


def nowhere(table: str) -> int:
    """Return 0: nothing was delivered of any table."""
    return 0


class Store(Protocol):
    """The records of the synchronised tables, read and written in sets.

    Each call needs a constant number of statements per some hundred keys, never one per record.

    Attributes:
        dialect: kind of the database.
        knows_keys: whether the keys of new records are known before they are written, so that ``insert`` also
            fills ``Table.own_key``.
        locks_records: whether others write during a transaction, so that records have to be locked.
    """

    dialect: str
    knows_keys: bool
    locks_records: bool

    def transaction(self) -> AbstractContextManager[None]:
        """Run a write transaction: committed at the end, rolled back after an exception.

        Raises:
            StoreBusy: another writer locked the database for longer than the timeout.
            StoreFull: there is no space left; nothing was stored.
        """
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Run a part of the transaction that is undone alone after an exception."""
        ...

    def ending(self, error: BaseException | None) -> SyncError | None:
        """Return what to raise where an error of the driver has ended the transaction, None for any other one."""
        ...

    def fetch(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """Return ``columns`` of the rows (also deleted ones) whose column ``by`` is one of ``keys``, unordered."""
        ...

    def fetch_listing(
        self, table: Table, columns: Sequence[str], by: str, keys: Collection[int]
    ) -> list[Row]:
        """Return the same as ``fetch``, for a list:reference column that contains any of ``keys``."""
        ...

    def match(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[str],
        keys: Collection[Row],
        *,
        ignore_case: bool = False,
    ) -> list[Row]:
        """Return ``columns`` of the live rows (not deleted) whose ``by`` columns equal one of ``keys``.

        None in a key matches NULL. Texts are compared as ``core.text.normalised`` makes them, those of keys are so.
        """
        ...

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """Insert rows, return their keys in the same order.

        Raises:
            RowRefused: the database refused at least one row; none is stored.
        """
        ...

    def withdraw(self, table: Table, keys: Collection[int]) -> None:
        """Remove rows that were inserted in this transaction and that nothing refers to yet."""
        ...

    def update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Update rows; each row is the key, followed by the values of ``columns``.

        Super-entities get what they share with these records.

        Raises:
            RowRefused: the database refused at least one row; none is stored.
        """
        ...

    def scan(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        after: int,
        until: int,
        limit: int,
        skip_origin: int | None = None,
        filters: Sequence[Filter] = (),
        msince: datetime | None = None,
        live_only: bool = False,
    ) -> list[Row]:
        """Return a page of changed records in journal order, by keyset: after < position <= until.

        After the columns each row has its position. Values are raw, as the database driver returns them:
        ``reader(field)`` converts them.

        Args:
            after, until: positions in the journal.
            limit: maximum number of rows.
            skip_origin: repository whose own changes are left out (echoes); None for all changes.
            filters: conditions on the table, joined by AND.
            msince: only records modified at or after this time (UTC).
            live_only: leave out deleted records.
        """
        ...

    def fetch_raw(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """Return the same as ``fetch``, with raw values (see ``scan``)."""
        ...

    def hold(self, table: Table, by: str, value: Any) -> None:
        """Keep the rows whose column ``by`` has this value as they are until the end of the transaction."""
        ...

    def held(self, table: Table, columns: Sequence[str], keys: Collection[int]) -> list[Row]:
        """Return ``columns`` of rows as they are now, and keep them so until the end of the transaction.

        Who waits for rows of several calls takes tables and keys in ascending order.
        """
        ...

    def matching(self, table: Table, keys: Collection[int], filters: Sequence[Filter]) -> set[int]:
        """Return those of the keys whose records meet all filters."""
        ...

    def reader(self, field: Field) -> Callable[[Any], Any] | None:
        """Return the function that converts a raw value to a Python value for a document.

        None if the raw value can be used as it is: the writers take dates and times as Python objects or ISO text.
        NULL is never passed to a reader.
        """
        ...

    def holds_any(self, table: Table) -> bool:
        """Return whether a table has any record, also a deleted one."""
        ...

    def count(self, table: Table, filters: Sequence[Filter] = (), *, live_only: bool = True) -> int:
        """Return the number of records that a task with these filters would exchange."""
        ...


class Journal(Protocol):
    """Which records changed, in which order, and who brought the change."""

    def identity(self) -> str:
        """Return the name of this journal; it changes after the site was restored from a backup."""
        ...

    def head(self) -> int:
        """Return the highest settled position: no open transaction can still write at or below it."""
        ...

    def note(
        self,
        table: str,
        keys: Sequence[int],
        origin: int | None,
        delivered: Callable[[str], int] = nowhere,
        covered: Collection[int] = (),
        times: Mapping[int, datetime] | None = None,
    ) -> None:
        """Give changed records the next positions, within the current transaction.

        Masters of component records are noted too, after the components. A record with changes that ``origin`` has
        not received yet is not marked as brought by it: it must still be sent there.

        Args:
            table: name of the table.
            keys: keys of the records.
            origin: id of the repository that brought the change, None for a change made here.
            delivered: table -> position up to which ``origin`` has received our changes of that table.
            covered: those of the keys whose masters the caller will note itself.
            times: key -> ``modified_on`` of the records, if all of them have just been created.
        """
        ...

    def positions(self, table: str, keys: Collection[int]) -> dict[int, tuple[int, int | None]]:
        """Return key -> (position, origin) of the last change of the record itself, if the journal has one.

        Changes of components do not count as changes of their master here.
        """
        ...

    def assert_ours(self, table: str, keys: Sequence[int]) -> None:
        """Give records the next positions although they did not change, so that they are sent to every peer again."""
        ...

    def catch_up(self, table: Table) -> int:
        """Note records that were written without the journal; return how many."""
        ...

    def notice(self, table: Table, keys: Collection[int]) -> None:
        """Note those of some records that were written without the journal, before they are written again."""
        ...

    def settling(self, came: Came) -> AbstractContextManager[None]:
        """Let the data model's callbacks finish records that came: what they write into them is no change of ours.

        What they make for them is sent to all, but nobody has edited it here: it is in conflict with nothing.
        """
        ...

    def forget_origin(self, origin: int, after: int = 0) -> None:
        """Forget after a position that the repository brought the changes, since that site has lost them."""
        ...


class Twins(Protocol):
    """Records that other sites know under another uuid, and those that were merged elsewhere before they came here.

    All methods work within the current transaction.
    """

    def find(self, table: str, uuids: Collection[str]) -> dict[str, int]:
        """Return uuid of another site -> key of the record here, for those that are known."""
        ...

    def remember(self, table: str, keys: Mapping[str, int], *, proposed: bool = False) -> None:
        """Store uuids of other sites with the keys of the records here.

        Args:
            table: their table.
            keys: uuid -> key.
            proposed: whether the other site has yet to say that it does not have these records, too.
        """
        ...

    def proposed(self, table: str, uuids: Collection[str]) -> dict[str, int]:
        """Return uuid of another site -> key of the record here for those that are proposed."""
        ...

    def withdraw(self, table: str, uuids: Collection[str]) -> None:
        """Remove proposals."""
        ...

    def merged(self, tables: Collection[str], uuids: Collection[str]) -> dict[str, str]:
        """Return uuid of a record that was merged elsewhere and never was here -> uuid of its last survivor."""
        ...

    def remember_merged(self, table: str, survivors: Mapping[str, str]) -> None:
        """Store the survivors (uuids) of records that were merged elsewhere and never were here."""
        ...

    def of(self, table: str, keys: Collection[int]) -> dict[int, list[str]]:
        """Return key of a record here -> its further uuids, also proposed ones, for those that have any."""
        ...


class Changes(Protocol):
    """Which fields of records were changed: from which value, when, by whom, and at which site.

    All methods work within the current transaction. Values are those of the Store.

    Attributes:
        site: identifier of this site in stamps.
    """

    @property
    def site(self) -> str: ...

    def of(self, table: str, keys: Collection[int]) -> dict[int, list[Change]]:
        """Return key -> its changes in the order in which they were written down, for records that have any."""
        ...

    def edits(self, table: str, keys: Collection[int]) -> dict[int, Edits]:
        """Return key -> the edits of its present version, for records that have any; cheaper than ``of``."""
        ...

    def seen(self, table: str, keys: Collection[int]) -> dict[int, dict[str, int]]:
        """Return key -> ``seen`` of its edits alone, for records that have any; cheaper than ``edits``."""
        ...

    def note(self, table: str, changes: Sequence[Change]) -> None:
        """Write down changes, after the journal has given their records new positions."""
        ...

    def emptied(self, table: str, keys: Collection[int]) -> dict[int, list[Emptied]]:
        """Return key -> the references that deletions emptied here, as far as that was written down."""
        ...

    def note_emptied(self, table: str, emptied: Sequence[Emptied]) -> None:
        """Write down that deletions emptied references. These are no changes of ``of``, ``edits`` and ``seen``."""
        ...


class Accounts(Protocol):
    """Users and roles of this site by the names under which they travel."""

    def users(self, emails: Collection[str]) -> dict[str, int]:
        """Return e-mail address -> user id for those that exist here."""
        ...

    def emails(self, user_ids: Collection[int]) -> dict[int, str]:
        """Return user id -> e-mail address."""
        ...

    def groups(self, roles: Collection[str]) -> dict[str, int]:
        """Return role name -> group id for those that exist here."""
        ...

    def roles(self, group_ids: Collection[int]) -> dict[int, str]:
        """Return group id -> role name."""
        ...


class Files(Protocol):
    """The uploaded files of this site."""

    def has(self, table: str, field: str, stored: str) -> bool:
        """Return whether the file is here."""
        ...

    def path(self, table: str, field: str, stored: str) -> Path:
        """Return where the file is, or would be.

        Raises:
            BadRequest: the name is not one that web2py would give.
        """
        ...

    def url(self, table: str, field: str, stored: str) -> str:
        """Return the URL under which this site serves the file."""
        ...

    def signed_url(self, table: str, field: str, stored: str) -> str:
        """Return a URL under which anybody gets the file for some hours: for an Eden, which uses no account.

        Raises:
            ConfigurationError: this site has no key to sign with.
        """
        ...


@dataclass(frozen=True)
class Ports:
    """The ports of a site, passed on as one object.

    Attributes:
        schema: the synchronised tables.
        store: their records.
        journal: the changes, in order.
        pending_references: pending references and files.
        kept_versions: versions that did not become the record.
        twins: further uuids of records.
        changes: which fields were changed, by whom and where.
        deletions: what took deleted records along, who deleted them, and where.
        accounts: users and groups.
        files: uploaded files.
        clock: the site's clock.
    """

    schema: Schema
    store: Store
    journal: Journal
    pending_references: PendingReferences
    kept_versions: KeptVersions
    twins: Twins
    changes: Changes
    deletions: Deletions
    accounts: Accounts
    files: Files
    clock: Clock
