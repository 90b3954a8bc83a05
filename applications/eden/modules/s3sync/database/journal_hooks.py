"""Notes local changes in the journal, by pydal's callbacks on each table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..core.clock import any_time, later
from ..core.fields import together
from ..core.schema import Table, is_protected
from .accounts import SiteAccounts
from .journal import SqlJournal

#: key of a record -> its changed fields that travel, each with its former value in a list
Former = dict[int, dict[str, list[Any]]]

# --- local writes ------------------------------------------------------------------------------------------


def install(
    journal: SqlJournal,
    on_define: Callable[[Callable[[Any], None]], None],
    is_possible: Callable[[datetime], bool] = any_time,
    noted: Container[str] | None = None,
) -> None:
    """Journal all writes through pydal, in their own transaction.

    Args:
        journal: the journal of the DAL that defines the tables.
        on_define: registers a function that is called with each table when pydal defines it, so that lazy
            tables stay lazy (see ``host.on_define``).
        is_possible: returns whether a time can be that of a record.
        noted: names of the tables that are noted, None for all that can be synchronised.
    """

    def hook(table: Any) -> None:
        if noted is None or table._tablename in noted:
            hook_table(journal, table, is_possible)

    on_define(hook)


def hook_table(journal: SqlJournal, table: Any, is_possible: Callable[[datetime], bool]) -> None:
    """Hook one pydal table; tables without synchronisation are left alone.

    An update that changes no value is no change, and leaves the time as it is. An update with
    ``modified_on=table.modified_on`` writes computed columns, which each site computes itself: it is not journaled. A
    hard deletion leaves nothing to send; only the masters of components are noted.
    """
    tablename = table._tablename
    if is_protected(tablename) or not {"uuid", "modified_on"} <= set(table.fields):
        return
    pending: dict[int, Former] = {}

    def inserting(fields: Any) -> None:
        journal.store.lock_counter()
        if journal.came.made_on is not None:
            fields["modified_on"] = journal.came.made_on

    def inserted(_fields: Any, record_id: Any) -> None:
        keys, origin = [int(record_id)], journal.came.origin
        journal.note(tablename, keys, origin)
        if origin is not None:
            # A callback made it: that is no edit here, and who sent what it was made for may not have it.
            journal.assert_ours(tablename, keys)

    def updating(records: Any, fields: Any) -> None:
        pending.pop(id(records), None)  # left by an update that failed
        stamp = fields.get("modified_on")
        if stamp is not None and not isinstance(stamp, datetime):
            return  # computed columns
        if journal.came.keys and _finishes(journal, table, records, fields):
            return
        journal.store.lock_counter()
        changed = changed_records(journal, table, records, fields, is_possible)
        if changed:
            pending[id(records)] = changed
            known = journal.schema().get(tablename)
            if known is not None:
                # What a person replaces here may be what another site has to learn of first.
                journal.notice(known, list(changed))
            if any(str(table[name].type).startswith("reference") for name in fields if name not in _STAMPS):
                journal.note_masters(tablename, list(changed))  # a component may be about to leave its master

    def updated(records: Any, fields: Any) -> None:
        changed = pending.pop(id(records), None)
        if changed:
            journal.note(tablename, list(changed), None)
            edited = {key: former for key, former in changed.items() if former}
            if edited:
                journal.changes.edit(tablename, edited, _author(table, fields))

    def deleting(records: Any) -> None:
        keys = [int(row[table._id]) for row in records.select(table._id)]
        journal.store.lock_counter()
        journal.note_masters(tablename, keys)
        journal.changes.forget(tablename, keys)

    table._before_insert.append(inserting)
    table._after_insert.append(inserted)
    table._before_update.append(updating)
    table._after_update.append(updated)
    table._before_delete.append(deleting)


def _finishes(journal: SqlJournal, table: Any, records: Any, fields: Any) -> bool:
    """Return whether an update by a callback is no change of ours, and let it leave time and author as they are.

    It is none of a record that has just come: its sender derives the same. Nor is it one of any record where only
    realm and owner are set, which each site does by its own rules.
    """
    names = {name for name in fields if name not in _STAMPS}
    if not names <= _OWNERSHIP:
        keys = {int(row[table._id]) for row in records.select(table._id)}
        if not keys <= set(journal.came.keys.get(table._tablename, ())):
            return False
    for name in _STAMPS & {*fields}:
        fields[name] = table[name]
    return True


#: Fields that say whose a record is at this site.
_OWNERSHIP = frozenset(("realm_entity", "owned_by_user", "owned_by_group"))
#: Fields that every update sets: they alone are no change.
_STAMPS = frozenset(("modified_on", "modified_by"))
_DELETED = "deleted"
#: Records that an update of many may name because it does not change them.
MOST_UNCHANGED = 1000


def changed_records(
    journal: SqlJournal,
    table: Any,
    records: Any,
    fields: Any,
    is_possible: Callable[[datetime], bool],
) -> Former:
    """Return the records that an update will change, and make their new time later than the old one.

    Args:
        journal: the journal, which has the clock.
        table: the pydal table.
        records: pydal's Set.
        fields: the values to write, by field name; ``modified_on`` becomes at least a second later than the newest
            overwritten version, unless the writer chose a time in the past.
        is_possible: returns whether a time can be that of a record.
    """
    names = [name for name in fields if name not in _STAMPS]
    units = _units(journal.schema().get(table._tablename), names)
    columns = dict.fromkeys((*names, *(each for unit in units.values() for each in unit)))
    rows = records.select(
        table._id,
        table.modified_on,
        *(table[name] for name in columns),
        for_update=journal.store.locks_records,
    )
    found: Former = {}
    times = set()
    for row in rows:
        changed = [name for name in names if _differs(table, name, row[table[name]], fields[name])]
        if changed:
            found[int(row[table._id])] = _former(table, row, fields, changed, units)
            times.add(row[table.modified_on])
    stamp = fields.get("modified_on")
    if found and stamp is not None and stamp >= journal.clock.now() - timedelta(seconds=5):
        known = times - {None}
        newest = max((each for each in known if each >= stamp and is_possible(each)), default=None)
        if newest is not None:
            fields["modified_on"] = later(newest.replace(microsecond=0), stamp, is_possible)
    if names and stamp is not None and len(found) < len(rows):
        _keep_stamps(
            table, fields, [int(row[table._id]) for row in rows if int(row[table._id]) not in found], found
        )
    return found


def _keep_stamps(table: Any, fields: Any, unchanged: Sequence[int], changed: Collection[int]) -> None:
    """Let an update set time and author only of the records that it changes.

    One that is saved unchanged would look as if somebody had edited all of it past the journal.
    """
    if len(unchanged) > MOST_UNCHANGED and changed:
        return
    for name in _STAMPS & {*fields}:
        new = fields[name]
        new = new.isoformat(" ", "seconds") if isinstance(new, datetime) else new
        fields[name] = table._id.belongs(unchanged).case(table[name], new) if changed else table[name]


def _units(known: Table | None, names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return those of the names that travel, each with all fields that are written down with it."""
    if known is None or known.is_super:
        return {}
    travelling = {each.name for each in known.data_fields()} - known.computed
    groups = together(known.together)
    return {name: groups.get(name, frozenset((name,))) & travelling for name in names if name in travelling}


def _former(
    table: Any, row: Any, fields: Any, changed: Iterable[str], units: Mapping[str, frozenset[str]]
) -> dict[str, list[Any]]:
    """Return what is written down of a record: the fields that change, with their former values.

    A deletion empties references, and a restoration fills them again: these are no edits of their own.
    """
    noted = {each for name in changed if name in units for each in units[name]}
    found = {}
    if _DELETED in changed and bool(row[table[_DELETED]]) != bool(fields[_DELETED]):
        found[_DELETED] = [bool(row[table[_DELETED]])]
        noted = set() if fields[_DELETED] else {each for each in noted if "reference" not in table[each].type}
    found.update((name, [row[table[name]]]) for name in sorted(noted))
    return found


def _author(table: Any, fields: Any) -> str:
    """Return the e-mail address of who updates a record, "" if it is not known."""
    user = fields.get("modified_by")
    if not user or hasattr(user, "op"):
        return ""
    return SiteAccounts(table._db).email(int(user)) or ""


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
