"""The data sets of this site, and their archives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..core.errors import NotAuthenticated, NotPermitted
from ..database.tables.fields import live
from ..wire.data_sets import FILTER, TASK, Condition, PublishedSet, PublishedTask, Stamp
from . import Site
from .scoping import scopes as scopes

#: Below an application, where programs get the archive of a data set: ``<code>`` comes in between.
ARCHIVE_ADDRESS = "/sync/archive/%s/tasks"


class Archive(NamedTuple):
    """The archive of a data set.

    Attributes:
        made_on: when it was made (UTC).
        field, stored: field and name of its file for people, with a document for each resource by its name.
        size: of that file in bytes, None if it has gone.
        for_programs: name of its file for sites that subscribe (``wire.archive``), None in one of an older version.
    """

    made_on: datetime
    field: str
    stored: str
    size: int | None
    for_programs: str | None


class DataSet(NamedTuple):
    """A data set of this site.

    Attributes:
        id: key of its row.
        code: its short name, for addresses.
        name: its name.
        comments: comments about it.
        tasks: its resources as they are published, sorted by the names of their tables.
        archived: whether an archive of it is made.
        public: whether anybody may download the archive, without an account.
        components: whether what belongs to the records, such as the contacts of a person, is part of it.
        archive: the newest archive, None if there is none yet.
        stamp: its identity for other sites.
    """

    id: int
    code: str
    name: str
    comments: str
    tasks: tuple[PublishedTask, ...]
    archived: bool
    public: bool
    components: bool
    archive: Archive | None
    stamp: Stamp

    @property
    def resources(self) -> list[str]:
        """The names of its tables, sorted."""
        return [each.resource for each in self.tasks]

    @property
    def conditions(self) -> dict[str, list[str]]:
        """The conditions on its records: table -> conditions, for tables that have some."""
        return {
            each.resource: [one.text for one in each.conditions] for each in self.tasks if each.conditions
        }

    @property
    def contents(self) -> list[tuple[str, bool, list[str]]]:
        """What its records are: of each resource its table, whether what belongs to them is part of it, conditions."""
        return [
            (each.resource, each.components, sorted(one.text for one in each.conditions))
            for each in self.tasks
        ]

    @property
    def published(self) -> PublishedSet:
        """The data set as other sites are told of it."""
        archive = self.archive
        is_there = self.archived and archive is not None and archive.for_programs is not None
        return PublishedSet(
            self.stamp,
            self.code,
            self.name,
            self.comments,
            ARCHIVE_ADDRESS % self.code if is_there else "",
            archive.made_on if archive is not None and is_there else None,
            self.tasks,
        )


def all_of(site: Site) -> list[DataSet]:
    """Return the data sets of this site, sorted by code."""
    table = site.db.sync_dataset
    rows = site.db(live(table) & (table.repository_id == None)).select(orderby=table.code)  # noqa: E711
    return read_rows(site, list(rows))


def with_code(site: Site, code: str) -> DataSet | None:
    """Return the data set of this site with a code, None if there is none."""
    return next((each for each in all_of(site) if each.code == code), None)


def read_rows(site: Site, rows: Sequence[Any]) -> list[DataSet]:
    """Return data sets from their rows."""
    tasks = _tasks(site, rows)
    archives = _archives(site, [row.id for row in rows])
    return [
        DataSet(
            row.id,
            row.code,
            row.name or row.code,
            row.comments or "",
            tuple(tasks.get(row.id, ())),
            bool(row.use_archive),
            bool(row.archive_public),
            bool(row.archive_components),
            archives.get(row.id),
            _stamp(row),
        )
        for row in rows
    ]


def _tasks(site: Site, rows: Sequence[Any]) -> dict[int, list[PublishedTask]]:
    table, parts = site.db.sync_task, {row.id: bool(row.archive_components) for row in rows}
    query = table.dataset_id.belongs([*parts]) & (table.repository_id == None) & live(table)  # noqa: E711
    found = list(site.db(query).select(orderby=table.resource_name | table.id))
    conditions = _conditions(site, [row.id for row in found])
    tasks: dict[int, list[PublishedTask]] = {}
    for row in found:
        if site.schema.get(row.resource_name) is not None:
            task = PublishedTask(
                _stamp(row),
                row.resource_name,
                parts[row.dataset_id],
                conditions=tuple(conditions.get(row.id, ())),
            )
            tasks.setdefault(row.dataset_id, []).append(task)
    return tasks


def _conditions(site: Site, task_ids: Collection[int]) -> Mapping[int, list[Condition]]:
    table = site.db.sync_resource_filter
    found: dict[int, list[Condition]] = {}
    for row in site.db(table.task_id.belongs([*task_ids]) & live(table)).select(orderby=table.id):
        found.setdefault(row.task_id, []).append(Condition(_stamp(row), row.tablename, row.filter_string))
    return found


def _archives(site: Site, ids: Collection[int]) -> dict[int, Archive]:
    table = site.db.sync_dataset_archive
    found: dict[int, Archive] = {}
    query = table.dataset_id.belongs([*ids]) & (table.archive != None)  # noqa: E711
    for row in site.db(query).select(orderby=table.id):
        # One of an older version has the documents under the names of their tables.
        for_people = row.by_resource or row.archive
        field = "by_resource" if row.by_resource else "archive"
        path = site.files.path("sync_dataset_archive", field, for_people)
        size = path.stat().st_size if path.is_file() else None
        found[row.dataset_id] = Archive(
            row.date, field, for_people, size, row.archive if row.by_resource else None
        )
    return found


def _stamp(row: Any) -> Stamp:
    return Stamp(row.uuid, row.created_on, row.modified_on)


# --- what other sites may know ------------------------------------------------------------------------------


def may_have(site: Site, found: DataSet) -> bool:
    """Return whether who asks may have the archive of a data set, and know how it is made up."""
    return (found.public and found.archived) or _may_have_all(site)


def readable(site: Site) -> list[DataSet]:
    """Return the data sets that who asks may subscribe to.

    Raises:
        NotAuthenticated: who has no account may have none of them.
        NotPermitted: the account may not synchronise.
        NotInScope: it has a scope, which counts elsewhere.
    """
    if site.host.logged_in():
        if not site.host.may_synchronise():
            raise NotPermitted("Insufficient Privileges")
        scopes.check_other_address(site)
        return all_of(site)
    found = [each for each in all_of(site) if may_have(site, each)]
    if not found:
        raise NotAuthenticated("Authentication Required")
    return found


def _may_have_all(site: Site) -> bool:
    return site.host.logged_in() and site.host.may_synchronise() and not scopes.is_bound(site)


def deleted(site: Site, table: str, *, public: bool = False) -> list[Stamp]:
    """Return what was removed from data sets of this site; nothing of any repository.

    Args:
        site: this site.
        table: ``sync_task`` or ``sync_resource_filter``.
        public: whether only of sets that are for everybody.
    """
    db, task = site.db, site.db.sync_task
    ours = (task.repository_id == None) & (task.dataset_id != None)  # noqa: E711
    if public:
        sets = db.sync_dataset
        open_to_all = (sets.archive_public == True) & (sets.use_archive == True)  # noqa: E712
        ours &= task.dataset_id.belongs(db(open_to_all)._select(sets.id))
    if table == TASK:
        rows = db(ours & (task.deleted == True)).select(orderby=task.id)  # noqa: E712
    else:
        assert table == FILTER
        kept = db.sync_resource_filter
        query = (kept.task_id == task.id) & ours & (kept.deleted == True)  # noqa: E712
        rows = db(query).select(kept.ALL, orderby=kept.id)
    return [_stamp(row) for row in rows]
