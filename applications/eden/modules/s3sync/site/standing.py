"""What this site has not taken of another one's records, as the other one is told."""

from __future__ import annotations

from ..core.kept import KeptKind, KeptState, OpenKind, OpenRecord
from ..database import open_there as open_there
from ..wire.protocol.standing import MOST_LISTED, OpenList
from .repositories import Repository


def open_here(repository: Repository) -> OpenList:
    """Return what of a repository's records is open here: with few statements, however much there is."""
    db, key = repository.site.db, repository.id
    kept, waiting = db.sync_kept, db.sync_deferred
    listed = (kept.state == KeptState.OPEN) & (kept.repository_id == key) & kept.kind.belongs(tuple(KeptKind))
    count, number = kept.id.count(), waiting.id.count()
    counts = {
        OpenKind(row[kept.kind]): int(row[count])
        for row in db(listed).select(kept.kind, count, groupby=kept.kind)
    }
    for row in db(waiting.repository_id == key).select(waiting.target, number, groupby=waiting.target):
        kind = OpenKind.REFERENCE if row[waiting.target] else OpenKind.FILE
        counts[kind] = counts.get(kind, 0) + int(row[number])
    columns = (kept.kind, kept.tablename, kept.uuid, kept.reason)
    records = [
        OpenRecord(OpenKind(row.kind), row.tablename, row.uuid, row.reason or "")
        for row in db(listed).select(*columns, orderby=kept.id, limitby=(0, MOST_LISTED))
    ]
    return OpenList(counts, records + _waiting(repository, MOST_LISTED - len(records)))


def _waiting(repository: Repository, most: int) -> list[OpenRecord]:
    """Return the records with references and files that have not arrived."""
    site, waiting = repository.site, repository.site.db.sync_deferred
    if most < 1:
        return []
    rows = site.db(waiting.repository_id == repository.id).select(orderby=waiting.id, limitby=(0, most))
    keys: dict[str, set[int]] = {}
    for row in rows:
        keys.setdefault(row.tablename, set()).add(row.record_id)
    uuids: dict[tuple[str, int], str] = {}
    for name, wanted in keys.items():
        table = site.schema.get(name)
        for key, uuid in site.store.fetch(table, (table.key, "uuid"), table.key, wanted) if table else ():
            uuids[name, key] = uuid
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
