"""Notes local changes in the journal, by pydal's callbacks on each table."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Callable

from ..core.clock import any_time, later
from ..core.schema import is_protected
from .journal import SqlJournal

# --- local writes ------------------------------------------------------------------------------------------


def install(
    journal: SqlJournal,
    on_define: Callable[[Callable[[Any], None]], None],
    is_possible: Callable[[datetime], bool] = any_time,
) -> None:
    """Journal all writes through pydal, in their own transaction.

    Args:
        journal: the journal of the DAL that defines the tables.
        on_define: registers a function that is called with each table when pydal defines it, so that lazy
            tables stay lazy (see ``host.on_define``).
        is_possible: returns whether a time can be that of a record.
    """
    on_define(lambda table: hook_table(journal, table, is_possible))


def hook_table(journal: SqlJournal, table: Any, is_possible: Callable[[datetime], bool]) -> None:
    """Hook one pydal table; tables without synchronisation are left alone.

    An update that changes no value is no change. An update with ``modified_on=table.modified_on`` writes computed
    columns, which each site computes itself: it is not journaled. A hard deletion leaves nothing to send; only the
    masters of components are noted.
    """
    tablename = table._tablename
    if is_protected(tablename) or not {"uuid", "modified_on"} <= set(table.fields):
        return
    pending: dict[int, list[int]] = {}

    def inserting(_fields: Any) -> None:
        journal.store.lock_counter()

    def inserted(_fields: Any, record_id: Any) -> None:
        journal.note(tablename, [int(record_id)], None)

    def updating(records: Any, fields: Any) -> None:
        pending.pop(id(records), None)  # left by an update that failed
        keys = journal_worthy(journal, table, records, fields, is_possible)
        if keys:
            journal.store.lock_counter()
            pending[id(records)] = keys
            if any(str(table[name].type).startswith("reference") for name in fields if name not in _STAMPS):
                journal.note_masters(tablename, keys)  # a component may be about to leave its master

    def updated(records: Any, _fields: Any) -> None:
        keys = pending.pop(id(records), None)
        if keys:
            journal.note(tablename, keys, None)

    def deleting(records: Any) -> None:
        keys = [int(row[table._id]) for row in records.select(table._id)]
        journal.store.lock_counter()
        journal.note_masters(tablename, keys)

    table._before_insert.append(inserting)
    table._after_insert.append(inserted)
    table._before_update.append(updating)
    table._after_update.append(updated)
    table._before_delete.append(deleting)


#: Fields that every update sets: they alone are no change.
_STAMPS = frozenset(("modified_on", "modified_by"))


def journal_worthy(
    journal: SqlJournal,
    table: Any,
    records: Any,
    fields: Any,
    is_possible: Callable[[datetime], bool],
) -> list[int]:
    """Return the keys of the records that an update will change, and make their new time later than the old one.

    Args:
        journal: the journal, which has the clock.
        table: the pydal table.
        records: pydal's Set.
        fields: the values to write, by field name; ``modified_on`` becomes at least a second later than the newest
            overwritten version, unless the writer chose a time in the past.
        is_possible: returns whether a time can be that of a record.
    """
    stamp = fields.get("modified_on")
    if stamp is not None and not isinstance(stamp, datetime):
        return []
    names = [name for name in fields if name not in _STAMPS]
    columns = [table[name] for name in names]
    rows = records.select(table._id, table.modified_on, *columns)
    changed = [
        row for row in rows if any(_differs(table, name, row[table[name]], fields[name]) for name in names)
    ]
    if not changed:
        return []
    if stamp is not None and stamp >= journal._clock.now() - timedelta(seconds=5):
        times = {row[table.modified_on] for row in changed} - {None}
        newest = max((each for each in times if each >= stamp and is_possible(each)), default=None)
        if newest is not None:
            fields["modified_on"] = later(newest.replace(microsecond=0), stamp, is_possible)
    return [int(row[table._id]) for row in changed]


def _differs(table: Any, name: str, old: Any, new: Any) -> bool:
    if old == new and type(old) is type(new):
        return False
    if new is None or old is None:
        return not (new is None and old is None)
    if hasattr(new, "sql_shortref") or hasattr(new, "op"):
        return True  # a database expression
    represent = table._db._adapter.represent
    kind = table[name].type
    return bool(represent(old, kind) != represent(new, kind))
