"""Records from here that the other site rejected: listed until it takes them, which it does not before they change."""

from __future__ import annotations

from collections.abc import Collection

from ..core.kept import OpenKind, OpenRecord
from ..database import open_there as open_there
from ..exchange.peer import PushResult
from .repositories import Repository


class RefusedThere:
    """The list for one repository, in one run: it is read once for each table.

    Args:
        repository: the repository.
    """

    def __init__(self, repository: Repository) -> None:
        self._site = repository.site
        self._id = repository.id
        self._known: dict[str, set[str | None]] = {}

    def note(self, table: str, after: int, until: int, result: PushResult) -> None:
        """Store what a page was answered, within the current transaction; usually there is nothing to store.

        Args:
            table: the main table.
            after, until: positions in our journal between which the records of the page lie.
            result: the answer.
        """
        db = self._site.db
        if table not in self._known:
            self._known[table] = open_there.rejected(db, self._id, table)
        known = self._known[table]
        again = self._between(table, known, after, until) if known else set()
        refused = {
            each.uuid: OpenRecord(OpenKind.REJECTED, table, each.uuid, each.reason)
            for each in result.refusals
        }
        if not again and not refused:
            return
        gone = again | (known & refused.keys())
        open_there.forget_rejected(db, self._id, table, gone)
        open_there.add(db, self._id, self._site.clock.now(), list(refused.values()))
        self._known[table] = (known - gone) | refused.keys()

    def _between(self, name: str, known: set[str | None], after: int, until: int) -> set[str | None]:
        """Return those of the listed records that were sent again, or are not here any more."""
        named = {uuid for uuid in known if uuid is not None}
        found: dict[str, int] = {}
        for table in (name, *(each.table for each in self._site.schema.table(name).components.values())):
            # A component that was rejected is named by its own identifier.
            found.update(self._positions(table, named - found.keys()))
        sent: set[str | None] = {uuid for uuid, position in found.items() if after < position <= until}
        # What has no identifier is only known to be sent again when everything is.
        return sent | (named - found.keys()) | ({None} & known if not after else set())

    def _positions(self, name: str, uuids: Collection[str]) -> dict[str, int]:
        """Return uuid -> position of the last change."""
        store, table = self._site.store, self._site.schema.get(name)
        if table is None or not uuids:
            return {}
        keys = {row[0]: row[1] for row in store.fetch(table, (table.key, "uuid"), "uuid", uuids)}
        rows = store.by_keys(
            f"SELECT record_id, seq FROM {store.columns.name('sync_journal')} "
            f"WHERE tablename = {store.mark} AND record_id IN ",
            (name,),
            list(keys),
        )
        return {keys[key]: position for key, position in rows}
