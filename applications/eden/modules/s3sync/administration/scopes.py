"""Scopes: stores and removes them, and gives them to repositories."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.schema import Schema
from ..database import own_rows as own_rows
from ..exchange.scope import Scope, ScopeRule
from ..site import Repository, Site
from ..site.scoping import scopes as scopes


def save(site: Site, scope_id: int | None, name: str, rules: Sequence[ScopeRule]) -> int:
    """Store a scope; return its key.

    Args:
        site: this site.
        scope_id: its key, None for a new one.
        name: its name.
        rules: its rules, at most one for each resource.
    """
    stored = {"name": name, "rules": [each.to_json() for each in rules]}
    with site.store.transaction():
        if scope_id is None:
            return int(site.db.sync_scope.insert(**stored))
        own_rows.write(site.db, "sync_scope", scope_id, {**stored, "modified_on": site.clock.now()})
    return scope_id


def remove(site: Site, scope_id: int) -> bool:
    """Remove a scope that no repository has; return whether it was removed."""
    with site.store.transaction():
        if scopes.users(site, [scope_id])[scope_id]:
            return False
        site.db(site.db.sync_scope.id == scope_id).delete()
    return True


def give(repository: Repository, scope_id: int | None) -> None:
    """Let a repository have a scope; None for everything."""
    with repository.site.store.transaction():
        repository.update(scope_id=scope_id)


def lacking(schema: Schema, scope: Scope) -> dict[str, dict[str, bool]]:
    """Return what records that may be read refer to, and that may not be read.

    Args:
        schema: tables of this site.
        scope: the scope.

    Returns:
        resource -> table that it refers to -> whether no record can be stored without that reference.
    """
    found: dict[str, dict[str, bool]] = {}
    readable = scope.readable
    for name in readable:
        table = schema.get(name)
        if table is None:
            continue
        for field in table.data_fields():
            target = None if field.target is None else schema.get(field.target)
            if target is None or field.name in table.super_keys:
                continue
            names = target.instance_types if target.is_super else (target.name,)
            if names and not readable.keys() & set(names):
                shown = found.setdefault(name, {})
                shown[target.name] = shown.get(target.name, False) or field.required or field.notnull
    return found
