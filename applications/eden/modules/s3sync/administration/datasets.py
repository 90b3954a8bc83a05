"""Data sets: named lists of resources that this site offers, with an archive of their records.

They are stored in Eden's tables: a data set without a repository is one of ours (``sync_dataset``), its resources are
tasks without a repository (``sync_task``), its archive is a file made by the scheduler's worker
(``sync_dataset_archive``).
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO

from ..core.errors import ConfigurationError, StoreFull, UnknownResource
from ..core.schema import Schema
from ..exchange.exporter import ExportRequest
from ..scheduler import queue as queue
from ..site import Site
from ..site.datasets import DataSet, read_rows

FUNCTION = "sync_archive"

#: Seconds between two archives, and maximum seconds to make one.
EVERY, TIMEOUT = 86_400, 3_600 * 6
CHUNK = 1 << 20


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
) -> int:
    """Store a data set; return its key. Its archive is made by the next free worker, then every day.

    Args:
        site: this site.
        dataset_id: the data set, None for a new one.
        code, name, comments, resources, archived, public, components: as in ``DataSet``.

    Raises:
        UnknownResource: this site has no such table, or the table never leaves it.
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
    with site.store.transaction():
        if dataset_id is None:
            dataset_id = int(db.sync_dataset.insert(**values))
        else:
            db(db.sync_dataset.id == dataset_id).update(**values)
        tasks = db.sync_task.dataset_id == dataset_id
        known = {row.resource_name for row in db(tasks).select(db.sync_task.resource_name)}
        gone = known - set(resources)
        if gone:
            db(tasks & db.sync_task.resource_name.belongs(gone)).delete()
        for each in sorted(set(resources) - known):
            db.sync_task.insert(dataset_id=dataset_id, resource_name=each)
    if archived:
        order_archive(site, dataset_id)
    else:
        _drop_archives(site, dataset_id)
    return dataset_id


def remove(site: Site, dataset_id: int) -> None:
    """Remove a data set with its archive. The records stay, and so do the tasks that other sites made from it."""
    _drop_archives(site, dataset_id)
    db = site.db
    with site.store.transaction():
        db(db.sync_task.dataset_id == dataset_id).delete()
        db(db.sync_dataset.id == dataset_id).delete()


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


def build(site: Site, dataset_id: int) -> dict[str, Any]:
    """Make the archive of a data set, a zip file with a document for each of its resources, and remove the former one.

    It may be for everybody, today or tomorrow: it has only live records of the chosen tables, and what belongs to them
    where that was chosen, no users, nothing of the site itself, no secrets. Of other records it has the identifiers.

    Args:
        site: this site.
        dataset_id: the data set.

    Returns:
        number of records written, for the scheduler's record.

    Raises:
        ConfigurationError: the data set no longer exists, or has no archive.
        StoreFull: there is no space for it.
    """
    db = site.db
    row = db.sync_dataset(dataset_id)
    if row is None or row.deleted or not row.use_archive:
        raise ConfigurationError(
            f"There is no data set {dataset_id} with an archive.", hint="Remove its task."
        )
    (found,) = read_rows(site, [row])
    try:
        # In the site's own folder: the system's may be small, or in memory.
        with tempfile.TemporaryFile(dir=site.spool) as out:
            count = _pack(site, found, out)
            out.seek(0)
            stored = db.sync_dataset_archive.archive.store(out, f"{found.code}.zip")
    except OSError as error:
        raise StoreFull(
            f"The archive of the data set {found.code} cannot be written: {error.strerror or error}",
            hint="Free disk space at this site, or correct the rights of its folders; it is made again tomorrow.",
        ) from error
    former = [each.id for each in db(db.sync_dataset_archive.dataset_id == dataset_id).select()]
    with site.store.transaction():
        db.sync_dataset_archive.insert(dataset_id=dataset_id, archive=stored, date=site.clock.now())
        # The fields have autodelete: the files are removed with the rows.
        db(db.sync_dataset_archive.id.belongs(former)).delete()
    return {"records": count}


def _pack(site: Site, found: DataSet, out: BinaryIO) -> int:
    """Write the archive of a data set; return the number of its records."""
    count = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in found.resources:
            with tempfile.TemporaryFile(dir=site.spool) as document:
                wanted = ExportRequest(
                    name, deleted=False, components=found.components, only_of=frozenset(found.resources)
                )
                count += site.exporter.export(document, wanted).count
                document.seek(0)
                with packed.open(f"{found.code}/{name}.xml", "w", force_zip64=True) as entry:
                    shutil.copyfileobj(document, entry, CHUNK)
        packed.writestr(f"{found.code}/README.txt", _about(site, found, count))
    return count


def _about(site: Site, found: DataSet, count: int) -> str:
    lines = [
        f"{found.name} ({found.code}), {count} records",
        f"From {site.host.settings.get_system_name()}, {site.base_url}, {site.clock.now():%Y-%m-%d %H:%M} UTC",
        "S3XML: a document for each resource, with the records of these resources that its records refer to.",
        *io.StringIO(found.comments),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _task_name(dataset_id: int) -> str:
    return f"archive of data set {dataset_id}"


def _drop_tasks(db: Any, dataset_id: int) -> None:
    db(db.scheduler_task.task_name == _task_name(dataset_id)).delete()


def _drop_archives(site: Site, dataset_id: int) -> None:
    with site.store.transaction():
        _drop_tasks(site.db, dataset_id)
        site.db(site.db.sync_dataset_archive.dataset_id == dataset_id).delete()
