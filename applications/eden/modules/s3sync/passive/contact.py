"""Who another site is: its repository, the account that it belongs to, and the time of the last contact."""

from __future__ import annotations

from typing import Any

from ..core.errors import ForeignAccount, NotRegistered
from ..core.messages import Sentence
from ..exchange.scope import NotApproved, Revoked
from ..site import Repository, Site
from ..site.repositories import REVOKED, first
from ..site.scoping import scopes as scopes
from .begun import BegunExchanges

#: Minimum seconds between two updates of the last contact.
CONTACT_EVERY = 60


def known(site: Site, uuid: str | None) -> Repository | None:
    """Return the repository of the asking site, None if it is not registered.

    Args:
        site: this site.
        uuid: how the asking site identifies itself.

    Raises:
        ForeignAccount: the repository belongs to another account than the one that asks.
    """
    repository = site.known_repository(uuid)
    if repository is not None:
        check_account(repository)
    return repository


def registered(site: Site, uuid: str | None) -> Repository:
    """Return the repository of the asking site.

    Raises:
        NotRegistered: it is not registered.
        ForeignAccount: as in ``known``.
    """
    repository = known(site, uuid)
    if repository is None:
        raise NotRegistered("Registration required")
    return repository


def check_account(repository: Repository) -> None:
    """Check that a repository belongs to the asking account, or to none yet.

    Raises:
        Revoked: it may do nothing here any more, or another repository of the asking account may not.
        NotApproved: it may do nothing here yet.
        ForeignAccount: it belongs to another one, or the asking one has a scope that is not that of the repository.
    """
    if repository.is_revoked or _is_revoked(repository.site):
        raise Revoked(Sentence.REVOKED_HERE.say())
    if repository.is_waiting:
        raise NotApproved(Sentence.WAITS_FOR_APPROVAL.say())
    if not is_own(repository):
        raise ForeignAccount(f"The repository {repository.name} belongs to another account.")


def _is_revoked(site: Site) -> bool:
    """Return whether the asking account is that of a site that was revoked: it would go on under another name."""
    asking = site.host.user_id
    return asking is not None and (
        first(site, account_id=asking, approval=REVOKED, deleted=False) is not None
    )


def is_own(repository: Repository) -> bool:
    """Return whether the asking account may act for a repository: it registered it, or nobody has yet."""
    site, owner = repository.site, repository.account_id
    asking = site.host.user_id
    if asking is None or asking == owner:
        return True
    # One with a scope must not take a repository that has another one, or none.
    others = set(scopes.of_account(site, asking)) - {repository.scope_id}
    return owner is None and not others


def binding(repository: Repository) -> dict[str, Any]:
    """Return the changes that bind a repository to the asking account; nothing if it is bound."""
    asking = repository.site.host.user_id
    return {"account_id": asking} if repository.account_id is None and asking is not None else {}


def note_contact(repository: Repository, *, exchanges: bool = True) -> None:
    """Store the contact of a repository; not with every request, so that an idle exchange writes little.

    Args:
        repository: who asks.
        exchanges: whether that belongs to an exchange.
    """
    site = repository.site
    now = site.clock.now()
    bound = binding(repository)
    if (
        bound
        or repository.last_connected is None
        or abs((now - repository.last_connected).total_seconds()) >= CONTACT_EVERY
    ):
        with site.store.aside():
            repository.update(last_connected=now, **bound)
            if exchanges:
                BegunExchanges(repository).heard()
