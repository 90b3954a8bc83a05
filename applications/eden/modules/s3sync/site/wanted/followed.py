"""What a repository prescribes to this site, as stored: what was agreed, what it told, and what is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...core.messages import Message
from ...wire.protocol.prescription import Prescription, digest_of

#: Name of the setting.
FOLLOWS = "follows"
#: Behind the digits of a prescription that is not carried out.
NOT_CARRIED_OUT = "-"


@dataclass(frozen=True)
class Followed:
    """What a repository prescribes.

    Attributes:
        agreed: the most that it may prescribe without being asked about.
        told: what it told last, as JSON; None for nothing.
        in_force: what is carried out, None for nothing.
        problem: why what it told is not, as stored data; None where it is.
    """

    agreed: Prescription
    told: Mapping[str, Any] | None = None
    in_force: Prescription | None = None
    problem: Mapping[str, Any] | None = None

    @property
    def mark(self) -> str:
        """What is told of it to the other site: digits, with a sign where it is not carried out; "" for nothing."""
        if self.told is None:
            return ""
        return digest_of(self.told) + (NOT_CARRIED_OUT if self.problem else "")

    @property
    def resources(self) -> frozenset[str]:
        """The resources that are prescribed, and not for people here to change."""
        return frozenset(each.resource for each in self.in_force.resources) if self.in_force else frozenset()

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "agreed": self.agreed.to_json(),
            "told": self.told,
            "in_force": self.in_force and self.in_force.to_json(),
            "problem": self.problem,
        }

    def not_carried_out(self, why: Message) -> Followed:
        """Return it with a reason why what was told is not carried out; what was in force stays."""
        return replace(self, problem={"text": why.text, **why.as_json()})


def followed_in(settings: Mapping[str, Any]) -> Followed | None:
    """Return what a repository may prescribe to this site, None if nothing.

    Args:
        settings: column of the repository.
    """
    stored = settings.get(FOLLOWS)
    if not stored:
        return None
    in_force = stored.get("in_force")
    return Followed(
        Prescription.from_json(stored["agreed"]),
        stored.get("told"),
        Prescription.from_json(in_force) if in_force else None,
        stored.get("problem"),
    )
