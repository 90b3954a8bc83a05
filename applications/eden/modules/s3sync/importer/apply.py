"""Write what was planned: one statement a kind, in the order that references need, within the caller's transaction.

When the database refuses a row, the set it stands in is halved until the row is found: the others are stored, that
one is rejected with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Callable

from ..errors import RowRefused
from ..ordering import Edge, arrange
from ..ports import Accounts, Clock, Deferred, Files, Journal, Ledger, Row, Store
from ..records import Action, FieldError, Outcome, Reference
from ..schema import Schema, Table
from .context import Context, HookForm
from .gather import Batch
from .items import Item, Link, Missing, TablePlan, reject_for_master
from .removal import TICK, Doomed, Remover
from .rows import NewRows
from .waiting import Waiting

#: mci of a record whose document does not say: Eden takes it for a second copy.
_UNKNOWN_MCI = 2

_WRITTEN = (Action.CREATED, Action.UPDATED, Action.DELETED, Action.MERGED)


class Applier:
    """Writes planned batches of one import.

    Args:
        schema, store, journal, ledger, accounts, files, clock: see ``ports``.
        context: where the records come from.
        uuid_of: the uuid that a reference means, as it is stored here.
    """

    def __init__(
        self,
        schema: Schema,
        store: Store,
        journal: Journal,
        ledger: Ledger,
        accounts: Accounts,
        files: Files,
        clock: Clock,
        context: Context,
        uuid_of: Callable[[Reference], str | None],
    ) -> None:
        self._schema = schema
        self._store = store
        self._journal = journal
        self._ledger = ledger
        self._accounts = accounts
        self._clock = clock
        self._context = context
        self._remover = Remover(schema, store, journal, context.repository_id, context.delivered)
        self._waiting = Waiting(
            schema, store, ledger, files, clock, self._remover, context.repository_id, uuid_of
        )
        self._users: dict[str, int | None] = {}
        self._groups: dict[str, int | None] = {}
        self._rows: dict[str, NewRows] = {}

    def apply(self, batch: Batch, main: str) -> None:
        """Write a planned batch and leave an outcome on every item of it.

        Args:
            batch: the batch, planned.
            main: name of the main table, whose records are journaled last.
        """
        taken = [
            item for item in batch.items if item.outcome is None and item.decision and item.decision.take
        ]
        live = [item for item in taken if not item.record.deleted]
        self._find_accounts(live)
        creates = [item for item in live if item.is_new]
        self._settle_links(batch, creates)
        late = self._create(creates)
        updates = [item for item in live if not item.is_new and item.outcome is None]
        self._update(updates, late)
        self._remove([item for item in taken if item.record.deleted and item.outcome is None])
        for item in batch.items:
            if item.outcome is None:
                item.outcome = self._outcome(item)
        written = [item for item in live if item.outcome is not None and _is_written(item.outcome)]
        self._waiting.write_json_references(written, batch)
        self._note(written, batch.items, main)
        self._waiting.defer(written)
        awaited = self._waiting.settle(written)
        self._after(written, awaited)

    # -- before writing ----------------------------------------------------------------------------------

    def _find_accounts(self, items: Sequence[Item]) -> None:
        emails: set[str] = set()
        roles: set[str] = set()
        for item in items:
            record = item.record
            emails.update(e for e in (record.created_by, record.modified_by, record.owned_by_user) if e)
            if record.owned_by_group:
                roles.add(record.owned_by_group)
        new_emails = emails - self._users.keys()
        if new_emails:
            found = self._accounts.users(new_emails)
            self._users.update((email, found.get(email)) for email in new_emails)
        new_roles = roles - self._groups.keys()
        if new_roles:
            groups = self._accounts.groups(new_roles)
            self._groups.update((role, groups.get(role)) for role in new_roles)

    def _settle_links(self, batch: Batch, creates: Sequence[Item]) -> None:
        """Give up links to records of the batch that will not be there, until nothing changes any more."""
        coming = {id(item) for item in creates if item.outcome is None}
        settled = False
        while not settled:
            settled = True
            for item in batch.items:
                if item.outcome is not None or not item.links or not (item.decision and item.decision.take):
                    continue
                for link in [link for link in item.links if id(link.target) not in coming]:
                    item.links.remove(link)
                    if not self._do_without(item, link):
                        coming.discard(id(item))
                        settled = False
                        break

    def _do_without(self, item: Item, link: Link) -> bool:
        """Live without the target of a link; return False when the item cannot and is rejected."""
        target = link.target
        field = item.plan.table.fields[link.field]
        key = target.key_for(field)
        if key is not None:
            _set_reference(item, link, key)
            return True
        if item.component is not None and item.master is target and link.field == item.component.fkey:
            item.outcome = reject_for_master(item)
            return False
        if field.required or field.notnull:
            reason = f"reference import failed: {target.label()} was not stored"
            item.outcome = Outcome(
                Action.REJECTED,
                item.plan.table.name,
                item.uuid,
                item.key,
                f"{link.field}: {reason}",
                errors={link.field: FieldError(target.uuid, reason)},
            )
            if target.uuid:
                item.missing.append(
                    Missing(link.field, target.plan.table.name, target.uuid, link.place, True)
                )
            return False
        if target.uuid:
            item.missing.append(Missing(link.field, target.plan.table.name, target.uuid, link.place, True))
        item.warnings.append(
            f"{link.field}: {target.label()} was not stored; the reference is set when it is."
        )
        return True

    # -- create ------------------------------------------------------------------------------------------

    def _create(self, creates: Sequence[Item]) -> list[tuple[Item, Link]]:
        """Insert new records; return links that have to be written afterwards."""
        items = [item for item in creates if item.outcome is None]
        for item in items:
            if item.component is not None and item.master is not None and item.master.key is None:
                if not any(link.field == item.component.fkey for link in item.links):
                    item.links.append(Link(item.component.fkey, item.master, None))
        fresh = {id(item) for item in items}
        edges = []
        for item in items:
            for link in item.links:
                if id(link.target) in fresh:
                    field = item.plan.table.fields[link.field]
                    is_join = item.component is not None and link.field == item.component.fkey
                    optional = not (field.required or field.notnull or is_join)
                    edges.append(Edge(item, link.field, link.target, optional))
        order = arrange(items, edges)
        for item in order.impossible:
            item.outcome = Outcome(
                Action.REJECTED,
                item.plan.table.name,
                item.uuid,
                None,
                "The record and others refer to each other in a circle none of which may be empty.",
            )
        put_off = {(id(edge.source), edge.field, id(edge.target)) for edge in order.deferred}
        late: list[tuple[Item, Link]] = []
        for level in order.levels:
            groups: dict[str, list[Item]] = defaultdict(list)
            for item in level:
                if self._take_links(item, put_off, late):
                    groups[item.plan.table.name].append(item)
            for group in groups.values():
                self._insert(group[0].plan, group)
        return late

    def _take_links(
        self, item: Item, put_off: "set[tuple[int, str, int]]", late: list[tuple[Item, Link]]
    ) -> bool:
        for link in item.links:
            if (id(item), link.field, id(link.target)) in put_off:
                late.append((item, link))
                continue
            known = link.target.key_for(item.plan.table.fields[link.field])
            if known is not None:
                _set_reference(item, link, known)
            elif not self._do_without(item, link):
                return False
        component, master = item.component, item.master
        if component is not None and master is not None and component.fkey not in item.changes:
            key = master.key_for(item.plan.references[component.fkey])
            if key is None:
                item.outcome = reject_for_master(item)
                return False
            item.changes[component.fkey] = key
        return True

    def _insert(self, plan: TablePlan, items: Sequence[Item]) -> None:
        if not items:
            return
        supers: list[tuple[Table, list[int]]] = []
        try:
            self._insert_supers(plan, items, supers)
            realms = self._realms(plan, items)
            now = self._clock.now()
            new = self._new_rows(plan)
            rows = [new.row(item, self._meta(item, now, realms.get(id(item)))) for item in items]
            keys = self._store.insert(plan.table, new.columns, rows)
        except RowRefused as error:
            for super_table, made in supers:
                self._store.withdraw(super_table, made)
            for item in items:
                item.super_keys = {}
            if len(items) == 1:
                items[0].outcome = self._refused(items[0], error)
                return
            middle = len(items) // 2
            self._insert(plan, items[:middle])
            self._insert(plan, items[middle:])
            return
        for item, key in zip(items, keys):
            item.key = key

    def _new_rows(self, plan: TablePlan) -> NewRows:
        found = self._rows.get(plan.table.name)
        if found is None:
            found = self._rows[plan.table.name] = NewRows(plan)
        return found

    def _meta(self, item: Item, now: datetime, realm: int | None) -> tuple[Any, ...]:
        """Return the values of rows.META for a new record."""
        record = item.record
        modified_on = record.modified_on or now
        by = self._context.user_id
        user = self._users.get
        return (
            item.uuid,
            _UNKNOWN_MCI if record.mci is None else record.mci,
            False,
            record.created_on or modified_on,
            modified_on,
            (record.created_by and user(record.created_by)) or by,
            (record.modified_by and user(record.modified_by)) or by,
            (record.owned_by_user and user(record.owned_by_user)) or by,
            self._groups.get(record.owned_by_group) if record.owned_by_group else None,
            (by or 0) if record.approved else None,
            realm,
        )

    def _insert_supers(
        self, plan: TablePlan, items: Sequence[Item], done: list[tuple[Table, list[int]]]
    ) -> None:
        for super_key, super_name in plan.table.super_keys.items():
            super_table = self._schema.get(super_name)
            if super_table is None:
                continue
            shared = [name for name in super_table.shared_fields if name in plan.position and name != "uuid"]
            shared = [name for name in shared if name != "deleted"]
            columns = ("uuid", "instance_type", "deleted", *shared)
            defaults = plan.default_values()
            rows = [
                (
                    item.uuid,
                    plan.table.name,
                    False,
                    *(item.changes.get(name, defaults.get(name)) for name in shared),
                )
                for item in items
            ]
            keys = self._store.insert(super_table, columns, rows)
            done.append((super_table, keys))
            for item, key in zip(items, keys):
                item.super_keys[super_key] = key

    # -- update ------------------------------------------------------------------------------------------

    def _update(self, updates: Sequence[Item], late: Sequence[tuple[Item, Link]]) -> None:
        revived: dict[str, list[Item]] = defaultdict(list)
        groups: dict[tuple[str, tuple[str, ...]], list[Item]] = defaultdict(list)
        for item in updates:
            if item.links and not self._take_links(item, set(), []):
                continue
            if item.ours("deleted"):
                revived[item.plan.table.name].append(item)
            groups[(item.plan.table.name, tuple(sorted(item.changes)))].append(item)
        for items in revived.values():
            self._remover.revive(items[0].plan.table, [item.key for item in items if item.key is not None])
        for (_, names), items in groups.items():
            self._update_group(items[0].plan, names, items)
        self._write_late(late)

    def _update_group(self, plan: TablePlan, names: tuple[str, ...], items: Sequence[Item]) -> None:
        adopt = any(item.uuid is not None and item.uuid != item.ours("uuid") for item in items)
        columns = (*names, "modified_on", "modified_by", *(("uuid",) if adopt else ()))
        rows = [self._changed_row(item, names, adopt) for item in items]
        try:
            with self._store.savepoint():
                self._store.update(plan.table, columns, rows)
                self._update_supers(plan, names, items)
        except RowRefused as error:
            if len(items) == 1:
                items[0].outcome = self._refused(items[0], error)
                return
            middle = len(items) // 2
            self._update_group(plan, names, items[:middle])
            self._update_group(plan, names, items[middle:])

    def _changed_row(self, item: Item, names: tuple[str, ...], adopt: bool) -> Row:
        record = item.record
        by = (record.modified_by and self._users.get(record.modified_by)) or self._context.user_id
        row = (item.key, *(item.changes[name] for name in names), record.modified_on or self._clock.now(), by)
        if not adopt:
            return row
        keeps_own = item.uuid is None or any(field.name in record.values for field in item.plan.unique)
        return (*row, item.ours("uuid") if keeps_own else item.uuid)

    def _update_supers(self, plan: TablePlan, names: tuple[str, ...], items: Sequence[Item]) -> None:
        for super_key, super_name in plan.table.super_keys.items():
            super_table = self._schema.get(super_name)
            shared = [name for name in names if super_table is not None and name in super_table.shared_fields]
            if super_table is None or not shared:
                continue
            rows = [
                (item.super_keys[super_key], *(item.changes[name] for name in shared))
                for item in items
                if super_key in item.super_keys
            ]
            if rows:
                self._store.update(super_table, shared, rows)

    def _write_late(self, late: Sequence[tuple[Item, Link]]) -> None:
        """Write the links that closed a circle of references."""
        rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for item, link in late:
            if item.outcome is not None or item.key is None:
                continue
            key = link.target.key_for(item.plan.table.fields[link.field])
            if key is None:
                self._do_without(item, link)
                continue
            _set_reference(item, link, key)
            rows[(item.plan.table.name, link.field)].append((item.key, item.changes[link.field]))
        for (name, field), group in rows.items():
            self._store.update(self._schema.table(name), (field,), group)

    def _refused(self, item: Item, error: RowRefused) -> Outcome:
        return Outcome(Action.REJECTED, item.plan.table.name, item.uuid, item.key, error.message)

    # -- delete and merge --------------------------------------------------------------------------------

    def _remove(self, items: Sequence[Item]) -> None:
        now = self._clock.now()
        doomed: dict[str, list[Item]] = defaultdict(list)
        merges: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            (merges if item.record.replaced_by else doomed)[item.plan.table.name].append(item)
        for group in merges.values():
            self._merge(group, now)
        for group in doomed.values():
            table = group[0].plan.table
            by_key = {item.key: item for item in group if item.key is not None}
            already = [key for key, item in by_key.items() if item.ours("deleted")]
            wanted = [
                Doomed(key, item.record.modified_on or now)
                for key, item in by_key.items()
                if key not in already
            ]
            reasons = {
                key: f"The record is still needed here: {found.number} {found.table} refer to it ({found.field})."
                for key, found in self._remover.delete(table, wanted).items()
            }
            self._hold_on(table, reasons, by_key, now)

    def _hold_on(self, table: Table, reasons: dict[int, str], by_key: dict[int, Item], now: datetime) -> None:
        """Keep records that must not go, and give them back to the site that deleted them.

        Both sites have to end equal: so these are newer than the deletion.
        """
        if not reasons:
            return
        rows: list[Row] = []
        for key, reason in reasons.items():
            item = by_key[key]
            deleted_on = item.record.modified_on or now
            ours = item.ours("modified_on") or deleted_on
            rows.append((key, max(ours, deleted_on + TICK)))
            item.outcome = Outcome(
                Action.CONFLICT,
                table.name,
                item.uuid,
                key,
                f"{reason} It was kept, and the other site gets it back.",
                winner="ours",
            )
        self._store.update(table, ("modified_on",), rows)
        self._journal.note(table.name, list(reasons), None)

    def _merge(self, items: Sequence[Item], now: datetime) -> None:
        table = items[0].plan.table
        wanted = {item.survivor for item in items if item.survivor}
        survivors: dict[str, int] = {}
        for uuid, key in self._store.fetch(table, ("uuid", table.key), "uuid", list(wanted)):
            survivors[uuid] = key
        pairs = {
            item.key: survivors[item.survivor]
            for item in items
            if item.key is not None and item.survivor is not None and item.survivor in survivors
        }
        circular = self._merged_into_themselves(table, pairs)
        self._hold_on(
            table,
            dict.fromkeys(circular, "Here the other record was merged into this one: both would be gone."),
            {item.key: item for item in items if item.key in circular},
            now,
        )
        pairs = {key: survivor for key, survivor in pairs.items() if key not in circular}
        moments = {item.key: item.record.modified_on or now for item in items if item.key is not None}
        if pairs:
            self._remover.replace(table, pairs, moments)
        waiting = [item for item in items if item.survivor not in survivors and item.key is not None]
        if waiting:
            self._remover.delete_alone(
                table, [Doomed(item.key or 0, moments[item.key or 0]) for item in waiting]
            )
            self._ledger.defer(
                [
                    Deferred(
                        table.name,
                        item.key or 0,
                        "deleted_rb",
                        table.name,
                        item.survivor or "",
                        repository_id=self._context.repository_id,
                    )
                    for item in waiting
                ]
            )
            for item in waiting:
                item.warnings.append(
                    f"The record that replaces it ({item.survivor}) has not arrived yet; "
                    "what refers to it is moved when it does."
                )

    def _merged_into_themselves(self, table: Table, pairs: dict[int, int]) -> set[int]:
        """Return records whose survivor was itself merged here, by however many steps, into them."""
        circular: set[int] = set()
        ends = dict(pairs)
        seen: set[int] = set()
        while ends:
            circular |= {key for key, end in ends.items() if key == end}
            asked = {end for key, end in ends.items() if key not in circular} - seen
            seen |= asked
            steps = {
                key: survivor
                for key, gone, survivor in self._store.fetch(
                    table, (table.key, "deleted", "deleted_rb"), table.key, asked
                )
                if gone and survivor
            }
            ends = {key: steps[end] for key, end in ends.items() if key not in circular and end in steps}
        return circular

    # -- realms ------------------------------------------------------------------------------------------

    def _realms(self, plan: TablePlan, items: Sequence[Item]) -> dict[int, int | None]:
        """Return id(item) -> realm entity of new records, as an Eden finds it.

        The table's own rule comes first; then the record's own person entity, except of persons, or that of the
        organisation it belongs to.
        """
        table = plan.table
        if "realm_entity" not in table.fields:
            return {}
        if table.realm is not None:
            return {id(item): table.realm(table.name, {**item.changes, **item.super_keys}) for item in items}
        if "pe_id" in table.fields:
            if table.name == "pr_person":
                return {}
            return {id(item): item.super_keys.get("pe_id", item.changes.get("pe_id")) for item in items}
        owner = self._schema.get("org_organisation")
        if owner is None or "organisation_id" not in plan.references or "pe_id" not in owner.fields:
            return {}
        owners = {item.changes.get("organisation_id") for item in items} - {None}
        entities: dict[Any, int | None] = (
            dict(self._store.fetch(owner, (owner.key, "pe_id"), owner.key, owners)) if owners else {}
        )
        return {id(item): entities.get(item.changes.get("organisation_id")) for item in items}

    # -- after writing -----------------------------------------------------------------------------------

    def _outcome(self, item: Item) -> Outcome:
        decision = item.decision
        assert decision is not None
        return Outcome(
            decision.action,
            item.plan.table.name,
            item.uuid if item.uuid is not None or item.original is None else item.ours("uuid"),
            item.key,
            decision.reason,
            warnings=item.warnings,
            winner=decision.winner,
        )

    def _note(self, written: Sequence[Item], items: Sequence[Item], main: str) -> None:
        """Give the changes their places in the journal: the main records last, so that theirs cover the others'."""
        by_table: dict[str, list[int]] = defaultdict(list)
        covered: dict[str, set[int]] = defaultdict(set)
        times: dict[str, dict[int, datetime]] = defaultdict(dict)
        noted_last = {id(item) for item in written if item.plan.table.name == main}
        for item in written:
            if item.key is not None:
                by_table[item.plan.table.name].append(item.key)
                if item.is_new and item.record.modified_on is not None:
                    times[item.plan.table.name][item.key] = item.record.modified_on
                if id(item.master) in noted_last and self._has_one_master(item):
                    covered[item.plan.table.name].add(item.key)
        for name in sorted(by_table, key=lambda name: (name == main, name)):
            keys = by_table[name]
            self._journal.note(
                name,
                keys,
                self._context.repository_id,
                self._context.delivered,
                covered.get(name, ()),
                times[name] if len(times[name]) == len(keys) else None,
            )
        asserted: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.decision is not None and item.decision.assert_ours and item.key is not None:
                asserted[item.plan.table.name].append(item)
        for name, group in asserted.items():
            known = self._ledger.known(
                self._context.repository_id, name, [item.uuid for item in group if item.uuid is not None]
            )
            # The same refused version again: the peer has been told, and insists. Telling it once more
            # would go on for ever.
            fresh = [item for item in group if not _is_repeated(item, known)]
            self._journal.assert_ours(name, [item.key for item in fresh if item.key is not None])

    def _has_one_master(self, item: Item) -> bool:
        """Whether a component belongs to no other record than the one it came with."""
        return item.component is not None and self._schema.joins(item.plan.table.name) <= {
            item.component.fkey
        }

    def _is_complete(self, item: Item) -> bool:
        """Whether a new record was written with all that the data model derives from it."""
        initial = item.plan.table.initial
        if initial is None or not item.is_new or not self._store.knows_keys:
            return False
        return all(item.changes.get(name) is None for name in initial.above)

    def _after(self, written: Sequence[Item], awaited: set[int]) -> None:
        """Let the data model react to what was written; ``awaited`` are the id() of items that others waited for."""
        by_table: dict[str, list[Item]] = defaultdict(list)
        for item in written:
            by_table[item.plan.table.name].append(item)
        for items in by_table.values():
            table = items[0].plan.table
            if table.onaccept_set is not None:
                keys = [
                    item.key
                    for item in items
                    if item.key is not None and (id(item) in awaited or not self._is_complete(item))
                ]
                if keys:
                    table.onaccept_set(keys)
                continue
            for item in items:
                hook = table.onaccept.get("create" if item.is_new else "update")
                if hook is not None:
                    before = None if item.original is None else dict(zip(item.plan.columns, item.original))
                    values = {**(before or {}), **item.changes, **item.super_keys, table.key: item.key}
                    values["uuid"] = item.uuid
                    hook(HookForm(table.name, values, before))


def _set_reference(item: Item, link: Link, key: int | None) -> None:
    if link.place is None:
        item.changes[link.field] = key
        return
    listed = item.changes.setdefault(link.field, [])
    if key not in listed:
        listed.insert(link.place, key)


def _is_written(outcome: Outcome) -> bool:
    return outcome.action in _WRITTEN or outcome.winner == "theirs"


def _is_repeated(item: Item, known: "dict[str, Any]") -> bool:
    kept = known.get(item.uuid or "")
    return kept is not None and kept.fingerprint == item.fingerprint()
