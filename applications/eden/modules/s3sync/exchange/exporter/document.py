"""Writes one document: records, their components, and what they refer to, all looked up in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ...core.fields import Edits
from ...core.kept import DeletionMark
from ...core.schema import Component, Table
from ...wire.s3xml import strip_domain, with_domain
from ..bitset import Bitset
from ..ports import Ports, Row
from .reach import Reach
from .references import Target
from .rows import Style, TableEncoder

if TYPE_CHECKING:
    from ...wire.filters import Filter
    from ..scope import Chosen

#: How far references are followed, as in Eden.
MAX_DEPTH = 10

#: Maximum number of names cached per table.
MAX_NAMES = 50_000


@dataclass(frozen=True)
class Sources:
    """The sources of a document.

    Attributes:
        ports: the ports of the site.
        base_url: URL of this application.
        max_depth: how far references are followed.
        domain: domain before our bare identifiers in a document for an Eden, None for none.
        encoders: what writes the rows of a table, by its name and the kind of reader; filled when needed.
    """

    ports: Ports
    base_url: str
    max_depth: int
    domain: str | None
    encoders: dict[tuple[str, Style], TableEncoder] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class ExportRequest:
    """What to export.

    Attributes:
        table: name of the main table.
        after: journal position after which to begin.
        until: journal position up to which to export, None for all that is settled.
        limit: maximum number of main records in the document, None for no limit.
        skip_origin: the asking repository: its own changes are not sent back to it.
        filters: filters by table name; those of the main table choose the main records, those of other tables the
            records that come with them.
        msince: only records modified at or after this time, UTC.
        components: whether components are written.
        deleted: whether deleted records are written.
        paged: whether the reader has the extended protocol.
        dependencies: whether referenced records are written.
        adopts: whether the two sites adopt each other's uuids: then further uuids are named wherever that happens.
        only_of: for a document for everybody: referenced records of these tables only; None for a document for another
            site.
        accounts: whether users and roles are named, and who deleted what.
        signs: whether the addresses of files hold without an account for some hours: for an Eden.
        readable: the tables whose records the reader may have, with the conditions on them: a reference to any other
            record is left out, and the record too; None for a reader who may have all.
    """

    table: str
    after: int = 0
    until: int | None = None
    limit: int | None = None
    skip_origin: int | None = None
    filters: Mapping[str, Sequence[Filter]] = field(default_factory=dict)
    msince: datetime | None = None
    components: bool = True
    deleted: bool = True
    paged: bool = False
    dependencies: bool = True
    adopts: bool = False
    only_of: frozenset[str] | None = None
    accounts: bool = True
    signs: bool = False
    readable: Chosen | None = None


class Writing:
    """The state of one document: encoders, names already looked up, records already written."""

    def __init__(self, sources: Sources, request: ExportRequest) -> None:
        self._sources = sources
        self._ports = sources.ports
        self._schema = sources.ports.schema
        self._store = sources.ports.store
        self._request = request
        self._reach = Reach(sources.ports, request.readable)
        domain = None if request.paged else sources.domain
        self._style = Style(
            request.paged, urls=not request.paged, domain=domain, adopts=request.adopts, signs=request.signs
        )
        self._encoders = sources.encoders
        self._uuids: dict[str, dict[int, str]] = {}
        self._instances: dict[str, dict[int, Target]] = {}
        self._users: dict[int, str | None] = {}
        self._roles: dict[int, str | None] = {}
        self._waiting: dict[str, dict[int, list[tuple[str, Target]]]] = {}
        self._twins: dict[str, dict[int, list[str]]] = {}
        self._edits: dict[str, dict[int, Edits]] = {}
        self._deletions: dict[str, dict[int, DeletionMark]] = {}
        self._written: dict[str, Bitset] = {}
        self._filled: dict[str, bool] = {}
        self.records = 0
        #: Whether deletions were written.
        self.deletes = False
        #: Identifiers of the sites whose edits were written.
        self.edited_at: set[str] = set()

    def encoder(self, table: Table) -> TableEncoder:
        key = (table.name, self._style)
        found = self._encoders.get(key)
        if found is None:
            files = self._ports.files
            url = files.signed_url if self._style.signs else files.url
            found = self._encoders[key] = TableEncoder(table, self._schema, self._store, self._style, url)
        return found

    # --- names ------------------------------------------------------------------------------------------

    def uuids(self, table: str) -> Mapping[int, str]:
        return self._uuids.get(table, {})

    def instances(self, super_entity: str) -> Mapping[int, Target]:
        return self._instances.get(super_entity, {})

    def _named(self, keyed: Iterable[tuple[int, str | None]]) -> dict[int, str]:
        """Return key -> uuid as the document names it."""
        domain = self._style.domain
        if domain:
            return {key: with_domain(uuid, domain) for key, uuid in keyed if uuid}
        return {key: uuid for key, uuid in keyed if uuid}

    def user(self, user_id: int) -> str | None:
        return self._users.get(user_id)

    def role(self, group_id: int) -> str | None:
        return self._roles.get(group_id)

    def waiting(self, table: str) -> Mapping[int, Sequence[tuple[str, Target]]]:
        return self._waiting.get(table, {})

    def twins(self, table: str) -> Mapping[int, Sequence[str]]:
        return self._twins.get(table, {})

    def edits(self, table: str) -> Mapping[int, Edits]:
        return self._edits.get(table, {})

    def deletions(self, table: str) -> Mapping[int, DeletionMark]:
        return self._deletions.get(table, {})

    def prepare(self, encoder: TableEncoder, rows: Sequence[Row]) -> dict[str, set[int]]:
        """Look up everything that the rows refer to, with one query per kind; return the keys by target table."""
        referred = encoder.keys_referred_to(rows)
        table = encoder.table.name
        if table in referred:
            # The records of a table that refers to itself need not be looked up if they are among the rows.
            own = zip(encoder.column(rows, encoder.table.key), encoder.column(rows, "uuid"))
            self._uuids.setdefault(table, {}).update(self._named(own))
        for name, keys in referred.items():
            self._find_targets(name, keys)
        if self._request.accounts:
            self._find_accounts(encoder, rows)
        if encoder.names_twins:
            found = self._ports.twins.of(table, [row[0] for row in rows])
            self._twins.setdefault(table, {}).update(found)
        if self._style.paged:
            edited = self._ports.changes.edits(table, [row[0] for row in rows])
            if edited:
                self._edits.setdefault(table, {}).update(edited)
                for edits in edited.values():
                    self.edited_at.update(edits.seen)
            gone = [row[0] for row, deleted in zip(rows, encoder.are_deleted(rows)) if deleted]
            self.deletes = self.deletes or bool(gone)
            if gone and self._request.accounts:
                marks = self._ports.deletions.marks(table, gone)
                self._deletions.setdefault(table, {}).update(self._reach.marks(marks))
        waiting: dict[int, list[tuple[str, Target]]] = {}
        for each in self._ports.pending_references.deferred_of(table, [row[0] for row in rows]):
            if each.target and self._reach.has(each.target):
                named = Target(each.target, with_domain(each.uuid, self._style.domain))
                waiting.setdefault(each.key, []).append((each.field, named))
        if waiting:
            self._waiting.setdefault(table, {}).update(waiting)
        return referred

    def _find_targets(self, name: str, keys: set[int]) -> None:
        table = self._schema.get(name)
        if table is None:
            return
        if table.is_super:
            instances = self._instances.setdefault(name, {})
            columns = (table.key, "uuid", "instance_type")
            found = self._store.fetch(table, columns, table.key, keys - instances.keys())
            named = {row[0]: (row[2], row[1]) for row in found if row[1] and row[2]}
            for key, (instance, uuid) in self._reach.instances(named).items():
                instances[key] = Target(instance, with_domain(uuid, self._style.domain))
        else:
            uuids = self._uuids.setdefault(name, {})
            unknown = self._reach.keys(table, keys - uuids.keys())
            if unknown:
                uuids.update(self._named(self._store.fetch(table, (table.key, "uuid"), table.key, unknown)))

    def _forget_names(self) -> None:
        """Forget the names if there are many; they are not needed between two parts of a document."""
        names: list[dict[int, Any]] = [*self._uuids.values(), *self._instances.values()]
        for known in names:
            if len(known) > MAX_NAMES:
                known.clear()

    def _find_accounts(self, encoder: TableEncoder, rows: Sequence[Row]) -> None:
        users: set[int] = set()
        for name in ("created_by", "modified_by", "owned_by_user"):
            users.update(user for user in set(encoder.column(rows, name)) if user)
        users -= self._users.keys()
        if users:
            emails = self._ports.accounts.emails(users)
            self._users.update((user, emails.get(user)) for user in users)
        groups = {group for group in set(encoder.column(rows, "owned_by_group")) if group}
        groups -= self._roles.keys()
        if groups:
            roles = self._ports.accounts.roles(groups)
            self._roles.update((group, roles.get(group)) for group in groups)

    # --- writing ----------------------------------------------------------------------------------------

    def write(self, table: Table, rows: Sequence[Row]) -> str:
        """Return main records with their components, followed by the records that they refer to."""
        self._forget_names()
        encoder = self.encoder(table)
        referred = self.prepare(encoder, rows)
        nested = self._components(table, encoder, rows, referred) if self._request.components else {}
        parts = encoder.encode(rows, self, nested=nested, url=self._record_url(table))
        self.records += len(rows)
        if self._request.dependencies:
            if not self._request.paged:
                written = self._written.setdefault(table.name, Bitset())
                for row in rows:
                    written.add(row[0])
            self._follow(parts, table.name, referred)
        return "".join(parts)

    def _record_url(self, table: Table) -> str:
        if not self._style.urls:
            return ""
        return f"{self._sources.base_url}/{table.prefix}/{table.resource}/"

    def _components(
        self, table: Table, encoder: TableEncoder, rows: Sequence[Row], referred: dict[str, set[int]]
    ) -> dict[int, list[str]]:
        nested: dict[int, list[str]] = {}
        masters = rows if self._request.paged and self._request.deleted else encoder.live(rows)
        gone = {row[0] for row, deleted in zip(masters, encoder.are_deleted(masters)) if deleted}
        for component in table.components.values():
            member = self._schema.get(component.table)
            if member is None or member.is_super or not component.travels or not self._holds_any(member):
                continue
            self._one_component(encoder, masters, gone, component, nested, referred)
        return nested

    def _holds_any(self, table: Table) -> bool:
        """Return whether a table has records; at most sites most tables of components have none."""
        found = self._filled.get(table.name)
        if found is None:
            found = self._filled[table.name] = self._store.holds_any(table)
        return found

    def _one_component(
        self,
        encoder: TableEncoder,
        masters: Sequence[Row],
        gone: Collection[int],
        component: Component,
        nested: dict[int, list[str]],
        referred: dict[str, set[int]],
    ) -> None:
        at_key = encoder.position[component.pkey]
        by_join = {row[at_key]: row[0] for row in masters if row[at_key] is not None}
        if not by_join:
            return
        member = self._schema.table(component.table)
        inner = self.encoder(member)
        found = self._store.fetch_raw(member, inner.columns, component.fkey, by_join)
        if not self._request.deleted:
            found = list(inner.live(found))
        found = self._reach.parts(member, found)
        if not found:
            return
        for name, keys in self.prepare(inner, found).items():
            referred.setdefault(name, set()).update(keys)
        at_join = inner.position[component.fkey]
        if gone:
            moved = self._moved(inner, component, found)
            found = [row for row in found if by_join[row[at_join]] not in gone or row[0] in moved]
        self.records += len(found)
        found.sort(key=itemgetter(0))
        for row, text in zip(found, inner.encode(found, self, component=component)):
            nested.setdefault(by_join[row[at_join]], []).append(text)

    def _moved(self, inner: TableEncoder, component: Component, rows: Sequence[Row]) -> set[int]:
        """Return the keys of deleted components that were moved to their master.

        They may still belong to another record where the deletion of that master arrives, and would live on there.
        """
        edits = self.edits(inner.table.name)
        deleted = inner.are_deleted(rows)
        keys = (row[0] for row, is_deleted in zip(rows, deleted) if is_deleted)
        return {key for key in keys if key in edits and component.fkey in edits[key].fields}

    def _follow(self, parts: list[str], main: str, referred: dict[str, set[int]]) -> None:
        """Append the referenced records, level by level, each once per document."""
        for _ in range(self._sources.max_depth):
            instances = self._still_to_write(main, referred)
            if not instances:
                return
            referred = {}
            for name, keys in instances.items():
                table = self._schema.table(name)
                encoder = self.encoder(table)
                rows = self._store.fetch_raw(table, encoder.columns, table.key, sorted(keys))
                if not rows:
                    continue
                for target, found in self.prepare(encoder, rows).items():
                    referred.setdefault(target, set()).update(found)
                rows.sort(key=itemgetter(0))
                parts += encoder.encode(rows, self, url=self._record_url(table))
                self.records += len(rows)

    def _still_to_write(self, main: str, referred: dict[str, set[int]]) -> dict[str, set[int]]:
        """Return table -> keys of records still to write, super-entities replaced by instances."""
        wanted: dict[str, set[int]] = {}
        for name, keys in referred.items():
            table = self._schema.get(name)
            if table is None:
                continue
            if table.is_super:
                by_type: dict[str, set[str]] = {}
                for key in keys:
                    target = self.instances(name).get(key)
                    if target is not None:
                        by_type.setdefault(target.table, set()).add(
                            strip_domain(target.uuid, self._style.domain)
                        )
                for instance, uuids in by_type.items():
                    instance_table = self._schema.get(instance)
                    if instance_table is not None:
                        found = self._store.fetch(instance_table, (instance_table.key,), "uuid", uuids)
                        wanted.setdefault(instance, set()).update(row[0] for row in found)
            else:
                wanted.setdefault(name, set()).update(keys)
        result: dict[str, set[int]] = {}
        only_of = self._request.only_of
        for name, keys in wanted.items():
            if only_of is not None and name not in only_of:
                continue
            if not self._reach.has(name):
                continue
            if name == main and self._request.paged:
                # They travel as main records in their own pages.
                continue
            written = self._written.setdefault(name, Bitset())
            fresh = {key for key in keys if written.add(key)}
            filters = self._request.filters.get(name, ())
            if fresh and filters:
                fresh = self._store.matching(self._schema.table(name), fresh, filters)
            fresh = self._reach.keys(self._schema.table(name), fresh)
            if fresh:
                result[name] = fresh
        return result
