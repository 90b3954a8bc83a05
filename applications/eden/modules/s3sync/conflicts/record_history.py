"""The synchronisation history of one record: its origin, who has it, what was decided, what it waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ..core.kept import Deferred
from ..core.schema import Table
from ..core.text import TextEnum
from ..database.log import LogEntry
from ..database.paging import containing
from ..database.tables.fields import live
from ..site import Site
from ..site.exchange_state import delivered
from ..site.labels import Translate, resource_title
from ..site.repositories import first
from ..site.tasks import TaskRow
from .detail import Address, address_of, present_row
from .kept_list import KeptEntry, entries
from .site_words import SiteWords

MOST = 50


class Presence(TextEnum):
    """Whether a record is here."""

    HERE = "here"
    DELETED = "deleted"
    ABSENT = "absent"


class Partner(NamedTuple):
    """The state of a record at one repository.

    Attributes:
        repository_id, name: the repository.
        task_id: the task by which the record travels.
        resource: the table with which the record travels there: its own, or that of its master.
        title: title of that table's records.
        position: that of the last change of the record in the journal, 0 if it is not there.
        brought: whether the last change of the record came from there.
        has_it: whether it has received the last change; None if the record is not sent there.
        last_pull, last_push: when the resource was last exchanged (UTC), None for never.
    """

    repository_id: int
    name: str
    task_id: int
    resource: str
    title: str
    position: int
    brought: bool
    has_it: bool | None
    last_pull: datetime | None
    last_push: datetime | None


class WaitingFor(NamedTuple):
    """A pending reference or file.

    Attributes:
        label: label of the field.
        what: the missing record or file.
        record: table and key of the waiting record.
        repository: id of the repository that sent the record.
    """

    label: str
    what: str
    record: tuple[str, int]
    repository: int | None


class RecordHistory(NamedTuple):
    """The content of the page.

    Attributes:
        table: table of the record.
        uuid: its identifier.
        name: its name, "" if it has none.
        status: whether it is here.
        address: page of the record, None if there is none.
        changed_on, changed_by: the last change of the record (UTC; account), None if unknown.
        noted: whether the record is in the journal.
        origin: name of the repository that brought its last change; None if it counts as made here. It also counts as
            made here if the record had local changes that the repository had not received.
        partners: its state at the repositories that it is exchanged with.
        kept: its kept versions, newest first.
        waits, awaited: what it waits for; what waits for it.
        log: log entries that name it, newest first.
    """

    table: Table
    uuid: str
    name: str
    status: Presence
    address: Address | None
    changed_on: datetime | None
    changed_by: str | None
    noted: bool
    origin: str | None
    partners: list[Partner]
    kept: list[KeptEntry]
    waits: list[WaitingFor]
    awaited: list[WaitingFor]
    log: list[LogEntry]


def history(site: Site, T: Translate, table: Table, uuid: str) -> RecordHistory | None:
    """Return the history of a record, None if nothing is known of it.

    Args:
        site: this site.
        T: web2py's translator.
        table: table of the record.
        uuid: its identifier.
    """
    db = site.db
    row = present_row(site, table, uuid)
    kept_table = db.sync_kept
    kept = entries(
        site,
        list(
            db((kept_table.tablename == table.name) & (kept_table.uuid == uuid)).select(
                orderby=~kept_table.id, limitby=(0, MOST)
            )
        ),
    )
    if row is None and not kept:
        return None
    key = int(row[table.key]) if row is not None else None
    noted = noted_row(db, table, key)
    origin = first(site, id=noted.changed_origin) if noted else None
    names = site.host.name_fields(table.name)
    name = " ".join(str(row[each]) for each in names if row.get(each)) if row is not None else ""
    log = db.sync_log
    mentions = (log.resource_name == table.name) & containing(uuid, log.message)
    waits = site.pending_references.deferred_of(table.name, [key]) if key is not None else []
    return RecordHistory(
        table=table,
        uuid=uuid,
        name=name or (kept[0].name if kept else ""),
        status=Presence.ABSENT if row is None else Presence.DELETED if row.deleted else Presence.HERE,
        address=address_of(site, table, row) if row is not None and not row.deleted else None,
        changed_on=row.modified_on if row is not None else None,
        changed_by=site.accounts.email(row.get("modified_by")) if row is not None else None,
        noted=noted is not None,
        origin=origin.name if origin else None,
        partners=partners(site, table, noted) if row is not None else [],
        kept=kept,
        waits=[_waiting(site, T, each) for each in waits],
        awaited=[
            _waiting(site, T, each)
            for each in site.pending_references.deferred_for({table.name: [uuid]})[:MOST]
        ],
        log=[LogEntry.read(row) for row in db(mentions).select(orderby=~log.id, limitby=(0, MOST))],
    )


def noted_row(db: Any, table: Table, key: int | None) -> Any:
    """Return the row of the journal for a record, None if it has none."""
    journal = db.sync_journal
    if key is None:
        return None
    return db((journal.tablename == table.name) & (journal.record_id == key)).select(limitby=(0, 1)).first()


def partners(site: Site, table: Table, noted: Any) -> list[Partner]:
    """Return the state of the record at each repository that its table, or a master's, is exchanged with."""
    db = site.db
    masters = {name for name, component in site.schema.masters(table.name) if component.travels}
    tasks, repositories = db.sync_task, db.sync_repository
    query = tasks.resource_name.belongs([table.name, *sorted(masters)])
    query &= live(tasks) & live(repositories)
    rows = db(query & (tasks.repository_id == repositories.id)).select(
        tasks.ALL,
        repositories.id,
        repositories.name,
        orderby=(repositories.name, tasks.id),
        limitby=(0, MOST),
    )
    own = site.journal.identity()
    stored = site.checkpoints.states(tables=[table.name])
    found = []
    for row in rows:
        task, repository = TaskRow.read(row.sync_task), row.sync_repository
        brought = noted is not None and noted.origin == repository.id
        # If the record travels as a component, the positions are those of the master's table.
        direct = task.resource == table.name
        sent = noted is not None and direct and task.mode.pushes
        arrived = delivered(stored.get((repository.id, table.name), {}), own)
        has_it = brought or noted.seq <= arrived if sent else None
        title = resource_title(site, task.resource)
        found.append(
            Partner(
                repository.id,
                repository.name,
                task.id,
                task.resource,
                title,
                0 if noted is None else noted.seq,
                brought,
                has_it,
                task.last_pull,
                task.last_push,
            )
        )
    return found


def _waiting(site: Site, T: Translate, item: Deferred) -> WaitingFor:
    table = site.schema.get(item.table)
    known = table is not None and item.field in table.fields
    label = SiteWords(site, T, table).label(table.fields[item.field]) if known and table else item.field
    what = f"{item.target} {item.uuid}" if item.target else item.filename or item.uuid
    return WaitingFor(label, what, (item.table, item.key), item.repository_id)
