"""The bin: deletions that can be undone, each with what it took along, who made it where, and until when it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..core.kept import DeletionState, Place
from ..database.paging import ListPage, containing, page_of, whole_number
from ..exchange.importer.deletion import Obstacle, Restorer, catch_up
from ..site import Site
from ..site.labels import resource_title
from ..site.names_of_sites import NamesOfSites, SiteName, names_of_sites
from ..site.scoping import account_rights as account_rights

#: Entries on one page.
LENGTH = 50
#: How many records of a table are named on the page of an entry; the others are counted.
NAMED = 20
#: Positions of the journal in which a page looks for deletions that nobody wrote down; more are left to the upkeep.
AT_ONCE = 20_000


class Along(NamedTuple):
    """Records of one table that a deletion took along.

    Attributes:
        table: their table.
        title: what such records are called.
        many: how many there are.
        names: the names of some; empty where they were not asked for, or the reader may not see them.
    """

    table: str
    title: str
    many: int
    names: Sequence[str] = ()


class BinEntry(NamedTuple):
    """A deletion in the bin.

    Attributes:
        number: its number, in addresses.
        place: the record that was deleted itself.
        title: what such records are called.
        name: its name, "" if it has none.
        deleted_on: when (UTC), by the clock where that was.
        by: who: an e-mail address, "" if unknown.
        site: where, None if unknown.
        via: the name of the repository that brought it, "" if it was made here or the repository is gone.
        kept_until: when its content is removed here (UTC).
        along: what went along.
    """

    number: int
    place: Place
    title: str
    name: str
    deleted_on: datetime | None
    by: str
    site: SiteName | None
    via: str
    kept_until: datetime | None
    along: Sequence[Along] = ()


class Blocking(NamedTuple):
    """What stands in the way of restoring an entry.

    Attributes:
        obstacle: what it is.
        name, title: the record that stands in the way.
        number: of the entry with that record, None if it is not in the bin.
    """

    obstacle: Obstacle
    name: str
    title: str
    number: int | None


def look(site: Site) -> None:
    """Write down deletions that nobody wrote down, unless these may be so many that it takes long."""
    if site.journal.head() - site.deletions.position() <= AT_ONCE:
        with site.store.transaction():
            catch_up(site.ports)


def _readable(site: Site) -> Any:
    """Return the pydal query for what was deleted of records that the present user may read."""
    table = site.db.sync_deletion
    names = [each.name for each in site.schema if not each.is_super]
    if site.host.limits_records:
        # A complete Eden has hundreds of tables, and takes a while to answer for each.
        here = {row.tablename for row in site.db(_in_bin(site)).select(table.tablename, distinct=True)}
        names = [each for each in names if each in here]
    rights = {each: site.host.accessible("read", each) for each in names}
    query = table.tablename.belongs([name for name, may in rights.items() if may is True])
    for name, may in rights.items():
        if isinstance(may, str):
            # pydal takes a nested statement with its end.
            query |= (table.tablename == name) & table.record_id.belongs(f"{may};")
    return query


def entries(site: Site, variables: Mapping[str, Any], search: str = "") -> tuple[ListPage, list[BinEntry]]:
    """Return a page of what is in the bin and the present user may read, the newest deletion first.

    Args:
        site: this site.
        variables: URL variables: ``page``.
        search: a text in the name, "" for any.
    """
    table = site.db.sync_deletion
    query = _in_bin(site) & (table.along_id == None)  # noqa: E711
    query &= _readable(site)
    if search:
        query &= containing(search, table.name)
    page = page_of(site.db, query, ~table.deleted_on | ~table.id, variables, LENGTH)
    along = _counts(site, [(row.tablename, row.record_id) for row in page.rows])
    words = _Words(site)
    return page, [words.entry(row, along.get((row.tablename, row.record_id), ())) for row in page.rows]


def entry(site: Site, number: str | None) -> BinEntry | None:
    """Return an entry by its number, with the names of what went along; None if the user may not read it."""
    key = whole_number(number)
    if key is None:
        return None
    table = site.db.sync_deletion
    query = _in_bin(site) & (table.along_id == None) & (table.id == key)  # noqa: E711
    row = site.db(query).select().first()
    if row is None or not account_rights.permitted(site, "read", row.tablename, [row.record_id]):
        return None
    place = (row.tablename, row.record_id)
    along = [
        each._replace(names=_names(site, place, each.table)) for each in _counts(site, [place]).get(place, ())
    ]
    return _Words(site).entry(row, along)


def obstacles(site: Site, found: BinEntry) -> list[Blocking]:
    """Return what stands in the way of restoring an entry."""
    blocking = []
    for each in Restorer(site.ports, site.is_possible).obstacles([found.place]):
        name, key = each.other
        label = site.names_of(name, account_rights.permitted(site, "read", name, [key])).get(key, "")
        blocking.append(Blocking(each, label, resource_title(site, name), _number(site, each.other)))
    return blocking


def _number(site: Site, place: Place) -> int | None:
    """Return the number of the entry that a deleted record is part of."""
    known = site.deletions.of(place[0], [place[1]]).get(place[1])
    if known is None:
        return None
    name, key = known.along or place
    table = site.db.sync_deletion
    query = (table.tablename == name) & (table.record_id == key) & _in_bin(site)
    row = site.db(query).select(table.id).first()
    return None if row is None else int(row.id)


def _in_bin(site: Site) -> Any:
    return site.db.sync_deletion.state == DeletionState.BIN.value


def _counts(site: Site, places: Collection[Place]) -> dict[Place, list[Along]]:
    """Return how many records of which tables went along with others."""
    by_table: dict[str, list[int]] = {}
    for name, key in places:
        by_table.setdefault(name, []).append(key)
    table, found = site.db.sync_deletion, dict[Place, list[Along]]()
    number = table.id.count()
    for name, keys in by_table.items():
        query = (table.along_table == name) & table.along_id.belongs(keys) & _in_bin(site)
        groups = (table.along_id, table.tablename)
        rows = site.db(query).select(
            *groups, number, groupby=groups[0] | groups[1], orderby=groups[0] | groups[1]
        )
        for row in rows:
            taken = row[table.tablename]
            line = Along(taken, resource_title(site, taken), int(row[number]))
            found.setdefault((name, row[table.along_id]), []).append(line)
    return found


def _names(site: Site, place: Place, taken: str) -> list[str]:
    table = site.db.sync_deletion
    query = (table.along_table == place[0]) & (table.along_id == place[1]) & (table.tablename == taken)
    rows = site.db(query & _in_bin(site)).select(
        table.name, table.record_id, orderby=table.id, limitby=(0, NAMED)
    )
    seen = account_rights.permitted(site, "read", taken, [row.record_id for row in rows])
    return [row.name or f"#{row.record_id}" for row in rows if row.record_id in seen]


class _Words:
    """Names of sites and tables for entries."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._sites: NamesOfSites = names_of_sites(site)
        self._days = timedelta(days=site.host.settings.get_sync_bin_days())
        table = site.db.sync_repository
        self._repositories = {row.id: row.name for row in site.db(table).select(table.id, table.name)}

    def entry(self, row: Any, along: Sequence[Along]) -> BinEntry:
        return BinEntry(
            row.id,
            (row.tablename, row.record_id),
            resource_title(self._site, row.tablename),
            row.name or "",
            row.deleted_on,
            row.by_email or "",
            self._sites.of(row.site) if row.site else None,
            self._repositories.get(row.repository_id, ""),
            row.noted_on + self._days if row.noted_on else None,
            along,
        )
