"""Data sets: named lists of resources that this site offers, with an archive of their records.

They are stored in Eden's tables: a data set without a repository is one of ours (``sync_dataset``), its resources are
tasks without a repository (``sync_task``), its archive is a file made by the scheduler's worker
(``sync_dataset_archive``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.errors import UnknownResource
from ..core.schema import Schema
from ..core.task import Mode
from ..database.tables.fields import live
from ..scheduler import queue as queue
from ..site import Site
from ..site.datasets import DataSet, read_rows
from ..site.wanted import tasks as wanted_tasks
from ..wire.filters import Filter

FUNCTION = "sync_archive"

#: Seconds between two archives, and maximum seconds to make one.
EVERY, TIMEOUT = 86_400, 3_600 * 6


def choices(schema: Schema) -> list[str]:
    """Return the tables that a data set may contain: those whose records do not travel only as components."""
    return [
        table.name
        for table in schema
        if not table.is_super
        and not any(
            component.travels and name != table.name for name, component in schema.masters(table.name)
        )
    ]


def save(
    site: Site,
    dataset_id: int | None,
    *,
    code: str,
    name: str,
    comments: str,
    resources: Sequence[str],
    archived: bool,
    public: bool,
    components: bool = False,
    conditions: Mapping[str, Sequence[Filter]] = {},
) -> int:
    """Store a data set; return its key. Its archive is made by the next free worker, then every day.

    Args:
        site: this site.
        dataset_id: the data set, None for a new one.
        code, name, comments, resources, archived, public, components: as in ``DataSet``.
        conditions: table -> conditions on its records, checked; for some of the resources.

    Raises:
        UnknownResource: this site has no such table, or the table never leaves it.
        FilterError: a condition is too long to be stored.
    """
    db = site.db
    for each in resources:
        if site.schema.get(each) is None:
            raise UnknownResource(f"There are no records {each} that could be exchanged.")
    values = {
        "code": code,
        "name": name,
        "comments": comments,
        "use_archive": archived,
        "archive_public": archived and public,
        "archive_components": components,
    }
    former = None if dataset_id is None else _read(site, dataset_id)
    with site.store.transaction():
        if dataset_id is None:
            dataset_id = int(db.sync_dataset.insert(**values))
        else:
            db(db.sync_dataset.id == dataset_id).update(**values)
        _save_tasks(site, dataset_id, resources, components, conditions)
    if not archived or (former is not None and public and _has_changed(former, _read(site, dataset_id))):
        # It may have what is not for everybody: what was made for accounts has more, and so has what was left out now.
        _drop_archives(site, dataset_id)
    if archived:
        order_archive(site, dataset_id)
    return dataset_id


def _read(site: Site, dataset_id: int) -> DataSet:
    (found,) = read_rows(site, [site.db.sync_dataset(dataset_id)])
    return found


def _has_changed(former: DataSet, now: DataSet) -> bool:
    return (former.public, former.contents) != (now.public, now.contents)


def _save_tasks(
    site: Site,
    dataset_id: int,
    resources: Sequence[str],
    components: bool,
    conditions: Mapping[str, Sequence[Filter]],
) -> None:
    """Let a data set have these resources. What is gone stays as deleted: sites that subscribe ask for it."""
    table = site.db.sync_task
    found = {row.resource_name: row for row in site.db(_tasks_of(site, dataset_id)).select()}
    _mark_deleted(site, [row.id for name, row in found.items() if name not in resources])
    for name in sorted(set(resources)):
        row = found.get(name)
        if row is None:
            # As sites that subscribe have it: they fetch.
            task_id = table.insert(
                dataset_id=dataset_id, resource_name=name, mode=Mode.PULL.value, components=components
            )
        else:
            task_id = row.id
            if row.components is not components:
                site.db(table.id == task_id).update(components=components)
        wanted_tasks.replace_filters(site, task_id, name, conditions.get(name, ()))


def _tasks_of(site: Site, dataset_id: int) -> Any:
    return (site.db.sync_task.dataset_id == dataset_id) & live(site.db.sync_task)


def _mark_deleted(site: Site, task_ids: Sequence[int]) -> None:
    db, now = site.db, site.clock.now()
    for table, key in ((db.sync_resource_filter, "task_id"), (db.sync_task, "id")):
        db(table[key].belongs(task_ids) & live(table)).update(deleted=True, modified_on=now)


def remove(site: Site, dataset_id: int) -> None:
    """Remove a data set with its archive. The records stay; sites that subscribed to it are told that it is gone."""
    db = site.db
    with site.store.transaction():
        _mark_deleted(site, [row.id for row in db(_tasks_of(site, dataset_id)).select(db.sync_task.id)])
        db(db.sync_dataset.id == dataset_id).update(deleted=True, modified_on=site.clock.now())
    _drop_archives(site, dataset_id)


def order_archive(site: Site, dataset_id: int) -> None:
    """Let the next free worker make the archive of a data set, and every day from now on."""
    db = site.db
    with site.store.transaction():
        _drop_tasks(db, dataset_id)
        queue.queue(
            site,
            FUNCTION,
            _task_name(dataset_id),
            {"dataset_id": dataset_id},
            timeout=TIMEOUT,
            period=EVERY,
            **queue.FOR_EVER,
        )


def _task_name(dataset_id: int) -> str:
    return f"archive of data set {dataset_id}"


def _drop_tasks(db: Any, dataset_id: int) -> None:
    db(db.scheduler_task.task_name == _task_name(dataset_id)).delete()


def _drop_archives(site: Site, dataset_id: int) -> None:
    with site.store.transaction():
        _drop_tasks(site.db, dataset_id)
        site.db(site.db.sync_dataset_archive.dataset_id == dataset_id).delete()
