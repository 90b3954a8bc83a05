"""The names of records for people."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..core.schema import Table

if TYPE_CHECKING:
    from . import Site


def names_of(site: Site, table: str, keys: Collection[int]) -> dict[int, str]:
    """Return key -> name of records, also deleted ones; "" for those without.

    A record without a name of its own, such as a member of staff, is called by what it must refer to: the person and
    the organisation.

    Args:
        site: this site.
        table: their table.
        keys: the records.
    """
    known = site.schema.get(table)
    if known is None or not keys:
        return {}
    own = [name for name in site.host.name_fields(table) if name in known.fields]
    required = [
        (field.name, field.target)
        for field in known.data_fields()
        if field.is_reference and field.notnull and field.target and not _is_super(site, field.target)
    ]
    columns = (known.key, *own, *(name for name, _ in required))
    rows = site.store.fetch(known, columns, known.key, keys)
    names = {row[0]: " ".join(str(value) for value in row[1 : 1 + len(own)] if value) for row in rows}
    nameless = [row for row in rows if not names[row[0]]]
    for at, (_, target) in enumerate(required, 1 + len(own)):
        labels = site.host.reference_labels(target or "", [row[at] for row in nameless if row[at]])
        for row in nameless:
            part = labels.get(row[at], "")
            names[row[0]] = ", ".join(each for each in (names[row[0]], part) if each)
    return names


def _is_super(site: Site, name: str) -> bool:
    target: Table | None = site.schema.get(name)
    return target is None or target.is_super
