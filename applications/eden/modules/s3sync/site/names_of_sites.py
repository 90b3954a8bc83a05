"""The names of sites as people here know them, for the identifiers in stamps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core.fields import site_identifier
from ..database.tables.fields import live
from .exchange_state import pulled


class SiteName(NamedTuple):
    """A site that made an edit.

    Attributes:
        name: as the repository is called here; "" if it is not known here.
        here: whether it is this site.
        identifier: as in the stamp.
    """

    name: str
    here: bool
    identifier: str


class NamesOfSites:
    """Finds the names of sites.

    Args:
        own: identifier of this site in stamps.
        repositories: identifier of each other site that is known -> the name of its repository.
        numbers: number of each repository -> its name, for senders that send no stamps.
    """

    def __init__(self, own: str, repositories: Mapping[str, str], numbers: Mapping[int, str]) -> None:
        self._own = own
        self._repositories = repositories
        self._numbers = numbers

    def of(self, identifier: str) -> SiteName:
        """Return who made edits with this site in their stamps."""
        if identifier == self._own:
            return SiteName("", True, identifier)
        site, _, number = identifier.partition(".")
        if site == self._own and number.isdigit():
            return SiteName(self._numbers.get(int(number), ""), False, identifier)
        return SiteName(self._repositories.get(site, ""), False, identifier)


def names_of_sites(site: Any) -> NamesOfSites:
    """Return the names of all sites that this one exchanges with.

    Args:
        site: this site.
    """
    table = site.db.sync_repository
    rows = site.db(live(table)).select(table.id, table.name, table.peer_journal)
    numbers = {int(row.id): str(row.name) for row in rows}
    repositories = {site_identifier(row.peer_journal): str(row.name) for row in rows if row.peer_journal}
    own = site.journal.identity()
    for (repository_id, _), texts in site.checkpoints.states().items():
        journal = pulled(texts, own).journal
        if journal and repository_id in numbers:
            repositories[site_identifier(journal)] = numbers[repository_id]
    return NamesOfSites(site.changes.site, repositories, numbers)
