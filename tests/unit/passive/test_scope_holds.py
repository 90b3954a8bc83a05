"""A scope holds for what waited too, and for an account under whatever name it asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.administration import invitations as invitations
from s3sync.administration import scopes as administration_scopes
from s3sync.exchange.scope import NotInScope, Revoked, ScopeRule
from s3sync.passive import news as news
from s3sync.passive.registration import register
from s3sync.site.repositories import REVOKED
from s3sync.wire.filters import parse_filter_string
from s3sync.wire.protocol.news import NewsQuestion
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.documents import LATER, OFFICE, ORG, deleted, office, org
from tests.support.site import SampleSite

from .test_scope import ACCOUNT, FIELD, give, pulled, pushed

RED = ScopeRule(ORG, filters=tuple(parse_filter_string("~.name__like=Red*")))
DAY = 24 * 3600


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "hq", users={"field@example.org": ACCOUNT})
    made.auth.user = Storage(id=ACCOUNT)
    register(made, RegistrationRequest(FIELD, "Field"))
    yield made
    made.close()


# --- what waited ---------------------------------------------------------------------------------------------


def _asks_for_news(site: SampleSite) -> None:
    news.news(site, FIELD, NewsQuestion.whole([PullRequest(ORG, FIELD, "")]))


@pytest.mark.parametrize("asks", [lambda site: pulled(site, ORG), _asks_for_news], ids=["pull", "news"])
def test_a_record_of_the_future_stays_outside_when_its_time_has_come(site: SampleSite, asks: Any) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    give(site, RED)
    ahead = site.clock.now() + timedelta(days=3)
    records = "".join(org(*each, modified_on=ahead) for each in (("p", "Blue"), ("o", "Blue"), ("r", "Red")))
    pushed(site, ORG, records)
    assert len(site.kept()) == 3
    site.clock.step(4 * DAY)
    asks(site)
    assert site.row(ORG, "p") is None and site.row(ORG, "o").name == "Red Cross"
    assert site.row(ORG, "r").name == "Red"


def test_a_deletion_that_waited_is_not_carried_out_once_the_record_lies_outside(site: SampleSite) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    site.push(office("f", "o", name="Main"), OFFICE, repository_id=None)
    give(site, RED)
    pushed(site, ORG, deleted(ORG, "o", LATER))
    assert [each.kind for each in site.kept()] == ["waiting"]
    site.row(ORG, "o").update_record(name="Blue Cross", modified_on=LATER)
    site.db.commit()
    site.delete(OFFICE, "f")
    pulled(site, ORG)
    assert not site.row(ORG, "o").deleted
    assert site.kept() == []


# --- another name of the same account ------------------------------------------------------------------------

SECOND = "urn:uuid:second"


@pytest.fixture
def second(site: SampleSite) -> SampleSite:
    """Return the site with a second repository of the account, registered before there was a scope."""
    register(site, RegistrationRequest(SECOND, "Second"))
    site.push(org("p", "Blue Cross") + org("o", "Red Cross"), ORG, repository_id=None)
    return site


def test_a_repository_without_a_scope_has_that_of_its_account(second: SampleSite) -> None:
    give(second, RED)
    for uuid in (FIELD, SECOND):
        shown = pulled(second, ORG, uuid)
        assert "Red Cross" in shown and "Blue Cross" not in shown
    with pytest.raises(NotInScope):
        pulled(second, OFFICE, SECOND)


def test_a_repository_without_a_scope_gets_nothing_where_its_account_has_several(second: SampleSite) -> None:
    register(second, RegistrationRequest("urn:uuid:third", "Third"))
    give(second, RED)
    give(second, ScopeRule(ORG), uuid=SECOND, name="All")
    with pytest.raises(NotInScope):
        pulled(second, ORG, "urn:uuid:third")


def test_a_scope_is_given_to_all_repositories_of_the_account(second: SampleSite) -> None:
    key = administration_scopes.save(second, None, "Red", [RED])
    administration_scopes.give(second.repository(FIELD), key)
    assert second.repository(SECOND).scope_id == key
    administration_scopes.give(second.repository(SECOND), None)
    assert second.repository(FIELD).scope_id is None and "Blue Cross" in pulled(second, ORG)


def test_one_that_was_revoked_is_refused_under_each_name_until_it_is_let_back_in(second: SampleSite) -> None:
    invitations.revoke(second.repository(FIELD))
    assert second.repository(SECOND).is_revoked
    for uuid in (FIELD, SECOND):
        with pytest.raises(Revoked):
            pulled(second, ORG, uuid)
    invitations.let_back_in(second.repository(SECOND))
    for uuid in (FIELD, SECOND):
        assert "Blue Cross" in pulled(second, ORG, uuid)


def test_one_that_was_revoked_alone_before_is_refused_under_the_other_name_too(second: SampleSite) -> None:
    second.repository(FIELD).update(approval=REVOKED)
    with pytest.raises(Revoked):
        pulled(second, ORG, SECOND)
    with pytest.raises(Revoked):
        register(second, RegistrationRequest(SECOND, "Second"))
    second.auth.user = None
    assert "Blue Cross" in pulled(second, ORG, SECOND)
