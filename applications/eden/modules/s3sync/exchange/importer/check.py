"""Reject what must not be written: unreadable, invalid or incomplete records, and times that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ...core.records import FieldError, differs
from ...core.schema import Field, Schema
from ..ports import Store
from .callbacks import contained
from .context import HookForm
from .gather import Batch, Vacated
from .items import Item, Missing, TablePlan, reject, two_here

_TO_COME = "refers to a record that has not arrived yet"

_NOTHING: tuple[Any, ...] = (None, "")

_DECISIVE = frozenset(("uuid", "tuid", "replaced_by", "modified_on"))


class _Holder(NamedTuple):
    """The record here that has a unique value."""

    key: int
    uuid: str


class Checker:
    """Checks the items of a batch before they are written.

    Args:
        schema, store: see ``ports``.
        now: the current time (UTC).
        latest: records with a later time are rejected.
    """

    def __init__(self, schema: Schema, store: Store, now: datetime, latest: datetime) -> None:
        self._schema = schema
        self._store = store
        self._now = now
        self._latest = latest

    def refuse_unclear(self, items: Sequence[Item]) -> None:
        """Reject records that do not say which they are, or of when: nothing can be decided on them.

        Args:
            items: all of a batch, with what was found here.
        """
        for item in items:
            errors = item.record.errors
            if errors and item.outcome is None and not _DECISIVE.isdisjoint(errors):
                reject(item, _describe(errors), dict(errors))

    def check(self, plan: TablePlan, items: Sequence[Item], batch: Batch) -> None:
        """Reject what must not be written: unreadable, invalid or incomplete records, and times that cannot be.

        Who wants the unique value of a record that the batch deletes is put off until that is done.
        """
        taken = [item for item in items if item.decision is not None and item.decision.take]
        latest = self._latest
        for item in taken:
            record = item.record
            errors: dict[str, FieldError] = dict(record.errors)
            if record.modified_on is not None and record.modified_on > latest:
                errors["modified_on"] = self._too_late(record.modified_on)
            if record.created_on is not None and record.created_on > latest:
                errors["created_on"] = self._too_late(record.created_on)
            if not record.deleted:
                self._validate(plan, item, errors)
            if item.other is not None and not errors:
                reject(item, two_here(item.other), again=True)
            elif errors:
                reject(item, _describe(errors), errors)
                self._try_when_its_time_has_come(item)
        if plan.table.onvalidation and plan.table.onvalidation_set is None:
            self._run_onvalidation(plan, taken)
        self._check_unique(plan, taken, batch)
        self._check_lookups(plan, taken)

    def _try_when_its_time_has_come(self, item: Item) -> None:
        ahead = [
            each for each in (item.record.modified_on, item.record.created_on) if each and each > self._latest
        ]
        if ahead and item.outcome is not None:
            item.outcome.retry_on = max(ahead) - (self._latest - self._now)

    def _too_late(self, moment: datetime) -> FieldError:
        return FieldError(
            moment.isoformat(),
            f"lies in the future (it is {self._now.isoformat()} here); set the clock of the sending site",
        )

    def _validate(self, plan: TablePlan, item: Item, errors: dict[str, FieldError]) -> None:
        changes = item.changes
        validators, lengths, longest = plan.validators, plan.max_lengths, plan.longest
        for name, value in changes.items():
            if value is None or value == "":
                continue
            limit = longest.get(name)
            if limit is not None and value.__class__ is str and len(value) <= limit and not value.isspace():
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
        unsaid = plan.unsaid if item.original is None else plan.kept
        for name, value in unsaid.items():
            if changes.get(name, value) in _NOTHING and name not in errors and not _comes(item, name):
                missing = next((each for each in item.missing if each.field == name), None)
                errors[name] = FieldError(None, "value(s) required") if missing is None else _to_come(missing)
        if item.kept_row is not None and item.missing and item.original is None:
            # Its sender deletes what it belongs to without a word of a component that is not here.
            joins = self._schema.joins(plan.table.name)
            errors.update((each.field, _to_come(each)) for each in item.missing if each.field in joins)

    def _run_onvalidation(self, plan: TablePlan, items: Sequence[Item]) -> None:
        for item in items:
            if item.outcome is not None or item.record.deleted:
                continue
            hook = plan.table.onvalidation.get("create" if item.is_new else "update")
            if hook is None:
                continue
            before = None if item.original is None else dict(zip(plan.columns, item.original))
            values = {**(before or {}), **item.changes}
            if item.component is not None and item.master is not None and item.component.fkey not in values:
                values[item.component.fkey] = item.master.key_for(plan.references[item.component.fkey])
            form = HookForm(plan.table.name, values, before)
            with contained(self._store) as failed:
                hook(form)
            if failed:
                item.warnings.extend(failed)
                continue
            if form.errors:
                errors = {
                    name: FieldError(_text(values.get(name)), str(text)) for name, text in form.errors.items()
                }
                reject(item, _describe(errors), errors)
                continue
            for name, value in form.vars.items():
                if (name in plan.data or name in plan.references) and differs(values.get(name), value):
                    item.changes[name] = value

    def _check_unique(self, plan: TablePlan, items: Sequence[Item], batch: Batch) -> None:
        """Reject values that another record has or gets, unless that record gives them up in the same batch."""
        claims = [self._claims(plan, field, items, batch) for field in plan.unique]
        by_key = {item.key: item for item in items if item.key is not None}
        # Who is rejected keeps its own value, which may be what another one wants.
        changed = True
        while changed:
            changed = False
            for field, (claimed, holders) in zip(plan.unique, claims):
                for value, item in claimed.items():
                    if item.outcome is not None or value not in holders or holders[value].key == item.key:
                        continue
                    key, uuid = holders[value]
                    holder = by_key.get(key)
                    if id(item) in batch.postponed:
                        continue
                    if holder is not None and (id(holder) in batch.postponed or _goes(holder)):
                        batch.put_off(item)
                        changed = True
                    elif holder is None or not _gives_up(holder, field.name):
                        told = f"{value!r} is used by another record already ({uuid})"
                        _reject_field(item, field.name, value, told, again=True)
                        changed = True

    def _claims(
        self, plan: TablePlan, field: Field, items: Sequence[Item], batch: Batch
    ) -> tuple[dict[Any, Item], dict[Any, _Holder]]:
        """Return value -> the item that wants it, and value -> the record that has it, not a deleted one."""
        claimed: dict[Any, Item] = {}
        for item in items:
            value = item.changes.get(field.name)
            if item.outcome is not None or value in (None, ""):
                continue
            if value in claimed:
                told = f"{value!r} is used twice in the document (also by {claimed[value].uuid})"
                _reject_field(item, field.name, value, told, again=True)
            else:
                claimed[value] = item
        columns = (field.name, plan.table.key, "deleted", "uuid")
        held = self._store.fetch(plan.table, columns, field.name, list(claimed)) if claimed else []
        revived = {item.key for item in items if item.outcome is None and not item.record.deleted}
        holders: dict[Any, _Holder] = {}
        for value, key, deleted, uuid in held:
            if not deleted or key in revived:
                holders[value] = _Holder(key, uuid)
            else:
                batch.vacated.append(Vacated(plan, field, key))
        return claimed, holders

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
                    _reject_field(item, field.name, value, "value not in database", again=True)


def _to_come(missing: Missing) -> FieldError:
    return FieldError(missing.uuid, f"{_TO_COME} ({missing.table} {missing.uuid})")


def _comes(item: Item, name: str) -> bool:
    """Return whether a reference gets its value when another record of the batch is written."""
    is_join = item.component is not None and name == item.component.fkey
    return is_join or any(link.field == name for link in item.links)


def _goes(holder: Item) -> bool:
    return holder.outcome is None and holder.record.deleted


def _gives_up(holder: Item, field: str) -> bool:
    """Return whether an item that is taken changes a value, so that another record can have the former one."""
    return holder.outcome is None and field in holder.changes and not holder.record.deleted


def _reject_field(item: Item, field: str, value: Any, message: str, *, again: bool = False) -> None:
    errors = {field: FieldError(_text(value), message)}
    reject(item, _describe(errors), errors, again=again)


def _describe(errors: dict[str, FieldError]) -> str:
    return "; ".join(f"{name}: {error.message}" for name, error in errors.items())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
