"""Invites sites, withdraws invitations, and revokes sites."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple

from ..core.errors import BadRequest, ConfigurationError
from ..core.policy import Policy
from ..database import accounts as accounts
from ..database.tables.fields import live
from ..site import Repository, Site
from ..site.repositories import REVOKED
from ..site.scoping import invitations as invitations
from ..site.scoping import scopes as scopes
from ..site.scoping.prescribing import invited_resources
from ..site.scoping.scopes import StoredScope
from ..transport.pinning import normal, presented
from ..wire.protocol.invitation import LONGEST_CODE, MOST_RESOURCES, Invitation

#: The longest that an invitation can be taken up, and between two runs that it asks for.
MOST_DAYS, MOST_MINUTES = 90, 10_080


class Wish(NamedTuple):
    """What an administrator wants of an invitation.

    Attributes:
        name: of the site that is invited.
        minutes: how often the site shall exchange; 0 for not by itself.
        days: for how many days it can be taken up.
        address: at which the site reaches this one, "" for the usual one.
        headquarters_win: whether this site's version stays where both changed a record.
        certificate: fingerprint of this site's certificate, "" where an authority vouches for it; None to look at the
            address.
    """

    name: str
    minutes: int = 15
    days: int = 7
    address: str = ""
    headquarters_win: bool = False
    certificate: str | None = None


def with_certificate(site: Site, wish: Wish) -> Wish:
    """Return a wish with the fingerprint of this site's certificate, looked up where it says None.

    Args:
        site, wish: as for ``invite``.
    """
    if wish.certificate is not None:
        return wish
    return wish._replace(certificate=own_certificate(site, _address(site, wish)))


def _address(site: Site, wish: Wish) -> str:
    return wish.address.rstrip("/") or site.base_url


def invite(site: Site, scope: StoredScope, wish: Wish) -> Invitation:
    """Make an invitation; its key is not stored, so the code cannot be shown again.

    Args:
        site: this site.
        scope: what the invited site may read and write here, and exchanges.
        wish: the rest. Within a transaction it has to have its certificate: writers would wait for the line.

    Raises:
        ConfigurationError: an account could not be made for who takes it up, or no code can carry so much.
    """
    accounts.role_of_sites(site.db)
    wish = with_certificate(site, wish)
    key = secrets.token_urlsafe(24)
    expires = site.clock.now() + timedelta(days=wish.days)
    made = Invitation(
        _address(site, wish),
        key,
        site.config().uuid,
        site.host.settings.get_system_name(),
        expires,
        invited_resources(scope.scope),
        Policy.NEWER,
        Policy.OTHER if wish.headquarters_win else Policy.NEWER,
        wish.minutes,
        normal(wish.certificate or ""),
    )
    _check_size(made)
    with site.store.transaction():
        site.db.sync_invitation.insert(
            name=wish.name, key_digest=invitations.digest_of(key), scope_id=scope.id, expires_on=expires
        )
    return made


def _check_size(made: Invitation) -> None:
    """Check that the site that gets the code can read all of it.

    Raises:
        ConfigurationError: it says too much.
    """
    try:
        Invitation.from_code(made.code)
    except BadRequest as error:
        raise ConfigurationError(
            f"An invitation carries at most {MOST_RESOURCES} resources in {LONGEST_CODE:,} characters; "
            f"this scope has {len(made.resources)} resources, and takes {len(made.code):,} characters.",
            hint="Let the scope have fewer resources or shorter conditions; further ones can be added when the site "
            "has joined.",
        ) from error


def own_certificate(site: Site, address: str) -> str:
    """Return the fingerprint of the certificate at an address of this site, if no authority vouches for it; else "".

    A site that cannot reach its own address from inside has to be told the fingerprint.

    Args:
        site: this site.
        address: where others reach it.
    """
    if not address.startswith("https://"):
        return ""
    found = presented(address, site.host.settings.get_sync_ca_bundle())
    return "" if found is None or found.is_trusted else found.fingerprint


def withdraw(site: Site, invitation_id: int) -> None:
    """Withdraw an invitation that nobody has taken up."""
    table = site.db.sync_invitation
    query = (table.id == invitation_id) & (table.used_on == None) & live(table)  # noqa: E711 - an SQL expression
    with site.store.transaction():
        site.db(query).delete()


def revoke(repository: Repository) -> None:
    """Take away what a site may do here: from its next request on it gets and brings nothing.

    So do the other repositories of its account.
    """
    with repository.site.store.transaction():
        for each in scopes.of_same_account(repository):
            each.update(approval=REVOKED)


def let_back_in(repository: Repository) -> None:
    """Let a site that was revoked do again what its scope allows, with all of its account; or approve a waiting one."""
    former = repository.approval
    with repository.site.store.transaction():
        for each in scopes.of_same_account(repository):
            if each.id == repository.id or (former == REVOKED and each.is_revoked):
                each.update(approval=None)
