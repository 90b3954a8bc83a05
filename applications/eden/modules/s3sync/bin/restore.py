"""Restores what was deleted, and says what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.kept import Place
from ..exchange.importer.deletion import Restored, Restorer, catch_up
from ..site import Site


def restore(site: Site, places: Iterable[Place], user_id: int | None = None) -> Restored:
    """Restore records with all that their deletion took along, as changes made here and now.

    Args:
        site: this site.
        places: the records.
        user_id: the user who restores them.

    Returns:
        what lives again, and what stands in the way of the others; those stay as they are.
    """
    with site.store.transaction():
        catch_up(site.ports)
        by = site.accounts.email(user_id) or ""
        return Restorer(site.ports, site.is_possible).restore(places, user_id, by)
