"""The list of kept versions: its query, its order, its pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..core.kept import UNDECIDED, KeptKind, KeptState
from ..core.text import asked_text
from ..database.paging import ListPage, SortOrder, containing, day, order_of, whole_number
from ..exchange import versions as versions
from ..site import Site
from ..site.labels import resource_names
from ..site.names_of_sites import SiteName, names_of_sites

PAGE = 50
COLUMNS = ("time", "name", "resource", "kind", "state", "repository")
NEWEST = "-time"

#: Values of the query besides the kinds and states: the kinds that need a decision, and every state.
ANY_UNDECIDED, EVERY_STATE = "undecided", "all"

#: Maximum length of a text to search for.
LONGEST_SEARCH = 255


class KeptEntry(NamedTuple):
    """A line of the list.

    Attributes:
        row: row of sync_kept, without the versions themselves.
        name: name of the record, "" if it has none.
        repository: name of the repository, None if it was deleted.
        decided_by: the e-mail address of who decided, "" if nobody did or the account is gone.
        decided_at: the other site where that was, None for this one.
        decided_on: when (UTC), by the clock of that site; None if it is not decided.
    """

    row: Any
    name: str
    repository: str | None
    decided_by: str = ""
    decided_at: SiteName | None = None
    decided_on: datetime | None = None


class KeptVersionQuery(NamedTuple):
    """The query for kept versions.

    Attributes:
        repository: id of the repository, None for all.
        kind: one of KeptKind, "undecided" for conflicts and rejected records, "" for all.
        resource: name of a table, "" for all.
        state: one of KeptState, or "all".
        since: the first day (year-month-day, UTC), "" for the beginning.
        search: text in the record's name or identifier, "" for any.
    """

    repository: int | None = None
    kind: str = ""
    resource: str = ""
    state: str = KeptState.OPEN
    since: str = ""
    search: str = ""

    @classmethod
    def from_vars(cls, variables: Any, repository_id: int | None = None) -> "KeptVersionQuery":
        """Return the query from URL variables; invalid ones are ignored.

        Args:
            variables: URL variables: repository, kind, resource, state ("open" if it is missing), since, q.
            repository_id: only this repository, whatever the variables say.
        """
        kind, state = str(variables.get("kind") or ""), str(variables.get("state") or "")
        since = str(variables.get("since") or "")
        return cls(
            repository_id or whole_number(variables.get("repository")),
            kind if kind in (*KeptKind, ANY_UNDECIDED) else "",
            asked_text(variables, "resource", 64),
            state if state in (*KeptState, EVERY_STATE) else KeptState.OPEN,
            since if day(since) else "",
            asked_text(variables, "q", LONGEST_SEARCH),
        )

    def to_vars(self) -> dict[str, str]:
        """Return the URL variables that ask for the same."""
        given = {
            "repository": str(self.repository or ""),
            "kind": self.kind,
            "resource": self.resource,
            "state": "" if self.state == KeptState.OPEN else self.state,
            "since": self.since,
            "q": self.search,
        }
        return {name: value for name, value in given.items() if value}

    @property
    def is_narrowed(self) -> bool:
        """Whether the query selects less than all open versions of the repository, or of all repositories."""
        return self._replace(repository=None) != KeptVersionQuery()

    def query(self, db: Any) -> Any:
        """Return the query for these versions."""
        table = db.sync_kept
        query = table.id > 0
        if self.repository:
            query &= table.repository_id == self.repository
        if self.state != EVERY_STATE:
            query &= table.state == self.state
        if self.kind == ANY_UNDECIDED:
            query &= table.kind.belongs(UNDECIDED)
        elif self.kind:
            query &= table.kind == self.kind
        if self.resource:
            query &= table.tablename == self.resource
        if self.since:
            query &= table.created_on >= day(self.since)
        if self.search:
            query &= containing(self.search, table.name, table.uuid)
        return query


def undecided(site: Site, repository_id: int | None = None) -> int:
    """Return the number of open conflicts and rejected records.

    Args:
        site: this site.
        repository_id: only those of this repository.
    """
    wanted = KeptVersionQuery(repository=repository_id, kind=ANY_UNDECIDED)
    return int(site.db(wanted.query(site.db)).count())


def undecided_by_table(site: Site, repository_id: int, names: Sequence[str]) -> dict[str, int]:
    """Return the number of open conflicts and rejected records by table, components included.

    Args:
        site: this site.
        repository_id: the repository.
        names: names of the tables.
    """
    table = site.db.sync_kept
    parts = {name: [name, *travelling(site, name)] for name in names}
    count = table.id.count()
    query = KeptVersionQuery(repository=repository_id, kind=ANY_UNDECIDED).query(site.db)
    query &= table.tablename.belongs(sorted({part for listed in parts.values() for part in listed}))
    rows = site.db(query).select(table.tablename, count, groupby=table.tablename)
    found = {row[table.tablename]: int(row[count]) for row in rows}
    return {name: sum(found.get(part, 0) for part in listed) for name, listed in parts.items()}


def travelling(site: Site, name: str) -> list[str]:
    """Return the tables whose records travel with those of a table."""
    table = site.schema.get(name)
    if table is None:
        return []
    found = {component.table: None for component in table.components.values() if component.travels}
    return [each for each in found if each != name]


def order(variables: Any) -> SortOrder:
    """Return the requested order of the list."""
    return order_of(variables, COLUMNS, NEWEST)


def kept_page(site: Site, wanted: KeptVersionQuery, variables: Any) -> ListPage:
    """Return a page of kept versions; its rows are ``KeptEntry``.

    Args:
        site: this site.
        wanted: the query.
        variables: URL variables: page, sort.
    """
    db, table = site.db, site.db.sync_kept
    query = wanted.query(db)
    page = ListPage.asked(variables, db(query).count(), PAGE)
    by = order(variables)
    column = {
        "time": table.id,
        "name": table.name,
        "resource": table.tablename,
        "kind": table.kind,
        "state": table.state,
        "repository": table.repository_id,
    }[by.column]
    sorting = [~column if by.descending else column]
    if by.column != "time":
        sorting.append(~table.id)
    # The versions themselves are long; a list does not need them.
    shown = [table[name] for name in table.fields if name not in ("ours", "theirs", "missing")]
    rows = db(query).select(*shown, orderby=sorting, limitby=page.bounds(PAGE))
    return page._replace(rows=entries(site, list(rows)))


def kept_resources(site: Site) -> dict[str, str]:
    """Return the tables with kept versions: name -> title."""
    table = site.db.sync_kept
    names = [row.tablename for row in site.db(table).select(table.tablename, distinct=True)]
    titles = resource_names(site)
    return {name: str(titles.get(name, name)) for name in sorted(names)}


def entries(site: Site, rows: Sequence[Any]) -> list[KeptEntry]:
    """Return lines of the list from rows of sync_kept."""
    db = site.db
    repositories = db.sync_repository
    wanted = {row.repository_id for row in rows if row.repository_id}
    names = {
        row.id: row.name
        for row in db(repositories.id.belongs(wanted)).select(repositories.id, repositories.name)
    }
    # Versions kept by an earlier release have no stored name: it is read from the versions.
    nameless = [row.id for row in rows if row.name is None]
    table = db.sync_kept
    texts = {
        row.id: [row.theirs, row.ours]
        for row in db(table.id.belongs(nameless)).select(table.id, table.theirs, table.ours)
    }
    emails = site.accounts.emails({row.resolved_by for row in rows if row.resolved_by})
    sites = names_of_sites(site) if any(row.resolved_at_site for row in rows) else None
    return [
        KeptEntry(
            row,
            row.name or versions.name_in(texts.get(row.id, []), site.host.name_fields(row.tablename)),
            names.get(row.repository_id),
            row.resolved_by_email or emails.get(row.resolved_by, ""),
            sites.of(row.resolved_at_site) if sites is not None and row.resolved_at_site else None,
            row.resolved_on or (row.closed_on if row.state in (KeptState.RESOLVED, KeptState.LEFT) else None),
        )
        for row in rows
    ]
