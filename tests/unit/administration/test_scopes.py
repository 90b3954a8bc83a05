"""Scopes that change while sites exchange: what comes into one is sent, and nobody is said to be in step before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.administration import scopes as scopes
from s3sync.core.repository_state import Reason
from s3sync.exchange.scope import Scope, ScopeRule
from s3sync.wire.filters import parse_filter_string
from tests.support.documents import ORG, STAFF, org
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.standing import says

RED = ScopeRule(ORG, filters=tuple(parse_filter_string("~.name__like=Red*")))


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[SampleSite, SampleSite, Pair]]:
    headquarters = SampleSite(tmp_path / "hq")
    field = SampleSite(tmp_path / "field", clock=headquarters.clock)
    pair = Pair(field, headquarters, ORG)
    pair._is_plain = False
    yield headquarters, field, pair
    headquarters.close()
    field.close()


def names(site: SampleSite) -> set[str]:
    return {row.name for row in site.rows(ORG)}


def test_what_comes_into_the_scope_is_sent_and_awaited(sites: tuple[SampleSite, SampleSite, Pair]) -> None:
    headquarters, field, pair = sites
    headquarters.push(org("r", "Red Cross") + org("b", "Blue Cross"), ORG, repository_id=None)
    key = scopes.save(headquarters, None, "Red", [RED])
    repository = headquarters.repository(field.uuid)
    scopes.give(repository, key)
    pair.run()
    assert names(field) == {"Red Cross"} and says(headquarters, field) is Reason.EQUAL
    scopes.save(headquarters, key, "All", [ScopeRule(ORG)])
    assert says(headquarters, field) is Reason.BEHIND
    report = pair.run()
    assert names(field) == {"Red Cross", "Blue Cross"} and says(headquarters, field) is Reason.EQUAL
    assert report.received["conflict"] == 0
    # Nobody was restored, and the next run has nothing to do.
    assert not any("restored" in entry[3] for entry in pair.told.entries)
    assert sum(pair.run().received.values()) == 0


def test_what_was_not_taken_is_sent_once_it_may_be(sites: tuple[SampleSite, SampleSite, Pair]) -> None:
    headquarters, field, pair = sites
    field.push(org("b", "Blue Cross"), ORG, repository_id=None)
    key = scopes.save(headquarters, None, "Red", [RED])
    scopes.give(headquarters.repository(field.uuid), key)
    pair.run()
    assert names(headquarters) == set() and says(headquarters, field) is Reason.EQUAL
    scopes.save(headquarters, key, "All", [ScopeRule(ORG)])
    assert says(headquarters, field) is not Reason.EQUAL
    pair.run()
    pair.run()
    assert names(headquarters) == {"Blue Cross"} and says(headquarters, field) is Reason.EQUAL


def test_a_narrower_scope_takes_nothing_away_and_is_no_backlog(
    sites: tuple[SampleSite, SampleSite, Pair],
) -> None:
    headquarters, field, pair = sites
    headquarters.push(org("r", "Red Cross"), ORG, repository_id=None)
    pair.run()
    key = scopes.save(headquarters, None, "None", [ScopeRule(STAFF)])
    scopes.give(headquarters.repository(field.uuid), key)
    headquarters.push(org("b", "Blue Cross"), ORG, repository_id=None)
    report = pair.run()
    assert names(field) == {"Red Cross"} and set(report.not_allowed) == {ORG}
    assert says(headquarters, field) is Reason.EQUAL


def test_a_scope_that_somebody_has_is_not_removed(sites: tuple[SampleSite, SampleSite, Pair]) -> None:
    headquarters, field, _ = sites
    key = scopes.save(headquarters, None, "Red", [RED])
    scopes.give(headquarters.repository(field.uuid), key)
    assert not scopes.remove(headquarters, key)
    scopes.give(headquarters.repository(field.uuid), None)
    assert scopes.remove(headquarters, key)


def test_what_records_refer_to_is_named_where_it_may_not_be_read(
    sites: tuple[SampleSite, SampleSite, Pair],
) -> None:
    found: Any = scopes.lacking(sites[0].schema, Scope.of("", [ScopeRule(STAFF), ScopeRule(ORG)]))
    assert found[STAFF]["pr_person"] is True and "org_organisation" not in found[STAFF]
