"""What is set back to a former value, or decided for it, where a sender tells no edits: its values say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.conflicts.resolve import accept, restore
from s3sync.core.errors import PeerUnreachable
from s3sync.core.kept import Side
from s3sync.core.policy import Policy, Terms
from s3sync.exchange.run.failures import RunFailed
from tests.support.documents import ORG, deleted
from tests.support.exchange import Pair
from tests.support.merging import Sites, chain, edit, settle, values, without_edits
from tests.support.site import SampleSite


def connected(kind: str, own: SampleSite, other: SampleSite, **exchange: Any) -> Pair:
    """Return the exchange of two sites of which neither tells edits: as a site of ours of before, or an Eden."""
    pair = Pair(own, other, ORG, eden=kind == "eden", **exchange)
    return pair if kind == "eden" else without_edits(pair)


def is_listed(value: str, *places: SampleSite) -> bool:
    """Return whether a value is in a version that is kept of a conflict."""
    kept = [each for place in places for each in place.kept() if each.kind == "conflict"]
    return any(value in (each.ours or "") + (each.theirs or "") for each in kept)


@pytest.mark.parametrize("kind", ["of before", "eden"])
@pytest.mark.parametrize("is_last", [True, False])
@pytest.mark.parametrize(
    ("policy", "end"), [(Policy.NEWER, "hq"), (Policy.THIS, "old"), (Policy.OTHER, "hq")]
)
def test_sites_end_equal_where_one_set_back_what_the_other_one_edited(
    sites: Sites, policy: Policy, end: str, is_last: bool, kind: str
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    pair = connected(kind, field, hq, conflict_policy=policy)
    settle([pair])

    def set_back() -> None:
        edit(field, comments="field")
        edit(field, comments="old")
        hq.clock.moment = max(hq.clock.moment, field.clock.moment)

    if not is_last:
        set_back()
    edit(hq, comments="hq")
    field.clock.moment = hq.clock.moment
    if is_last:
        set_back()
    settle([pair, pair])
    assert [values(site, "comments") for site in (hq, field)] == [[end], [end]]
    assert is_listed("old" if end == "hq" else "hq", hq, field)


@pytest.mark.parametrize("kind", ["of before", "eden"])
def test_of_two_decisions_of_the_same_conflict_that_of_the_site_with_the_last_word_counts(
    sites: Sites, kind: str
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    pair = connected(kind, field, hq, conflict_policy=Policy.THIS)
    settle([pair])
    edit(hq, comments="of hq")
    edit(field, comments="of field")
    settle([pair])
    assert [values(site, "comments") for site in (hq, field)] == [["of field"]] * 2
    (at_field,), (at_hq,) = field.kept(), hq.kept()
    accept(field, at_field.id)
    restore(hq, at_hq.id, Side.OURS)
    assert values(hq, "comments") == ["of hq"]
    settle([pair, pair])
    assert [values(site, "comments") for site in (hq, field)] == [["of field"]] * 2
    assert is_listed("of hq", hq)


@pytest.mark.parametrize("kind", ["of before", "eden"])
@pytest.mark.parametrize(
    ("policy", "end"), [(Policy.NEWER, "hq"), (Policy.THIS, "new"), (Policy.OTHER, "hq")]
)
def test_sites_end_equal_where_one_edited_what_the_other_one_made_and_does_not_know_to_be_there(
    sites: Sites, policy: Policy, end: str, kind: str
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    pair = connected(kind, field, hq, conflict_policy=policy)
    settle([pair])
    field.clock.step(60)
    with field.store.transaction():
        field.s3db[ORG].insert(uuid="made", name="Made at the field", comments="new")
    hq.clock.moment = field.clock.moment
    push = pair.peer.push

    def push_in_vain(*sent: Any) -> Any:
        push(*sent)
        raise PeerUnreachable("The answer was lost.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pair.peer, "push", push_in_vain)
        with pytest.raises(RunFailed):
            pair.run()
    edit(hq, "made", comments="hq")
    field.clock.moment = hq.clock.moment
    settle([pair, pair])
    assert [site.row(ORG, "made").comments for site in (hq, field)] == [end, end]
    assert is_listed("new" if end == "hq" else "hq", hq, field)


@pytest.mark.parametrize("policy", list(Policy))
def test_a_deletion_of_what_only_a_clock_that_is_behind_takes_for_later_is_carried_out(
    sites: Sites, policy: Policy
) -> None:
    site = sites("hq")
    with site.store.transaction():
        site.s3db[ORG].insert(uuid="u", name="Red Cross")
        site.db.sync_repository.insert(name="field", uuid="field")
    gone = deleted(ORG, "u", site.clock.step(-3 * 86400))
    # Nobody has told this site what time it is.
    context = {"exchanged": site.journal.head(), "is_possible": site.is_possible}
    site.push(gone, ORG, Terms(conflict_policy=policy), **context)
    assert site.row(ORG, "u").deleted
    assert is_listed("Red Cross", site)
