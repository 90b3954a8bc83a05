"""What of a prescription is more than was agreed."""

from __future__ import annotations

import pytest

from s3sync.core.errors import FilterError
from s3sync.core.policy import Policy
from s3sync.core.task import Mode
from s3sync.site.wanted.agreement import Excess, More, beyond, least, widened
from s3sync.wire.protocol.invitation import InvitedResource
from s3sync.wire.protocol.prescription import Prescription

ORG = "org_organisation"


def one(mode: Mode = Mode.BOTH, components: bool = True, filters: str = "") -> Prescription:
    return Prescription((InvitedResource(ORG, mode, components, filters),))


@pytest.mark.parametrize(
    ("agreed", "told"),
    [
        (one(), one()),
        (one(), one(Mode.PULL)),
        (one(), one(components=False)),
        (one(), one(filters="~.name=A")),
        (one(filters="~.name=A"), one(filters="~.id=1&~.name=A")),
        (one(filters="~.name=A"), one(filters="[org_organisation]~.name=A")),
        (one(), Prescription()),
        # What comes is chosen at the other site anyway.
        (one(Mode.PULL, filters="~.name=A"), one(Mode.PULL)),
        (Prescription(conflict_policy=Policy.OTHER), Prescription(conflict_policy=Policy.NEWER)),
        (Prescription(conflict_policy=Policy.NEWER), Prescription(conflict_policy=Policy.THIS)),
        (Prescription(minutes=60), Prescription(minutes=5)),
    ],
)
def test_less_is_no_more_than_was_agreed(agreed: Prescription, told: Prescription) -> None:
    assert beyond(agreed, told) == []


@pytest.mark.parametrize(
    ("agreed", "told", "more"),
    [
        (Prescription(), one(), More.RESOURCE),
        (one(Mode.PULL), one(), More.SEND),
        (one(Mode.PUSH), one(), More.FETCH),
        (one(components=False), one(), More.PARTS),
        (one(filters="~.name=A"), one(), More.RECORDS),
        (one(filters="~.name=A"), one(filters="~.name=A,B"), More.RECORDS),
        (Prescription(), Prescription(update_policy=Policy.OTHER), More.POLICIES),
        (Prescription(conflict_policy=Policy.THIS), Prescription(), More.POLICIES),
    ],
)
def test_more_is_found_and_agreed_once_it_was_accepted(
    agreed: Prescription, told: Prescription, more: More
) -> None:
    assert beyond(agreed, told) == [Excess("" if more is More.POLICIES else ORG, more)]
    accepted = widened(agreed, told)
    assert beyond(accepted, told) == []


THIS, NEWER, MASTER, OTHER = Policy.THIS, Policy.NEWER, Policy.MASTER, Policy.OTHER


@pytest.mark.parametrize(
    ("agreed", "others"),
    [
        # What was agreed, and what is no more than that of the four.
        (THIS, {THIS}),
        (NEWER, {THIS, NEWER}),
        # A master's version wins however old it is, and a newer one wins whoever is master.
        (MASTER, {THIS, MASTER}),
        (OTHER, {THIS, NEWER, MASTER, OTHER}),
    ],
)
def test_each_policy_against_each_other(agreed: Policy, others: set[Policy]) -> None:
    def is_less(name: str, told: Policy) -> bool:
        was, shall_be = (Prescription(**{name: each}) for each in (agreed, told))
        return not beyond(was, shall_be)

    for name in ("update_policy", "conflict_policy"):
        # The other one is NEWER in both.
        assert {told for told in Policy if is_less(name, told)} == others


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        ({NEWER, MASTER}, THIS),
        ({NEWER, MASTER, OTHER}, THIS),
        ({OTHER, MASTER}, MASTER),
        ({OTHER, NEWER}, NEWER),
        ({OTHER}, OTHER),
        ({THIS, OTHER}, THIS),
        ({MASTER}, MASTER),
    ],
)
def test_of_several_policies_what_is_no_more_than_any(policies: set[Policy], found: Policy) -> None:
    assert least(policies) is found


def test_what_was_agreed_before_stays_agreed() -> None:
    office = InvitedResource("org_office", Mode.BOTH)
    accepted = widened(Prescription((office,)), one())
    assert beyond(accepted, Prescription((*one().resources, office))) == []


def test_conditions_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(FilterError):
        beyond(one(), one(filters="((("))
