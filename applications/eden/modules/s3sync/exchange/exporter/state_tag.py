"""A short tag of a record's present state, which changes with every change of it that a reader can see."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from ...core.schema import Schema, Table
from ..ports import Row, Store
from .rows import Style, TableEncoder

#: Characters of a tag.
LENGTH = 32


def state_tag(store: Store, schema: Schema, table: Table, key: int, *, hold: bool = False) -> str | None:
    """Return the tag of a record: of what it holds, and of its live components that travel with it.

    It is made of the stored values alone. So every process of a site tells the same, whatever the address by which
    it was asked, and also a change is seen that was written past the journal.

    Args:
        store: the records.
        schema: the tables.
        table: the table of the record.
        key: the record.
        hold: within a transaction: nobody else changes these rows before its end.

    Returns:
        the tag; None if there is no such record.
    """
    encoder = _encoder(store, schema, table)
    rows = _read(store, encoder, table.key, key, hold)
    if not rows:
        return None
    digest = hashlib.sha256(repr(rows[0]).encode("utf-8", "surrogatepass"))
    for alias, found in _components(store, schema, table, dict(zip(encoder.columns, rows[0])), hold):
        digest.update(f"\n{alias}{found!r}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:LENGTH]


def _encoder(store: Store, schema: Schema, table: Table) -> TableEncoder:
    return TableEncoder(table, schema, store, Style(False, False), lambda *_: "")


def _read(store: Store, encoder: TableEncoder, by: str, value: Any, hold: bool) -> Sequence[Row]:
    if hold:
        store.hold(encoder.table, by, value)
    return store.fetch_raw(encoder.table, encoder.columns, by, [value])


def _components(
    store: Store, schema: Schema, table: Table, record: dict[str, Any], hold: bool
) -> Iterator[tuple[str, list[Row]]]:
    for component in table.components.values():
        member = schema.get(component.table)
        joined = record.get(component.pkey)
        if member is None or member.is_super or not component.travels or joined is None:
            continue
        encoder = _encoder(store, schema, member)
        rows = encoder.live(_read(store, encoder, component.fkey, joined, hold))
        if rows:
            yield component.alias, sorted(rows, key=lambda row: int(row[0]))
