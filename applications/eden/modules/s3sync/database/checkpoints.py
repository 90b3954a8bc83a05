"""How far the exchange with each repository has come, in the table sync_checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from ..core.clock import Clock
from ..core.cursor import Checkpoint, CheckpointKind
from . import own_rows as own_rows
from .own_rows import Repositories
from .store import open_store
from .store.column_types import MOMENT
from .store.statements import CHUNK


class Checkpoints:
    """The checkpoints of all repositories.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        clock: the site's clock.
    """

    def __init__(self, db: Any, clock: Clock) -> None:
        self._store = open_store(db)
        self._clock = clock
        self._table = self._store.columns.name("sync_checkpoint")

    def load(
        self, repository_id: int, table: str, direction: CheckpointKind = CheckpointKind.SERVE
    ) -> Checkpoint:
        """Return a checkpoint, a new one if there is none.

        Args:
            repository_id: the repository.
            table: name of the table exchanged.
            direction: the purpose of the checkpoint.
        """
        return Checkpoint.from_json(self.read(repository_id, table, direction))

    def save(
        self,
        repository_id: int,
        table: str,
        checkpoint: Checkpoint,
        direction: CheckpointKind = CheckpointKind.SERVE,
    ) -> None:
        """Store a checkpoint within the current transaction."""
        self.write(repository_id, table, direction, checkpoint.to_json())

    def read(self, repository_id: int, table: str, direction: CheckpointKind) -> str | None:
        """Return the text stored for a direction, None if there is none."""
        mark = self._store.mark
        rows = self._store.rows(
            f"SELECT state FROM {self._table} WHERE repository_id = {mark} "
            f"AND tablename = {mark} AND direction = {mark}",
            (repository_id, table, direction),
        )
        return rows[0][0] if rows else None

    def of_all(self, direction: CheckpointKind) -> dict[int, str]:
        """Return what is stored for a direction and no table: repository -> text."""
        mark = self._store.mark
        rows = self._store.rows(
            f"SELECT repository_id, state FROM {self._table} WHERE tablename = {mark} AND direction = {mark}",
            ("", direction),
        )
        return dict(rows)

    def of(self, repository_id: int, table: str) -> dict[str, str | None]:
        """Return the texts stored for a table: direction -> text."""
        mark = self._store.mark
        rows = self._store.rows(
            f"SELECT direction, state FROM {self._table} WHERE repository_id = {mark} AND tablename = {mark}",
            (repository_id, table),
        )
        return dict(rows)

    def of_kinds(self, repository_id: int, directions: Sequence[CheckpointKind]) -> list[dict[str, str]]:
        """Return what is stored for a repository, with one statement: for each direction table -> text."""
        mark = self._store.mark
        found: dict[str, dict[str, str]] = {each: {} for each in directions}
        for table, direction, text in self._store.rows(
            f"SELECT tablename, direction, state FROM {self._table} WHERE repository_id = {mark} "
            f"AND direction IN ({self._store.marks(len(directions))})",
            (repository_id, *directions),
        ):
            found[direction][table] = text
        return list(found.values())

    def states(
        self, repository_id: Repositories = None, tables: Collection[str] = ()
    ) -> dict[tuple[int, str], dict[str, str | None]]:
        """Return the stored texts, with one statement: repository and table -> direction -> text.

        Args:
            repository_id: the repository, or several, None for all.
            tables: names of tables, none for all. Of more than a statement can name all are read.
        """
        return {
            key: {direction: text for direction, (text, _) in dated.items()}
            for key, dated in self.dated(repository_id, tables).items()
        }

    def dated(
        self, repository_id: Repositories = None, tables: Collection[str] = ()
    ) -> dict[tuple[int, str], dict[str, tuple[str | None, datetime | None]]]:
        """Return the stored texts as ``states`` does, each with the time (UTC) when it was stored."""
        mark = self._store.mark
        conditions: list[str] = []
        given: list[Any] = []
        if repository_id is not None:
            of, keys = own_rows.among(self._store, "repository_id", repository_id)
            conditions.append(of)
            given += keys
        if 0 < len(tables) <= CHUNK:
            conditions.append(f"tablename IN ({', '.join([mark] * len(tables))})")
            given += tables
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        moment = self._store.columns.plain("modified_on", MOMENT)
        sql = f"SELECT repository_id, tablename, direction, state, {moment} FROM {self._table}{where}"
        read = self._store.columns.decoder(MOMENT)
        found: dict[tuple[int, str], dict[str, tuple[str | None, datetime | None]]] = {}
        for key, table, direction, text, stored in self._store.rows(sql, given):
            stored_on = stored if read is None or stored is None else read(stored)
            found.setdefault((key, table), {})[direction] = (text, stored_on)
        return found

    def write(self, repository_id: int, table: str, direction: CheckpointKind, text: str) -> None:
        """Store a text for a direction within the current transaction."""
        encode = self._store.columns.encoder(MOMENT)
        now: Any = self._clock.now()
        self._store.upsert(
            "sync_checkpoint",
            ("repository_id", "tablename", "direction"),
            ("repository_id", "tablename", "direction", "state", "modified_on"),
            [(repository_id, table, direction, text, now if encode is None else encode(now))],
        )

    def forget(
        self, repository_id: int, table: str | None = None, direction: CheckpointKind | None = None
    ) -> None:
        """Remove the checkpoints of a repository, or of one of its tables or directions."""
        mark = self._store.mark
        wanted = {"repository_id": repository_id, "tablename": table, "direction": direction}
        given = {name: value for name, value in wanted.items() if value is not None}
        self._store.begin_if_needed()
        self._store.run(
            f"DELETE FROM {self._table} WHERE " + " AND ".join(f"{name} = {mark}" for name in given),
            tuple(given.values()),
        )
