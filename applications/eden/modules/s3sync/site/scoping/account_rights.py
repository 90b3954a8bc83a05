"""What the asking account may read and write here record by record, where the host application says so.

A complete Eden gives rights by realms and owners, and lets records wait for approval. They count as a scope does: each
table with one more condition, found out when it is asked for, and never one question a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ...core.schema import Schema
from ...exchange.account_guard import AccountGuard
from ...exchange.scope import Accessible, Chosen, OfAccount, Scope, ScopeRule
from ...exchange.scope_guard import Named, ScopeGuard
from ...host.port import Host
from .. import Site


def by_account(site: Site, scope: Scope | None) -> Scope | None:
    """Return a scope within which the rights of the asking account also count; None if it may do everything.

    Args:
        site: this site.
        scope: what an administrator of the synchronisation allows; None for everything.
    """
    if not site.host.limits_records:
        return scope
    return AccountScope(
        "" if scope is None else scope.name,
        _Rules(site.host, site.schema, scope),
        host=site.host,
        inner=scope,
        parts=None if scope is None else _Rules(site.host, site.schema, None),
    )


def permitted(site: Site, method: str, table: str, keys: Collection[int]) -> set[int]:
    """Return with which of some records the present user may do something.

    Args:
        site: this site.
        method: read, update or delete.
        table: their table.
        keys: their keys.

    Returns:
        their keys; none of a table that this site has no more.
    """
    known = site.schema.get(table)
    may = known is not None and site.host.accessible(method, table)
    if known is not None and isinstance(may, str):
        return set(site.store.matching(known, set(keys), [Accessible.by(may)]))
    return set(keys) if may else set()


class _Rules(Mapping[str, ScopeRule]):
    """resource -> what the account may do with it; each is asked for once."""

    def __init__(self, host: Host, schema: Schema, inner: Scope | None) -> None:
        self._host, self._schema, self._inner = host, schema, inner
        self._known: dict[str, ScopeRule | None] = {}

    def __getitem__(self, name: str) -> ScopeRule:
        if name not in self._known:
            self._known[name] = self._rule(name)
        rule = self._known[name]
        if rule is None:
            raise KeyError(name)
        return rule

    def _rule(self, name: str) -> ScopeRule | None:
        table = self._schema.get(name)
        inner = ScopeRule(name) if self._inner is None else self._inner.rules.get(name)
        if table is None or table.is_super or inner is None:
            return None
        seen = inner.reads and self._host.accessible("read", name)
        methods = ("create", "update", "delete")
        writes = inner.writes and any(self._host.has_permission(each, name) for each in methods)
        if not seen and not writes:
            return None
        conditions = (Accessible.by(seen),) if isinstance(seen, str) else ()
        return ScopeRule(name, bool(seen), writes, inner.components, (*inner.filters, *conditions))

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in self._schema if each.name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class AccountScope(Scope):
    """What an account may read and write.

    Attributes:
        host: knows the rights of the account.
        inner: what may be read and written by any account for this site; None for everything.
        parts: what the account may do with what belongs to the records of ``inner``, which says nothing of these
            tables; None where ``rules`` says it.
    """

    host: Host | None = None
    inner: Scope | None = None
    parts: Mapping[str, ScopeRule] | None = None

    @property
    def readable(self) -> Chosen:
        """See Scope."""
        return OfAccount(self.rules, self.rules if self.parts is None else self.parts)

    @property
    def digest(self) -> str:
        """See Scope."""
        mark = "" if self.host is None else self.host.rights_mark
        told = f"{mark} {'' if self.inner is None else self.inner.digest}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def rules_for(self, table: str) -> Iterable[ScopeRule]:
        """See Scope: what is sent with others has to be readable by itself."""
        if table in self.rules:
            return (self.rules[table],)
        part = None if self.parts is None else self.parts.get(table)
        if self.inner is None or part is None or not part.reads:
            return ()
        conditions = [replace(each, table=table) for each in part.filters]
        masters = [self.rules[name] for name in self.inner.rules if name in self.rules]
        return [replace(each, filters=(*each.filters, *conditions)) for each in masters if each.components]

    def guard(self, barred: Collection[Named] = ()) -> ScopeGuard:
        """See Scope."""
        assert self.host is not None
        return AccountGuard(self.host.accessible, None if self.inner is None else self.inner.guard(barred))
