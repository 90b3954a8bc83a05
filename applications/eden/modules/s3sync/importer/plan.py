"""Plan an import: find what is here, resolve, compare, check, decide. Reads, never writes.

Every question to the database is asked for a whole batch: one query a table for the originals, one a unique field,
one a duplicate rule, one a table referred to.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ..jsonrefs import portable
from ..policy import Decision, Policy, Terms, Version, decide
from ..ports import Clock, Deferred, Journal, Ledger, Row, Store
from ..records import Action, FieldError, Outcome, Reference, Upload
from ..schema import Component, DuplicateRule, Field, Schema, Table
from .context import Context, HookForm
from .gather import Batch, Gatherer
from .items import Item, Link, Missing, Resolved, TablePlan

_EMPTY = (None, "", [])
_TO_COME = "refers to a record that has not arrived yet"


def plain(value: Any) -> Any:
    """Return a decoded value as the database stores it: the stored name for an upload."""
    return value.stored if isinstance(value, Upload) else value


def differs(ours: Any, theirs: Any) -> bool:
    """Tell whether two values of a field differ; an empty text, an empty list and NULL say the same."""
    return ours != theirs and not (ours in _EMPTY and theirs in _EMPTY)


class Planner:
    """Plans batches of one import.

    Args:
        schema, store, journal, ledger, clock: see ``ports``.
        gatherer: knows the compiled tables and how references are to be read.
        terms: rules of the exchange.
        context: where the records come from.
    """

    def __init__(
        self,
        schema: Schema,
        store: Store,
        journal: Journal,
        ledger: Ledger,
        clock: Clock,
        gatherer: Gatherer,
        terms: Terms,
        context: Context,
    ) -> None:
        self._schema = schema
        self._store = store
        self._journal = journal
        self._ledger = ledger
        self._gatherer = gatherer
        self._terms = terms
        self._context = context
        self._now = clock.now()
        self._latest = self._now + context.max_ahead
        self.tuids: Dict[Tuple[str, str], int] = {}

    def plan(self, batch: Batch) -> None:
        """Leave on every item of the batch what was found here and what is to be done with it."""
        tables: Dict[str, List[Item]] = defaultdict(list)
        for item in batch.items:
            tables[item.plan.table.name].append(item)
        for items in tables.values():
            self._identify(items[0].plan, items, batch)
        if batch.postponed:
            batch.drop_postponed()
            for name, items in tables.items():
                tables[name] = [item for item in items if id(item) not in batch.postponed]
        self._resolve(batch)
        for items in tables.values():
            if items:
                self._compare(items[0].plan, items)
        self._decide(batch.items)
        for items in tables.values():
            if items:
                self._check(items[0].plan, items)

    def remember(self, batch: Batch) -> None:
        """Remember the keys of written records that later batches of the document can only name by tuid."""
        for (table, tuid), item in batch.by_tuid.items():
            if item.key is not None:
                self.tuids[(table, tuid)] = item.key

    # -- find what is here ------------------------------------------------------------------------------

    def _identify(self, plan: TablePlan, items: List[Item], batch: Batch) -> None:
        by_uuid = {item.uuid: item for item in items if item.uuid is not None}
        if by_uuid:
            uuid_at = plan.uuid_at
            for row in self._store.fetch(plan.table, plan.columns, "uuid", list(by_uuid)):
                self._found(by_uuid[row[uuid_at]], row)
        if plan.unique:
            self._identify_by_unique(plan, items)
        if plan.table.duplicate is not None:
            self._identify_duplicates(plan, plan.table.duplicate, items, batch)
        self._identify_single_components(plan, items)
        if plan.unique or plan.table.duplicate is not None:
            _put_off_repeats(items, batch)

    def _found(self, item: Item, row: Row) -> None:
        if item.plan.table.json_references:
            row = _portable(item.plan, row)
        item.original = row
        item.key = row[item.plan.key_at]
        for super_key in item.plan.table.super_keys:
            value = row[item.plan.position[super_key]]
            if value is not None:
                item.super_keys[super_key] = value

    def _identify_by_unique(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Exactly one match by other unique keys outranks the uuid; the record here keeps its own uuid."""
        matches: Dict[int, Dict[int, Row]] = defaultdict(dict)
        by_id = {id(item): item for item in items}
        for field in plan.unique:
            wanted: Dict[Any, List[Item]] = defaultdict(list)
            for item in items:
                value = item.record.values.get(field.name)
                if value not in (None, "") and not item.record.deleted:
                    wanted[value].append(item)
            if wanted:
                at = plan.position[field.name]
                for row in self._store.fetch(plan.table, plan.columns, field.name, list(wanted)):
                    for item in wanted.get(row[at], ()):
                        matches[id(item)][row[plan.key_at]] = row
        for identity, rows in matches.items():
            item = by_id[identity]
            if len(rows) == 1 and item.key not in rows:
                self._found(item, next(iter(rows.values())))

    def _identify_single_components(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """A single component updates the one its master has, whatever its uuid."""
        wanted: Dict[str, Dict[int, Item]] = defaultdict(dict)
        for item in items:
            component, master = item.component, item.master
            if (
                item.original is None
                and component is not None
                and not component.multiple
                and master is not None
            ):
                key = _join_key(component, master)
                if key is not None:
                    wanted[component.fkey][key] = item
        for fkey, by_key in wanted.items():
            at = plan.position[fkey]
            for row in self._store.fetch(plan.table, plan.columns, fkey, list(by_key)):
                if not row[plan.deleted_at] and by_key[row[at]].original is None:
                    self._found(by_key[row[at]], row)

    def _identify_duplicates(
        self, plan: TablePlan, rule: DuplicateRule, items: Sequence[Item], batch: Batch
    ) -> None:
        candidates = [item for item in items if item.original is None and not item.record.deleted]
        keys = self._duplicate_keys(plan, candidates, (*rule.primary, *rule.secondary))
        width = len(rule.primary)
        wanted: Dict[Row, List[Item]] = defaultdict(list)
        for item in candidates:
            key = keys.get(id(item))
            if key is not None and any(value not in (None, "") for value in key[:width]):
                wanted[key[:width]].append(item)
        if not wanted:
            return
        by_primary: Dict[Row, List[Row]] = defaultdict(list)
        positions = [plan.position[name] for name in rule.primary]
        for row in self._store.match(
            plan.table, plan.columns, rule.primary, list(wanted), ignore_case=rule.ignore_case
        ):
            by_primary[_fold(tuple(row[at] for at in positions), rule.ignore_case)].append(row)
        claimed: Set[Row] = set()
        for key, waiting in wanted.items():
            folded = _fold(key, rule.ignore_case)
            for item in waiting:
                if item.uuid is None and folded in claimed:
                    batch.put_off(item)
                    continue
                claimed.add(folded)
                rows = _narrow(plan, by_primary.get(folded, []), rule.secondary, keys[id(item)][width:])
                self._settle_duplicate(plan, rule, item, rows)

    def _settle_duplicate(
        self, plan: TablePlan, rule: DuplicateRule, item: Item, rows: Sequence[Row]
    ) -> None:
        if not rows:
            return
        same = " and ".join(rule.primary)
        if item.uuid is not None and not self._terms.synchronise_uuids:
            twin = rows[0][plan.uuid_at]
            item.warnings.append(
                f"May be a duplicate of {plan.table.name} {twin}, which has the same {same}."
            )
        elif len(rows) == 1:
            self._found(item, rows[0])
        else:
            self._reject(item, f"Ambiguous: {len(rows)} records here have the same {same}.")

    def _duplicate_keys(self, plan: TablePlan, items: Sequence[Item], names: Sequence[str]) -> Dict[int, Row]:
        """Return id(item) -> its values of the fields of a duplicate rule; none where a reference leads nowhere."""
        needed: Dict[Tuple[str, str], Set[str]] = defaultdict(set)
        fields = [plan.references[name] for name in names if name in plan.references]
        for item in items:
            for field in fields:
                reference = item.record.references.get(field.name)
                if isinstance(reference, Reference):
                    uuid = self._gatherer.reference_uuid(reference)
                    if uuid is not None:
                        needed[(reference.table, field.target or "")].add(uuid)
        known = self._known(needed)
        keys: Dict[int, Row] = {}
        for item in items:
            values: List[Any] = []
            for name in names:
                if item.component is not None and item.master is not None and name == item.component.fkey:
                    joined = _join_key(item.component, item.master)
                    if joined is None:
                        break
                    values.append(joined)
                    continue
                reference = item.record.references.get(name)
                if isinstance(reference, Reference) and name in plan.references:
                    target = plan.references[name].target or ""
                    uuid = self._gatherer.reference_uuid(reference)
                    key = known.get((reference.table, target, uuid or ""))
                    if key is None:
                        break
                    values.append(key)
                else:
                    values.append(plain(item.record.values.get(name)))
            else:
                keys[id(item)] = tuple(values)
        return keys

    # -- references --------------------------------------------------------------------------------------

    def _resolve(self, batch: Batch) -> None:
        """Give every reference the key of its target, the item that will have it, or a note that it is missing."""
        needed: Dict[Tuple[str, str], Set[str]] = defaultdict(set)
        for item in batch.items:
            for field, reference, uuid in self._each_reference(item):
                if uuid is not None and batch.find(reference, uuid) is None:
                    needed[(reference.table, field.target or "")].add(uuid)
        known = self._known(needed)
        for item in batch.items:
            self._resolve_item(item, batch, known)

    def _each_reference(self, item: Item) -> "Iterable[Tuple[Field, Reference, Optional[str]]]":
        for name, value in item.record.references.items():
            field = item.plan.references.get(name)
            if field is None or value is None:
                continue
            for reference in (value,) if isinstance(value, Reference) else value:
                yield field, reference, self._gatherer.reference_uuid(reference)

    def _known(self, needed: Dict[Tuple[str, str], Set[str]]) -> Dict[Tuple[str, str, str], int]:
        """Look up uuids: (table, field target, uuid) -> key; a merged record leads to the one that replaced it."""
        known: Dict[Tuple[str, str, str], int] = {}
        for (name, target), uuids in needed.items():
            table = self._schema.get(name)
            column = _key_column(table, target) if table is not None else None
            if table is None or column is None:
                continue
            merged: Dict[int, List[str]] = defaultdict(list)
            has_mark = "deleted_rb" in table.fields
            columns = ("uuid", column, "deleted_rb") if has_mark else ("uuid", column)
            for row in self._store.fetch(table, columns, "uuid", uuids):
                known[(name, target, row[0])] = row[1]
                if has_mark and row[2]:
                    merged[row[2]].append(row[0])
            if merged:
                for key, value in self._store.fetch(table, (table.key, column), table.key, list(merged)):
                    for uuid in merged[key]:
                        known[(name, target, uuid)] = value
        return known

    def _resolve_item(self, item: Item, batch: Batch, known: Dict[Tuple[str, str, str], int]) -> None:
        changes = item.changes
        for name, value in item.record.references.items():
            field = item.plan.references.get(name)
            if field is None:
                continue
            if value is None:
                changes[name] = None
            elif isinstance(value, Reference):
                found = self._target(item, field, value, batch, known, None)
                if isinstance(found, int):
                    changes[name] = found
            else:
                changes[name] = [
                    key
                    for place, reference in enumerate(value)
                    for key in (self._target(item, field, reference, batch, known, place),)
                    if isinstance(key, int)
                ]

    def _target(
        self,
        item: Item,
        field: Field,
        reference: Reference,
        batch: Batch,
        known: Dict[Tuple[str, str, str], int],
        place: Optional[int],
    ) -> Resolved:
        uuid = self._gatherer.reference_uuid(reference)
        target = batch.find(reference, uuid)
        if target is not None:
            key = target.key_for(field) if target.original is not None else None
            if key is not None:
                return key
            item.links.append(Link(field.name, target, place))
            return target
        if uuid is not None:
            key = known.get((reference.table, field.target or "", uuid))
        else:
            key = self.tuids.get((reference.table, reference.tuid or ""))
        if key is not None:
            return key
        table = self._schema.get(reference.table)
        deferrable = (
            uuid is not None and table is not None and _key_column(table, field.target or "") is not None
        )
        missing = Missing(field.name, reference.table, uuid or reference.tuid or "", place, deferrable)
        item.missing.append(missing)
        return missing

    # -- compare -----------------------------------------------------------------------------------------

    def _compare(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Leave in ``item.changes`` what the incoming version would change."""
        data = plan.data
        position = plan.position
        waiting = self._already_deferred(plan, items)
        for item in items:
            record = item.record
            if item.outcome is not None:
                continue
            if record.modified_on is None and not record.deleted:
                record.modified_on = self._now
            original = item.original
            changes = item.changes
            if original is None:
                for name, value in record.values.items():
                    if name in data:
                        changes[name] = plain(value)
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
                _keep_cleared(item, resolved)
            if item.component is not None and item.master is not None:
                self._follow_master(item, item.master, item.component, resolved)
            for name, key in resolved.items():
                ours = original[position[name]]
                if differs(ours, key):
                    changes[name] = key
            if item.missing:
                known = waiting.get(item.key or 0, set())
                for missing in item.missing:
                    if missing.deferrable and (missing.field, missing.uuid) not in known:
                        changes.setdefault(missing.field, resolved.get(missing.field))

    def _follow_master(
        self, item: Item, master: Item, component: Component, resolved: Dict[str, Any]
    ) -> None:
        """A component belongs to the master it came with, also if it belonged to another one here."""
        key = master.key_for(item.plan.references[component.fkey])
        if key is not None:
            resolved[component.fkey] = key
        else:
            item.links.append(Link(component.fkey, master, None))

    def _already_deferred(self, plan: TablePlan, items: Sequence[Item]) -> Dict[int, Set[Tuple[str, str]]]:
        keys = [item.key for item in items if item.missing and item.key is not None]
        waiting: Dict[int, Set[Tuple[str, str]]] = defaultdict(set)
        if keys:
            for deferred in self._ledger.deferred_of(plan.table.name, keys):
                waiting[deferred.key].add((deferred.field, deferred.uuid))
        return waiting

    # -- decide ------------------------------------------------------------------------------------------

    def _decide(self, items: Sequence[Item]) -> None:
        contested: Dict[str, List[int]] = defaultdict(list)
        for item in items:
            if item.outcome is None and item.original is not None and not self._is_same(item):
                contested[item.plan.table.name].append(item.key or 0)
        positions: Dict[str, Dict[int, Tuple[int, Optional[int]]]] = {}
        if self._context.exchanged is not None:
            for table, keys in contested.items():
                positions[table] = self._journal.positions(table, keys)
        for item in items:
            if item.outcome is None:
                item.decision = _without_master(item) or self._decide_item(item, positions)

    def _is_same(self, item: Item) -> bool:
        ours_deleted = bool(item.ours("deleted"))
        if item.record.deleted:
            return ours_deleted and (not item.record.replaced_by or bool(item.ours("deleted_rb")))
        return not ours_deleted and not item.changes and not item.links

    def _decide_item(
        self, item: Item, positions: Dict[str, Dict[int, Tuple[int, Optional[int]]]]
    ) -> Decision:
        record = item.record
        theirs = Version(record.modified_on or self._now, record.deleted, record.mci, record.replaced_by)
        if item.original is None:
            return decide(None, theirs, self._terms, changed_here=False, same=False, tie=_never)
        same = self._is_same(item)
        if same:
            return decide(Version(None), theirs, self._terms, changed_here=False, same=True, tie=_never)
        ours = Version(item.ours("modified_on"), bool(item.ours("deleted")), item.ours("mci"))
        changed_here = False
        if self._context.exchanged is not None:
            seq, origin = positions.get(item.plan.table.name, {}).get(item.key or 0, (0, None))
            changed_here = seq > self._context.exchanged and origin != self._context.repository_id
        ruling = self._ruling(item) if changed_here else None
        return decide(
            ours,
            theirs,
            self._terms,
            changed_here=changed_here,
            same=False,
            tie=lambda: self._ranks_above(item),
            ruling=ruling,
        )

    def _ruling(self, item: Item) -> Optional[Policy]:
        """Ask the resource's own conflict rule; it answers with a policy, or None to leave it to the task's."""
        rule = item.plan.table.onconflict
        if rule is None:
            return None
        ours = dict(zip(item.plan.columns, item.original or ()))
        answer = rule(ours, item.record, self._context.repository_id)
        return None if answer is None else Policy.parse(str(getattr(answer, "value", answer)), Policy.NEWER)

    def _ranks_above(self, item: Item) -> bool:
        """Compare the contents of two versions of the same second, field by field, the same at every site."""
        names = {*item.changes, *(link.field for link in item.links), *(each.field for each in item.missing)}
        for name in sorted(names):
            if name in item.plan.references:
                theirs = self._reference_rank(item, name)
                ours = self._our_reference_rank(item, name)
            else:
                theirs, ours = _rank(item.changes[name]), _rank(item.ours(name))
            if theirs != ours:
                return theirs > ours
        return False

    def _reference_rank(self, item: Item, name: str) -> str:
        value = item.record.references.get(name)
        if value is None:
            return ""
        references = (value,) if isinstance(value, Reference) else value
        return " ".join(self._gatherer.reference_uuid(reference) or "" for reference in references)

    def _our_reference_rank(self, item: Item, name: str) -> str:
        field = item.plan.references[name]
        value = item.ours(name)
        target = self._schema.get(field.target or "")
        if target is None or value in (None, []):
            waiting = self._ledger.deferred_of(item.plan.table.name, [item.key or 0])
            return " ".join(each.uuid for each in waiting if each.field == name)
        keys = value if isinstance(value, list) else [value]
        uuids = dict(self._store.fetch(target, (target.key, "uuid"), target.key, keys))
        return " ".join(uuids.get(key) or "" for key in keys)

    # -- check -------------------------------------------------------------------------------------------

    def _check(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Reject what must not be written: unreadable, invalid or incomplete records, and times that cannot be."""
        taken = [item for item in items if item.decision is not None and item.decision.take]
        for item in taken:
            record = item.record
            errors: Dict[str, FieldError] = dict(record.errors)
            for label in ("modified_on", "created_on"):
                moment: Optional[datetime] = getattr(record, label)
                if moment is not None and moment > self._latest:
                    errors[label] = FieldError(
                        moment.isoformat(),
                        f"lies in the future (it is {self._now.isoformat()} here); set the clock of the sending site",
                    )
            if not record.deleted:
                self._validate(plan, item, errors)
            if errors:
                self._reject(item, _describe(errors), errors)
        if plan.table.onvalidation:
            self._run_onvalidation(plan, taken)
        self._check_unique(plan, taken)
        self._check_lookups(plan, taken)

    def _validate(self, plan: TablePlan, item: Item, errors: Dict[str, FieldError]) -> None:
        changes = item.changes
        validators, lengths = plan.validators, plan.max_lengths
        for name, value in list(changes.items()):
            if value is None or value == "":
                continue
            validate = validators.get(name)
            if validate is not None:
                value, message = validate(value)
                if message:
                    errors[name] = FieldError(_text(changes[name]), message)
                else:
                    changes[name] = value
            elif name in lengths and len(value) > lengths[name]:
                errors[name] = FieldError(_text(value), f"is longer than {lengths[name]} characters")
        linked = {link.field for link in item.links}
        for field in plan.required:
            name = field.name
            if (
                name in errors
                or name in linked
                or (item.component is not None and name == item.component.fkey)
            ):
                continue
            if item.original is None:
                present = changes.get(name, plan.defaults.get(name)) not in (None, "")
            else:
                present = name not in changes or changes[name] not in (None, "")
            if not present:
                missing = next((each for each in item.missing if each.field == name), None)
                if missing is not None:
                    errors[name] = FieldError(missing.uuid, f"{_TO_COME} ({missing.table} {missing.uuid})")
                else:
                    errors[name] = FieldError(None, "value(s) required")

    def _run_onvalidation(self, plan: TablePlan, items: Sequence[Item]) -> None:
        for item in items:
            if item.outcome is not None or item.record.deleted:
                continue
            hook = plan.table.onvalidation.get("create" if item.is_new else "update")
            if hook is None:
                continue
            before = None if item.original is None else dict(zip(plan.columns, item.original))
            values = {**(before or {}), **item.changes}
            form = HookForm(plan.table.name, values, before)
            hook(form)
            if form.errors:
                errors = {
                    name: FieldError(_text(values.get(name)), str(text)) for name, text in form.errors.items()
                }
                self._reject(item, _describe(errors), errors)
                continue
            for name, value in form.vars.items():
                if (name in plan.data or name in plan.references) and differs(values.get(name), value):
                    item.changes[name] = value

    def _check_unique(self, plan: TablePlan, items: Sequence[Item]) -> None:
        for field in plan.unique:
            claimed: Dict[Any, Item] = {}
            for item in items:
                value = item.changes.get(field.name)
                if item.outcome is not None or value in (None, ""):
                    continue
                if value in claimed:
                    self._reject_field(item, field.name, value, "is used twice in the document")
                else:
                    claimed[value] = item
            if claimed:
                at_key, at_value = 0, 1
                for row in self._store.fetch(
                    plan.table, (plan.table.key, field.name), field.name, list(claimed)
                ):
                    item = claimed[row[at_value]]
                    if row[at_key] != item.key:
                        self._reject_field(
                            item, field.name, row[at_value], "is used by another record already"
                        )

    def _check_lookups(self, plan: TablePlan, items: Sequence[Item]) -> None:
        for field in plan.data.values():
            if field.lookup is None:
                continue
            table = self._schema.get(field.lookup[0])
            wanted = {
                item.changes[field.name]
                for item in items
                if item.outcome is None and item.changes.get(field.name) not in (None, "")
            }
            if table is None or not wanted:
                continue
            column = field.lookup[1]
            found = {row[0] for row in self._store.fetch(table, (column,), column, wanted)}
            for item in items:
                value = item.changes.get(field.name)
                if item.outcome is None and value not in (None, "") and value not in found:
                    self._reject_field(item, field.name, value, "value not in database")

    def _reject_field(self, item: Item, field: str, value: Any, message: str) -> None:
        errors = {field: FieldError(_text(value), message)}
        self._reject(item, _describe(errors), errors)

    def _reject(self, item: Item, reason: str, errors: Optional[Dict[str, FieldError]] = None) -> None:
        item.outcome = Outcome(
            Action.REJECTED, item.plan.table.name, item.uuid, item.key, reason, errors=errors or {}
        )


def reject_for_master(item: Item) -> Outcome:
    """Return the outcome of a component whose master could not be stored."""
    master = item.master
    assert master is not None
    return Outcome(
        Action.REJECTED,
        item.plan.table.name,
        item.uuid,
        None,
        f"The record it belongs to was not stored: {master.label()}.",
    )


def deferred_items(item: Item, repository_id: Optional[int]) -> List[Deferred]:
    """Return what an item that is written waits for."""
    key = item.key
    assert key is not None
    return [
        Deferred(
            item.plan.table.name,
            key,
            each.field,
            each.table,
            each.uuid,
            place=each.place,
            repository_id=repository_id,
        )
        for each in item.missing
        if each.deferrable
    ]


def _join_key(component: Component, master: Item) -> Optional[int]:
    """Return the key by which components belong to a master, None while it is new."""
    return master.key if component.pkey == master.plan.table.key else master.super_keys.get(component.pkey)


def _key_column(table: Table, target: str) -> Optional[str]:
    """Return the column of an instance table whose value a field referring to ``target`` holds."""
    if target == table.name:
        return table.key
    for super_key, super_table in table.super_keys.items():
        if super_table == target:
            return super_key
    return None


def _without_master(item: Item) -> Optional[Decision]:
    """A component goes with its master: below one that is deleted here no component comes to life."""
    master = item.master
    if master is None or master.original is None or item.record.deleted:
        return None
    stays_deleted = bool(master.ours("deleted")) and not (
        master.decision is not None and master.decision.take
    )
    if not stays_deleted:
        return None
    reason = "The record it belongs to was deleted here."
    return Decision(Action.SKIPPED, False, reason, assert_ours=item.original is not None)


def _portable(plan: TablePlan, row: Row) -> Row:
    """Return a row with JSON values as they travel, so that they can be compared with what arrives."""
    values = list(row)
    for name in plan.table.json_references:
        at = plan.position[name]
        values[at] = portable(values[at])
    return tuple(values)


def _keep_cleared(item: Item, resolved: Dict[str, Any]) -> None:
    """Leave empty what we cleared and an Eden could not; ``item.changes`` holds the values that differ."""
    plan = item.plan
    for changes, fields in ((item.changes, plan.data), (resolved, plan.references)):
        for name in [name for name in changes if name in fields and not fields[name].is_text]:
            if item.ours(name) is None:
                del changes[name]
    item.links = [link for link in item.links if item.ours(link.field) is not None]


def _never() -> bool:
    return False


def _fold(values: Tuple[Any, ...], ignore_case: bool) -> Tuple[Any, ...]:
    if not ignore_case:
        return values
    return tuple(value.lower() if isinstance(value, str) else value for value in values)


def _put_off_repeats(items: Sequence[Item], batch: Batch) -> None:
    """Two items may turn out to be the same record here; the later one is looked at after the first is written."""
    claimed: Dict[int, Item] = {}
    for item in items:
        if item.key is not None and claimed.setdefault(item.key, item) is not item:
            batch.put_off(item)


def _narrow(plan: TablePlan, rows: List[Row], secondary: Sequence[str], theirs: Sequence[Any]) -> List[Row]:
    """Keep the candidates whose secondary fields agree where both sides have them."""
    for name, value in zip(secondary, theirs):
        if value in (None, ""):
            continue
        at = plan.position[name]
        wanted = _fold((value,), True)
        rows = [row for row in rows if row[at] in (None, "") or _fold((row[at],), True) == wanted]
    return rows


def _rank(value: Any) -> str:
    return "" if value is None else str(value)


def _describe(errors: Dict[str, FieldError]) -> str:
    return "; ".join(f"{name}: {error.message}" for name, error in errors.items())


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)
