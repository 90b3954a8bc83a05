"""What other sites have not taken of ours, as far as they told, in the table sync_open_there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from ..core.kept import OpenKind, OpenRecord
from ..core.text import legible
from ..exchange.ports import Row
from .store import open_store
from .store.column_types import MOMENT

#: Columns hold at most so many characters.
_LONGEST_NAME, _LONGEST_UUID = 64, 255


def replace_all(
    db: Any, repository_id: int, now: datetime, items: Sequence[OpenRecord], more: dict[OpenKind, int]
) -> None:
    """Store everything that a repository has not taken, within the current transaction.

    Args:
        db: the DAL.
        repository_id: the repository.
        now: the current time (UTC).
        items: the records.
        more: kind -> number of records that it counted and did not list.
    """
    db(db.sync_open_there.repository_id == repository_id).delete()
    counted = [(kind.value, "", None, None, count) for kind, count in more.items() if count > 0]
    _insert(db, repository_id, now, [*map(_listed, items), *counted])


def add(db: Any, repository_id: int, now: datetime, items: Sequence[OpenRecord]) -> None:
    """Store further records, within the current transaction."""
    _insert(db, repository_id, now, list(map(_listed, items)))


def _listed(item: OpenRecord) -> Row:
    uuid = item.uuid[:_LONGEST_UUID] if item.uuid else None
    return item.kind.value, item.table[:_LONGEST_NAME], uuid, legible(item.reason), 1


def _insert(db: Any, repository_id: int, now: datetime, rows: Sequence[Row]) -> None:
    store = open_store(db)
    encode = store.columns.encoder(MOMENT)
    told_on = now if encode is None else encode(now)
    names = ("kind", "tablename", "uuid", "reason", "records", "repository_id", "told_on")
    columns = ", ".join(map(store.columns.name, names))
    if rows:
        store.run_many(
            f"INSERT INTO {store.columns.name('sync_open_there')} ({columns}) VALUES ({store.marks(len(names))})",
            [(*row, repository_id, told_on) for row in rows],
        )


def rejected(db: Any, repository_id: int, table: str) -> set[str | None]:
    """Return the uuids of records of a table that a repository rejected; None stands for some without."""
    there = db.sync_open_there
    query = (there.repository_id == repository_id) & (there.tablename == table)
    return {row.uuid for row in db(query & (there.kind == OpenKind.REJECTED.value)).select(there.uuid)}


def forget_rejected(db: Any, repository_id: int, table: str, uuids: Collection[str | None]) -> None:
    """Remove rejected records of a table, within the current transaction: they were sent again."""
    there = db.sync_open_there
    query = (there.repository_id == repository_id) & (there.tablename == table)
    query &= there.kind == OpenKind.REJECTED.value
    named = [each for each in uuids if each is not None]
    if named:
        db(query & there.uuid.belongs(named)).delete()
    if None in uuids:
        db(query & (there.uuid == None)).delete()  # noqa: E711 - an SQL expression


def counts(db: Any, repository_id: int | None = None) -> dict[int, dict[OpenKind, int]]:
    """Return the numbers of records, with one statement: repository -> kind -> number.

    Args:
        db: the DAL.
        repository_id: the repository, None for all.
    """
    there = db.sync_open_there
    total = there.records.sum()
    query = there.id > 0 if repository_id is None else there.repository_id == repository_id
    found: dict[int, dict[OpenKind, int]] = {}
    for row in db(query).select(
        there.repository_id, there.kind, total, groupby=(there.repository_id, there.kind)
    ):
        found.setdefault(row[there.repository_id], {})[OpenKind(row[there.kind])] = int(row[total] or 0)
    return found


def listed(db: Any, repository_id: int, most: int) -> list[Any]:
    """Return rows of records that a repository has not taken, by table; those that it only counted come first."""
    there = db.sync_open_there
    query = there.repository_id == repository_id
    return list(db(query).select(orderby=there.tablename | there.id, limitby=(0, most)))
