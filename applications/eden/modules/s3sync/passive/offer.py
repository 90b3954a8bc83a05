"""The offer of this site."""

from __future__ import annotations

from .. import SOFTWARE, VERSION
from ..site import Site
from ..site import datasets as datasets
from ..wire.protocol.names import CAPABILITIES, MOST_PER_PAGE
from ..wire.protocol.offer import Offer, Offered, OfferedSet


def offer(site: Site, asking: str | None) -> Offer:
    """Return what this site is and what can be pulled from it; this changes nothing.

    Args:
        site: this site.
        asking: identifier of the asking site, None if it does not say.
    """
    tables = [table for table in site.schema if not table.is_super]
    counts = site.record_counts.counts(tables)
    return Offer(
        uuid=site.config().uuid,
        name=site.host.settings.get_system_name(),
        software=SOFTWARE,
        version=VERSION,
        capabilities=frozenset(CAPABILITIES),
        time=site.clock.now(),
        known=site.known_repository(asking) is not None,
        page_size=site.host.settings.get_sync_page_size(),
        most_per_page=MOST_PER_PAGE,
        resources=tuple(
            Offered(table.name, site.host.title(table.name), counts.get(table.name))
            for table in sorted(tables, key=lambda each: each.name)
        ),
        datasets=tuple(
            OfferedSet(each.code, each.name, tuple(each.resources)) for each in datasets.all_of(site)
        ),
    )
