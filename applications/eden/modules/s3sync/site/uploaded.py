"""Where the files of records are stored, and which of them a repository may ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ..core.errors import NoSuchRecord
from ..core.schema import Table
from ..core.text import shown
from ..exchange.peer import Exchange
from . import Site


def upload_path(
    site: Site, stored: str, exchanges: Iterable[Exchange] | None = None, *, along: bool = True
) -> Path:
    """Return the path of one of this site's files.

    Args:
        site: this site.
        stored: name under which web2py stores it: table.field.key.name.extension.
        exchanges: what is sent to who asks: only files of records that are sent with it are given; None for the files
            of all records.
        along: whether records that others refer to are sent with these.

    Raises:
        NoSuchRecord: no record of a synchronised table has such a file, none that is sent, or it is not here.
        BadRequest: web2py would not give such a name.
    """
    tablename, _, rest = stored.partition(".")
    fieldname = rest.partition(".")[0]
    table = site.schema.get(tablename)
    known = table.fields.get(fieldname) if table is not None else None
    if table is None or known is None or known.kind != "upload":
        raise NoSuchRecord(f"There is no file {shown(stored)!r} at this site.")
    path = site.files.path(tablename, fieldname, stored)
    keys = site.files.holders(tablename, fieldname, stored)
    if not keys:
        raise NoSuchRecord(f"No record of this site has the file {shown(stored)}.")
    if exchanges is not None and not any(_is_sent(site, table, keys, each, along) for each in exchanges):
        raise NoSuchRecord(f"The file {shown(stored)} belongs to no record that is sent to this site.")
    if not path.is_file():
        raise NoSuchRecord(f"The file {shown(stored)} is not at this site.")
    return path


def _is_sent(site: Site, table: Table, keys: Collection[int], exchange: Exchange, along: bool) -> bool:
    """Return whether any of these records is sent: as a main record, as a component, or because one refers to it."""
    main = site.schema.table(exchange.resource)
    filters = site.by_table(exchange.filters, main.name)
    chosen = site.store.matching(table, keys, filters.get(table.name, ()))
    if table is main and chosen:
        return True
    if exchange.components and chosen:
        for master in _masters(site, table, chosen, main):
            if site.store.matching(main, master, filters.get(main.name, ())):
                return True
    return along and _is_referred_to(site, table, keys, _sent_along(site, main))


def _masters(site: Site, table: Table, keys: Collection[int], main: Table) -> Iterator[list[int]]:
    """Yield the records of the main table that these are components of, by each way to be one."""
    for name, component in site.schema.masters(table.name):
        if name == main.name and component.travels:
            joined = {row[0] for row in site.store.fetch(table, (component.fkey,), table.key, keys)} - {None}
            yield [row[0] for row in site.store.fetch(main, (main.key,), component.pkey, joined)]


def _sent_along(site: Site, main: Table) -> set[str]:
    """Return the tables whose records can be in a document of a resource."""
    found: set[str] = set()
    fresh = {main.name} | {each.table for each in main.components.values() if each.travels}
    while fresh:
        found |= fresh
        known = [table for table in map(site.schema.get, fresh) if table is not None]
        targets = {each.target for table in known for each in table.data_fields() if each.target is not None}
        fresh = {each for target in targets for each in _instances(site, target)} - found
    return found


def _instances(site: Site, target: str) -> tuple[str, ...]:
    known = site.schema.get(target)
    return () if known is None else known.instance_types or (known.name,)


def _is_referred_to(site: Site, table: Table, keys: Collection[int], senders: Collection[str]) -> bool:
    """Return whether another record of one of these tables refers to any of these records."""
    ways = [(table.name, set(keys))]
    for field, entity in table.super_keys.items():
        held = {row[0] for row in site.store.fetch(table, (field,), table.key, keys)} - {None}
        ways.append((entity, held))
    for target, sought in ways:
        for name, field in site.schema.referrers(target):
            referrer = site.schema.table(name)
            known = referrer.fields[field]
            if name not in senders or known.local or field in referrer.super_keys:
                continue
            fetch = site.store.fetch if known.kind == "reference" else site.store.fetch_listing
            found = {row[0] for row in fetch(referrer, (referrer.key,), field, sought)}
            if found - set(keys if name == table.name else ()):
                return True
    return False
