"""What the use cases ask of the outside, and nothing more.

Values that cross the Store are Python values: str, int, float, Decimal, bool, date, datetime (UTC, no zone), time,
list, whatever JSON holds, and None. An upload field holds web2py's stored name. A reference holds the target's key;
a list:reference a list of keys. Keys of a table are its ``Table.key`` column.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Protocol,
)

from ..core.schema import Field, Schema, Table

if TYPE_CHECKING:
    from ..wire.filters import Filter
from ..core.kept import Deferred, Kept

Row = tuple[Any, ...]


def nowhere(table: str) -> int:
    """Return 0: of no table anything was delivered."""
    return 0


class Store(Protocol):
    """The records of the synchronised tables, read and written in sets.

    Each call is a constant number of statements per few hundred keys, never one a record.

    Attributes:
        dialect: kind of the database.
        knows_keys: whether the keys of new records are known before they are written, so that ``insert`` fills
            ``Table.own_key`` too.
    """

    dialect: str
    knows_keys: bool

    def transaction(self) -> AbstractContextManager[None]:
        """Run a write transaction: committed at the end, rolled back after an exception.

        Raises:
            StoreBusy: another writer held the database for longer than the time-out.
            StoreFull: no space left; nothing was stored.
        """
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Run a part of the transaction that is undone alone after an exception."""
        ...

    def fetch(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """Return ``columns`` of the rows (deleted ones too) whose column ``by`` is one of ``keys``, in no order."""
        ...

    def fetch_listing(
        self, table: Table, columns: Sequence[str], by: str, keys: Collection[int]
    ) -> list[Row]:
        """As ``fetch``, for a list:reference column that contains any of ``keys``."""
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

        None in a key matches NULL. With ``ignore_case`` text is compared without regard to case.
        """
        ...

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """Insert rows, return their keys in the same order.

        Raises:
            RowRefused: the database refused at least one row; none of them is stored.
        """
        ...

    def withdraw(self, table: Table, keys: Collection[int]) -> None:
        """Remove rows inserted in this transaction, to which nothing refers yet."""
        ...

    def update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Update rows: each begins with the key, followed by the values of ``columns``.

        Raises:
            RowRefused: the database refused at least one row; none of them is stored.
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

        Behind the columns each row has its position. Values are raw: what the database driver returns, to be read by
        ``reader(field)`` before use.

        Args:
            after, until: positions in the journal.
            limit: most rows to return.
            skip_origin: repository whose own changes are left out (echoes); None for all.
            filters: conditions on the table, joined by AND.
            msince: only records modified at or after this time (UTC).
            live_only: leave out deleted records.
        """
        ...

    def fetch_raw(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """As ``fetch``, with raw values (see ``scan``)."""
        ...

    def matching(self, table: Table, keys: Collection[int], filters: Sequence[Filter]) -> set[int]:
        """Return those of the keys whose records meet all filters."""
        ...

    def reader(self, field: Field) -> Callable[[Any], Any] | None:
        """Return what turns a raw value into a Python value for writing it to a document.

        None where the raw value will do: the core's writers take dates and times as Python objects or as ISO text.
        NULL is never passed to a reader.
        """
        ...

    def holds_any(self, table: Table) -> bool:
        """Tell whether a table has a record, be it deleted."""
        ...

    def count(self, table: Table, filters: Sequence[Filter] = (), *, live_only: bool = True) -> int:
        """Count the records a task with these filters would exchange."""
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

        Masters of component records are noted too, after the components. A record that holds changes which
        ``origin`` has not got yet is not marked as brought by it: it still has to be sent there.

        Args:
            table: name of the table.
            keys: keys of the records.
            origin: id of the repository that brought the change, None for a change made here.
            delivered: table -> position up to which ``origin`` has got our changes of that table.
            covered: those of the keys whose masters the caller is going to note itself.
            times: key -> ``modified_on`` of the records, where all of them have just been created.
        """
        ...

    def positions(self, table: str, keys: Collection[int]) -> dict[int, tuple[int, int | None]]:
        """Return key -> (position, origin) of the last change of the record itself, where the journal knows one.

        Changes of components are not changes of their master here.
        """
        ...

    def assert_ours(self, table: str, keys: Sequence[int]) -> None:
        """Give records the next positions although they did not change, so that every peer is told again."""
        ...

    def catch_up(self, table: Table) -> int:
        """Note records that were written behind the journal's back; return how many."""
        ...

    def forget_origin(self, origin: int, after: int = 0) -> None:
        """Treat everything beyond a position as not brought by this repository, since that site lost it."""
        ...


class PendingReferences(Protocol):
    """References and files that are still to come. All within the current transaction."""

    def defer(self, items: Sequence[Deferred]) -> None:
        """Remember references and files that are still to come; an item for the same record and field replaces."""
        ...

    def deferred_for(self, targets: Mapping[str, Collection[str]]) -> list[Deferred]:
        """Return what waits for any of these records: table -> uuids."""
        ...

    def deferred_of(self, table: str, keys: Collection[int]) -> list[Deferred]:
        """Return what these records wait for."""
        ...

    def settle(self, items: Sequence[Deferred]) -> None:
        """Forget deferred items that have been resolved or overtaken."""
        ...

    def waiting_files(self, repository_id: int, limit: int) -> list[Deferred]:
        """Return files that are still to be had from this repository, oldest first."""
        ...


class KeptVersions(Protocol):
    """Versions that did not become the record here. All within the current transaction."""

    def keep(self, items: Sequence[Kept]) -> None:
        """Keep versions: every loser of a conflict, of other kinds the latest of a repository, table and uuid."""
        ...

    def known(self, repository_id: int | None, table: str, uuids: Collection[str]) -> dict[str, Kept]:
        """Return the open kept versions of these records from this repository, by uuid (without XML)."""
        ...

    def our_versions(
        self, repository_id: int | None, table: str, uuids: Collection[str]
    ) -> dict[str, list[str]]:
        """Return the versions that we had in conflicts with this repository, decided ones included: uuid -> S3XML."""
        ...

    def release(
        self, repository_id: int | None, table: str, uuids: Collection[str], kinds: Sequence[str]
    ) -> None:
        """Close kept versions of these records because a later version was taken."""
        ...

    def retriable(self, repository_id: int | None, table: str, limit: int) -> list[Kept]:
        """Return rejected records one of whose missing references is here by now."""
        ...


class Accounts(Protocol):
    """Users and roles of this site by the names that travel."""

    def users(self, emails: Collection[str]) -> dict[str, int]:
        """Return e-mail -> user id for those who exist here."""
        ...

    def emails(self, user_ids: Collection[int]) -> dict[int, str]:
        """Return user id -> e-mail."""
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
        """Tell whether the file is here."""
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


class Clock(Protocol):
    """The time at this site."""

    def now(self) -> datetime:
        """Return the current time, UTC without zone and microseconds."""
        ...


@dataclass(frozen=True)
class Ports:
    """What the use cases of a site stand on, handed on as one object.

    Attributes:
        schema: the tables that take part.
        store: their records.
        journal: what changed, in order.
        pending_references: references and files that are still to come.
        kept_versions: versions that were put aside.
        accounts: users and groups.
        files: uploaded files.
        clock: the site's clock.
    """

    schema: Schema
    store: Store
    journal: Journal
    pending_references: PendingReferences
    kept_versions: KeptVersions
    accounts: Accounts
    files: Files
    clock: Clock
