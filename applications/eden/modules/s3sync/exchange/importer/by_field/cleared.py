"""Finds what was cleared at a sender that does not say so: a Sahana Eden leaves out fields that are empty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ....core.fields import NO_EDITS
from ...ports import Changes
from ..items import Item, TablePlan
from .stamps import name_of_sender

_NONE: frozenset[str] = frozenset()


class SentFields:
    """Which fields a sender has sent with a value: it has these, so one that it leaves out is empty there.

    Args:
        known: table -> fields that it sent before.
    """

    def __init__(self, known: Mapping[str, Iterable[str]]) -> None:
        self._known = {table: frozenset(fields) for table, fields in known.items()}
        self._found: dict[str, set[str]] = defaultdict(set)

    def before(self, table: str) -> frozenset[str]:
        """Return the fields of a table that it sent in documents before this one."""
        return self._known.get(table, _NONE)

    def note(self, item: Item) -> None:
        """Note what it sends of a record."""
        found, record = self._found[item.plan.table.name], item.record
        found.update(name for name, value in record.values.items() if value not in (None, ""))
        found.update(name for name, value in record.references.items() if value)

    def more(self) -> dict[str, list[str]] | None:
        """Return table -> fields with those of this document, None if there is no new one."""
        if all(fields <= self.before(table) for table, fields in self._found.items()):
            return None
        tables = sorted({*self._known, *self._found})
        return {name: sorted(self.before(name) | self._found.get(name, set())) for name in tables}


class ClearedFields:
    """Completes records of a sender that leaves out what is empty.

    What it has sent before in any record of the table and leaves out of a later version than ours is empty there. A
    reference is left out also where the other record is not there, perhaps because it was refused; so one is only taken
    for cleared if the sender had it: it was the last to edit the field, or it made the record and nobody edited it.

    Args:
        changes: tells who edited what.
        sent: what the sender has sent.
        sender: the repository.
    """

    def __init__(self, changes: Changes, sent: SentFields, sender: int) -> None:
        self._changes = changes
        self._sent = sent
        self._sender = sender

    def complete(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Add what was cleared to records of one table, as if the sender had said so."""
        before = self._sent.before(plan.table.name) - plan.unsaid.keys()
        data = before.intersection(plan.data) - {*plan.uploads}
        references = before.intersection(plan.references)
        unsure: list[tuple[Item, list[str]]] = []
        for item in items:
            if item.record.deleted or item.outcome is not None:
                continue
            if item.original is not None and _is_later(item):
                record = item.record
                for name in _left_out(item, data):
                    record.values[name] = None
                missing = [name for name in _left_out(item, references) if name != _key_to_master(item)]
                if missing:
                    unsure.append((item, missing))
            self._sent.note(item)
        if unsure:
            self._clear_references(plan, unsure)

    def _clear_references(self, plan: TablePlan, unsure: Sequence[tuple[Item, list[str]]]) -> None:
        edits = self._changes.edits(plan.table.name, [item.key or 0 for item, _ in unsure])
        sender = name_of_sender(self._changes.site, self._sender)
        for item, names in unsure:
            known = edits.get(item.key or 0, NO_EDITS)
            for name in names:
                edit = known.of(name)
                if edit.stamp.site == sender if edit is not None else item.record.mci == 1:
                    item.record.references[name] = item.changes[name] = None


def _is_later(item: Item) -> bool:
    ours, theirs = item.ours("modified_on"), item.record.modified_on
    return ours is not None and theirs is not None and theirs > ours and not item.ours("deleted")


def _left_out(item: Item, names: Iterable[str]) -> list[str]:
    """Return those fields that have a value here and are not in the record."""
    record = item.record
    said = {*record.values, *record.references, *record.errors}
    return [name for name in names if name not in said and item.ours(name) not in (None, "", [])]


def _key_to_master(item: Item) -> str | None:
    return None if item.component is None else item.component.fkey
