"""The table of policies: what becomes of a record that arrives."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.errors import BadRequest
from s3sync.core.policy import (
    ALL_METHODS,
    DecisionReason,
    Method,
    Policy,
    Terms,
    Version,
    decide,
    is_newer,
    parse_strategy,
)
from s3sync.core.records import Action

NOON = datetime(2026, 3, 1, 12)
LATER = NOON + timedelta(seconds=1)
EARLIER = NOON - timedelta(seconds=1)

THIS, OTHER, NEWER, MASTER = Policy.THIS, Policy.OTHER, Policy.NEWER, Policy.MASTER


def run(
    ours: Version | None,
    theirs: Version,
    terms: Terms = Terms(),
    *,
    changed_here: bool = False,
    same: bool = False,
    tie: bool = False,
    ruling: Policy | None = None,
) -> Any:
    return decide(ours, theirs, terms, changed_here=changed_here, same=same, tie=lambda: tie, ruling=ruling)


# update policy of a record that changed only there: policy, our time, their time, our mci, their mci -> taken
UPDATES = [
    (THIS, NOON, LATER, 1, 1, False),
    (THIS, NOON, EARLIER, 1, 1, False),
    (OTHER, NOON, LATER, 0, 2, True),
    (OTHER, NOON, EARLIER, 0, 2, True),
    (NEWER, NOON, LATER, 0, 2, True),
    (NEWER, NOON, EARLIER, 0, 2, False),
    (NEWER, None, EARLIER, 0, 2, True),
    (MASTER, NOON, EARLIER, 1, 1, True),
    (MASTER, NOON, LATER, 3, 1, True),
    (MASTER, NOON, LATER, 0, 1, False),
    (MASTER, NOON, LATER, 1, 2, False),
    (MASTER, NOON, LATER, 1, None, False),
    (MASTER, NOON, LATER, None, 1, False),
]


@pytest.mark.parametrize("policy, ours_on, theirs_on, our_mci, their_mci, taken", UPDATES)
@pytest.mark.parametrize("deleted", [False, True])
def test_update_policy(
    policy: Policy,
    ours_on: datetime | None,
    theirs_on: datetime,
    our_mci: int | None,
    their_mci: int | None,
    taken: bool,
    deleted: bool,
) -> None:
    found = run(
        Version(ours_on, mci=our_mci), Version(theirs_on, deleted, their_mci), Terms(update_policy=policy)
    )
    assert found.take is taken
    if taken:
        assert found.action is (Action.DELETED if deleted else Action.UPDATED)
        assert not found.assert_ours
    else:
        assert found.action is Action.SKIPPED
        assert found.reason
        assert found.assert_ours


@pytest.mark.parametrize("tie", [False, True])
def test_of_two_versions_of_one_time_the_content_decides(tie: bool) -> None:
    found = run(Version(NOON), Version(NOON), Terms(update_policy=NEWER), tie=tie)
    assert found.take is tie
    assert found.assert_ours is not tie


# conflict: policy, our time, their time, our mci, their mci, tie -> winner
CONFLICTS = [
    (THIS, NOON, LATER, 1, 1, True, "ours"),
    (OTHER, LATER, NOON, 0, 2, False, "theirs"),
    (NEWER, NOON, LATER, 0, 2, False, "theirs"),
    (NEWER, LATER, NOON, 0, 2, True, "ours"),
    (NEWER, NOON, NOON, 0, 2, True, "theirs"),
    (NEWER, NOON, NOON, 0, 2, False, "ours"),
    (MASTER, LATER, NOON, 1, 1, False, "theirs"),
    (MASTER, NOON, LATER, 0, 1, False, "ours"),
    (MASTER, NOON, LATER, 2, 2, False, "ours"),
]


@pytest.mark.parametrize("policy, ours_on, theirs_on, our_mci, their_mci, tie, winner", CONFLICTS)
@pytest.mark.parametrize("update_policy", list(Policy))
def test_the_conflict_policy_decides_alone(
    policy: Policy,
    ours_on: datetime,
    theirs_on: datetime,
    our_mci: int,
    their_mci: int,
    tie: bool,
    winner: str,
    update_policy: Policy,
) -> None:
    terms = Terms(update_policy=update_policy, conflict_policy=policy)
    found = run(
        Version(ours_on, mci=our_mci), Version(theirs_on, mci=their_mci), terms, changed_here=True, tie=tie
    )
    assert found.action is Action.CONFLICT
    assert found.winner == winner
    assert found.take is (winner == "theirs")
    assert found.reason


@pytest.mark.parametrize("ruling", list(Policy))
def test_the_resources_own_rule_comes_before_the_conflict_policy(ruling: Policy) -> None:
    terms = Terms(conflict_policy=ruling.swapped if ruling in (THIS, OTHER) else OTHER)
    ours, theirs = Version(LATER, mci=1), Version(NOON, mci=1)
    found = run(ours, theirs, terms, changed_here=True, ruling=ruling)
    assert found.take is (ruling in (OTHER, MASTER))


def test_the_resources_own_rule_is_not_asked_without_a_conflict() -> None:
    found = run(Version(NOON), Version(LATER), Terms(update_policy=NEWER), ruling=THIS)
    assert found.action is Action.UPDATED


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("changed_here", [False, True])
def test_equal_content_is_no_update_under_any_policy(policy: Policy, changed_here: bool) -> None:
    terms = Terms(strategy=frozenset(), update_policy=policy, conflict_policy=policy)
    found = run(Version(NOON), Version(LATER), terms, same=True, changed_here=changed_here)
    assert found.action is Action.UNCHANGED
    assert not found.take


@pytest.mark.parametrize(
    "policy, mci, action",
    [
        (THIS, 1, Action.CREATED),
        (OTHER, 5, Action.CREATED),
        (NEWER, 5, Action.CREATED),
        (NEWER, None, Action.CREATED),
        (MASTER, 1, Action.CREATED),
        (MASTER, 2, Action.SKIPPED),
        (MASTER, None, Action.SKIPPED),
    ],
)
def test_creation(policy: Policy, mci: int | None, action: Action) -> None:
    found = run(None, Version(NOON, mci=mci), Terms(update_policy=policy))
    assert found.action is action
    assert found.take is (action is Action.CREATED)
    assert not found.assert_ours


def test_a_deletion_of_what_was_never_here_changes_nothing() -> None:
    found = run(None, Version(NOON, deleted=True))
    assert found.action is Action.UNCHANGED
    assert found.reason is DecisionReason.UNKNOWN_DELETION


@pytest.mark.parametrize("reason", list(DecisionReason))
def test_a_reason_is_found_by_its_text_and_by_nothing_else(reason: DecisionReason) -> None:
    assert DecisionReason.of(reason.value) is reason
    assert DecisionReason.of(reason.code) is None and DecisionReason.of(f"{reason.value} ") is None
    assert reason.message.as_json() == {"code": reason.code, "params": {}}
    assert str(reason.message) == reason.value


def test_a_text_that_was_reworded_is_still_found() -> None:
    former = "It changed here after the deletion of what it belongs to, and was deleted with it."
    assert DecisionReason.of(former) is DecisionReason.TAKEN_ALONG != former


@pytest.mark.parametrize("text", [None, "", "It was kept."])
def test_another_text_is_no_reason_of_the_policy(text: str | None) -> None:
    assert DecisionReason.of(text) is None


METHODS = [
    (None, Version(NOON), Method.CREATE, Action.CREATED),
    (Version(NOON), Version(LATER), Method.UPDATE, Action.UPDATED),
    (Version(NOON, deleted=True), Version(LATER), Method.UPDATE, Action.UPDATED),
    (Version(NOON), Version(LATER, deleted=True), Method.DELETE, Action.DELETED),
    (Version(NOON), Version(LATER, deleted=True, replaced_by="x"), Method.MERGE, Action.MERGED),
]


@pytest.mark.parametrize("ours, theirs, method, action", METHODS)
@pytest.mark.parametrize("changed_here", [False, True])
def test_the_strategy_allows_methods_one_by_one(
    ours: Version | None, theirs: Version, method: Method, action: Action, changed_here: bool
) -> None:
    refused = run(ours, theirs, Terms(strategy=ALL_METHODS - {method}), changed_here=changed_here)
    assert refused.action is Action.SKIPPED
    assert refused.reason is DecisionReason[f"NO_{method.name}"]
    assert not refused.take and not refused.assert_ours
    allowed = run(ours, theirs, Terms(strategy=frozenset({method})))
    assert allowed.action is action


def test_terms_are_swapped_for_the_peer() -> None:
    terms = Terms(frozenset({Method.CREATE}), THIS, OTHER, True, False)
    assert terms.swapped == Terms(frozenset({Method.CREATE}), OTHER, THIS, True, False)
    assert [policy.swapped for policy in (NEWER, MASTER)] == [NEWER, MASTER]
    assert terms.swapped.swapped == terms


@pytest.mark.parametrize("text, expected", [("newer", NEWER), (" THIS ", THIS), ("", MASTER), (None, MASTER)])
def test_policies_are_read_from_requests(text: str | None, expected: Policy) -> None:
    assert Policy.parse(text, MASTER) is expected


def test_an_unknown_policy_is_refused_with_the_choices() -> None:
    with pytest.raises(BadRequest, match="MINE") as caught:
        Policy.parse("MINE", NEWER)
    assert "MASTER" in caught.value.hint


@pytest.mark.parametrize(
    "text, expected",
    [
        (None, ALL_METHODS),
        ("", ALL_METHODS),
        (",", ALL_METHODS),
        ("create, UPDATE", frozenset({Method.CREATE, Method.UPDATE})),
        ("merge", frozenset({Method.MERGE})),
    ],
)
def test_strategies_are_read_from_requests(text: str | None, expected: "frozenset[Method]") -> None:
    assert parse_strategy(text) == expected


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(BadRequest, match="drop"):
        parse_strategy("create,drop")


versions = st.builds(
    Version,
    st.sampled_from([None, EARLIER, NOON, LATER]),
    st.booleans(),
    st.integers(0, 3),
)


@given(versions, versions, st.sampled_from(["a", "b", "c"]), st.sampled_from(["a", "b", "c"]))
def test_both_sites_pick_the_same_winner(a: Version, b: Version, content_a: str, content_b: str) -> None:
    here = is_newer(a, b, lambda: content_b > content_a)
    there = is_newer(b, a, lambda: content_a > content_b)
    if (a.modified_on, a.deleted, content_a) != (b.modified_on, b.deleted, content_b):
        differ = (a.modified_on, a.deleted) != (b.modified_on, b.deleted) or content_a != content_b
        assert not differ or here is not there
    else:
        assert not here and not there


@given(versions, versions, versions)
def test_newer_is_an_order(a: Version, b: Version, c: Version) -> None:
    def newer(one: Version, other: Version) -> bool:
        return is_newer(one, other, lambda: False)

    if newer(a, b) and newer(b, c):
        assert newer(a, c)


@given(
    versions,
    versions,
    st.sampled_from(list(Policy)),
    st.sampled_from(list(Policy)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_every_decision_is_complete(
    ours: Version, theirs: Version, update: Policy, conflict: Policy, changed: bool, same: bool, tie: bool
) -> None:
    found = run(ours, theirs, Terms(ALL_METHODS, update, conflict), changed_here=changed, same=same, tie=tie)
    if not found.take:
        assert found.action in (Action.UNCHANGED, Action.SKIPPED, Action.CONFLICT)
        assert found.action is Action.UNCHANGED or found.reason
    assert (found.action is Action.CONFLICT) is (found.winner is not None)
