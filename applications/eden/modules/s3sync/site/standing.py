"""What this site has not taken of another one's records, as the other one is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.kept import OpenKind, OpenRecord
from ..database import open_there as open_there
from ..database import open_versions as open_versions
from ..wire.filters import Filter
from ..wire.protocol.standing import MOST_LISTED, OpenList
from . import awaited as awaited
from . import tasks as tasks
from .repositories import Repository


def open_here(repository: Repository) -> OpenList:
    """Return what of a repository's records is open here: with few statements, however much there is."""
    db, key = repository.site.db, repository.id
    counts = {kind: number for _, kind, number in open_versions.numbers(db, key)}
    records = open_versions.listed(db, key, MOST_LISTED) if counts else []
    # Usually nothing waits: then nobody needs to know who exchanges what.
    if repository.site.pending_references.numbers():
        to_come, waiting = _told_of(repository), db.sync_deferred
        number = waiting.id.count()
        for row in db(to_come).select(waiting.target, number, groupby=waiting.target):
            kind = OpenKind.REFERENCE if row[waiting.target] else OpenKind.FILE
            counts[kind] = counts.get(kind, 0) + int(row[number])
        records += _waiting(repository, to_come, MOST_LISTED - len(records))
    return OpenList(counts, records)


def _told_of(repository: Repository) -> Any:
    """Return the query for the references and files that the repository is told of.

    Also those of records that came from others: it may have what they wait for. Not where it gets only some of the
    records: whether these are among them would have to be looked up, and the others are not its business.
    """
    site, key = repository.site, repository.id
    chosen = tasks.filtered(site.db, key)
    tables = awaited.exchanged_tables(site, key).get(key, set()) - awaited.with_components(site, chosen)
    to_come = (site.db.sync_deferred.repository_id == key) | awaited.not_brought_by(site, key, tables)
    again = _named_before(site.db, to_come)
    return to_come & ~site.db.sync_deferred.id.belongs(again) if again else to_come


def _named_before(db: Any, to_come: Any) -> list[int]:
    """Return all rows but one of each file: it is waited for from each repository that brought its record."""
    waiting, found, again = db.sync_deferred, set(), []
    files = db(to_come & (waiting.target == "")).select(
        waiting.id, waiting.tablename, waiting.record_id, waiting.fieldname, orderby=waiting.id
    )
    for row in files:
        field = (row.tablename, row.record_id, row.fieldname)
        if field in found:
            again.append(row.id)
        found.add(field)
    return again


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


def changed_since(repository: Repository, tables: Mapping[str, Sequence[Filter]]) -> dict[str, int]:
    """Return table -> number of records that changed here, and that a repository has still to get.

    Args:
        repository: the repository.
        tables: names of tables -> filters that choose the records.
    """
    site, states = repository.site, repository.states
    head, found = site.journal.head(), {}
    for name, filters in tables.items():
        table = site.schema.get(name)
        if table is not None:
            found[name] = site.store.count_changes(
                table,
                after=states.delivered(name),
                until=head,
                skip_origin=repository.id,
                filters=site.by_table(filters, name).get(name, ()),
            )
    return {name: count for name, count in found.items() if count}


def store_there(repository: Repository, told: OpenList) -> None:
    """Store what the repository has not taken of ours, within the current transaction."""
    site = repository.site
    open_there.replace_all(site.db, repository.id, site.clock.now(), told.records, told.unlisted)
