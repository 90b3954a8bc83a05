"""One document being written: records, their components, and what they refer to, each looked up in sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Tuple

from ..codec import strip_domain, with_domain
from ..ports import Accounts, Files, Ledger, Row, Store
from ..schema import Component, Field, Schema, Table
from .idset import IdSet
from .rows import RowEncoder, Style, Target

if TYPE_CHECKING:
    from ..filters import Filter

#: How far references are followed, as in Eden.
MAX_DEPTH = 10

#: Names looked up are kept for reuse up to this many a table.
MAX_NAMES = 50_000


@dataclass(frozen=True)
class Sources:
    """Where a document is written from; see ``ports``.

    ``base_url`` is the URL of this application, ``max_depth`` how far references are followed.
    """

    schema: Schema
    store: Store
    ledger: Ledger
    accounts: Accounts
    files: Files
    base_url: str
    max_depth: int = MAX_DEPTH
    domain: Optional[str] = None


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for.

    Attributes:
        table: name of the main table.
        after: journal position behind which to begin.
        until: journal position up to which to go, None for all that is settled.
        limit: most main records in the document, None for no limit.
        skip_origin: repository that is asking: its own changes are not sent back to it.
        filters: filters by table name; those of the main table decide what is exported, those of other tables
            what is sent along.
        msince: only records modified at or after this time, UTC.
        components: whether nested records are written.
        deleted: whether deleted records are written.
        paged: the reader is one of ours.
        dependencies: whether referenced records are written.
    """

    table: str
    after: int = 0
    until: Optional[int] = None
    limit: Optional[int] = None
    skip_origin: Optional[int] = None
    filters: Dict[str, Sequence[Filter]] = field(default_factory=dict)
    msince: Optional[datetime] = None
    components: bool = True
    deleted: bool = True
    paged: bool = False
    dependencies: bool = True


class Writing:
    """One document being written: encoders, names already looked up, records already written."""

    def __init__(self, sources: Sources, request: ExportRequest) -> None:
        self._sources = sources
        self._schema = sources.schema
        self._store = sources.store
        self._request = request
        domain = None if request.paged else sources.domain
        self._style = Style(request.paged, urls=not request.paged, domain=domain)
        self._encoders: Dict[str, RowEncoder] = {}
        self._targets: Dict[str, Dict[int, Target]] = {}
        self._users: Dict[int, Optional[str]] = {}
        self._roles: Dict[int, Optional[str]] = {}
        self._waiting: Dict[Tuple[str, int], List[Tuple[str, Target]]] = {}
        self._written: Dict[str, IdSet] = {}
        self.records = 0

    def encoder(self, table: Table) -> RowEncoder:
        found = self._encoders.get(table.name)
        if found is None:
            found = self._encoders[table.name] = RowEncoder(
                table, self._schema, self._store, self._style, self._sources.files.url
            )
        return found

    # --- names ------------------------------------------------------------------------------------------

    def target(self, field: Field, key: int) -> Optional[Target]:
        return self._targets.get(field.target or "", {}).get(key)

    def _named(self, table: str, uuid: str) -> Target:
        return Target(table, with_domain(uuid, self._style.domain))

    def user(self, user_id: int) -> Optional[str]:
        return self._users.get(user_id)

    def role(self, group_id: int) -> Optional[str]:
        return self._roles.get(group_id)

    def waiting(self, table: str, key: int) -> Sequence[Tuple[str, Target]]:
        return self._waiting.get((table, key), ())

    def prepare(self, encoder: RowEncoder, rows: Sequence[Row]) -> Dict[str, Set[int]]:
        """Look up everything the rows refer to, a query a kind; return the keys by target table."""
        referred = encoder.keys_referred_to(rows)
        for name, keys in referred.items():
            self._find_targets(name, keys)
        self._find_accounts(encoder, rows)
        table = encoder.table.name
        for each in self._sources.ledger.deferred_of(table, [row[0] for row in rows]):
            if each.target:
                self._waiting.setdefault((table, each.key), []).append(
                    (each.field, self._named(each.target, each.uuid))
                )
        return referred

    def _find_targets(self, name: str, keys: Set[int]) -> None:
        known = self._targets.setdefault(name, {})
        unknown = [key for key in keys if key not in known]
        table = self._schema.get(name)
        if not unknown or table is None:
            return
        if len(known) > MAX_NAMES:
            known.clear()
            unknown = list(keys)
        if table.is_super:
            columns: Tuple[str, ...] = (table.key, "uuid", "instance_type")
            rows = self._store.fetch(table, columns, table.key, unknown)
            known.update(
                (key, self._named(instance, uuid)) for key, uuid, instance in rows if uuid and instance
            )
        else:
            rows = self._store.fetch(table, (table.key, "uuid"), table.key, unknown)
            known.update((key, self._named(name, uuid)) for key, uuid in rows if uuid)

    def _find_accounts(self, encoder: RowEncoder, rows: Sequence[Row]) -> None:
        at_users = [
            encoder.position[n]
            for n in ("created_by", "modified_by", "owned_by_user")
            if n in encoder.position
        ]
        users = {row[at] for at in at_users for row in rows if row[at]} - self._users.keys()
        if users:
            emails = self._sources.accounts.emails(users)
            self._users.update((user, emails.get(user)) for user in users)
        at_group = encoder.position.get("owned_by_group")
        if at_group is not None:
            groups = {row[at_group] for row in rows if row[at_group]} - self._roles.keys()
            if groups:
                roles = self._sources.accounts.roles(groups)
                self._roles.update((group, roles.get(group)) for group in groups)

    # --- writing ----------------------------------------------------------------------------------------

    def write(self, table: Table, rows: Sequence[Row]) -> str:
        """Return main records with their components, followed by what they refer to."""
        encoder = self.encoder(table)
        referred = self.prepare(encoder, rows)
        nested = self._components(table, encoder, rows, referred) if self._request.components else {}
        prefix = self._record_url(table) if self._style.urls else ""
        written = self._written.setdefault(table.name, IdSet())
        parts = []
        for row in rows:
            written.add(row[0])
            parts.append(
                encoder.encode(
                    row,
                    self,
                    nested="".join(nested.get(row[0], ())),
                    url=f"{prefix}{row[0]}" if prefix else "",
                )
            )
        self.records += len(rows)
        if self._request.dependencies:
            self._follow(parts, table.name, referred)
        return "".join(parts)

    def _record_url(self, table: Table) -> str:
        return f"{self._sources.base_url}/{table.prefix}/{table.resource}/"

    def _components(
        self, table: Table, encoder: RowEncoder, rows: Sequence[Row], referred: Dict[str, Set[int]]
    ) -> Dict[int, List[str]]:
        nested: Dict[int, List[str]] = {}
        masters = [row for row in rows if not encoder.is_deleted(row)]
        for component in table.components.values():
            member = self._schema.get(component.table)
            if member is None or member.is_super or not component.travels:
                continue
            self._one_component(encoder, masters, component, member, nested, referred)
        return nested

    def _one_component(
        self,
        encoder: RowEncoder,
        masters: Sequence[Row],
        component: Component,
        member: Table,
        nested: Dict[int, List[str]],
        referred: Dict[str, Set[int]],
    ) -> None:
        at_key = encoder.position[component.pkey]
        by_join = {row[at_key]: row[0] for row in masters if row[at_key] is not None}
        if not by_join:
            return
        inner = self.encoder(member)
        found = self._store.fetch_raw(member, inner.columns, component.fkey, by_join)
        if not self._request.deleted:
            found = [row for row in found if not inner.is_deleted(row)]
        if not found:
            return
        for name, keys in self.prepare(inner, found).items():
            referred.setdefault(name, set()).update(keys)
        at_join = inner.position[component.fkey]
        self.records += len(found)
        for row in sorted(found, key=lambda row: row[0]):
            text = inner.encode(row, self, component=component)
            nested.setdefault(by_join[row[at_join]], []).append(text)

    def _follow(self, parts: List[str], main: str, referred: Dict[str, Set[int]]) -> None:
        """Append the records referred to, level by level, each once in a document."""
        for _ in range(self._sources.max_depth):
            instances = self._instances(main, referred)
            if not instances:
                return
            referred = {}
            for name, keys in instances.items():
                table = self._schema.table(name)
                encoder = self.encoder(table)
                rows = self._store.fetch_raw(table, encoder.columns, table.key, sorted(keys))
                if not rows:
                    continue
                prefix = self._record_url(table) if self._style.urls else ""
                for target, found in self.prepare(encoder, rows).items():
                    referred.setdefault(target, set()).update(found)
                for row in sorted(rows, key=lambda row: row[0]):
                    parts.append(encoder.encode(row, self, url=f"{prefix}{row[0]}" if prefix else ""))
                self.records += len(rows)

    def _instances(self, main: str, referred: Dict[str, Set[int]]) -> Dict[str, Set[int]]:
        """Return table -> keys of records that are still to be written, super-entities replaced by instances."""
        wanted: Dict[str, Set[int]] = {}
        for name, keys in referred.items():
            table = self._schema.get(name)
            if table is None:
                continue
            if table.is_super:
                by_type: Dict[str, Set[str]] = {}
                for key in keys:
                    target = self._targets.get(name, {}).get(key)
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
        result: Dict[str, Set[int]] = {}
        for name, keys in wanted.items():
            if name == main and self._request.paged:
                # They travel as main records in pages of their own.
                continue
            written = self._written.setdefault(name, IdSet())
            fresh = {key for key in keys if written.add(key)}
            filters = self._request.filters.get(name, ())
            if fresh and filters:
                fresh = self._store.matching(self._schema.table(name), fresh, filters)
            if fresh:
                result[name] = fresh
        return result
