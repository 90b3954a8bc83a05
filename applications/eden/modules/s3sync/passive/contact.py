"""When another site was last heard of."""

from __future__ import annotations

from typing import Any

from ..site import Site

#: Seconds between two notes that a repository was heard of.
CONTACT_EVERY = 60


def note_contact(site: Site, repository: Any) -> None:
    """Remember that a repository was heard of; not at every request, so that an idle exchange writes little."""
    now = site.clock.now()
    if (
        repository.last_connected is None
        or (now - repository.last_connected).total_seconds() >= CONTACT_EVERY
    ):
        with site.store.transaction():
            site.db(site.db.sync_repository.id == repository.id).update(last_connected=now)
