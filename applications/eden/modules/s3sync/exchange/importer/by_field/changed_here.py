"""Finds out which records changed here since the sender last knew them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....core.clock import milliseconds
from ....core.fields import Emptied
from ....core.records import differs
from ...ports import Ports
from ..context import Context
from ..items import Item
from .whole_records import Knowledge, unseen

#: Times on the line are whole seconds; what is of the same second was perhaps made later (milliseconds).
LAST_OF_A_SECOND = 999


class ChangesHere:
    """Tells which records of an import changed here since the last exchange.

    Args:
        ports: the ports of the site.
        context: where the records come from.
    """

    def __init__(self, ports: Ports, context: Context) -> None:
        self._journal = ports.journal
        self._changes = ports.changes
        self._context = context

    def among(self, table: str, items: Sequence[Item]) -> list[Item]:
        """Return the items that changed here since the last exchange, by anyone but this repository.

        Args:
            table: their table.
            items: records that are here.
        """
        context = self._context
        if context.exchanged is None:
            return []
        sender = context.repository_id
        positions = self._journal.positions(table, [item.key or 0 for item in items])
        found, sent, known_at = [], [], []
        for item in items:
            seq, origin = positions.get(item.key or 0, (0, None))
            known = known_there(item, context)
            if seq > known and origin != sender:
                found.append(item)
                if seq <= context.sent(item.root.plan.table.name) and not item.ours("deleted"):
                    sent.append(item)
            elif seq <= known and not context.clears:
                known_at.append(item)
        derived = self._derived(table, sent) | self._nobody_edited(table, found, positions)
        return [item for item in found if id(item) not in derived] + self._made_without(table, known_at)

    def is_former(self, item: Item) -> bool:
        """Return whether a version has nothing but values that its record had here before."""
        changes = self._changes.of(item.plan.table.name, [item.key or 0]).get(item.key or 0, ())
        return bool(item.changes) and all(
            any(not differs(former, value) for each in changes for former in each.fields.get(name, ()))
            for name, value in item.changes.items()
        )

    def _nobody_edited(
        self, table: str, items: Sequence[Item], positions: Mapping[int, tuple[int, int | None]]
    ) -> set[int]:
        """Return the id() of records that came later, and changed here only by what other deletions did.

        Of records that are deleted together the one that others refer to often comes first: they lose their reference.
        That is a change made here, but nobody has edited them: there is nothing to decide. It counts only where it was
        written down that deletions did all that the sender does not know: that no edit is noted proves nothing. One
        made before an upgrade, or noted for the first time with its table, has a position alone. Of versions that live,
        this is asked where their senders tell no edits.
        """
        going = [item for item in items if _is_later(item, self._context)]
        emptied = self._changes.emptied(table, [item.key or 0 for item in going]) if going else {}
        only = [
            item
            for item in going
            if self._is_only_emptied(item, emptied.get(item.key or 0, ()), positions[item.key or 0][0])
        ]
        unknown = {id(item) for item in self._made_without(table, only)}
        return {id(item) for item in only if id(item) not in unknown}

    def _is_only_emptied(self, item: Item, emptied: Sequence[Emptied], position: int) -> bool:
        """Return whether deletions emptied references of a record here, and nothing else was changed in it.

        Args:
            item: a version of the record.
            emptied: what is known of that.
            position: of the record's last change here.
        """
        steps, moment = {each.position: each for each in emptied}, item.ours("modified_on")
        step = steps.get(position)
        if step is None or moment is None or step.time != milliseconds(moment):
            return False  # also what was written past the journal since
        known, limit = knowledge_of(item, self._context), known_there(item, self._context)
        while step is not None:
            if step.before_via is not None and step.before_via == self._context.repository_id:
                return True
            if step.before <= limit and known.certainly_includes(step.before):
                return True
            step = steps.get(step.before) if step.before < step.position else None
        return False

    def _made_without(self, table: str, items: Sequence[Item]) -> list[Item]:
        """Return the items that an Eden had before we changed ours: it has refused our version without a word."""
        changes = self._changes.of(table, [item.key or 0 for item in items]) if items else {}
        sender = self._context.repository_id
        return [
            item
            for item in items
            if unseen(changes.get(item.key or 0, ()), knowledge_of(item, self._context), sender)
        ]

    def _derived(self, table: str, items: Sequence[Item]) -> set[int]:
        """Return the id() of records of which the sender's version can only be one that it made of ours.

        Nobody has edited them since they were entered, so there is no other version that it may have had when it
        answered ours. An Eden touches records while it takes them, and pushes them in the same run.
        """
        if not items:
            return set()
        edited = self._changes.edits(table, [item.key or 0 for item in items])
        return {id(item) for item in items if item.key not in edited}


def knowledge_of(item: Item, context: Context) -> Knowledge:
    """Return what the sender of a version that says nothing of its edits knew of our changes when it was made.

    One of ours lists what it has not taken. An Eden refuses an older version without a word: whatever was sent to it,
    a version that it had before that has not seen it.
    """
    moment = item.record.modified_on
    if context.clears or moment is None:
        return Knowledge(known_there(item, context))
    made = milliseconds(moment) - int(context.skew * 1000) + LAST_OF_A_SECOND
    return Knowledge(known_there(item, context), made, context.sent_times(item.root.plan.table.name))


def _is_later(item: Item, context: Context) -> bool:
    """Return whether a deletion, or a version whose sender tells no edits, is later than ours, which lives."""
    ours, theirs = item.ours("modified_on"), item.record.modified_on
    if item.ours("deleted") or ours is None or theirs is None:
        return False
    if item.record.deleted:
        return bool(theirs >= ours)
    return bool(theirs > ours) and item.record.edits is None and not context.by_field


def known_there(item: Item, context: Context) -> int:
    """Return the position of our journal up to which our changes of a record are not in conflict with a version."""
    exchanged = context.exchanged_with(item.root.plan.table.name) or 0
    aside = context.kept_since.get(item.kept_row) if item.kept_row else None
    return exchanged if aside is None else min(exchanged, aside)
