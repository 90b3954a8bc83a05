"""Collects a batch: main records, with all records to be imported with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...core.limits import BATCH_SIZE
from ...core.records import FieldError, Record, Reference
from ...core.schema import Component, Field, Schema, Table
from ...wire.s3xml import LONGEST_IDENTIFIER, strip_domain, too_long
from ...wire.s3xml.document import Document, WantedRecord
from ...wire.values.json_references import references
from .items import Item, Role, TablePlan


def local_uuid(uuid: str | None, own_domain: str | None) -> str | None:
    """Return an identifier as it is stored here, None if there is none."""
    return strip_domain(uuid, own_domain) if uuid else None


class Vacated(NamedTuple):
    """A unique value of a deleted record: whoever wants it may have it."""

    plan: TablePlan
    field: Field
    key: int


class Batch:
    """Records that are planned and written together.

    Attributes:
        items: all items, masters before their components.
        by_uuid: (table, uuid as stored here) -> item.
        by_tuid: (table, tuid) -> item.
        inline: ``id`` of a record that stands within a reference -> item.
        vacated: unique values of deleted records here that records of the batch get.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.by_uuid: dict[tuple[str, str], Item] = {}
        self.by_tuid: dict[tuple[str, str], Item] = {}
        self.inline: dict[int, Item] = {}
        self.repeated: list[Item] = []
        self.postponed: set[int] = set()
        self.vacated: list[Vacated] = []

    def add(self, item: Item) -> Item:
        """Add an item, or postpone it if an earlier one is for the same record; return the one in the batch."""
        table = item.plan.table.name
        if item.uuid is not None:
            key = (table, item.uuid)
            first = self.by_uuid.setdefault(key, item)
            if first is not item:
                self.repeated.append(item)
                return first
        if item.record.tuid:
            self.by_tuid.setdefault((table, item.record.tuid), item)
        self.items.append(item)
        return item

    def put_off(self, item: Item) -> None:
        """Postpone an item that turned out to be for the same record as an earlier one."""
        if id(item) not in self.postponed:
            self.postponed.add(id(item))
            self.repeated.append(item)

    def stand_for(self, first: Item, item: Item) -> None:
        """Let what refers to an item without identifier refer to an earlier one for the same record."""
        if id(item.record) in self.inline:
            self.inline[id(item.record)] = first

    def leave_out(self, item: Item) -> None:
        """Remove an item that is looked at after the whole document."""
        self.postponed.add(id(item))

    def drop_postponed(self) -> None:
        """Remove the postponed items."""
        self.items = [item for item in self.items if id(item) not in self.postponed]

    def find(self, reference: Reference, uuid: str | None) -> Item | None:
        """Return the target item of a reference, None if it is not in this batch."""
        if reference.record is not None and uuid is None and reference.tuid is None:
            return self.inline.get(id(reference.record))
        if uuid is not None:
            return self.by_uuid.get((reference.table, uuid))
        if reference.tuid:
            return self.by_tuid.get((reference.table, reference.tuid))
        return None


class Gatherer:
    """Turns main records into batches.

    Args:
        schema: tables of this site.
        document: the document with the referenced records, None if there are none.
        own_domain: domain stripped from identifiers.
        components: whether components are imported.
        kept_rows: records that are tried again, by ``id``: their rows among the kept versions.

    Attributes:
        more: whether other pages of the resource follow the document.
        late: main records that are looked at after all others of the document; None while these are.
    """

    def __init__(
        self,
        schema: Schema,
        document: Document | None,
        own_domain: str | None,
        components: bool,
        kept_rows: Mapping[int, int] | None = None,
    ) -> None:
        self._schema = schema
        self._document = document
        self._own_domain = own_domain
        self._components = components
        self._kept_rows = kept_rows or {}
        self._plans: dict[str, TablePlan] = {}
        domain = document.header.domain if document is not None else None
        self.more = document is not None and document.header.more
        self.late: list[Record] | None = None if document is None else []
        self._unnamed = 0
        #: Of records that are looked at late, by ``id``: where they were in the document.
        self._places: dict[int, str] = {}
        self._domain = domain if domain and domain != own_domain else None

    def plan(self, table: Table) -> TablePlan:
        """Return the compiled plan of a table."""
        plan = self._plans.get(table.name)
        if plan is None:
            plan = self._plans[table.name] = TablePlan(table)
        return plan

    def put_off_refused(self, batch: Batch) -> None:
        """Take records out of a written batch that were refused for now, and look at them after the whole document.

        What comes in another batch may be why they are valid, such as the other half of a hierarchy.

        Args:
            batch: one of several.
        """
        late = self.late
        if late is None or self.more:
            return
        left: set[int] = set()
        for item in batch.items:
            refused = item.outcome is not None and item.outcome.again and item.outcome.retry_on is None
            if refused and item.role is Role.MAIN and item.kept_row is None and len(late) < BATCH_SIZE:
                record = item.whole or item.record
                record.modified_on = None if item.undated else record.modified_on
                late.append(record)
                self._places[id(record)] = item.identity
                left.add(id(item))
            elif item.master is not None and id(item.master) in left:
                left.add(id(item))
        batch.items = [item for item in batch.items if id(item) not in left]

    def reference_uuid(self, reference: Reference) -> str | None:
        """Return the uuid of a reference's target, as it is stored here.

        An Eden writes its domain before its bare identifiers in records, but not in references.
        """
        return self.full_uuid(reference.uuid)

    def full_uuid(self, uuid: str | None) -> str | None:
        """Return an identifier that the document names without its domain, as it is stored here."""
        if uuid and self._domain and "/" not in uuid and not uuid.startswith("urn:"):
            return f"{self._domain}/{uuid}"
        return local_uuid(uuid, self._own_domain)

    def batch(self, records: Sequence[Record]) -> Batch:
        """Collect main records, their components, and the records of the document that they refer to."""
        batch = Batch()
        for record in records:
            self._add(batch, record, Role.MAIN)
        asked: set[WantedRecord] = set()
        start = 0
        while start < len(batch.items):
            fresh = batch.items[start:]
            start = len(batch.items)
            for item in fresh:
                if item.record.references or item.plan.table.json_references:
                    for reference in _references(item):
                        self._follow(batch, reference, asked)
        return batch

    def again(self, former: Batch) -> Batch:
        """Make a batch of the postponed items; the items that they repeat are written by now."""
        batch = Batch()
        batch.inline = former.inline
        for item in former.repeated:
            item.start_over()
            batch.add(item)
        return batch

    def _follow(self, batch: Batch, reference: Reference, asked: set[WantedRecord]) -> None:
        inline = reference.record
        if inline is not None and not reference.uuid and not reference.tuid:
            self._add(batch, inline, Role.DEPENDENCY)
            return
        if inline is not None:
            self._add(batch, inline, Role.DEPENDENCY)
        if self._document is None:
            return
        wanted = WantedRecord(reference.table, reference.uuid, reference.tuid)
        if wanted in asked:
            return
        asked.add(wanted)
        for record in self._document.take(wanted):
            self._add(batch, record, Role.DEPENDENCY)

    def _add(
        self,
        batch: Batch,
        record: Record,
        role: Role,
        master: Item | None = None,
        component: Component | None = None,
    ) -> None:
        table = self._schema.get(record.table)
        if table is None or table.is_super:
            return
        uuid = local_uuid(record.uuid, self._own_domain)
        item = Item(
            record,
            self.plan(table),
            role,
            uuid,
            master,
            component,
            self.full_uuid(record.replaced_by) if record.replaced_by else None,
        )
        if uuid is not None and len(uuid) > LONGEST_IDENTIFIER:
            record.errors["uuid"] = FieldError(uuid, too_long(uuid))
        if self._kept_rows:
            item.kept_row = self._kept_rows.get(id(record))
        if not item.identity:
            item.identity = self._place(item)
        first = batch.add(item)
        if role is Role.DEPENDENCY:
            batch.inline[id(record)] = first
        if self._components:
            for nested in record.components:
                found = _component(table, nested)
                if found is not None:
                    self._add(batch, nested, Role.COMPONENT, first, found)

    def _place(self, item: Item) -> str:
        known = self._places.get(id(item.record))
        if known:
            return known
        if item.kept_row is not None:
            return f"kept {item.kept_row}"
        self._unnamed += 1
        return f"record {self._unnamed}"


def _component(table: Table, nested: Record) -> Component | None:
    if nested.alias:
        found = table.components.get(nested.alias)
        return found if found is not None and found.table == nested.table else None
    for component in table.components.values():
        if component.table == nested.table and not component.needs_alias:
            return component
    return None


def _references(item: Item) -> Iterator[Reference]:
    record = item.record
    for value in record.references.values():
        if value is None:
            continue
        if isinstance(value, Reference):
            yield value
        else:
            yield from value
    for name in item.plan.table.json_references:
        yield from references(record.values.get(name))
