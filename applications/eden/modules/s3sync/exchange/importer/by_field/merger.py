"""Decides on incoming versions field by field, where the edits of both versions are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Callable, NamedTuple

from ....core.clock import milliseconds
from ....core.fields import (
    LEFT,
    NO_EDITS,
    Change,
    Edits,
    Merge,
    Rules,
    Stamp,
    Undated,
    following,
    former_values,
    merge,
    next_time,
    together,
)
from ....core.kept import Side
from ....core.policy import Decision, DecisionReason, Policy, Terms, preferred
from ....core.records import Action
from ...ports import Ports
from ..context import Context
from ..items import Item, TablePlan
from .changed_here import knowledge_of
from .dating import date, is_earlier, is_later, own_copy, time_of, within_second
from .lists import joined
from .lost_references import undated as undated_references
from .stamps import is_of_sender, name_of_sender, stamp_of, with_own
from .whole_records import edits_of_sender, may_not_know, put_back, unseen


class _Versions(NamedTuple):
    """What is known of two versions of a record.

    Attributes:
        ours, theirs: their edits. Of ours only what it has seen, where the merge is known already.
        hidden: those of our changes that the sender does not know, where they were looked up.
        following: how they go together where theirs has seen all of ours and explains what differs, else None.
        untold: whether ours may hold edits of which nobody told, and that theirs has not seen.
    """

    ours: Edits
    theirs: Edits
    hidden: Sequence[Change] = ()
    following: Merge | None = None
    untold: bool = False


class _TableRules(NamedTuple):
    """What a table says about merging."""

    together: Mapping[str, frozenset[str]]
    lists: frozenset[str]
    every: tuple[str, ...]


class FieldMerger:
    """Merges the records of one import.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        now: the time of the import (UTC).
        is_above: returns whether an incoming version of the second of ours comes after ours, at every site.
    """

    def __init__(
        self, ports: Ports, context: Context, now: datetime, is_above: Callable[[Item], bool]
    ) -> None:
        self._is_above = is_above
        self._changes = ports.changes
        self._journal = ports.journal
        self._context = context
        self._moment = now
        self._now = milliseconds(ports.clock.exact())
        self._latest = milliseconds(now + context.max_ahead)
        self._versions: dict[int, _Versions] = {}
        self._tables: dict[str, _TableRules] = {}
        self._site: str | None = None
        self._silent: dict[int, int] | None = None

    def prepare(
        self, items: Iterable[Item], different: Collection[int], changed_here: Collection[int]
    ) -> None:
        """Look up the edits of the records of a batch.

        Args:
            items: the records.
            different: id() of those that are here with other values.
            changed_here: id() of those that say nothing of their edits and changed here since the last exchange.
        """
        self._versions = {}
        told: dict[str, list[Item]] = defaultdict(list)
        whole: dict[str, list[Item]] = defaultdict(list)
        if self._context.repository_id is None:
            return  # What a person brings is an edit of all that differs.
        told_always = self._context.by_field
        for item in items:
            record = item.record
            if record.deleted or item.outcome is not None:
                continue
            if not told_always and record.edits is None:
                # A sender that has lost what it had sends again what is no edit of its own.
                if id(item) in changed_here and not item.ours("deleted") and not self._context.again:
                    whole[item.plan.table.name].append(item)
            elif record.edits is not None or id(item) in different:
                if item.original is None:
                    self._versions[id(item)] = _Versions(NO_EDITS, record.edits or NO_EDITS)
                else:
                    told[item.plan.table.name].append(item)
        for table, group in told.items():
            self._find_told(table, group, different, name_of_sender(self.site, self._context.repository_id))
        for table, group in whole.items():
            self._find_whole(table, group)

    def _find_told(self, table: str, items: Sequence[Item], different: Collection[int], sender: str) -> None:
        """Find the edits of records of which the sender says which ones it knows.

        Most follow what is here: for these it is enough to know what our versions have seen.
        """
        seen = self._changes.seen(table, [item.key or 0 for item in items])
        unclear: list[tuple[Item, Edits]] = []
        doubtful: list[Item] = []
        for item in items:
            known, differs = seen.get(item.key or 0), id(item) in different
            ours = NO_EDITS if known is None else Edits(NO_EDITS.fields, known)
            theirs = with_own(item.record.edits or NO_EDITS, ours, sender)
            if not differs and ours.covers(theirs):
                continue  # It is as it is here, and tells nothing new.
            found = following(ours, theirs, _differing(item) if differs else ())
            if found is None:
                unclear.append((item, theirs))
            else:
                self._versions[id(item)] = _Versions(ours, theirs, following=found)
            if known is None and differs and self._others_are_silent and may_not_know(theirs, item):
                doubtful.append(item)
        if unclear:
            edits = self._changes.edits(table, [item.key or 0 for item, _ in unclear])
            for item, theirs in unclear:
                self._versions[id(item)] = _Versions(edits.get(item.key or 0, NO_EDITS), theirs)
        for item in self._untold(table, doubtful) if doubtful else ():
            self._versions[id(item)] = self._versions[id(item)]._replace(following=None, untold=True)

    @property
    def _others_are_silent(self) -> bool:
        """Whether any other repository tells no edits."""
        if self._silent is None:
            found = self._context.silent()
            self._silent = {key: until for key, until in found.items() if key != self._context.repository_id}
        return bool(self._silent)

    def _untold(self, table: str, items: Sequence[Item]) -> list[Item]:
        """Return the records that we have from another sender, which tells no edits."""
        others = self._silent or {}
        positions = self._journal.positions(table, [item.key or 0 for item in items])
        found = []
        for item in items:
            position, origin = positions.get(item.key or 0, (0, None))
            if origin is not None and position <= others.get(origin, -1):
                found.append(item)
        return found

    def _find_whole(self, table: str, items: Sequence[Item]) -> None:
        """Find the edits of senders that send whole records."""
        context = self._context
        sender = context.repository_id
        keys = [item.key or 0 for item in items]
        ours = self._changes.edits(table, keys)
        found = self._changes.of(table, list(ours)) if ours else {}
        for item in items:
            hidden = unseen(found.get(item.key or 0, ()), knowledge_of(item, context), sender)
            if hidden:
                edits, record = ours[item.key or 0], item.record
                stamp = self._stamp(item, edits)
                values = {**item.changes, **dict.fromkeys((link.field for link in item.links), _COMES_ALONG)}
                theirs = edits_of_sender(edits, hidden, values, stamp, record.modified_by or "")
                own_copy(item)
                if item.whole is not None:
                    item.whole.edits = theirs
                self._versions[id(item)] = _Versions(edits, theirs, hidden)

    @property
    def site(self) -> str:
        """Identifier of this site."""
        if self._site is None:
            self._site = self._changes.site
        return self._site

    @property
    def knows_any(self) -> bool:
        """Whether anything is known of the edits of any record in this batch."""
        return bool(self._versions)

    def knows(self, item: Item) -> bool:
        """Return whether anything is known of the edits of a record in this batch."""
        return id(item) in self._versions

    def follows(self, item: Item) -> bool:
        """Return whether a record in this batch follows ours and explains what differs, so that it is taken."""
        versions = self._versions.get(id(item))
        return versions is not None and versions.following is not None

    def deleted_since(self, items: Sequence[Item], among: Collection[int], terms: Terms) -> set[int]:
        """Return the id() of records whose deletion here stays, without a conflict.

        Args:
            items: the records of a batch.
            among: id() of those that changed here, unknown to the sender.
            terms: the rules of the import; where one site has the last word it has it on a deletion, too.
        """
        if not among or terms.conflict_policy is not Policy.NEWER:
            return set()
        return {id(item) for item in items if id(item) in among and self._was_deleted_since(item)}

    def _was_deleted_since(self, item: Item) -> bool:
        """Return whether our deletion alone is new: the sender has edited nothing of a record that lives there.

        It sends the record for what belongs to it, or what belongs to it along with it.
        """
        ours, theirs = item.ours("modified_on"), item.record.modified_on
        if not item.ours("deleted") or item.record.deleted or self._context.again or ours is None:
            return False
        versions = self._versions.get(id(item))
        tells_nothing_new = versions is None or versions.ours.covers(versions.theirs)
        return (
            tells_edits(item, self._context) and tells_nothing_new and theirs is not None and theirs <= ours
        )

    def learn(self, item: Item) -> None:
        """Take over what the sender knows of the edits of a record that is as it is here, or new."""
        versions = self._versions[id(item)]
        item.merge = versions.following or merge(
            versions.ours, versions.theirs, (), self._rules(item, None), every=self._table(item).every
        )

    def decide(
        self, item: Item, changed_here: bool, policy: Policy, whole: Callable[[], Decision]
    ) -> Decision:
        """Decide field by field on a record that is here with other values.

        What stays as it is here is left out of the item afterwards; ``item.whole`` then has the record as it came.

        Args:
            item: the record; ``knows`` is true of it.
            changed_here: whether the sender does not know our version.
            policy: who wins a field that both edited.
            whole: returns the decision for whole records, for fields that no edit explains.
        """
        versions = self._versions[id(item)]
        found = versions.following
        if found is None:
            return self._decide(item, versions, changed_here, policy, whole)
        item.merge = found
        if not found.taken:
            return _UNCHANGED
        return _RETURNED if date(item, False, self._context) else _UPDATED

    def _decide(
        self,
        item: Item,
        versions: _Versions,
        changed_here: bool,
        policy: Policy,
        whole: Callable[[], Decision],
    ) -> Decision:
        differing = _differing(item)
        winner = preferred(policy, item.ours("mci"), item.record.mci)
        is_silent = bool(versions.hidden) and not is_earlier(item)
        if is_silent and winner is Side.THEIRS and not versions.theirs.fields:
            stamp = self._stamp(item, versions.ours)
            theirs = put_back(versions.theirs, differing, stamp, item.record.modified_by or "")
            versions = versions._replace(theirs=theirs)
        rules, every = self._rules(item, winner), self._table(item).every
        # Who has edited a version has given it a later time: of one that is not, nobody knew ours when it was made.
        if versions.untold and (changed_here or not is_later(item)):
            rules = replace(rules, untold=time_of(item))
        found = merge(versions.ours, versions.theirs, differing, rules, LEFT, every)
        asserted = False
        if found.unexplained:
            undated = None if self._context.again else self._lost_references(item, versions, differing)
            if undated is None:
                decided = whole()
                asserted = decided.assert_ours
                undated = Undated(decided.take, decided.action is Action.CONFLICT)
            found = merge(versions.ours, versions.theirs, differing, rules, undated, every)
        item.merge = found
        _restrict(item, differing - found.taken - found.joined)
        for name in found.joined:
            item.changes[name] = self._joined(item, name, versions)
        later = False
        if found.taken or found.joined:
            merged = bool(differing - found.taken) or found.decided is not None
            later = date(item, merged, self._context) and not merged
        elif is_silent and date(item, True, self._context):
            # Who tells no edits knows versions by their times, and would refuse ours as older.
            item.merge = self._claiming(item, found, differing, versions.ours)
            return _decision(found, policy, item, True)._replace(take=True)
        # What changed here goes with the record that it belongs to, but not with another one that it moves to.
        returned = found.ahead and (found.decided is not None or not changed_here or _moves(item))
        return _decision(found, policy, item, asserted or returned or later)

    def _lost_references(self, item: Item, versions: _Versions, differing: Collection[str]) -> Undated | None:
        def was_emptied() -> bool:
            return bool(self._changes.emptied(item.plan.table.name, [item.key or 0]))

        return undated_references(item, versions.ours, versions.theirs, differing, was_emptied)

    def stands(self, item: Item, decision: Decision) -> Decision:
        """Return the decision where a policy puts our version above one that is not earlier: ours gets a later time.

        Who tells no edits knows versions by their times, and would refuse ours as older.

        Args:
            item: the record, of whose edits nothing is known.
            decision: that on the whole record.
        """
        context = self._context
        won = decision.winner is Side.OURS and decision.reason is not DecisionReason.NEWER_KEPT
        if not won or context.repository_id is None or tells_edits(item, context):
            return decision
        if item.record.deleted or item.ours("deleted") or is_earlier(item) or not date(item, True, context):
            return decision
        _restrict(item, _differing(item))
        return decision._replace(take=True)

    def _claiming(self, item: Item, found: Merge, differing: Collection[str], ours: Edits) -> Merge:
        """Return a merge by which what stays, and came from another sender that tells no edits, is our own decision.

        Otherwise it counted as what that sender has: it may send the other value as well, and two versions of it would
        go round in a ring, each with a later time than the other one.
        """
        edits = {name: ours.of(name) for name in differing}
        names = [name for name, edit in edits.items() if edit is not None and is_of_sender(edit.stamp.site)]
        if not names:
            return found
        theirs = self._stamp(item, ours)
        stamp = Stamp(next_time(self._now, {**ours.seen, theirs.site: theirs.time}), self.site)
        return found._replace(decided=(stamp, tuple(sorted(names))))

    def _stamp(self, item: Item, ours: Edits) -> Stamp:
        """Return the stamp of what the sender of a whole record edited."""
        moment = item.record.modified_on
        made = self._moment if moment is None else within_second(item, moment, self._is_above)
        return stamp_of(self.site, self._context.repository_id, made, ours.seen)

    def _rules(self, item: Item, winner: Side | None) -> Rules:
        table = self._table(item)
        waiting = {link.field for link in item.links} | {each.field for each in item.missing}
        return Rules(self.site, self._now, self._latest, winner, table.together, table.lists - waiting)

    def _table(self, item: Item) -> _TableRules:
        name = item.plan.table.name
        if name not in self._tables:
            self._tables[name] = _table_rules(item.plan)
        return self._tables[name]

    def _joined(self, item: Item, name: str, versions: _Versions) -> list[Any]:
        hidden = versions.hidden or self._hidden(item, versions)
        before = former_values(hidden).get(name) or [None]
        ours, theirs = versions.ours.of(name), versions.theirs.of(name)
        lists = [item.ours(name) or [], item.changes[name] or []]
        if ours is not None and theirs is not None and ours.stamp > theirs.stamp:
            lists.reverse()
        return joined(before[0] or [], *lists)

    def _hidden(self, item: Item, versions: _Versions) -> list[Change]:
        key = item.key or 0
        changes = self._changes.of(item.plan.table.name, [key]).get(key, [])
        return [each for each in changes if not versions.theirs.has_seen(each.stamp)]


#: Stands for the key of a record that this batch creates: no field had that value before.
_COMES_ALONG = -1
_UPDATED = Decision(Action.UPDATED, True)
_RETURNED = Decision(Action.UPDATED, True, assert_ours=True)
_UNCHANGED = Decision(Action.UNCHANGED, False)


def tells_edits(item: Item, context: Context) -> bool:
    """Return whether the sender says which fields of a record were edited."""
    told = context.by_field or item.record.edits is not None
    return told and context.repository_id is not None


def _table_rules(plan: TablePlan) -> _TableRules:
    fields = {**plan.data, **plan.references}
    lists = frozenset(name for name, field in fields.items() if field.kind.startswith("list:"))
    return _TableRules(together(plan.table.together), lists, tuple(fields))


def _differing(item: Item) -> set[str]:
    differing = set(item.changes)
    differing.update([link.field for link in item.links])
    return differing


def _moves(item: Item) -> bool:
    """Return whether a component goes to another record than the one that it belongs to here."""
    return item.component is not None and item.component.fkey in _differing(item)


def _restrict(item: Item, fields: Collection[str]) -> None:
    """Leave fields out of an incoming record."""
    if not fields:
        return
    record = own_copy(item)
    record.values = {name: value for name, value in record.values.items() if name not in fields}
    record.references = {name: value for name, value in record.references.items() if name not in fields}
    item.changes = {name: value for name, value in item.changes.items() if name not in fields}
    item.links = [link for link in item.links if link.field not in fields]
    item.missing = [each for each in item.missing if each.field not in fields]


def _decision(found: Merge, policy: Policy, item: Item, assert_ours: bool) -> Decision:
    takes = bool(found.taken or found.joined)
    if not found.disputes:
        return Decision(Action.UPDATED if takes else Action.UNCHANGED, takes, assert_ours=assert_ours)
    won = any(each.winner is Side.THEIRS for each in found.disputes)
    winner = Side.THEIRS if won else Side.OURS
    return Decision(Action.CONFLICT, takes, reason_of(policy, winner, item), winner, assert_ours)


def reason_of(policy: Policy, winner: Side, item: Item) -> DecisionReason:
    """Return why a policy prefers a side of a conflict."""
    if policy is Policy.MASTER and winner is Side.OURS and item.ours("mci"):
        return DecisionReason.MASTER_NEITHER
    return _REASONS[policy][winner is Side.THEIRS]


_REASONS = {
    Policy.NEWER: (DecisionReason.NEWER_KEPT, DecisionReason.NEWER_TAKEN),
    Policy.OTHER: (DecisionReason.OTHER_TAKEN, DecisionReason.OTHER_TAKEN),
    Policy.THIS: (DecisionReason.THIS_KEPT, DecisionReason.THIS_KEPT),
    Policy.MASTER: (DecisionReason.MASTER_HERE, DecisionReason.MASTER_TAKEN),
}
