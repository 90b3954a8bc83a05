"""Makes the archive of a data set: once for sites that subscribe, and once for people, by the names of tables."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from ..core.errors import ConfigurationError, StoreFull
from ..exchange.exporter import ExportRequest
from ..site import Site
from ..site.datasets import DataSet, read_rows
from ..wire.archive import MANIFEST, ArchivedDocument, Manifest, deletions_of, entry_of
from ..wire.data_sets import PublishedTask
from ..wire.filters import Filter, parse_filter, parse_filter_string

CHUNK = 1 << 20
#: The fields of an archive with its files: for programs, for people.
_FORMS = ("archive", "by_resource")


def build(site: Site, dataset_id: int) -> dict[str, Any]:
    """Make the archive of a data set, a document for each of its resources, and remove the former one.

    It has live records alone, with no users, nothing of the site itself, no secrets; what belongs to them where that
    was chosen. The one for people, and the one of a public data set, have records of the chosen tables only: of others
    they have the identifiers. The one for sites with an account also has the records that these refer to, as a pull
    has: who takes it asks for none of them any more.

    Args:
        site: this site.
        dataset_id: the data set.

    Returns:
        number of records written, for the scheduler's record; 0 where the data set was changed meanwhile: what it had
        before is for nobody any more, and another archive was ordered.

    Raises:
        ConfigurationError: the data set no longer exists, or has no archive.
        FilterError: a condition of it cannot be met here any more.
        StoreFull: there is no space for it.
    """
    db = site.db
    row = db.sync_dataset(dataset_id)
    if row is None or row.deleted or row.repository_id is not None or not row.use_archive:
        raise ConfigurationError(
            f"There is no data set {dataset_id} with an archive.", hint="Remove its task."
        )
    (found,) = read_rows(site, [row])
    table = db.sync_dataset_archive
    try:
        # In the site's own folder: the system's may be small, or in memory.
        with (
            tempfile.TemporaryFile(dir=site.spool) as tasks,
            tempfile.TemporaryFile(dir=site.spool) as tables,
        ):
            count = _pack(site, found, tasks, tables)
            stored = []
            for name, out in zip(_FORMS, (tasks, tables)):
                out.seek(0)
                stored.append(table[name].store(out, f"{found.code}.zip"))
    except OSError as error:
        raise StoreFull(
            f"The archive of the data set {found.code} cannot be written: {error.strerror or error}",
            hint="Free disk space at this site, or correct the rights of its folders; it is made again tomorrow.",
        ) from error
    with site.store.transaction():
        if not _is_still(site, found):
            for name, each in zip(_FORMS, stored):
                site.files.path(table._tablename, name, each).unlink()
            return {"records": 0}
        former = [each.id for each in db(table.dataset_id == dataset_id).select()]
        table.insert(dataset_id=dataset_id, archive=stored[0], by_resource=stored[1], date=site.clock.now())
        # The fields have autodelete: the files are removed with the rows.
        db(table.id.belongs(former)).delete()
    return {"records": count}


def _is_still(site: Site, found: DataSet) -> bool:
    """Return whether a data set has the same contents for the same readers, and let nobody change it until the end.

    Args:
        site: this site, in a transaction.
        found: the data set as it was read before.
    """
    table = site.db.sync_dataset
    site.db(table.id == found.id).update(modified_on=table.modified_on)
    row = table(found.id)
    if row is None or row.deleted or not row.use_archive:
        return False
    (now,) = read_rows(site, [row])
    return (now.public, now.contents) == (found.public, found.contents)


@dataclass
class _Packing:
    """An archive while it is made.

    Attributes:
        site: this site.
        found: the data set.
        tasks, tables: the two zip files.
        documents: what the manifest says.
    """

    site: Site
    found: DataSet
    tasks: zipfile.ZipFile
    tables: zipfile.ZipFile
    documents: dict[str, ArchivedDocument] = field(default_factory=dict)


def _pack(site: Site, found: DataSet, tasks: BinaryIO, tables: BinaryIO) -> int:
    """Write both archives of a data set; return the number of its records."""
    for name in found.resources:
        site.journal.catch_up(site.schema.table(name))
    # Before anything is read: what changes meanwhile lies behind it, and is asked for from there on.
    made_on, position = site.clock.now(), site.journal.head()
    with (
        zipfile.ZipFile(tasks, "w", zipfile.ZIP_DEFLATED) as one,
        zipfile.ZipFile(tables, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        packing = _Packing(site, found, one, other)
        count = sum(_pack_task(packing, task) for task in found.tasks)
        manifest = Manifest(site.journal.identity(), position, made_on, packing.documents)
        packing.tasks.writestr(MANIFEST, manifest.to_bytes())
        about = _about(packing, count)
        packing.tables.writestr(f"{found.code}/README.txt", about)
    return count


def _pack_task(packing: _Packing, task: PublishedTask) -> int:
    """Write the records of a task into both archives, and its deletions into one; return the number of records."""
    site, uuid, name = packing.site, task.stamp.uuid, task.resource
    filters = [
        each for one in task.conditions for each in parse_filter_string(one.text, _elsewhere(one.table, name))
    ]
    wanted = ExportRequest(
        name,
        filters=site.by_table(filters, name),
        deleted=False,
        components=task.components,
        accounts=False,
    )
    for_programs, for_people = (
        (packing.tasks, entry_of(uuid)),
        (packing.tables, f"{packing.found.code}/{name}.xml"),
    )
    chosen = replace(wanted, only_of=frozenset(packing.found.resources))
    if packing.found.public:
        count, digest = _document(site, chosen, [for_people, for_programs])
    else:
        _document(site, chosen, [for_people])
        count, digest = _document(site, wanted, [for_programs])
    gone: Sequence[Filter] = [*filters, parse_filter("~.deleted", "True")]
    deleted = replace(
        wanted, filters=site.by_table(gone, name), deleted=True, components=False, dependencies=False
    )
    _, deletions = _document(site, deleted, [(packing.tasks, deletions_of(uuid))])
    packing.documents[entry_of(uuid)] = ArchivedDocument(
        name, task.components, tuple(sorted(one.text for one in task.conditions)), digest, deletions, count
    )
    return count


def _elsewhere(table: str, resource: str) -> str | None:
    """Return the table that a condition is about, None for the resource itself."""
    return None if table in ("~", "", resource) else table


def _document(
    site: Site, wanted: ExportRequest, targets: Sequence[tuple[zipfile.ZipFile, str]]
) -> tuple[int, str]:
    """Write a document into zip files; return the number of its records, and its SHA-256."""
    with tempfile.TemporaryFile(dir=site.spool) as document:
        count = site.exporter.export(document, wanted).count
        digest = ""
        for packed, name in targets:
            document.seek(0)
            summed = hashlib.sha256()
            with packed.open(name, "w", force_zip64=True) as entry:
                while chunk := document.read(CHUNK):
                    summed.update(chunk)
                    entry.write(chunk)
            digest = summed.hexdigest()
    return count, digest


def _about(packing: _Packing, count: int) -> str:
    site, found = packing.site, packing.found
    lines = [
        f"{found.name} ({found.code}), {count} records",
        f"From {site.host.settings.get_system_name()}, {site.base_url}, {site.clock.now():%Y-%m-%d %H:%M} UTC",
        "S3XML: a document for each resource, with the records of these resources that its records refer to.",
        *io.StringIO(found.comments),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
