"""What a site prescribes to those with which it shares a scope: what they exchange, by which rules, and how often.

It says nothing else: no address, no account, nothing about other repositories. What a site takes of it is its own
decision (``site.wanted.agreement``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.policy import Policy
from ...core.task import Mode
from .invitation import MOST_RESOURCES, InvitedResource
from .replies import as_count, as_text

#: Maximum characters of a prescription as JSON: those of the largest invitation.
LARGEST = 64_000
#: Minutes of a week: the most between two runs.
MOST_MINUTES = 10_080
#: Digits that stand for a prescription, or nothing where there is none; a hyphen where it was not carried out.
DIGEST = re.compile(r"(?:[0-9a-f]{16}-?)?")


@dataclass(frozen=True)
class Prescription:
    """What a site prescribes, as seen from the one that follows it.

    Attributes:
        resources: what is exchanged.
        update_policy, conflict_policy: rules for all of it.
        minutes: how often; 0 where nothing is said.
    """

    resources: tuple[InvitedResource, ...] = ()
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER
    minutes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as it is told and stored."""
        return {
            "resources": [
                [each.resource, each.mode.value, each.components, each.filters]
                for each in sorted(self.resources, key=lambda each: each.resource)
            ],
            "policies": [self.update_policy.value, self.conflict_policy.value],
            "minutes": self.minutes,
        }

    @classmethod
    def from_json(cls, told: Any) -> Prescription:
        """Read it; what is more than is known is left out.

        Raises:
            ValueError: it cannot be read.
        """
        try:
            return _read(told)
        except (KeyError, TypeError) as error:
            raise ValueError("incomplete") from error

    @property
    def is_too_large(self) -> bool:
        """Whether no site takes it, as it names too many resources or has too many characters."""
        return len(self.resources) > MOST_RESOURCES or len(json.dumps(self.to_json())) > LARGEST

    @property
    def digest(self) -> str:
        """Digits that stand for it: equal for equal ones."""
        return digest_of(self.to_json())


def digest_of(told: Any) -> str:
    """Return the digits that stand for what was told, whether it can be read or not."""
    return fingerprint_of(told)[:16]


def fingerprint_of(told: Any) -> str:
    """Return the SHA-256 of what was told, as 64 digits: nobody can make two that have the same."""
    written = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8")).hexdigest()


def _read(told: Mapping[str, Any]) -> Prescription:
    """Return a prescription.

    Raises:
        KeyError, TypeError, ValueError: it says something else.
    """
    listed = told["resources"]
    if not isinstance(listed, list) or len(listed) > MOST_RESOURCES:
        raise ValueError("resources")
    resources = tuple(
        InvitedResource(_text(name), Mode(mode), components is True, _text(filters, needed=False))
        for name, mode, components, filters in listed
    )
    if len({each.resource for each in resources}) < len(resources):
        raise ValueError("a resource twice")
    update, conflict = told["policies"]
    return Prescription(
        resources, Policy(update), Policy(conflict), min(as_count(told.get("minutes")) or 0, MOST_MINUTES)
    )


def _text(value: Any, needed: bool = True) -> str:
    found = as_text(value)
    if (needed and not found) or not found.isprintable():
        raise ValueError("no text")
    return found
