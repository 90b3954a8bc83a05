"""What this site has not taken of another one's records, as the other one is told."""

from __future__ import annotations

from typing import Any

from ..core.kept import KeptKind, KeptState, OpenKind, OpenRecord
from ..database import open_there as open_there
from ..wire.protocol.standing import MOST_LISTED, OpenList
from . import awaited as awaited
from . import tasks as tasks
from .repositories import Repository


def open_here(repository: Repository) -> OpenList:
    """Return what of a repository's records is open here: with few statements, however much there is."""
    db, key = repository.site.db, repository.id
    kept, waiting = db.sync_kept, db.sync_deferred
    to_come = _told_of(repository)
    listed = (kept.state == KeptState.OPEN) & (kept.repository_id == key) & kept.kind.belongs(tuple(KeptKind))
    count, number = kept.id.count(), waiting.id.count()
    counts = {
        OpenKind(row[kept.kind]): int(row[count])
        for row in db(listed).select(kept.kind, count, groupby=kept.kind)
    }
    for row in db(to_come).select(waiting.target, number, groupby=waiting.target):
        kind = OpenKind.REFERENCE if row[waiting.target] else OpenKind.FILE
        counts[kind] = counts.get(kind, 0) + int(row[number])
    columns = (kept.kind, kept.tablename, kept.uuid, kept.reason)
    records = [
        OpenRecord(OpenKind(row.kind), row.tablename, row.uuid, row.reason or "")
        for row in db(listed).select(*columns, orderby=kept.id, limitby=(0, MOST_LISTED))
    ]
    return OpenList(counts, records + _waiting(repository, to_come, MOST_LISTED - len(records)))


def _told_of(repository: Repository) -> Any:
    """Return the query for the references and files that the repository is told of.

    Also those of records that came from others: it may have what they wait for. Not where it gets only some of the
    records: whether these are among them would have to be looked up, and the others are not its business.
    """
    site, key = repository.site, repository.id
    chosen = tasks.filtered(site.db, key)
    tables = awaited.exchanged_tables(site, key).get(key, set()) - awaited.with_components(site, chosen)
    return (site.db.sync_deferred.repository_id == key) | awaited.not_brought_by(site, key, tables)


def _waiting(repository: Repository, to_come: Any, most: int) -> list[OpenRecord]:
    """Return the records with references and files that have not arrived."""
    site, waiting = repository.site, repository.site.db.sync_deferred
    if most < 1:
        return []
    rows = list(site.db(to_come).select(orderby=waiting.id, limitby=(0, most)))
    uuids = awaited.uuids_of(site, [(row.tablename, row.record_id) for row in rows])
    return [
        OpenRecord(
            OpenKind.REFERENCE if row.target else OpenKind.FILE,
            row.tablename,
            uuids.get((row.tablename, row.record_id)),
            f"{row.fieldname}: {row.filename or row.uuid}",
        )
        for row in rows
    ]


def store_there(repository: Repository, told: OpenList) -> None:
    """Store what the repository has not taken of ours, within the current transaction."""
    site = repository.site
    open_there.replace_all(site.db, repository.id, site.clock.now(), told.records, told.unlisted)
