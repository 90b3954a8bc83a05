"""What a repository prescribes to this site, as stored: what was agreed, what it told, and what is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.messages import Message
from ...core.policy import Method
from ...core.task import Mode
from ...wire.protocol.prescription import Prescription, digest_of, fingerprint_of
from ..tasks import TaskRules

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
        digest: digits of that where it is not kept as it came; "" where it is.
        in_force: what is carried out, None for nothing.
        problem: why what it told is not, as stored data; None where it is.
        dropped: resource that a prescription has taken away -> what people here had chosen of it (``chosen``), which
            holds again once it is prescribed again.
    """

    agreed: Prescription
    told: Mapping[str, Any] | None = None
    in_force: Prescription | None = None
    problem: Mapping[str, Any] | None = None
    dropped: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest: str = ""

    @property
    def mark(self) -> str:
        """What is told of it to the other site: digits, with a sign where it is not carried out; "" for nothing."""
        if self.told is None:
            return ""
        return (self.digest or digest_of(self.told)) + (NOT_CARRIED_OUT if self.problem else "")

    @property
    def fingerprint(self) -> str:
        """What stands for what it told last, so that a person accepts just what was shown; "" for nothing."""
        return "" if self.told is None else fingerprint_of(self.told)

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
            "dropped": self.dropped,
            "digest": self.digest,
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
        stored.get("dropped") or {},
        stored.get("digest") or "",
    )


def chosen(rules: TaskRules) -> dict[str, Any]:
    """Return what of the rules of a task people here choose, whoever prescribes: the pause, and the methods."""
    return {"paused": rules.mode is Mode.NONE, "strategy": [each.value for each in rules.strategy]}


def as_chosen(rules: TaskRules, told: Mapping[str, Any] | None) -> TaskRules:
    """Return rules with what people here had chosen.

    Args:
        rules: the rules.
        told: as by ``chosen``, None for nothing.
    """
    if told is None:
        return rules
    mode = Mode.NONE if told["paused"] else rules.mode
    return rules._replace(mode=mode, strategy=tuple(Method(each) for each in told["strategy"]))
