"""The records in an import, and the compiled plans of their tables."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from copy import copy
from typing import Any, Callable, NamedTuple, Union

from ...core.errors import RowRefused
from ...core.fields import NO_EDITS, Merge
from ...core.kept import Deferred, Kept, KeptKind
from ...core.policy import Decision, DecisionReason
from ...core.records import Action, FieldError, Outcome, Record, Reference, Upload
from ...core.schema import META_FIELDS, Component, Field, Table
from ...wire.values.json_references import portable

#: Read once: it is compared with the reason of each record that has one.
_OUT_OF_SCOPE = DecisionReason.OUT_OF_SCOPE.value

#: The field under which a merged record waits for its survivor.
MERGED = "deleted_rb"


class Role(enum.Enum):
    """Why a record is imported."""

    MAIN = "main"
    COMPONENT = "component"
    DEPENDENCY = "dependency"


class Missing(NamedTuple):
    """A reference without a target yet.

    Attributes:
        field: the referring field.
        table: table of the target.
        uuid: uuid of the target, or its document-local tuid if it has none.
        place: position in a list:reference.
        deferrable: whether the target can arrive later (it has a uuid, and its table is synchronised here).
    """

    field: str
    table: str
    uuid: str
    place: int | None
    deferrable: bool


class Link(NamedTuple):
    """A reference to a record of the same batch, whose key is not known yet."""

    field: str
    target: "Item"
    place: int | None


class Item:
    """One incoming record: its content, its original here, and what to do.

    ``twin`` says that the original has another uuid here, which it keeps; ``further_uuids`` are those under which it is
    to be known from now on; ``other`` is the uuid of a live record here that the sender takes for the same one, while
    this one was deleted here; ``waits`` lists what an earlier version of it still waits for. Where it was merged by
    field, ``merge`` says how, and ``whole`` is the record as it came if ``record`` says only what was taken.
    ``identity`` is its uuid or, where it came with none, its place: the same whenever the document is imported again.
    """

    __slots__ = (
        "changes",
        "component",
        "decision",
        "further_uuids",
        "identity",
        "kept_row",
        "key",
        "links",
        "master",
        "merge",
        "missing",
        "original",
        "other",
        "outcome",
        "plan",
        "record",
        "role",
        "super_keys",
        "survivor",
        "twin",
        "undated",
        "uuid",
        "waits",
        "warnings",
        "whole",
    )

    def __init__(
        self,
        record: Record,
        plan: "TablePlan",
        role: Role,
        uuid: str | None,
        master: "Item | None" = None,
        component: Component | None = None,
        survivor: str | None = None,
    ) -> None:
        self.record = record
        self.plan = plan
        self.role = role
        self.uuid = uuid
        self.survivor = survivor
        self.master = master
        self.component = component
        self.kept_row: int | None = None
        self.identity = uuid or ""
        self.undated = False
        self.start_over()

    def start_over(self) -> None:
        """Reset what was found and planned."""
        self.original: tuple[Any, ...] | None = None
        self.key: int | None = None
        self.changes: dict[str, Any] = {}
        self.links: list[Link] = []
        self.missing: list[Missing] = []
        self.decision: Decision | None = None
        self.outcome: Outcome | None = None
        self.super_keys: dict[str, int] = {}
        self.waits: list[Deferred] = []
        self.warnings: list[str] = []
        self.twin = False
        self.further_uuids: tuple[str, ...] = ()
        self.other: str | None = None
        self.merge: Merge | None = None
        self.whole: Record | None = None

    def found(self, row: tuple[Any, ...]) -> None:
        """Set the record here, with JSON values as they travel, to compare them with incoming ones."""
        plan = self.plan
        if plan.table.json_references:
            values = list(row)
            for name in plan.table.json_references:
                values[plan.position[name]] = portable(values[plan.position[name]])
            row = tuple(values)
        self.original = row
        self.key = row[plan.key_at]
        for super_key in plan.table.super_keys:
            value = row[plan.position[super_key]]
            if value is not None:
                self.super_keys[super_key] = value

    def ours(self, column: str) -> Any:
        """Return the value of a column of the record here."""
        assert self.original is not None
        return self.original[self.plan.position[column]]

    @property
    def root(self) -> "Item":
        """The record that it belongs to as a component, itself if it is none."""
        item = self
        while item.master is not None:
            item = item.master
        return item

    @property
    def named_uuid(self) -> str | None:
        """The uuid that the record came with, or that it has here; not one that it was given on the way."""
        return self.uuid if self.record.uuid is not None or self.original is not None else None

    def fingerprint(self) -> str:
        """Return a digest of the incoming version, the same each time this version comes."""
        record = self.whole or self.record
        told = self.record.edits
        # The same values are another version where a person decided for them: it is in dispute with other edits.
        edits = [sorted(told.fields.items()), sorted(told.seen.items())] if told and told.seen else []
        content = repr(
            (
                *edits,
                record.table,
                self.named_uuid,
                None if self.undated else record.modified_on,
                record.deleted,
                record.replaced_by,
                sorted((name, str(value)) for name, value in record.values.items()),
                sorted((name, str(value)) for name, value in record.references.items()),
                sorted((name, error.value or "") for name, error in record.errors.items()),
            )
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def is_among(self, known: Mapping[str, Kept], kind: KeptKind | None = None) -> bool:
        """Return whether this version was kept before.

        Args:
            known: uuid -> kept versions.
            kind: only as this; None for any reason.
        """
        kept = known.get(self.uuid or "")
        return kept is not None and kind in (None, kept.kind) and kept.fingerprint == self.fingerprint()

    @property
    def is_new(self) -> bool:
        """Whether the record will be created."""
        return self.original is None

    @property
    def is_barred(self) -> bool:
        """Whether its sender must not write it, see ``scope_guard``."""
        outcome = self.outcome
        return outcome is not None and outcome.reason == _OUT_OF_SCOPE

    def key_for(self, field: Field) -> int | None:
        """Return the key by which ``field`` of another record refers to this one, None while unknown."""
        return self.key_as(field.target)

    def key_as(self, target: str | None) -> int | None:
        """Return the key by which fields that refer to a table, perhaps a super-entity, refer to this record."""
        plan = self.plan
        if target == plan.table.name:
            return self.key
        return self.super_keys.get(plan.super_key_of.get(target or "", ""))

    def label(self) -> str:
        """Return the name of the record in messages."""
        name = self.record.values.get("name")
        identity = self.uuid or self.record.tuid or "without uuid"
        return (
            f"{self.plan.table.name} {name!r} ({identity})"
            if isinstance(name, str)
            else f"{self.plan.table.name} {identity}"
        )


Resolved = Union[int, Item, Missing, None]


class TablePlan:
    """What an import needs to know about a table, compiled once.

    Attributes:
        table: the table.
        columns: columns to read of an original, key first.
        position: column -> index in such a row.
        data: fields that travel as values, by name.
        references: fields that travel as references, by name.
        unique: fields other than the uuid that identify a record.
        defaults: field -> default value or function, for fields that are written on create.
        unsaid: required field -> what a new record has in it if its document says nothing, None for nothing.
        kept: the same for a record that is here: True, as it keeps what it has.
        fixed_defaults: the defaults that are values.
        uploads: names of the upload fields.
        super_key_of: super-entity -> the field that has its key.
        longest: field -> maximum length up to which a text that is not blank needs no further check.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.data: dict[str, Field] = {}
        self.references: dict[str, Field] = {}
        for each in table.data_fields():
            if each.name in table.computed:
                continue
            (self.references if each.is_reference else self.data)[each.name] = each
        self.meta = [name for name in table.fields if name in META_FIELDS and name != table.key]
        self.columns: tuple[str, ...] = (
            table.key,
            *self.meta,
            *self.data,
            *self.references,
            *table.super_keys,
        )
        self.position: dict[str, int] = {name: index for index, name in enumerate(self.columns)}
        self.unique = [f for f in self.data.values() if f.unique]
        self.defaults: dict[str, Any] = {
            f.name: f.default
            for f in (*self.data.values(), *self.references.values())
            if f.default is not None
        }
        required = [
            f.name for f in (*self.data.values(), *self.references.values()) if f.required or f.notnull
        ]
        self.unsaid = {name: self.defaults.get(name) for name in required}
        self.kept = dict.fromkeys(required, True)
        self.fixed_defaults = {name: value for name, value in self.defaults.items() if not callable(value)}
        self._made_defaults = {name: value for name, value in self.defaults.items() if callable(value)}
        self.validators: dict[str, Callable[[Any], tuple[Any, str | None]]] = {
            f.name: f.validate for f in self.data.values() if f.validate is not None
        }
        self.max_lengths: dict[str, int] = {
            f.name: f.length for f in self.data.values() if f.length and f.is_text
        }
        self.uploads = tuple(f.name for f in self.data.values() if f.kind == "upload")
        self.longest: dict[str, int] = {
            f.name: f.longest if f.validate is not None else f.length or f.longest
            for f in self.data.values()
            if f.is_text and f.longest is not None
        }
        self.super_key_of = {target: name for name, target in table.super_keys.items()}
        self.key_at = 0
        self.uuid_at = self.position.get("uuid", -1)
        self.deleted_at = self.position.get("deleted", -1)

    def default_values(self) -> dict[str, Any]:
        """Return the values of a new record for fields that are not in its document."""
        return {**self.fixed_defaults, **self.made_defaults()} if self._made_defaults else self.fixed_defaults

    def made_defaults(self) -> dict[str, Any]:
        """Return those of ``default_values`` that are computed for each record."""
        return {name: make() for name, make in self._made_defaults.items()}


def reject(
    item: Item, reason: str, errors: dict[str, FieldError] | None = None, *, again: bool = False
) -> None:
    """Reject an item: it must not be written, ``again``: for now."""
    item.outcome = Outcome(
        Action.REJECTED, item.plan.table.name, item.uuid, item.key, reason, errors=errors or {}, again=again
    )


def two_here(other: str) -> str:
    """Return why a version is rejected that is one record there and two here, ``other`` being the other one's uuid."""
    return f"The other site takes it and {other} for one record; here they are two."


def keep_cleared(item: Item, resolved: dict[str, Any]) -> None:
    """Keep fields empty that we cleared and an Eden could not; ``item.changes`` has the values that differ."""
    plan = item.plan
    for changes, fields in ((item.changes, plan.data), (resolved, plan.references)):
        for name in [name for name in changes if name in fields and not fields[name].is_text]:
            if item.ours(name) is None:
                del changes[name]
    item.links = [link for link in item.links if item.ours(link.field) is not None]


def comes_along(item: Item) -> bool:
    """Return whether others refer to a record, and nothing of it is new here."""
    known = item.outcome is not None and item.outcome.action in (Action.UNCHANGED, Action.SKIPPED)
    return known and item.role is Role.DEPENDENCY


def awaited(item: Item) -> tuple[str, ...]:
    """Return what has to arrive before an item is tried again; what cannot be read never gets better by that."""
    if item.record.errors:
        return ()
    return tuple(each.uuid for each in item.missing if each.deferrable)


def as_kept(item: Item, outcome: Outcome, by_field: bool) -> Record:
    """Return the record of an item as it can be imported alone: a rejected component names its master.

    What its sender edited, and did not tell, is found out anew when it is tried again.
    """
    master, component, record = item.master, item.component, item.whole or item.record
    edits = item.record.edits if outcome.action is Action.REJECTED else record.edits
    if by_field and edits is None:
        edits = NO_EDITS
    if edits is not record.edits:
        record = copy(record)
        record.edits = edits
    if master is None or master.uuid is None or component is None or component.fkey in record.references:
        return record
    record = copy(record)
    record.references = {**record.references, component.fkey: Reference(master.plan.table.name, master.uuid)}
    return record


def went_along(item: Item) -> bool:
    """Return whether a component was deleted with its master: the sender says nothing new of versions kept here."""
    gone = item.master is not None and item.master.record.deleted and item.record.deleted
    return gone and item.outcome is not None and item.outcome.action is Action.UNCHANGED


def plain(value: Any) -> Any:
    """Return a decoded value as the database stores it: for an upload its stored name."""
    return value.stored if isinstance(value, Upload) else value


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


def refused(item: Item, error: RowRefused) -> Outcome:
    """Return the outcome of an item whose row the database refused."""
    return Outcome(Action.REJECTED, item.plan.table.name, item.uuid, item.key, error.message)
