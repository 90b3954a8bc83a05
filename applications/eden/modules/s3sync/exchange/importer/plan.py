"""Plans an import: find the originals, resolve, compare, decide, check. All it writes is what the journal missed.

Every query is for a whole batch: one per table for the originals, one per unique field, one per duplicate rule, and
one per table referred to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ...core.clock import later
from ...core.policy import Decision, DecisionReason, Method, Policy, Terms, Version, decide, is_newer
from ...core.records import Action, Record, Upload, differs
from ...core.schema import Component
from ..ports import Ports
from .by_field import ChangesHere, ClearedFields, FieldMerger, date_after, decide_older, is_later
from .check import Checker
from .context import Context
from .deletion.agreed import Agreed, carry_out
from .echoes import Echoes, Overruled
from .foresight import Foresight
from .gather import Batch, Gatherer
from .identify import Holder, Identifier
from .items import MERGED, Item, Link, TablePlan, keep_cleared
from .ranks import Ranks
from .references import Resolver, compare_waiting, may_wait

_NONE: frozenset[int] = frozenset()
# As it is here, but of a later time: sites have the same time for the same version.
_LATER = Decision(Action.UNCHANGED, True)
_MOVED_AWAY = Decision(Action.UPDATED, True)
_ECHO = Decision(Action.UNCHANGED, False, DecisionReason.ECHO)
# An older version that comes again is no change; but who has it has to learn of ours, and may know of none.
_OURS_STAYS = Decision(Action.UNCHANGED, False, assert_ours=True)


class Planner:
    """Plans batches of one import.

    Args:
        ports: the ports of the site.
        gatherer: has the compiled tables, and resolves identifiers.
        terms: rules of the exchange.
        context: where the records come from.
        agreed: uuid -> deletions that waited; they are decided anew only where the record changed since.
        looks: whether nothing is imported, so that nothing may be written.
    """

    def __init__(
        self,
        ports: Ports,
        gatherer: Gatherer,
        terms: Terms,
        context: Context,
        agreed: Mapping[str, Agreed] | None = None,
        *,
        looks: bool = False,
    ) -> None:
        self._holder = None if looks else Holder(ports.store)
        self._agreed = agreed or {}
        self._looks = looks
        self._schema = ports.schema
        self._store = ports.store
        self._journal = ports.journal
        self._pending = ports.pending_references
        self._gatherer = gatherer
        self._terms = terms
        self._context = context
        self._now = ports.clock.now()
        self._on_same = decide(Version(None), Version(None), terms, changed_here=False, same=True, tie=_never)
        self._on_unknown: dict[tuple[bool, int | None, bool], Decision] = {}
        self.resolver = Resolver(ports, gatherer)
        self.identifier = Identifier(ports, gatherer, self.resolver, context, terms.synchronise_uuids)
        self._echoes = Echoes(ports.schema, ports.kept_versions, gatherer, context.repository_id)
        self._overruled = Overruled(ports.schema, ports.kept_versions)
        # What a person brings wins as often as they bring it.
        self._may_overrule = context.repository_id is not None and terms != terms.by_time
        self._latest = self._now + context.max_ahead
        self._foresight = Foresight(ports)
        self._changes_here = ChangesHere(ports, context)
        self._cleared = (
            None
            if context.sent_fields is None or context.repository_id is None
            else ClearedFields(ports.changes, context.sent_fields, context.repository_id)
        )
        self._ranks = Ranks(ports, gatherer)
        self._fields = FieldMerger(ports, context, self._now, self._ranks.is_above)
        self._checker = Checker(ports.schema, ports.store, self._now, self._latest)

    def plan(self, batch: Batch) -> None:
        """Set on every item of the batch its original and what to do with it."""
        tables: dict[str, list[Item]] = defaultdict(list)
        for item in batch.items:
            tables[item.plan.table.name].append(item)
        for items in tables.values():
            self.identifier.identify(items[0].plan, items, batch)
        _drop_postponed(batch, tables)
        if self._holder is not None:
            self._holder.hold(batch.items)
        self._checker.refuse_unclear(batch.items)
        if self._context.guard is not None:
            self._context.guard.bar(batch.items, self._schema, self._store)
        if self._may_overrule:
            self._overruled.prepare(batch.items)
        self.resolver.resolve(batch, self._stay_merged(tables))
        for items in tables.values():
            if items:
                self._compare(items[0].plan, items)
        self._decide(batch.items)
        for items in tables.values():
            if items:
                self._checker.check(items[0].plan, items, batch)
        _drop_postponed(batch, tables)
        # Only now is it known which records of the other tables will be written.
        for items in tables.values():
            if items and items[0].plan.table.onvalidation_set is not None:
                self._foresight.check(items[0].plan, items)
        if self._holder is not None:
            self._holder.check(batch.items)

    def _stay_merged(self, tables: Mapping[str, Sequence[Item]]) -> set[int]:
        """Return the id() of records that were merged here into others and will not live again."""
        found: set[int] = set()
        for name, items in tables.items():
            if "deleted_rb" in self._schema.table(name).fields:
                merged = [item for item in items if item.outcome is None and item.original is not None]
                merged = [item for item in merged if item.ours("deleted_rb") and not item.record.deleted]
                changed = {id(item) for item in self._changes_here.among(name, merged)} if merged else _NONE
                found |= {
                    id(item) for item in merged if not self._decide_whole(item, id(item) in changed).take
                }
        return found

    # -- compare -----------------------------------------------------------------------------------------

    def _compare(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Set in ``item.changes`` what the incoming version would change."""
        data = plan.data
        position = plan.position
        self._find_waiting(plan, items)
        if self._cleared is not None:
            self._cleared.complete(plan, items)
        for item in items:
            record = item.record
            if item.outcome is not None:
                continue
            if record.modified_on is None and not record.deleted:
                record.modified_on = self._now
                item.undated = True
            original = item.original
            changes = item.changes
            if original is None:
                for name, value in record.values.items():
                    if name in data:
                        changes[name] = value.stored if value.__class__ is Upload else value
                continue
            resolved = changes
            changes = item.changes = {}
            for name, value in record.values.items():
                if name in data:
                    theirs = value.stored if value.__class__ is Upload else value
                    ours = original[position[name]]
                    if ours != theirs and differs(ours, theirs):
                        changes[name] = theirs
            if not self._context.clears and original[plan.position["modified_on"]] == record.modified_on:
                keep_cleared(item, resolved)
            if item.component is not None and item.master is not None and not record.deleted:
                self._follow_master(item, item.master, item.component, resolved)
            for name, key in resolved.items():
                ours = original[position[name]]
                if differs(ours, key):
                    changes[name] = key
            if item.missing or item.waits:
                compare_waiting(item, resolved)

    def _follow_master(
        self, item: Item, master: Item, component: Component, resolved: dict[str, Any]
    ) -> None:
        """Move a component to the master it came with, if it belonged to another one here."""
        key = master.key_for(item.plan.references[component.fkey])
        if key is not None:
            resolved[component.fkey] = key
        else:
            item.links.append(Link(component.fkey, master, None))

    def _find_waiting(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Set on items that are here what an earlier version of them still waits for."""
        here = [item for item in items if item.original is not None and item.outcome is None]
        if not here:
            return
        # Which may wait is of interest only where anything of the table does.
        keys = (item.key for item in here if item.key is not None and may_wait(item))
        waiting = self._pending.deferred_of(plan.table.name, keys)
        if waiting:
            by_key = {item.key: item for item in here if may_wait(item)}
            for deferred in waiting:
                by_key[deferred.key].waits.append(deferred)

    # -- decide ------------------------------------------------------------------------------------------

    def _decide(self, items: Sequence[Item]) -> None:
        contested: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.outcome is None and item.original is not None and not self._is_same(item):
                contested[item.plan.table.name].append(item)
        if not self._looks:
            for table, disputed in contested.items():
                # Nobody knows of an edit that was written past the journal: it would be lost without a word.
                self._journal.notice(self._schema.table(table), [item.key or 0 for item in disputed])
        different = {id(item) for disputed in contested.values() for item in disputed}
        # A version that tells its edits may hold new ones, whatever its values; what it holds besides is known then.
        silent: list[Item] = []
        for table, disputed in contested.items():
            untold = [item for item in disputed if item.record.edits is None]
            silent += self._changes_here.among(table, untold)
        echoes = self._echoes.among(silent) if silent else _NONE
        moved_away = self._moved_away(contested)
        contested_here = {id(item) for item in silent}
        self._fields.prepare(items, different, contested_here - echoes)
        for table, disputed in contested.items():
            telling = [item for item in disputed if item.record.edits is not None]
            telling = [item for item in telling if not self._is_taken(item)]
            contested_here.update(map(id, self._changes_here.among(table, telling)))
        # What a person or program imports here is an edit: later than what it edits, or other sites would refuse it.
        by_hand, told = self._context.repository_id is None, self._fields.knows_any
        # What ``tells_edits`` says, without a call for each unchanged record.
        by_field = self._context.by_field
        # Who does not know of a merge has another record in its place: for good, where that lives again.
        redirected = _NONE if by_hand else self.resolver.redirected
        stays = self._fields.deleted_since(items, contested_here - moved_away, self._terms)
        for item in items:
            if item.outcome is not None:
                continue
            decision = None if item.master is None else _without_master(item)
            if id(item) in stays:
                decision = _OURS_STAYS
            elif decision is None:
                if item.original is None:
                    decision = self._decide_unknown(item.record)
                    if told and decision.take and self._fields.knows(item):
                        self._fields.learn(item)
                elif id(item) not in different:
                    decision = self._on_same
                    if told and self._fields.knows(item):
                        self._fields.learn(item)
                    dates = by_field or item.record.edits is not None or item.record.deleted
                    if dates and not by_hand and is_later(item):
                        decision = _LATER
                elif self._is_agreed(item):
                    decision = carry_out(self._agreed[item.uuid or ""])
                elif id(item) in echoes:
                    decision = _ECHO
                elif id(item) in moved_away:
                    decision = _MOVED_AWAY
                else:
                    decision = self._decide_item(item, id(item) in contested_here)
            item.decision = decision
            if id(item) in redirected and decision.take and self._tells_more(item, different):
                item.decision = decision._replace(assert_ours=True)
                date_after(item, self._context)
            if by_hand and decision.take and item.original is not None:
                ours, theirs = item.ours("modified_on"), item.record.modified_on or self._now
                item.record.modified_on = later(ours, theirs, self._context.is_possible)

    def _tells_more(self, item: Item, different: Collection[int]) -> bool:
        """Return whether a record says more than ours: two sites that merged in opposite ways return no others."""
        if item.record.deleted:
            return False
        return item.original is None or id(item) in different or self._fields.knows(item)

    def _moved_away(self, contested: Mapping[str, Sequence[Item]]) -> set[int]:
        """Return the id() of components that were deleted here with a record that they belong to no more there.

        The deletion was that of the record. Where a component had moved before that came, it stays, whatever its time.
        """
        # Who has the last word in a conflict has it on the record that was deleted, not on what left it before.
        if Method.UPDATE not in self._terms.strategy or self._terms.update_policy is not Policy.NEWER:
            return set()
        by_field: dict[tuple[str, str], list[tuple[int, Item]]] = defaultdict(list)
        for items in contested.values():
            for item in items:
                component, master = item.component, item.master
                if component is None or master is None or item.record.deleted or not item.ours("deleted"):
                    continue
                field = item.plan.references.get(component.fkey)
                former = None if field is None else item.ours(field.name)
                if field is not None and former and former != master.key_for(field):
                    by_field[(item.plan.table.name, field.target or "")].append((former, item))
        found: set[int] = set()
        for (_, target), group in by_field.items():
            owners = self._schema.get(target)
            if owners is not None and "deleted" in owners.fields:
                columns = (owners.key, "deleted")
                keys = {key for key, _ in group}
                gone = {row[0] for row in self._store.fetch(owners, columns, owners.key, keys) if row[1]}
                found |= {id(item) for key, item in group if key in gone}
        return found

    def _is_agreed(self, item: Item) -> bool:
        agreed = self._agreed.get(item.uuid or "")
        return agreed is not None and agreed.modified_on == item.ours("modified_on")

    def _is_taken(self, item: Item) -> bool:
        """Return whether a version is taken whatever changed here: it has seen that."""
        return (
            self._fields.follows(item) and not item.ours("deleted") and Method.UPDATE in self._terms.strategy
        )

    def _is_same(self, item: Item) -> bool:
        ours_deleted = bool(item.ours("deleted"))
        if item.record.deleted:
            if not item.record.replaced_by:
                return ours_deleted and not any(each.field == MERGED for each in item.waits)
            return ours_deleted and bool(item.ours("deleted_rb"))
        return not ours_deleted and not item.changes and not item.links

    def _decide_item(self, item: Item, changed_here: bool) -> Decision:
        """Decide on a record that is here with other values, field by field where their edits are known."""
        if not self._fields.knows(item) or Method.UPDATE not in self._terms.strategy:
            return self._fields.stands(item, self._decide_whole(item, changed_here))
        policy = self._ruling(item) or self._terms.conflict_policy
        if not item.ours("deleted"):
            return self._fields.decide(
                item, changed_here, policy, lambda: self._decide_whole(item, changed_here)
            )
        decision = self._decide_whole(item, changed_here)
        if not decision.take:
            return decision
        # It lives again: with what was edited here before it was deleted.
        merged = self._fields.decide(item, changed_here, policy, lambda: decision)
        if merged.action is Action.CONFLICT:
            return merged._replace(take=True)
        return decision._replace(assert_ours=decision.assert_ours or merged.assert_ours)

    def _decide_whole(self, item: Item, changed_here: bool) -> Decision:
        """Decide on a record that is here with other values: it is taken as a whole, or not at all."""
        record = item.record
        theirs = Version(record.modified_on or self._now, record.deleted, record.mci, record.replaced_by)
        moment, ruling = item.ours("modified_on"), None
        if moment is not None and moment > self._latest and not self._context.is_possible(moment):
            # It ranks below all others, and is kept as the loser of a conflict: also where nobody else changed it.
            ruling = None if changed_here else self._terms.update_policy
            moment, changed_here = None, self._context.exchanged is not None
        ours = Version(moment, bool(item.ours("deleted")), item.ours("mci"))
        if changed_here and self._was_known(item, ours, theirs):
            return decide(ours, theirs, self._terms, changed_here=False, same=True, tie=_never)
        if changed_here and ruling is None:
            ruling = self._ruling(item)
        policy = (ruling or self._terms.conflict_policy) if changed_here else self._terms.update_policy
        if self._context.again and policy is Policy.NEWER:
            if not is_newer(ours, theirs, lambda: self._ranks.is_above(item)):
                return _OURS_STAYS
        decision = decide(
            ours,
            theirs,
            self._terms,
            changed_here=changed_here,
            same=False,
            # An Eden does not make an edit later than what it edits: it may be of the same second.
            tie=(lambda: self._ranks.is_above(item)) if changed_here or self._context.clears else _always,
            ruling=ruling,
        )
        if decision.take and policy is not Policy.NEWER and self._may_overrule:
            return self._decide_once(item, ours, theirs, decision)
        if decision.reason is DecisionReason.NEWER_KEPT and not changed_here:
            policy, is_former = self._terms.conflict_policy, self._changes_here.is_former
            return decide_older(item, decision, policy, self._context, is_former)
        return decision

    def _decide_once(self, item: Item, ours: Version, theirs: Version, decision: Decision) -> Decision:
        """Let a policy put the same version above a later one of ours only once."""

        def is_above() -> bool:
            return self._ranks.is_above(item)

        if is_newer(ours, theirs, is_above):
            return decision
        if not self._overruled.was_decided(item, ours, theirs):
            return decision._replace(overrules=True)
        contested = decision.action is Action.CONFLICT
        return decide(ours, theirs, self._terms.by_time, changed_here=contested, same=False, tie=is_above)

    def _decide_unknown(self, record: Record) -> Decision:
        """Decide on a record that is not here: the result is the same for all of its kind, whatever their time."""
        alike = (record.deleted, record.mci, bool(record.replaced_by))
        decision = self._on_unknown.get(alike)
        if decision is None:
            theirs = Version(self._now, *alike[:2], record.replaced_by)
            decision = decide(None, theirs, self._terms, changed_here=False, same=False, tie=_never)
            self._on_unknown[alike] = decision
        return decision

    def _was_known(self, item: Item, ours: Version, theirs: Version) -> bool:
        """Return whether this is the version we started from, so that only our version has changed since."""
        known = self._context.known(item.root.plan.table.name)
        if known is None or theirs.modified_on is None or ours.modified_on is None:
            return False
        return theirs.modified_on < known and theirs.modified_on < ours.modified_on

    def _ruling(self, item: Item) -> Policy | None:
        """Return the policy of the resource's own conflict rule, None to leave it to the task's."""
        rule = item.plan.table.onconflict
        if rule is None:
            return None
        ours = dict(zip(item.plan.columns, item.original or ()))
        answer = rule(ours, item.record, self._context.repository_id)
        return None if answer is None else Policy.parse(str(getattr(answer, "value", answer)), Policy.NEWER)


def _drop_postponed(batch: Batch, tables: dict[str, list[Item]]) -> None:
    if batch.postponed:
        batch.drop_postponed()
        for name, items in tables.items():
            tables[name] = [item for item in items if id(item) not in batch.postponed]


def _without_master(item: Item) -> Decision | None:
    """Return the decision to skip a component as its master stays deleted, or lives on, here; None for others."""
    master = item.master
    if master is None or master.original is None:
        return None
    is_taken = master.decision is not None and master.decision.take
    if item.record.deleted:
        lives_on = master.record.deleted and not (is_taken or master.ours("deleted"))
        return Decision(Action.SKIPPED, False) if lives_on else None
    if is_taken or not master.ours("deleted"):
        return None
    return Decision(Action.SKIPPED, False, DecisionReason.OWNER_DELETED, assert_ours=not item.is_new)


def _always() -> bool:
    return True


def _never() -> bool:
    return False
