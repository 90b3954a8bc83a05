"""Where the merges of records lead to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..core.schema import Table
from .ports import Store


def merge_steps(
    store: Store, table: Table, merges: Mapping[int, int], keys: Collection[int] = ()
) -> dict[int, int]:
    """Return key -> survivor for all merges that can be reached from some, also those that were made here before.

    Args:
        store: see ``ports``.
        table: the table of the records.
        merges: key of a merged record -> key of its survivor.
        keys: records that may have been merged here before.
    """
    steps = dict(merges)
    asked = {*steps.values(), *keys} - steps.keys()
    done: set[int] = set()
    while asked:
        columns = (table.key, "deleted", "deleted_rb")
        found = {row[0]: row[2] for row in store.fetch(table, columns, table.key, asked) if row[1] and row[2]}
        done |= asked
        steps.update(found)
        asked = set(found.values()) - steps.keys() - done
    return steps
