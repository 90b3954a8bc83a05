"""How far a site lets another one prescribe what it exchanges.

What was agreed when this site joined, or was accepted later, is the most that may come without asking: less always
may. More is whatever lets further records out of this site or into it, or lets the other site's version win where it
did not. See docs/decisions/0028-prescribed-by-headquarters.md.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ...core.errors import FilterError
from ...core.policy import Policy
from ...wire.filters import Filter, parse_filter_string
from ...wire.protocol.invitation import InvitedResource
from ...wire.protocol.prescription import Prescription
from .tasks import at_home

#: Policy -> those that let the other site's version win in no case in which it does not. Neither of NEWER and MASTER is
#: less than the other: a master's version wins however old it is, and a newer one wins whoever is master.
_NO_MORE: dict[Policy, frozenset[Policy]] = {
    Policy.THIS: frozenset({Policy.THIS}),
    Policy.NEWER: frozenset({Policy.THIS, Policy.NEWER}),
    Policy.MASTER: frozenset({Policy.THIS, Policy.MASTER}),
    Policy.OTHER: frozenset(Policy),
}


class More(enum.Enum):
    """In which way something is more than was agreed."""

    RESOURCE = "resource"
    FETCH = "fetch"
    SEND = "send"
    PARTS = "parts"
    RECORDS = "records"
    POLICIES = "policies"


class Excess(NamedTuple):
    """Something that is more than was agreed.

    Attributes:
        resource: name of the table, "" for the policies of all.
        more: in which way.
    """

    resource: str
    more: More


def least(policies: Iterable[Policy]) -> Policy:
    """Return the policy that gives the other site most of those that are no more than any of these.

    Args:
        policies: one or more.
    """
    found = frozenset(Policy).intersection(*(_NO_MORE[each] for each in policies))
    return max(found, key=lambda each: len(_NO_MORE[each]))


def beyond(agreed: Prescription, told: Prescription) -> list[Excess]:
    """Return what of a prescription is more than was agreed, nothing if it may be carried out.

    Raises:
        FilterError: its conditions cannot be read.
    """
    known = {each.resource: each for each in agreed.resources}
    found = [excess for each in told.resources for excess in _of_resource(known.get(each.resource), each)]
    policies = zip(_policies(agreed), _policies(told))
    if any(shall_be not in _NO_MORE[was] for was, shall_be in policies):
        found.append(Excess("", More.POLICIES))
    return found


def _policies(prescription: Prescription) -> tuple[Policy, Policy]:
    return prescription.update_policy, prescription.conflict_policy


def _of_resource(agreed: InvitedResource | None, told: InvitedResource) -> Iterator[Excess]:
    if agreed is None:
        yield Excess(told.resource, More.RESOURCE)
        return
    if told.mode.pulls and not agreed.mode.pulls:
        yield Excess(told.resource, More.FETCH)
    if told.mode.pushes and not agreed.mode.pushes:
        yield Excess(told.resource, More.SEND)
    if told.components and not agreed.components:
        yield Excess(told.resource, More.PARTS)
    # What comes is chosen there anyway. What goes is chosen here: each condition that was agreed has to hold.
    if told.mode.pushes and not set(conditions(agreed)) <= set(conditions(told)):
        yield Excess(told.resource, More.RECORDS)


def conditions(told: InvitedResource) -> tuple[Filter, ...]:
    """Return the conditions on the records of a resource.

    Raises:
        FilterError: they cannot be read.
    """
    if not told.filters.strip():
        return ()
    try:
        return tuple(at_home(each, told.resource) for each in parse_filter_string(told.filters))
    except RecursionError as error:
        raise FilterError("The conditions cannot be read.") from error


def widened(agreed: Prescription, told: Prescription) -> Prescription:
    """Return what is agreed once a person has accepted what was told: that, and what was agreed before.

    Raises:
        FilterError: as by ``beyond``.
    """
    too_much = {each.resource for each in beyond(agreed, told)}
    known = {each.resource: each for each in agreed.resources}
    known.update({each.resource: each for each in told.resources if each.resource in too_much})
    if "" in too_much:
        agreed = replace(agreed, update_policy=told.update_policy, conflict_policy=told.conflict_policy)
    return replace(agreed, resources=tuple(known.values()))
