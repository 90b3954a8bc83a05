"""Decisions on conflicts that are known by field: they are edits, and travel to all who list the same conflict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from ..core.clock import milliseconds
from ..core.fields import NO_EDITS, Change, ChangeKind, Stamp, next_time, together
from ..core.kept import Kept, KeptKind, Side
from ..core.records import Record
from ..core.schema import Table
from ..exchange import versions as versions
from ..exchange.disputes import Disagreement, disagreement
from ..site import Site


class Decided(NamedTuple):
    """A conflict on which a person has decided.

    Attributes:
        key: key of the record.
        disagreement: what the conflict was about.
    """

    key: int
    disagreement: Disagreement


def known_by_field(site: Site, kept: Kept) -> Disagreement | None:
    """Return the fields that a kept conflict is about, None where its edits do not explain it."""
    table = site.schema.get(kept.table)
    if kept.kind is not KeptKind.CONFLICT or table is None:
        return None
    ours, theirs = versions.read(kept.ours, site.schema), versions.read(kept.theirs, site.schema)
    return in_dispute(site, ours, theirs, table)


def in_dispute(site: Site, ours: Record | None, theirs: Record | None, table: Table) -> Disagreement | None:
    """Return the fields that two versions of a conflict are about, None where their edits do not explain it."""
    tolerance = timedelta(seconds=site.host.settings.get_sync_future_tolerance())
    latest = milliseconds(site.clock.now() + tolerance)
    found = disagreement(ours, theirs, table, site.own_domain, latest)
    return found if found is not None and found.disputes else None


def part_of(version: Record, fields: Collection[str]) -> Record:
    """Return a record that says only what a version says of some fields."""
    return Record(
        version.table,
        version.uuid,
        values={name: value for name, value in version.values.items() if name in fields},
        references={name: value for name, value in version.references.items() if name in fields},
        errors={name: error for name, error in version.errors.items() if name in fields},
    )


def newer(found: Disagreement, table: Table) -> dict[str, Side]:
    """Return the later side of each field in dispute, and of those that belong together with it."""
    groups = together(table.together)
    return {
        name: each.winner
        for each in found.disputes
        for field in each.fields
        for name in groups.get(field, {field}) & found.units
    }


def note(site: Site, table: Table, decided: Sequence[Decided], user_id: int | None) -> None:
    """Write decisions down, within the current transaction: they go to all peers, even if no value changed.

    Args:
        site: this site.
        table: table of the records.
        decided: the decisions; what they changed is written already.
        user_id: the user who decided.
    """
    changes = _changes(site, table, decided, site.accounts.email(user_id) or "")
    if not changes:
        return
    site.journal.note(table.name, [each.key for each in changes], None)
    site.changes.note(table.name, changes)


def _changes(site: Site, table: Table, decided: Sequence[Decided], by: str) -> list[Change]:
    """Return the changes that say what was decided, without what their records say already."""
    keys = {each.key for each in decided}
    edits = site.changes.edits(table.name, keys)
    unsaid: dict[int, dict[str, set[Stamp]]] = defaultdict(dict)
    for each in decided:
        settles = set(each.disagreement.settles)
        for name in each.disagreement.units:
            known = edits.get(each.key, NO_EDITS).of(name)
            if known is None or not settles <= set(known.settled):
                unsaid[each.key].setdefault(name, set()).update(settles)
    now, own = milliseconds(site.clock.exact()), site.changes.site
    values = _values(site, table, unsaid)
    return [
        Change(
            key,
            Stamp(next_time(now, edits.get(key, NO_EDITS).seen), own),
            by,
            {name: [values[key][name]] for name in sorted(fields)},
            ChangeKind.DECISION,
            tuple(sorted(set().union(*fields.values()))),
        )
        for key, fields in unsaid.items()
    ]


def _values(site: Site, table: Table, fields: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return key -> what the record says in these fields now."""
    names = sorted({name for each in fields.values() for name in each})
    rows = site.store.fetch(table, (table.key, *names), table.key, list(fields))
    return {row[0]: dict(zip(names, row[1:])) for row in rows}
