"""Finds deletions that nobody wrote down, and what took their records along.

Such are those of an Eden or of a site of ours of before, those made by a program past us, and those made before sites
wrote them down. A record went along with another one if it could not be without it and was not deleted before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ....core.kept import Deletion, DeletionMark, Place
from ....core.schema import Table
from ...ports import Ports
from .columns import foreign_keys
from .noting import top_of
from .obstacles import Obstacles, reference_of

#: Records that are looked at in one go.
_AT_ONCE = 1000


def catch_up(ports: Ports) -> int:
    """Write down the deletions since the last time, within the current transaction; return how many.

    Args:
        ports: the ports of the site.
    """
    after, until = ports.deletions.position(), ports.journal.head()
    if until <= after:
        return 0
    found = 0
    for table in ports.schema:
        if table.is_super or not {"deleted", "modified_on", "modified_by"} <= set(table.fields):
            continue
        ports.deletions.forget(table.name, ports.deletions.outdated(table.name, after, until))
        keys = ports.deletions.unnoted(table.name, after, until)
        for start in range(0, len(keys), _AT_ONCE):
            found += _note(ports, table, keys[start : start + _AT_ONCE])
    first = ports.deletions.first_uncertain(after, until)
    if first is not None:
        _find_owners(ports, first)
    ports.deletions.reached(until)
    return found


def _note(ports: Ports, table: Table, keys: Sequence[int]) -> int:
    """Write down deletions of one table; return how many."""
    columns = (table.key, "modified_on", "modified_by")
    rows = ports.store.fetch(table, columns, table.key, keys)
    brought = ports.journal.positions(table.name, keys)
    emails = ports.accounts.emails({row[2] for row in rows if row[2]})
    site = ports.changes.site
    notes = []
    for key, moment, user in rows:
        via = brought.get(key, (0, None))[1]
        notes.append(
            Deletion(
                key,
                moment or ports.clock.now(),
                # A deletion that came leaves the name of who edited the record before.
                emails.get(user, "") if via is None else "",
                site if via is None else "",
                via,
                certain=False,
            )
        )
    ports.deletions.note(table.name, notes)
    return len(notes)


def _find_owners(ports: Ports, since: datetime) -> None:
    """Find what took records along, of which that is not known."""
    uncertain = ports.deletions.uncertain(since)
    owners: dict[Place, Place] = {}
    for name, deletions in uncertain.items():
        for start in range(0, len(deletions), _AT_ONCE):
            part = {each.key: each for each in deletions[start : start + _AT_ONCE]}
            owners.update(_owners(ports, ports.schema.table(name), part))
    tops = _tops(ports, owners)
    known = {(name, each.key): each for name, deletions in uncertain.items() for each in deletions}
    told: dict[str, dict[int, tuple[DeletionMark, Place | None]]] = defaultdict(dict)
    for place, top in tops.items():
        told[place[0]][place[1]] = (DeletionMark(known[place].site, known[place].by), top)
    for name, marks in told.items():
        ports.deletions.tell(name, marks)


def _owners(ports: Ports, table: Table, deletions: Mapping[int, Deletion]) -> dict[Place, Place]:
    """Return what took records of one table along, in one step."""
    columns = (table.key, *table.fields)
    rows: dict[int, dict[str, Any]] = {
        row[0]: dict(zip(columns, row)) for row in ports.store.fetch(table, columns, table.key, deletions)
    }
    found: dict[Place, Place] = {}
    for field in foreign_keys(table):
        if field.kind != "reference" or field.ondelete != "CASCADE":
            continue
        values = {key: value for key, row in rows.items() if (value := reference_of(row, field.name))}
        targets = Obstacles(ports).deleted_targets(field, values)
        by_table: dict[str, set[int]] = defaultdict(set)
        for name, key in targets.values():
            by_table[name].add(key)
        noted = {
            (name, each.key): each
            for name, keys in by_table.items()
            for each in ports.deletions.of(name, keys).values()
        }
        for key, target in targets.items():
            own, above = deletions[key].deleted_on, noted.get(target)
            if above is not None and own and above.deleted_on and own >= above.deleted_on:
                found.setdefault((table.name, key), target)
    return found


def _tops(ports: Ports, owners: Mapping[Place, Place]) -> dict[Place, Place]:
    """Return for each record the one whose deletion took it along, in some steps."""
    tops = {place: top_of(place, owners) for place in owners}
    by_table: dict[str, set[int]] = defaultdict(set)
    for name, key in tops.values():
        by_table[name].add(key)
    above = {
        (name, each.key): each.along
        for name, keys in by_table.items()
        for each in ports.deletions.of(name, keys).values()
    }
    return {place: above.get(top) or top for place, top in tops.items()}
