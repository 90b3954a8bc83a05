"""What other sites may read and write here: scopes, which repositories share, as they are stored and found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...core.messages import Sentence
from ...database import own_rows as own_rows
from ...database.tables.fields import live
from ...exchange.peer import Exchange
from ...exchange.scope import NotApproved, NotInScope, Scope, ScopeRule
from .. import Repository, Site
from .account_rights import by_account

__all__ = [
    "Prescribes",
    "StoredScope",
    "all_of",
    "check_other_address",
    "exchanges",
    "find",
    "given_to",
    "is_bound",
    "of_account",
    "of_asking",
    "of_repository",
    "of_same_account",
    "shows_to_readers",
    "users",
]


#: Stands for the scope of a repository that was revoked.
NOTHING = 0


class Prescribes(NamedTuple):
    """That sites with a scope are told to exchange just that, and how.

    Attributes:
        minutes: how often; 0 where nothing is said.
        headquarters_win: whether this site's version stays where both changed a record.
    """

    minutes: int = 0
    headquarters_win: bool = False


class StoredScope(NamedTuple):
    """A scope with its key.

    Attributes:
        id: its key.
        scope: what may be read and written.
        prescribes: what is prescribed to sites that have it; None for nothing.
    """

    id: int
    scope: Scope
    prescribes: Prescribes | None = None


def _read(row: Any) -> StoredScope:
    """Return a scope from its row.

    Raises:
        FilterError: a condition of it cannot be read: nobody may read or write anything by it.
    """
    rules = [ScopeRule.from_json(each) for each in row.rules or ()]
    told = row.prescribes
    prescribes = (
        None if not told else Prescribes(int(told.get("minutes") or 0), told.get("headquarters_win") is True)
    )
    return StoredScope(int(row.id), Scope.of(row.name, rules), prescribes)


def all_of(site: Site) -> list[StoredScope]:
    """Return all scopes, sorted by name."""
    table = site.db.sync_scope
    return [_read(row) for row in site.db(live(table)).select(orderby=(table.name, table.id))]


def find(site: Site, scope_id: int) -> StoredScope | None:
    """Return a scope by its key, None if there is none."""
    rows = own_rows.read(site.db, "sync_scope", {"id": scope_id, "deleted": False})
    return _read(rows[0]) if rows else None


def of_repository(repository: Repository) -> Scope | None:
    """Return the scope of a repository, None if it may read and write everything.

    The rights of the asking account count as well.
    """
    return by_account(repository.site, given_to(repository))


def given_to(repository: Repository) -> Scope | None:
    """Return the scope that an administrator has given to a repository, whoever asks; None for everything.

    One without a scope has that of the others of its account, and none of several: an account would get around its
    scope by the name of a repository that it registered before it had one.

    A scope that is gone allows nothing: whoever removed it did not mean to allow everything.
    """
    key = repository.scope_id
    if key is None:
        of_others = {each.scope_id for each in of_same_account(repository) if each.scope_id is not None}
        if not of_others:
            return None
        key = of_others.pop() if len(of_others) == 1 else NOTHING
    found = find(repository.site, key)
    return Scope("") if found is None else found.scope


def of_same_account(repository: Repository) -> list[Repository]:
    """Return the repositories of the account to which a repository belongs, and itself; itself where it has none."""
    site = repository.site
    if repository.account_id is None:
        return [repository]
    rows = own_rows.read(site.db, "sync_repository", {"account_id": repository.account_id, "deleted": False})
    return [Repository.read(site, row) for row in rows]


def of_account(site: Site, user_id: int | None) -> list[int]:
    """Return the keys of the scopes of an account's repositories, each once; none where it has no scope.

    One that was revoked, or waits for approval, counts as a scope of its own, with nothing in it: NOTHING.
    """
    if user_id is None:
        return []
    rows = own_rows.read(site.db, "sync_repository", {"account_id": user_id, "deleted": False})
    found = {NOTHING if row.approval else row.scope_id for row in rows}
    return sorted(int(each) for each in found if each is not None)


def of_asking(site: Site, repository: Repository | None) -> Scope | None:
    """Return the scope that counts for a request, None if it may read and write everything.

    Args:
        site: this site.
        repository: the repository of the asking site, None if it is not registered or has not said who it is.

    Raises:
        NotInScope: the account has a scope, and asks for nobody that it registered.
        NotApproved: it has registered nobody, and whoever asks has to be approved.
    """
    if repository is not None:
        return of_repository(repository)
    if of_account(site, site.host.user_id):
        raise NotInScope(Sentence.NAME_THE_SITE.say())
    if _is_uninvited(site):
        raise NotApproved(Sentence.REGISTER_FIRST.say())
    return by_account(site, None)


def _is_uninvited(site: Site) -> bool:
    """Return whether the asking account is of a site that has to be approved first, and has not even registered."""
    host = site.host
    if not host.settings.get_sync_approve_registrations() or host.may_administer():
        return False
    return host.may_synchronise() and not own_rows.read(
        site.db, "sync_repository", {"account_id": host.user_id, "deleted": False}, limit=1
    )


def check_other_address(site: Site) -> None:
    """Check that the asking account may use addresses that are not those of the synchronisation.

    Raises:
        NotInScope: it has a scope, which counts there only; administrators may do everything anyway.
    """
    if is_bound(site):
        raise NotInScope(Sentence.NOT_BY_THIS_ADDRESS.say())


def is_bound(site: Site) -> bool:
    """Return whether the asking account has a scope, which lets it use the addresses of the synchronisation only.

    So has one whose rights are those of single records, as in a complete Eden.

    That does not hold for administrators: they may change the scope as well.
    """
    # Asked first, for it also finds out who asks: an account whose password comes along with the request.
    if site.host.may_administer():
        return False
    return site.host.limits_records or bool(of_account(site, site.host.user_id)) or _is_uninvited(site)


def shows_to_readers(site: Site) -> bool:
    """Return whether pages about records are for all who may read their table.

    They are not where one record of a table may be read and another one not, nor for an account with a scope: such a
    page would tell of both.
    """
    return not site.host.limits_records and not is_bound(site)


def exchanges(scope: Scope, table: str) -> list[Exchange]:
    """Return what is sent to a site with this scope, as far as records of a table can be among it."""
    return [
        Exchange(rule.resource, components=rule.components, filters=rule.filters)
        for rule in scope.rules_for(table)
        if rule.reads
    ]


def users(site: Site, scope_ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """Return the repositories with these scopes: key of the scope -> key and name of each."""
    table = site.db.sync_repository
    found: dict[int, list[tuple[int, str]]] = {each: [] for each in scope_ids}
    query = live(table) & table.scope_id.belongs(list(scope_ids))
    for row in site.db(query).select(table.id, table.name, table.scope_id, orderby=table.name):
        found[row.scope_id].append((int(row.id), row.name))
    return found
