"""What other sites have not taken of ours, as far as they told, in the table sync_open_there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from ..core.kept import OpenKind, OpenRecord
from ..core.text import legible
from ..exchange.ports import Row
from . import own_rows as own_rows
from .own_rows import Repositories
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
    store = open_store(db)
    store.begin_if_needed()
    table, column = store.columns.name("sync_open_there"), store.columns.name("repository_id")
    store.run(f"DELETE FROM {table} WHERE {column} = {store.mark}", (repository_id,))
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
    where = {"repository_id": repository_id, "tablename": table, "kind": OpenKind.REJECTED.value}
    return {row.uuid for row in own_rows.read(db, "sync_open_there", where)}


def of_kind(db: Any, repository_id: int, kind: OpenKind) -> set[tuple[str, str | None]]:
    """Return table and uuid of the listed records that a repository has not taken for this reason."""
    rows = own_rows.read(db, "sync_open_there", {"repository_id": repository_id, "kind": kind.value})
    return {(row.tablename, row.uuid) for row in rows if row.tablename}


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


def counts(db: Any, only: Repositories = None) -> dict[int, dict[OpenKind, int]]:
    """Return the numbers of records, with one statement: repository -> kind -> number.

    Args:
        db: the DAL.
        only: the repositories, None for all.
    """
    store = open_store(db)
    of, keys = own_rows.among(store, "repository_id", only)
    sql = (
        f"SELECT repository_id, kind, SUM(records) FROM {store.columns.name('sync_open_there')} WHERE {of} "
        "GROUP BY repository_id, kind"
    )
    found: dict[int, dict[OpenKind, int]] = {}
    for key, kind, number in store.rows(sql, keys):
        found.setdefault(key, {})[OpenKind(kind)] = int(number or 0)
    return found


def listed(db: Any, repository_id: int, most: int) -> list[Any]:
    """Return rows of records that a repository has not taken, by table; those that it only counted come first."""
    there = db.sync_open_there
    query = there.repository_id == repository_id
    return list(db(query).select(orderby=there.tablename | there.id, limitby=(0, most)))
