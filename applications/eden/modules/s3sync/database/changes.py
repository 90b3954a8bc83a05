"""Which fields of records were changed, in the table sync_change (ports.Changes)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from ..core.clock import Clock, milliseconds
from ..core.fields import Change, ChangeKind, Edits, Emptied, Folding, Stamp, next_time, site_identifier
from ..core.schema import Schema
from ..exchange.ports import Row
from .store import JournalRows
from .store.column_types import MOMENT

_WRITTEN = "tablename, record_id, time, site, by_email, repository_id, kind, former, position, noted_on"
_NOWHERE = (None, None)
#: The kind of the rows that tell of references which deletions emptied; ``settled`` has the position before.
_EMPTIED = "emptied"
_ARE_CHANGES = f"kind <> '{_EMPTIED}' AND tablename = "
_KINDS = {each: each.value for each in ChangeKind}
#: The longest address that can be that of a mailbox has 254 characters.
_LONGEST_ADDRESS = 255

#: How a value is read that JSON has no type for, by the kind of its field.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
}


class SqlChanges:
    """Changes in the site's database.

    Args:
        store: the store of the journal, on the DAL with the tables of ``tables.define``.
        schema: gives the schema, for the types of former values.
        clock: the site's clock.
    """

    def __init__(self, store: JournalRows, schema: Callable[[], Schema], clock: Clock) -> None:
        self._store = store
        self._schema = schema
        self._clock = clock
        self._changes = self._store.columns.name("sync_change")

    @property
    def site(self) -> str:
        """See ports.Changes: the beginning of the journal's identity, so that a copied site is another one."""
        return site_identifier(self._store.identity() or "")

    def of(self, table: str, keys: Collection[int]) -> dict[int, list[Change]]:
        """See ports.Changes."""
        return {key: [change for _, change in rows] for key, rows in self.rows_of(table, keys).items()}

    def rows_of(self, table: str, keys: Collection[int]) -> dict[int, list[tuple[int, Change]]]:
        """Return the same as ``of``, each change with the key of its row."""
        noted = self._store.columns.plain("noted_on", MOMENT)
        read = self._store.columns.decoder(MOMENT) or _unchanged
        readers = self._readers(table)
        found: dict[int, list[tuple[int, Change]]] = {}
        for row in self._read(f", repository_id, kind, position, {noted}", table, keys):
            change = _change(row)._replace(via=row[7], kind=ChangeKind(row[8]), position=row[9])
            former = {name: _former(value, readers.get(name)) for name, value in change.fields.items()}
            item = row[0], change._replace(fields=former, noted_on=read(row[10]))
            found.setdefault(change.key, []).append(item)
        return found

    def edits(self, table: str, keys: Collection[int]) -> dict[int, Edits]:
        """See ports.Changes."""
        found: dict[int, Folding] = {}
        for _, key, moment, site, by, fields, settled in self._read("", table, keys):
            folding = found.get(key)
            if folding is None:
                folding = found[key] = Folding()
            folding.add(Stamp(moment, site), by, _from_json(fields)[0], _stamps(settled))
        return {key: Edits(folding.fields, folding.seen) for key, folding in found.items()}

    def seen(self, table: str, keys: Collection[int]) -> dict[int, dict[str, int]]:
        """See ports.Changes."""
        return self._seen(table, keys) if keys and self._are_there(table) else {}

    def _seen(self, table: str, keys: Collection[int], ending: str = "") -> dict[int, dict[str, int]]:
        sql = (
            f"SELECT record_id, time, site FROM {self._changes} "
            f"WHERE {_ARE_CHANGES}{self._store.mark} AND record_id IN "
        )
        found: dict[int, dict[str, int]] = {}
        for key, moment, site in self._store.by_keys(sql, (table,), keys, ending):
            known = found.get(key)
            if known is None:
                found[key] = {site: moment}
            elif moment > known.get(site, -1):
                known[site] = moment
        return found

    def _read(self, columns: str, table: str, keys: Collection[int]) -> Sequence[Row]:
        """Return the rows of records in the order in which they were written.

        ``columns`` are more columns, each after a comma.
        """
        if not keys or not self._are_there(table):
            return ()
        sql = (
            f"SELECT id, record_id, time, site, by_email, former, settled{columns} FROM {self._changes} "
            f"WHERE {_ARE_CHANGES}{self._store.mark} AND record_id IN "
        )
        return sorted(self._store.by_keys(sql, (table,), keys), key=itemgetter(0))

    def _are_there(self, table: str) -> bool:
        """Return whether any record of a table was edited; none was while a site is filled."""
        sql = f"SELECT 1 FROM {self._changes} WHERE tablename = {self._store.mark} LIMIT 1"
        return bool(self._store.rows(sql, (table,)))

    def _readers(self, table: str) -> dict[str, Callable[[Any], Any]]:
        known = self._schema().get(table)
        fields = () if known is None else known.fields.values()
        return {each.name: _READERS[each.kind] for each in fields if each.kind in _READERS}

    def note(self, table: str, changes: Sequence[Change]) -> None:
        """See ports.Changes."""
        if not changes:
            return
        encode = self._store.columns.encoder(MOMENT) or _unchanged
        now = encode(self._clock.now())
        positions = self._store.positions(table, {change.key for change in changes})
        rows: list[Row] = [
            (
                table,
                change.key,
                *change.stamp,
                change.by[:_LONGEST_ADDRESS],
                change.via,
                _KINDS[change.kind],
                _fields(change.fields),
                positions.get(change.key, _NOWHERE)[0],
                now,
            )
            for change in changes
        ]
        columns = _WRITTEN
        if [change for change in changes if change.settled]:
            columns += ", settled"
            settled = [_json(change.settled) if change.settled else None for change in changes]
            rows = [(*row, stamps) for row, stamps in zip(rows, settled)]
        marks = self._store.marks(columns.count(",") + 1)
        self._store.begin_if_needed()
        self._store.run_many(f"INSERT INTO {self._changes} ({columns}) VALUES ({marks})", rows)

    def emptied(self, table: str, keys: Collection[int]) -> dict[int, list[Emptied]]:
        """See ports.Changes."""
        found: dict[int, list[Emptied]] = {}
        for _, each in self.rows_emptied(table, keys):
            found.setdefault(each.key, []).append(each)
        return found

    def rows_emptied(self, table: str, keys: Collection[int]) -> list[tuple[int, Emptied]]:
        """Return the same as ``emptied``, each with the key of its row."""
        if not keys or not self._are_there(table):
            return []
        noted = self._store.columns.plain("noted_on", MOMENT)
        read = self._store.columns.decoder(MOMENT) or _unchanged
        sql = (
            f"SELECT id, record_id, position, settled, repository_id, time, {noted} FROM {self._changes} "
            f"WHERE kind = '{_EMPTIED}' AND tablename = {self._store.mark} AND record_id IN "
        )
        rows = sorted(self._store.by_keys(sql, (table,), keys), key=itemgetter(0))
        return [(row[0], Emptied(row[1], row[2], int(row[3]), row[4], row[5], read(row[6]))) for row in rows]

    def note_emptied(self, table: str, emptied: Sequence[Emptied]) -> None:
        """See ports.Changes."""
        if not emptied:
            return
        encode = self._store.columns.encoder(MOMENT) or _unchanged
        now, site = encode(self._clock.now()), self.site
        rows: list[Row] = [
            (
                table,
                each.key,
                each.time,
                site,
                "",
                each.before_via,
                _EMPTIED,
                "{}",
                each.position,
                now,
                str(each.before),
            )
            for each in emptied
        ]
        columns = f"{_WRITTEN}, settled"
        marks = self._store.marks(columns.count(",") + 1)
        self._store.begin_if_needed()
        self._store.run_many(f"INSERT INTO {self._changes} ({columns}) VALUES ({marks})", rows)

    def edit(
        self,
        table: str,
        formers: Mapping[int, Mapping[str, list[Any]]],
        by: str = "",
        kind: ChangeKind = ChangeKind.EDIT,
    ) -> None:
        """Write down edits that were made here, each later than all that its record has seen.

        Args:
            table: the table.
            formers: key of each record -> its changed fields, with their former values as in ``Change``.
            by: who: an e-mail address, "" if unknown.
            kind: what it was.
        """
        if not formers:
            return
        now, site = milliseconds(self._clock.exact()), self.site
        latest = self._seen(table, formers, self._store.as_of_now)
        self.note(
            table,
            [
                Change(key, Stamp(next_time(now, latest.get(key, {})), site), by, fields, kind)
                for key, fields in formers.items()
            ],
        )

    def forget(self, table: str, keys: Collection[int]) -> None:
        """Remove the changes of records that are removed for good."""
        if keys and self._are_there(table):
            where = f"tablename = {self._store.mark} AND record_id IN "
            self._store.by_keys_run(f"DELETE FROM {self._changes} WHERE {where}", (table,), keys)

    def remove(self, rows: Collection[int]) -> None:
        """Remove changes by the keys of their rows."""
        self._store.by_keys_run(f"DELETE FROM {self._changes} WHERE id IN ", (), rows)

    def shorten(self, rows: Sequence[tuple[int, Change]]) -> None:
        """Replace the fields of changes, by the keys of their rows."""
        mark = self._store.mark
        self._store.run_many(
            f"UPDATE {self._changes} SET former = {mark} WHERE id = {mark}",
            [(_fields(change.fields), key) for key, change in rows],
        )

    def written(self, after: int, limit: int) -> list[tuple[int, str, int, int | None, datetime]]:
        """Return the next changes of all tables: key of the row, table, record, position, when it was written (UTC).

        Args:
            after: the key from which on, this one excluded; 0 for the beginning.
            limit: how many at most.
        """
        noted = self._store.columns.plain("noted_on", MOMENT)
        read = self._store.columns.decoder(MOMENT) or _unchanged
        rows = self._store.rows(
            f"SELECT id, tablename, record_id, position, {noted} FROM {self._changes} "
            f"WHERE id > {self._store.mark} ORDER BY id LIMIT {int(limit)}",
            (after,),
        )
        return [(*row[:4], read(row[4])) for row in rows]


#: Reads what ``_json`` wrote, without looking for blanks around it.
_from_json = json.JSONDecoder().raw_decode


def _change(row: Row) -> Change:
    """Return a change from its row, with former values as JSON has them."""
    _, key, moment, site, by, fields, settled = row[:7]
    return Change(key, Stamp(moment, site), by, _from_json(fields)[0], settled=_stamps(settled))


def _stamps(settled: str | None) -> tuple[Stamp, ...]:
    return tuple(Stamp(*each) for each in json.loads(settled)) if settled else ()


def _former(value: list[Any], read: Callable[[Any], Any] | None) -> list[Any]:
    """Return a former value as the Store gives it; none if the field has another type now that cannot have it."""
    if read is None or not value or value[0] is None:
        return value
    try:
        return [read(value[0])]
    except (TypeError, ValueError, ArithmeticError):
        return []


def _written(value: Any) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not a value of the store")


def _unchanged(value: Any) -> Any:
    return value


def _fields(fields: Mapping[str, list[Any]]) -> str:
    """Return fields with their former values as JSON; most values are texts, which need no encoder of their own."""
    parts = []
    for name, former in fields.items():
        is_text = len(former) == 1 and former[0].__class__ is str
        parts.append(f'"{name}":[{encode_basestring(former[0])}]' if is_text else f'"{name}":{_json(former)}')
    return f"{{{','.join(parts)}}}"


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_written).encode
