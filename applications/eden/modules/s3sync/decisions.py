"""What waits for a person's decision, as the administrator's screens show it: listed, compared, decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from . import versions
from .local import problems_of
from .records import Action, Record, Reference, Upload
from .schema import Field, Table
from .screens import Page, page_of, resource_names, whole_number
from .site import Site

Translate = Callable[[str], Any]
PAGE = 50
KINDS = ("conflict", "rejected", "refused")
STATES = ("open", "resolved", "superseded")
#: The kinds on which somebody has to decide; what a policy refused was decided by who chose the policy.
UNDECIDED = ("conflict", "rejected")


class Entry(NamedTuple):
    """A line of the list.

    Attributes:
        row: of sync_kept.
        name: of the record, "" where it has none.
        repository: the name of the repository, None where it was deleted.
    """

    row: Any
    name: str
    repository: Optional[str]


class Case(NamedTuple):
    """All that the page of one kept version shows.

    Attributes:
        entry: as in the list.
        lines: the two versions, field by field.
        ours, theirs: the versions; None where there is none. Ours is what the record says now if none was kept.
        standing: what the record says now: "ours", "theirs", "other", "deleted", or "absent".
        address: (controller, function, id) of the page that shows the record, None where there is none.
        companions: what else theirs would bring: title and count, for a record that is not here.
        of_master: whether the record comes and goes with another one and cannot be taken alone.
        known: whether this site still has the resource.
        decided_by: who decided, None where nobody did or the account is gone.
    """

    entry: Entry
    lines: List[versions.Line]
    ours: Optional[Record]
    theirs: Optional[Record]
    standing: str
    address: Optional["Address"]
    companions: List[Any]
    of_master: bool
    known: bool
    decided_by: Optional[str]


class Address(NamedTuple):
    """Where a record is shown."""

    controller: str
    function: str
    record_id: int


# --- the list ------------------------------------------------------------------------------------------------


def undecided(site: Site, repository_id: Optional[int] = None) -> int:
    """Return how many conflicts and rejected records are open.

    Args:
        site: this site.
        repository_id: only those of this repository.
    """
    table = site.db.sync_kept
    query = (table.state == "open") & table.kind.belongs(UNDECIDED)
    if repository_id is not None:
        query &= table.repository_id == repository_id
    return int(site.db(query).count())


def kept_page(site: Site, variables: Any, repository_id: Optional[int] = None) -> Page:
    """Return the kept versions that match what was asked for as Entry, newest first, a page at a time.

    Args:
        site: this site.
        variables: URL variables: page, repository, kind ("undecided" for conflicts and rejected records), resource,
            state ("all" for every state; open ones if it is missing).
        repository_id: only this repository, whatever the variables say.
    """
    db = site.db
    table = db.sync_kept
    query = table.id > 0
    wanted = repository_id or whole_number(variables.get("repository"))
    if wanted:
        query &= table.repository_id == wanted
    state = chosen_state(variables)
    if state != "all":
        query &= table.state == state
    if variables.get("kind") == "undecided":
        query &= table.kind.belongs(UNDECIDED)
    elif variables.get("kind") in KINDS:
        query &= table.kind == variables["kind"]
    if variables.get("resource"):
        query &= table.tablename == str(variables["resource"])
    page = page_of(db, query, ~table.id, variables, PAGE)
    return page._replace(rows=_entries(site, page.rows))


def chosen_state(variables: Any) -> str:
    """Return the state that the list is asked for."""
    state = variables.get("state")
    return state if state in (*STATES, "all") else "open"


def kept_resources(site: Site) -> Dict[str, str]:
    """Return the tables of which versions are kept: name -> title."""
    table = site.db.sync_kept
    names = [row.tablename for row in site.db(table).select(table.tablename, distinct=True)]
    titles = resource_names(site)
    return {name: str(titles.get(name, name)) for name in sorted(names)}


def _entries(site: Site, rows: Sequence[Any]) -> List[Entry]:
    repositories = site.db.sync_repository
    wanted = {row.repository_id for row in rows if row.repository_id}
    names = {
        row.id: row.name
        for row in site.db(repositories.id.belongs(wanted)).select(repositories.id, repositories.name)
    }
    return [
        Entry(
            row,
            versions.name_in(
                [row.theirs, row.ours], site.s3db.get_config(row.tablename, "name_fields", ("name",))
            ),
            names.get(row.repository_id),
        )
        for row in rows
    ]


# --- one version ---------------------------------------------------------------------------------------------


def case(site: Site, T: Translate, row: Any) -> Case:
    """Return what the page of a kept version shows.

    Args:
        site: this site.
        T: translates.
        row: of sync_kept.
    """
    (entry,) = _entries(site, [row])
    user = site.db.auth_user(row.resolved_by) if row.resolved_by else None
    decided_by = user.email if user else None
    table = site.schema.get(row.tablename)
    if table is None:
        return Case(entry, [], None, None, "absent", None, [], False, False, decided_by)
    ours, theirs = versions.read(row.ours, site.schema), versions.read(row.theirs, site.schema)
    present = _present(site, table, row.uuid)
    now = _now(site, table, present)
    here = present is not None and not present.deleted
    if ours is None:
        ours = now
    words = SiteWords(site, T, table)
    return Case(
        entry=entry,
        lines=versions.compare(ours, theirs, table, words, site.own_domain),
        ours=ours,
        theirs=theirs,
        standing=_standing(site, table, now, ours, theirs),
        address=_address(site, table, present) if here else None,
        companions=[]
        if here
        else [
            (site.s3db.get_config(name, "title") or name, count)
            for name, count in sorted(versions.companions(theirs).items())
        ],
        of_master=not here and _comes_along(site, table),
        known=True,
        decided_by=decided_by,
    )


def _present(site: Site, table: Table, uuid: Optional[str]) -> Any:
    """Return the record's row, a deleted one too; None where there is none."""
    if uuid is None:
        return None
    rows = site.s3db[table.name]
    return site.db(rows.uuid == uuid).select(limitby=(0, 1)).first()


def _now(site: Site, table: Table, present: Any) -> Optional[Record]:
    if present is None:
        return None
    key = int(present[table.key])
    return versions.read(site.exporter.snapshot(table, [key]).get(key), site.schema)


def _standing(
    site: Site, table: Table, now: Optional[Record], ours: Optional[Record], theirs: Optional[Record]
) -> str:
    if now is None:
        return "absent"
    for name, version in (("ours", ours), ("theirs", theirs)):
        if versions.agree(now, version, table, site.own_domain):
            return name
    return "deleted" if now.deleted else "other"


def _comes_along(site: Site, table: Table) -> bool:
    """Tell whether records of the table travel with others only."""
    tasks = site.db.sync_task
    return (
        any(component.travels for _, component in site.schema.masters(table.name))
        and site.db(
            (tasks.resource_name == table.name) & (tasks.deleted == False)  # noqa: E712
        ).isempty()
    )


def _address(site: Site, table: Table, present: Any) -> Optional[Address]:
    """Return the page of a record, or of the record it belongs to."""
    if _has_page(site, table):
        return Address(table.prefix, table.resource, int(present[table.key]))
    for name, component in site.schema.masters(table.name):
        master = site.schema.get(name)
        key = present.get(component.fkey)
        if master is None or not key or not _has_page(site, master):
            continue
        rows = site.s3db[name]
        row = site.db(rows[component.pkey] == key).select(rows[master.key], limitby=(0, 1)).first()
        if row is not None:
            return Address(master.prefix, master.resource, int(row[master.key]))
    return None


def _has_page(site: Site, table: Table) -> bool:
    from gluon.compileapp import find_exposed_functions

    controller = Path(site.folder) / "controllers" / f"{table.prefix}.py"
    return controller.is_file() and table.resource in find_exposed_functions(
        controller.read_text(encoding="utf-8")
    )


class SiteWords:
    """How this site's data model names fields and values; see ``versions.Words``.

    Args:
        site: this site.
        T: translates.
        table: the table whose fields are shown.
    """

    def __init__(self, site: Site, T: Translate, table: Table) -> None:
        self._site = site
        self._T = T
        self._fields = site.s3db[table.name]

    def label(self, field: Field) -> str:
        """See versions.Words."""
        return str(self._fields[field.name].label)

    def value(self, field: Field, value: Any) -> str:
        """See versions.Words."""
        T = self._T
        if value in (None, "", [], ()):
            return str(T("empty"))
        if isinstance(value, Reference):
            return self._referred(value)
        if isinstance(value, Upload):
            return value.filename
        if isinstance(value, tuple):
            return ", ".join(self.value(field, each) for each in value)
        if isinstance(value, bool):
            return str(T("yes") if value else T("no"))
        if isinstance(value, dict) or field.kind == "json":
            return json.dumps(value, ensure_ascii=False, default=str)
        represent = None if field.is_reference else self._fields[field.name].represent
        if represent is not None:
            return str(represent(value, None))
        return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)

    def existence(self) -> str:
        """See versions.Words."""
        return str(self._T("The record itself"))

    def fate(self, version: Record) -> str:
        """See versions.Words."""
        if not version.deleted:
            return str(self._T("is there"))
        if version.replaced_by:
            return str(self._T("merged into %s")) % version.replaced_by
        return str(self._T("deleted"))

    def _referred(self, reference: Reference) -> str:
        from s3.represent import ReferenceLabel

        table = self._site.schema.get(reference.table)
        row = _present(self._site, table, reference.uuid) if table is not None else None
        if row is None or table is None:
            return str(self._T("%s, which is not here")) % (
                reference.uuid or reference.tuid or reference.table
            )
        return ReferenceLabel(self._site.s3db, table.name)(row[table.key])


# --- what became of a decision -------------------------------------------------------------------------------


def told(T: Translate, report: Any) -> str:
    """Return in a sentence what became of a version that a person wanted restored.

    Args:
        T: translates.
        report: of the restoration.
    """
    if report.failures:
        return str(T("Nothing was changed: %s")) % " ".join(problems_of(report))
    sentences = {
        Action.CREATED: T("The record was created."),
        Action.UPDATED: T("The record was changed. The next synchronization takes it to the other sites."),
        Action.DELETED: T("The record was deleted. The next synchronization deletes it at the other sites."),
        Action.MERGED: T("The record was merged. The next synchronization takes that to the other sites."),
    }
    made = [sentences[action] for action in sentences if report.main.get(action)]
    happened = str(made[0] if made else T("The record says so already; nothing was changed."))
    return " ".join([happened, *report.warnings])
