"""The names of sites as people here know them, for the identifiers in stamps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..core.fields import site_identifier
from ..database.tables.fields import live
from .exchange_state import pulled
from .repositories import Repository

#: Among the settings of a repository: what that site calls further sites, by identifier.
_HEARD = "names_of_sites"
_MOST_HEARD = 200


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
        heard: identifier of each site that is known only through others -> what these call it.
    """

    def __init__(
        self,
        own: str,
        repositories: Mapping[str, str],
        numbers: Mapping[int, str],
        heard: Mapping[str, str] | None = None,
    ) -> None:
        self._own = own
        self._repositories = repositories
        self._numbers = numbers
        self._heard = heard or {}

    def of(self, identifier: str) -> SiteName:
        """Return who made edits with this site in their stamps."""
        if identifier == self._own:
            return SiteName("", True, identifier)
        site, _, number = identifier.partition(".")
        if site == self._own and number.isdigit():
            return SiteName(self._numbers.get(int(number), ""), False, identifier)
        # What the administrator here calls a site goes before what others call it.
        return SiteName(self._repositories.get(site) or self._heard.get(site, ""), False, identifier)


def names_of_sites(site: Any) -> NamesOfSites:
    """Return the names of all sites that this one exchanges with.

    Args:
        site: this site.
    """
    table = site.db.sync_repository
    columns = (table.id, table.name, table.peer_journal, table.settings)
    rows = site.db(live(table)).select(*columns, orderby=table.id)
    numbers = {int(row.id): str(row.name) for row in rows}
    repositories = {site_identifier(row.peer_journal): str(row.name) for row in rows if row.peer_journal}
    own = site.journal.identity()
    for (repository_id, _), texts in site.checkpoints.states().items():
        journal = pulled(texts, own).journal
        if journal and repository_id in numbers:
            repositories[site_identifier(journal)] = numbers[repository_id]
    heard: dict[str, str] = {}
    for row in rows:
        heard = {**((row.settings or {}).get(_HEARD) or {}), **heard}
    return NamesOfSites(site.changes.site, repositories, numbers, heard)


def names_to_tell(site: Any, identifiers: Collection[str], start: int) -> dict[str, str]:
    """Return what the sites are called here whose edits are in a page, those that are known.

    Args:
        site: this site.
        identifiers: the sites, as in stamps.
        start: of which one to tell first, any number: there may not be room for all in one page.
    """
    others = sorted(each for each in identifiers if each != site.changes.site and each.isalnum())
    if not others:
        return {}
    names, first = names_of_sites(site), start % len(others)
    found = {each: names.of(each).name for each in others[first:] + others[:first]}
    return {each: name for each, name in found.items() if name}


def remember_names(repository: Repository, names: Mapping[str, str]) -> None:
    """Remember what another site calls further sites, within the current transaction.

    Args:
        repository: the one that tells it.
        names: identifier -> name.
    """
    told = {each: name for each, name in names.items() if each != repository.site.changes.site}
    if not told:
        return
    known = repository.settings_with().get(_HEARD) or {}
    if told.items() <= known.items():
        return
    latest = list({**{each: known[each] for each in known if each not in told}, **told}.items())
    repository.update(settings=repository.settings_with(**{_HEARD: dict(latest[-_MOST_HEARD:])}))
