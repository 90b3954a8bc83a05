"""The time of the last contact of another site."""

from __future__ import annotations

from typing import Any

from ..site import Site

#: Minimum seconds between two updates of the last contact.
CONTACT_EVERY = 60


def note_contact(site: Site, repository: Any) -> None:
    """Store the contact of a repository; not with every request, so that an idle exchange writes little."""
    now = site.clock.now()
    if (
        repository.last_connected is None
        or (now - repository.last_connected).total_seconds() >= CONTACT_EVERY
    ):
        with site.store.transaction():
            site.db(site.db.sync_repository.id == repository.id).update(last_connected=now)
