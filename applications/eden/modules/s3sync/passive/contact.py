"""The time of the last contact of another site."""

from __future__ import annotations

from ..site import Repository

#: Minimum seconds between two updates of the last contact.
CONTACT_EVERY = 60


def note_contact(repository: Repository) -> None:
    """Store the contact of a repository; not with every request, so that an idle exchange writes little."""
    site = repository.site
    now = site.clock.now()
    if (
        repository.last_connected is None
        or (now - repository.last_connected).total_seconds() >= CONTACT_EVERY
    ):
        with site.store.transaction():
            repository.update(last_connected=now)
