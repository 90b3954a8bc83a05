"""Versions in sync_kept that tell of a difference between two sites: open ones, and records left as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from ..core.kept import TELLING, KeptKind, KeptState, OpenKind, OpenRecord, Resolution
from . import own_rows as own_rows
from .own_rows import Repositories
from .store import open_store
from .store.column_types import MOMENT


class Untaken(NamedTuple):
    """A version of a repository that is not the record here.

    Attributes:
        row: row of sync_kept.
        repository_id: the repository.
        kind: why.
        table, uuid: the record; uuid is None for one without.
        position: of our journal when it was put aside, None if that is not known.
    """

    row: int
    repository_id: int
    kind: str
    table: str
    uuid: str | None
    position: int | None


def numbers(db: Any, only: Repositories = None) -> list[tuple[int, OpenKind, int]]:
    """Return how many there are, in one statement: (repository, kind, number).

    Args:
        db: the DAL.
        only: the repositories, None for all.
    """
    store = open_store(db)
    of, keys = own_rows.among(store, "repository_id", only)
    sql = (
        f"SELECT repository_id, state, kind, count(*) FROM {store.columns.name('sync_kept')} "
        f"WHERE state IN ({store.marks(len(TELLING))}) AND repository_id IS NOT NULL AND {of} "
        "GROUP BY repository_id, state, kind"
    )
    found: Counter[tuple[int, OpenKind]] = Counter()
    for key, state, kind, number in store.rows(sql, (*TELLING, *keys)):
        found[key, _kind(state, kind)] += int(number)
    return [(key, kind, number) for (key, kind), number in found.items()]


def listed(db: Any, repository_id: int, most: int) -> list[OpenRecord]:
    """Return those of a repository, the oldest first.

    Args:
        db: the DAL.
        repository_id: the repository.
        most: how many at most.
    """
    kept = db.sync_kept
    query = kept.state.belongs(TELLING) & (kept.repository_id == repository_id)
    rows = db(query & kept.kind.belongs(tuple(KeptKind))).select(
        kept.state, kept.kind, kept.tablename, kept.uuid, kept.reason, orderby=kept.id, limitby=(0, most)
    )
    return [OpenRecord(_kind(row.state, row.kind), row.tablename, row.uuid, row.reason or "") for row in rows]


def _kind(state: str, kind: str) -> OpenKind:
    return OpenKind.LEFT if state == KeptState.LEFT else OpenKind(kind)


def leave(db: Any, rows: Collection[int], user_id: int | None, now: datetime) -> None:
    """Note that a person leaves records as they are, within the current transaction.

    Args:
        db: the DAL.
        rows: rows of sync_kept.
        user_id: who decided.
        now: the current time (UTC).
    """
    store = open_store(db)
    encode = store.columns.encoder(MOMENT)
    mark = store.mark
    store.by_keys_run(
        f"UPDATE {store.columns.name('sync_kept')} SET state = {mark}, decision = {mark}, closed_on = {mark}, "
        # Those that an earlier release kept do not say since when.
        f"resolved_by = {mark}, journal_at = COALESCE(journal_at, {mark}) WHERE id IN ",
        (
            KeptState.LEFT,
            Resolution.KEEP,
            now if encode is None else encode(now),
            user_id,
            store.highest_position(),
        ),
        rows,
    )


def left(db: Any, repository_id: int) -> list[Untaken]:
    """Return the versions of a repository that a person decided not to take."""
    store = open_store(db)
    sql = f"{_select(db)} WHERE state = {store.mark} AND repository_id = {store.mark} ORDER BY id"
    return [Untaken(*row) for row in store.rows(sql, (KeptState.LEFT, repository_id))]


def untaken(db: Any, rows: Collection[int]) -> list[Untaken]:
    """Return those of the rows of sync_kept, of whatever state, that were rejected or refused by a policy."""
    store = open_store(db)
    sql = f"{_select(db)} WHERE kind IN ({store.marks(2)}) AND repository_id IS NOT NULL AND id IN "
    found = store.by_keys(sql, (KeptKind.REJECTED, KeptKind.REFUSED), rows)
    return sorted(Untaken(*row) for row in found)


def _select(db: Any) -> str:
    name = open_store(db).columns.name("sync_kept")
    return f"SELECT id, repository_id, kind, tablename, uuid, journal_at FROM {name}"
