"""Scopes: stores and removes them, and gives them to repositories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.cursor import CheckpointKind
from ..core.errors import ConfigurationError
from ..core.messages import Sentence
from ..core.schema import Schema
from ..database import own_rows as own_rows
from ..exchange.scope import Scope, ScopeRule
from ..site import Repository, Site
from ..site.scoping import prescribing as prescribing
from ..site.scoping import scopes as scopes
from ..site.scoping.scopes import Prescribes, StoredScope
from ..wire.protocol.invitation import MOST_RESOURCES
from ..wire.protocol.prescription import LARGEST


def save(
    site: Site,
    scope_id: int | None,
    name: str,
    rules: Sequence[ScopeRule],
    prescribes: Prescribes | None = None,
) -> int:
    """Store a scope; return its key. It holds for the next request of each site that has it.

    Args:
        site: this site.
        scope_id: its key, None for a new one.
        name: its name.
        rules: its rules, at most one for each resource.
        prescribes: what is prescribed to sites that have it, None for nothing. They are told with their next run.

    Raises:
        ConfigurationError: more is prescribed than any site takes; nothing was stored.
    """
    scope = Scope.of(name, rules)
    prescription = prescribing.of_scope(StoredScope(scope_id or 0, scope, prescribes))
    if prescription is not None and prescription.is_too_large:
        raise ConfigurationError(
            Sentence.PRESCRIPTION_TOO_LARGE.say(resources=MOST_RESOURCES, characters=LARGEST),
            hint=Sentence.FEWER_PRESCRIBED.say(),
        )
    told = None if prescribes is None else prescribes._asdict()
    stored = {"name": name, "rules": [each.to_json() for each in rules], "prescribes": told}
    with site.store.transaction():
        if scope_id is None:
            return int(site.db.sync_scope.insert(**stored))
        former = scopes.find(site, scope_id)
        own_rows.write(site.db, "sync_scope", scope_id, {**stored, "modified_on": site.clock.now()})
        for key, _ in scopes.users(site, [scope_id])[scope_id]:
            _begin_anew(site.repository(key), former and former.scope, scope)
    return scope_id


def remove(site: Site, scope_id: int) -> bool:
    """Remove a scope that no repository has; return whether it was removed."""
    with site.store.transaction():
        if scopes.users(site, [scope_id])[scope_id]:
            return False
        site.db(site.db.sync_scope.id == scope_id).delete()
    return True


def give(repository: Repository, scope_id: int | None) -> None:
    """Let a repository have a scope, and all others of its account; None for everything."""
    site = repository.site
    found = None if scope_id is None else scopes.find(site, scope_id)
    with site.store.transaction():
        for each in scopes.of_same_account(repository):
            former = None if each.scope_id is None else scopes.find(site, each.scope_id)
            each.update(scope_id=scope_id)
            _begin_anew(each, former and former.scope, found and found.scope)


def _begin_anew(repository: Repository, former: Scope | None, scope: Scope | None) -> None:
    """Let everything of the resources be sent again of which a repository may read or write other records by now.

    What lies behind its cursors was left out before, or came and was not taken.

    Args:
        repository: the repository.
        former, scope: what it was and is allowed, None for everything.
    """
    states = repository.states
    tables = [name for _, name in repository.site.checkpoints.states(repository.id) if name]
    changed = [name for name in tables if _rule(former, name) != _rule(scope, name)]
    written = [name for name in changed if scope is None or name in scope.writable]
    for name in changed:
        served = states.served(name)
        if served.handed:
            states.save_served(name, served.from_the_start)
    for name in written:
        # Its next request names a checkpoint that is not known: then it sends all once more.
        states.forget(name, CheckpointKind.RECEIVE)
    if written:
        # Until its next run nobody knows whether it has sent what it may send now.
        states.save_standing(replace(states.standing(), complete=False))


def _rule(scope: Scope | None, name: str) -> ScopeRule | None:
    """Return what is allowed of a resource, None for nothing."""
    return ScopeRule(name) if scope is None else scope.rules.get(name)


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
