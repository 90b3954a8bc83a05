"""What this site prescribes to those with a scope: that scope as they see it, by which rules, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...core.policy import Policy
from ...core.task import Mode
from ...exchange.scope import Scope, ScopeRule
from ...wire.protocol.invitation import InvitedResource
from ...wire.protocol.prescription import Prescription
from .. import Repository
from . import scopes as scopes

#: Name of the setting of a repository with what it has told of the prescription that it follows.
FOLLOWS_HERE = "follows_here"


class Heard(NamedTuple):
    """What a site has told of the prescription of its scope.

    Attributes:
        is_known: whether it has told anything: it follows what this site prescribes.
        is_present: whether it has the present one.
        is_carried_out: whether it carries it out, and does not wait for a person there.
    """

    is_known: bool
    is_present: bool
    is_carried_out: bool


def invited_resources(scope: Scope) -> tuple[InvitedResource, ...]:
    """Return what a site with a scope can exchange, as seen from there."""
    return tuple(
        InvitedResource(rule.resource, _mode(rule), rule.components, rule.filter_text)
        for rule in scope.rules.values()
        if rule.reads or rule.writes
    )


def _mode(rule: ScopeRule) -> Mode:
    if rule.reads and rule.writes:
        return Mode.BOTH
    return Mode.PULL if rule.reads else Mode.PUSH


def of_scope(stored: scopes.StoredScope | None) -> Prescription | None:
    """Return what is prescribed to sites with a scope, None for nothing."""
    if stored is None or stored.prescribes is None:
        return None
    wins = stored.prescribes.headquarters_win
    return Prescription(
        invited_resources(stored.scope),
        Policy.NEWER,
        Policy.OTHER if wins else Policy.NEWER,
        stored.prescribes.minutes,
    )


def of_repository(repository: Repository) -> Prescription | None:
    """Return what is prescribed to a site, None for nothing."""
    key = repository.scope_id
    return None if key is None else of_scope(scopes.find(repository.site, key))


def heard_of(settings: Mapping[str, Any], prescription: Prescription | None) -> Heard:
    """Return what a site has told of a prescription.

    Args:
        settings: column of its repository.
        prescription: the present one of its scope.
    """
    told = settings.get(FOLLOWS_HERE)
    digest = "" if prescription is None else prescription.digest
    if told is None:
        return Heard(False, False, False)
    return Heard(True, told.rstrip("-") == digest, not told.endswith("-"))


def note(repository: Repository, told: str) -> None:
    """Store what a site has told of the prescription that it follows, where that is news."""
    if repository.settings.get(FOLLOWS_HERE) != told:
        with repository.site.store.transaction():
            repository.update(settings=repository.settings_with(**{FOLLOWS_HERE: told}))
