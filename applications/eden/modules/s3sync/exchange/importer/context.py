"""The source of imported records, and the form for callbacks of the data model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Callable

from ...core.clock import any_time
from ...core.fields import Stamp
from ..ports import nowhere

if TYPE_CHECKING:
    from ..scope_guard import ScopeGuard
    from .by_field import SentFields


def never(table: str) -> bool:
    """Return False: nothing of any table was exchanged before."""
    return False


def unknown(table: str) -> datetime | None:
    """Return None: for no table it is known which versions were seen."""
    return None


def unknown_position(table: str) -> int | None:
    """Return None: for no table it is known how far the exchange has come."""
    return None


def nobody() -> Mapping[int, int]:
    """Return nothing: every repository tells its edits."""
    return {}


def no_times(table: str) -> Sequence[tuple[int, int]]:
    """Return nothing: for no table it is known when anything was sent."""
    return ()


@dataclass(frozen=True)
class Context:
    """Where a document comes from.

    Attributes:
        repository_id: the repository that sent it, None for an import by hand (plain REST).
        exchanged: journal position up to which the repository knows our changes; None to detect no conflicts (an
            import by hand always wins).
        exchanged_of: table -> the same for records of other tables that come with the main ones, None where that of the
            main table counts. An Eden sends a person inside a staff record.
        sent: table -> journal position up to which our changes were sent to the repository, whether or not it said that
            it has them. What an Eden pushes, it has after it took our last answer.
        delivered: table -> journal position up to which the repository has received our changes of that table.
        met: table -> whether anything of it was exchanged with the repository before this document.
        clears: whether the sender can clear every field. An Eden cannot clear numbers, dates and references: if its
            version of the same second has a value that we cleared, it is our own change that comes back.
        known: table -> time (UTC) before which we have seen every version of the sender. An Eden may send again what
            has not changed there since; this is no conflict with a later change here. None if unknown.
        kept_since: row of a kept version that is tried again -> position of our journal when it was put aside. What
            changed here since then is in conflict with it.
        skew: seconds by which the sender's clock is ahead of ours, as far as known.
        sent_times: table -> journal position and time (milliseconds since 1970, our clock) of what was sent last to an
            Eden, in this order.
        own_domain: domain that is stripped from identifiers, None for none.
        user_id: account on whose behalf the records are written, None for the system.
        max_ahead: how far in the future the time of a record may be before it is rejected.
        is_possible: returns whether a time can be that of a record here; one that cannot ranks below all others.
        again: whether the sender sends again what it has sent before: an older version is no change then.
        final: whether a deletion that others stand in the way of is refused at once. In an exchange it waits: they may
            be deleted, moved or freed by what comes later.
        by_account: whether the account has written the records, whatever they say of users and groups.
        by_field: whether records say which of their fields were edited; one that does not say it was never edited.
        guard: keeps the import within what the sender may write; None where it may write everything.
        silent: repositories that tell no edits -> journal position up to which they told none.
        decides: the edits on which a person decides with an import by hand.
        sent_fields: what a sender has sent that leaves out what is empty; None for one that names what is cleared.
    """

    repository_id: int | None = None
    exchanged: int | None = None
    exchanged_of: Callable[[str], int | None] = unknown_position
    sent: Callable[[str], int] = nowhere
    delivered: Callable[[str], int] = nowhere
    met: Callable[[str], bool] = never
    clears: bool = True
    known: Callable[[str], datetime | None] = unknown
    kept_since: Mapping[int, int] = field(default_factory=dict)
    skew: float = 0.0
    sent_times: Callable[[str], Sequence[tuple[int, int]]] = no_times
    own_domain: str | None = None
    user_id: int | None = None
    max_ahead: timedelta = timedelta(hours=24)
    is_possible: Callable[[datetime], bool] = any_time
    again: bool = False
    final: bool = True
    by_account: bool = False
    by_field: bool = False
    guard: ScopeGuard | None = None
    silent: Callable[[], Mapping[int, int]] = nobody
    decides: tuple[Stamp, ...] = ()
    sent_fields: SentFields | None = None

    def exchanged_with(self, table: str) -> int | None:
        """Return ``exchanged`` for records of a table, main ones or not."""
        found = None if self.exchanged is None else self.exchanged_of(table)
        return self.exchanged if found is None else found


class CallbackFailed(Exception):
    """A callback of a foreign data model failed for one record; the others do not depend on it."""


class Vars(dict[str, Any]):
    """The values of a form as attributes or items, None for a missing one (like web2py's Storage)."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    def __missing__(self, name: str) -> None:
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class HookForm:
    """The argument of the data model's callbacks: a form with ``vars`` and ``errors``.

    Args:
        tablename: table of the record.
        values: the values to write, with ``id`` once the record exists.
        record: the former values of the record, None on create.
    """

    def __init__(self, tablename: str, values: dict[str, Any], record: dict[str, Any] | None = None) -> None:
        self.table = tablename
        self.vars = Vars(values)
        self.errors = Vars()
        self.record = None if record is None else Vars(record)
