"""Removes the content of deleted records: when their time in the bin is over, or an administrator says so.

The row stays, with its identifier, its times, what it was merged into and the key to its master: the deletion travels
to sites that have not heard of it. Nothing is told to others: each site empties its own bin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..core.kept import Place
from ..core.messages import Sentence
from ..core.schema import META_FIELDS, Field, Table
from ..core.task import Activity, LogAction, Result, Transmission
from ..exchange.importer.deletion import Restorer, catch_up, placeholder
from ..site import Site
from ..wire.values.uploads import is_stored_name

#: Records of which the content is removed in one transaction.
_AT_ONCE = 500
#: Values of fields that must not be empty.
_NOTHING: Mapping[str, Any] = {
    "string": "",
    "text": "",
    "integer": 0,
    "bigint": 0,
    "double": 0.0,
    "boolean": False,
}


def empty_bin(site: Site) -> int:
    """Remove the content of records that have been in the bin for as long as the settings say; return how many.

    Args:
        site: this site. Its database is committed.
    """
    with site.store.transaction():
        catch_up(site.ports)
    before = site.clock.now() - timedelta(days=site.host.settings.get_sync_bin_days())
    count = 0
    while True:
        with site.store.transaction():
            found = site.deletions.overdue(before, _AT_ONCE)
            files = [path for name, keys in found.items() for path in _empty(site, name, keys)]
        _remove(files)
        count += sum(map(len, found.values()))
        if not found:
            return count


def delete_for_good(site: Site, place: Place, user_id: int | None = None) -> int:
    """Remove the content of a record in the bin, and of all that went along, at this site; return of how many.

    The log says who did it; it names the record by its identifier, as its name is part of what goes.

    Args:
        site: this site. Its database is committed.
        place: the record.
        user_id: the user who does it.
    """
    with site.store.transaction():
        chosen = Restorer(site.ports, site.is_possible).together(place)
        files = [path for name, keys in chosen.items() for path in _empty(site, name, keys)]
    _remove(files)
    count = sum(map(len, chosen.values()))
    if count:
        _say(site, place, user_id, count)
    return count


def _say(site: Site, place: Place, user_id: int | None, count: int) -> None:
    table = site.schema.table(place[0])
    ((uuid,),) = site.store.fetch(table, ("uuid",), table.key, [place[1]])
    site.log(None, Transmission.OUTGOING).task(
        table.name,
        Activity.DECIDE,
        LogAction.DECIDE,
        Result.SUCCESS,
        Sentence.DELETED_FOR_GOOD.say(
            who=site.accounts.email(user_id) or "", record=f"{table.name} {uuid}", count=count
        ),
    )


def _empty(site: Site, name: str, keys: Collection[int]) -> list[Path]:
    """Remove the content of records of a table, within the current transaction; return files that nobody has now."""
    table = site.schema.get(name)
    gone: list[int] = []
    files: list[Path] = []
    if table is not None:
        uploads = [each for each in table.fields.values() if each.kind == "upload"]
        columns = (table.key, "deleted", *(each.name for each in uploads))
        rows = [row for row in site.store.fetch(table, columns, table.key, keys) if row[1]]
        gone = [row[0] for row in rows]
        _empty_super(site, table, gone)
        names, values = _emptied(site, table, gone)
        site.store.update(table, names, values)
        site.changes.forget(name, gone)
        files = [path for row in rows for path in _files(site, name, uploads, row[2:])]
    site.deletions.empty(name, gone)
    # What lives again was restored past the bin.
    site.deletions.forget(name, set(keys) - set(gone))
    return files


def _emptied(
    site: Site, table: Table, keys: Collection[int]
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the fields that hold content, and rows of a key and what is left in these."""
    joins = site.schema.joins(table.name)
    fields = [each for each in table.fields.values() if _is_content(table, each) and each.name not in joins]
    names = ("deleted_fk", *(each.name for each in fields))
    return names, [(key, None, *(_left(each) for each in fields)) for key in keys]


def _empty_super(site: Site, table: Table, keys: Collection[int]) -> None:
    """Remove what super-entities have of the content of their instances."""
    for name, entity in table.super_keys.items():
        above = site.schema.table(entity)
        fields = [
            each for each in map(above.fields.get, above.shared_fields) if each and _is_content(above, each)
        ]
        if fields:
            found = [row[1] for row in site.store.fetch(table, (table.key, name), table.key, keys) if row[1]]
            names = tuple(each.name for each in fields)
            site.store.update(above, names, [(key, *map(_left, fields)) for key in found])


def _is_content(table: Table, field: Field) -> bool:
    if field.name in META_FIELDS or field.name in table.super_keys or field.name == table.key:
        return False
    return not field.notnull or (field.is_text if field.unique else field.kind in _NOTHING)


def _left(field: Field) -> Any:
    if not field.notnull or field.unique:
        return placeholder(field)
    return _NOTHING[field.kind]


def _files(site: Site, table: str, uploads: Collection[Field], stored: Iterable[Any]) -> Iterable[Path]:
    for field, name in zip(uploads, stored):
        # What somebody named who put it into a folder of the program was not uploaded, and is not ours to remove.
        if (
            name
            and is_stored_name(name, table, field.name)
            and site.files.has(table, field.name, name)
            and not site.files.holders(table, field.name, name)
        ):
            yield site.files.path(table, field.name, name)


def _remove(files: Iterable[Path]) -> None:
    """Remove files, after the transaction that let go of them: a rollback would not bring them back."""
    for path in files:
        path.unlink(missing_ok=True)
