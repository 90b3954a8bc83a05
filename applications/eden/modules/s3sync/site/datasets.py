"""The data sets of this site, and their archives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..database.tables.fields import live
from . import Site


class Archive(NamedTuple):
    """The archive of a data set.

    Attributes:
        made_on: when it was made (UTC).
        stored: name of its file.
        size: of the file in bytes, None if the file has gone.
    """

    made_on: datetime
    stored: str
    size: int | None


class DataSet(NamedTuple):
    """A data set of this site.

    Attributes:
        id: key of its row.
        code: its short name, for addresses.
        name: its name.
        comments: comments about it.
        resources: names of its tables, sorted.
        archived: whether an archive of it is made.
        public: whether anybody may download the archive, without an account.
        components: whether the archive also has what belongs to the records, such as the contacts of a person.
        archive: the newest archive, None if there is none yet.
    """

    id: int
    code: str
    name: str
    comments: str
    resources: list[str]
    archived: bool
    public: bool
    components: bool
    archive: Archive | None


def all_of(site: Site) -> list[DataSet]:
    """Return the data sets of this site, sorted by code."""
    table = site.db.sync_dataset
    rows = site.db(live(table) & (table.repository_id == None)).select(orderby=table.code)  # noqa: E711
    return read_rows(site, list(rows))


def with_code(site: Site, code: str) -> DataSet | None:
    """Return the data set of this site with a code, None if there is none."""
    return next((each for each in all_of(site) if each.code == code), None)


def read_rows(site: Site, rows: Sequence[Any]) -> list[DataSet]:
    db = site.db
    ids = [row.id for row in rows]
    resources: dict[int, list[str]] = {}
    tasks = db.sync_task.dataset_id.belongs(ids) & live(db.sync_task)
    for task in db(tasks).select(
        db.sync_task.dataset_id, db.sync_task.resource_name, orderby=db.sync_task.resource_name
    ):
        resources.setdefault(task.dataset_id, []).append(task.resource_name)
    archives: dict[int, Archive] = {}
    table = db.sync_dataset_archive
    for row in db(table.dataset_id.belongs(ids) & (table.archive != None)).select(orderby=table.id):  # noqa: E711
        path = site.files.path("sync_dataset_archive", "archive", row.archive)
        archives[row.dataset_id] = Archive(
            row.date, row.archive, path.stat().st_size if path.is_file() else None
        )
    return [
        DataSet(
            row.id,
            row.code,
            row.name or row.code,
            row.comments or "",
            [name for name in resources.get(row.id, []) if site.schema.get(name) is not None],
            bool(row.use_archive),
            bool(row.archive_public),
            bool(row.archive_components),
            archives.get(row.id),
        )
        for row in rows
    ]
