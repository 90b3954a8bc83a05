"""The offer of this site."""

from __future__ import annotations

from .. import SOFTWARE, VERSION
from ..exchange.scope import Scope
from ..site import Site
from ..site import datasets as datasets
from ..site.scoping import scopes as scopes
from ..wire.protocol.names import CAPABILITIES, MOST_PER_PAGE
from ..wire.protocol.offer import Offer, Offered, OfferedSet
from .contact import check_account, is_own


def offer(site: Site, asking: str | None) -> Offer:
    """Return what this site is and what can be pulled from it; this changes nothing.

    Args:
        site: this site.
        asking: identifier of the asking site, None if it does not say.

    Raises:
        Revoked: it may do nothing here any more.
        NotInScope: the account has a scope, and asks for nobody that it registered.
    """
    repository = site.known_repository(asking)
    is_known = repository is not None
    if repository is not None and is_own(repository):
        check_account(repository)
    else:
        repository = None
    scope = scopes.of_asking(site, repository)
    tables = [
        table for table in site.schema if not table.is_super and (scope is None or table.name in scope.rules)
    ]
    named = {table.name for table in tables}
    # How many records there are beyond its scope is none of the asking site's business.
    counts = site.record_counts.counts(
        [table for table in tables if scope is None or _is_whole(scope, table.name)]
    )
    return Offer(
        uuid=site.config().uuid,
        name=site.host.settings.get_system_name(),
        software=SOFTWARE,
        version=VERSION,
        capabilities=frozenset(CAPABILITIES),
        time=site.clock.now(),
        known=is_known,
        page_size=site.host.settings.get_sync_page_size(),
        most_per_page=MOST_PER_PAGE,
        resources=tuple(
            Offered(table.name, site.host.title(table.name), counts.get(table.name))
            for table in sorted(tables, key=lambda each: each.name)
        ),
        datasets=tuple(
            OfferedSet(each.code, each.name, tuple(each.resources))
            for each in datasets.all_of(site)
            if named.issuperset(each.resources) or scope is None
        ),
    )


def _is_whole(scope: Scope, name: str) -> bool:
    """Return whether all records of a resource may be read."""
    return scope.may_read(name) and not scope.rules[name].filters
