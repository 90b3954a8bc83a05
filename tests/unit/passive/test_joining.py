"""Invitations: a code is taken up once, by one site, which gets an account that can do nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.active import joining as active_joining
from s3sync.administration import invitations as administration
from s3sync.administration import scopes as scopes
from s3sync.administration.invitations import Wish
from s3sync.core.errors import BadRequest, ConfigurationError
from s3sync.core.policy import Policy
from s3sync.core.task import Mode
from s3sync.exchange.scope import NotApproved, Revoked, Scope, ScopeRule
from s3sync.host.eden import EdenHost
from s3sync.passive import joining as joining
from s3sync.passive import offer as offer
from s3sync.passive import registration as registration
from s3sync.passive.contact import registered
from s3sync.passive.joining import NotInvited
from s3sync.site.scoping import invitations as invitations
from s3sync.site.scoping.scopes import StoredScope, find, is_bound, of_account
from s3sync.wire.filters import parse_filter_string
from s3sync.wire.protocol.invitation import BEGINNING, Invitation, JoinReply, JoinRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.documents import ORG, PERSON
from tests.support.site import SampleSite

RULES = (
    ScopeRule(ORG, filters=tuple(parse_filter_string("~.name__like=Red*"))),
    ScopeRule(PERSON, writes=False, components=False),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "hq")
    made.s3db["auth_group"].insert(role="Synchronization")
    made.db.commit()
    yield made
    made.close()


@pytest.fixture
def scope(site: SampleSite) -> StoredScope:
    found = find(site, scopes.save(site, None, "Field", RULES))
    assert found is not None
    return found


def asking(key: str, uuid: str = "urn:uuid:field") -> JoinRequest:
    return JoinRequest.from_body(JoinRequest(key, RegistrationRequest(uuid, "Field")).to_body())


def test_a_code_says_again_what_was_put_into_it(site: SampleSite, scope: StoredScope) -> None:
    made = administration.invite(site, scope, Wish("Nairobi", 30, 3, headquarters_win=True))
    read = Invitation.from_code(f"  {made.code[:40]}\n{made.code[40:]} ")
    assert read == made
    assert [(each.resource, each.mode, each.filters) for each in read.resources] == [
        (ORG, Mode.BOTH, "~.name__like=Red*"),
        (PERSON, Mode.PULL, ""),
    ]
    assert read.conflict_policy is Policy.OTHER and read.minutes == 30
    assert read.expires == site.clock.now() + timedelta(days=3)


def test_nobody_is_invited_where_no_account_could_be_made(site: SampleSite, scope: StoredScope) -> None:
    site.db(site.db.auth_group.role == "Synchronization").delete()
    with pytest.raises(ConfigurationError) as refused:
        administration.invite(site, scope, Wish("Nairobi"))
    assert "Synchronization" in refused.value.message and "Administration > Roles" in refused.value.hint
    assert site.db(site.db.sync_invitation).isempty()


@pytest.mark.parametrize("text", ["", "hello", BEGINNING, BEGINNING + "AAAA", BEGINNING + "é", "x" * 9000])
def test_what_is_no_code_is_refused_with_words_for_it(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Invitation.from_code(text)
    assert "invitation" in refused.value.message and refused.value.hint


def test_a_code_that_was_cut_is_no_code(site: SampleSite, scope: StoredScope) -> None:
    code = administration.invite(site, scope, Wish("Nairobi")).code
    with pytest.raises(BadRequest):
        Invitation.from_code(code[:-20])


def test_a_site_that_joins_gets_an_account_with_the_scope(site: SampleSite, scope: StoredScope) -> None:
    made = administration.invite(site, scope, Wish("Nairobi"))
    reply = JoinReply.from_json(joining.join(site, asking(made.key)).to_json())
    repository = site.repository("urn:uuid:field")
    assert (repository.name, repository.scope_id) == ("Nairobi", scope.id)
    assert site.accounts.email(repository.account_id) == reply.username
    assert len(reply.password) >= 24
    site.auth.user = Storage(id=repository.account_id)
    assert of_account(site, repository.account_id) == [scope.id]
    assert invitations.waiting(site) == []
    # The key is nowhere in the database.
    assert made.key not in repr(site.db(site.db.sync_invitation).select().as_list())


def test_it_is_taken_up_once(site: SampleSite, scope: StoredScope) -> None:
    made = administration.invite(site, scope, Wish("Nairobi"))
    first = joining.join(site, asking(made.key))
    # The answer was lost: the same site asks again, and gets another password for the same account.
    again = joining.join(site, asking(made.key))
    assert again.username == first.username and again.password != first.password
    with pytest.raises(NotInvited):
        joining.join(site, asking(made.key, "urn:uuid:other"))
    site.repository("urn:uuid:field").update(last_connected=site.clock.now())
    with pytest.raises(NotInvited):
        joining.join(site, asking(made.key))


def test_of_two_that_take_it_up_at_once_one_gets_in(
    site: SampleSite, scope: StoredScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = administration.invite(site, scope, Wish("Nairobi"))
    taken: list[JoinReply] = []

    def goes_before(size: int) -> str:
        # Between the look at the invitation and the transaction in which it is taken up.
        monkeypatch.setattr(joining.secrets, "token_urlsafe", usual)
        taken.append(joining.join(site, asking(made.key, "urn:uuid:first")))
        return usual(size)

    usual = joining.secrets.token_urlsafe
    monkeypatch.setattr(joining.secrets, "token_urlsafe", goes_before)
    with pytest.raises(NotInvited):
        joining.join(site, asking(made.key, "urn:uuid:second"))
    assert len(taken) == 1 and site.known_repository("urn:uuid:second") is None
    assert [row.email for row in site.db(site.db.auth_user).select()] == [taken[0].username]


def test_one_that_has_expired_or_was_withdrawn_is_refused(site: SampleSite, scope: StoredScope) -> None:
    late, gone = (administration.invite(site, scope, Wish("Nairobi", days=1)) for _ in range(2))
    administration.withdraw(site, invitations.waiting(site)[0].id)
    with pytest.raises(NotInvited):
        joining.join(site, asking(gone.key))
    site.clock.step(2 * 86400)
    with pytest.raises(NotInvited) as refused:
        joining.join(site, asking(late.key))
    assert "2026-03-02" in refused.value.message
    for key in ("", "guessed"):
        with pytest.raises(NotInvited):
            joining.join(site, asking(key))
    assert site.known_repository("urn:uuid:field") is None


def test_nobody_takes_over_a_repository_that_is_here(site: SampleSite, scope: StoredScope) -> None:
    registration.register(site, RegistrationRequest("urn:uuid:field", "Field"))
    made = administration.invite(site, scope, Wish("Nairobi"))
    with pytest.raises(NotInvited):
        joining.join(site, asking(made.key))


def test_a_site_that_was_revoked_gets_an_answer_and_nothing_else(
    site: SampleSite, scope: StoredScope
) -> None:
    made = administration.invite(site, scope, Wish("Nairobi"))
    joining.join(site, asking(made.key))
    repository = site.repository("urn:uuid:field")
    administration.revoke(repository)
    site.auth.user = Storage(id=repository.account_id)
    attempts: list[Any] = [
        lambda: registered(site, "urn:uuid:field"),
        lambda: offer.offer(site, "urn:uuid:field"),
        lambda: registration.register(site, RegistrationRequest("urn:uuid:field", "Field")),
        lambda: registration.register(site, RegistrationRequest("urn:uuid:another", "Field")),
    ]
    for attempt in attempts:
        with pytest.raises(Revoked) as refused:
            attempt()
        assert refused.value.http_status == 403
    with pytest.raises(NotInvited):
        joining.join(site, asking(made.key))
    administration.let_back_in(site.repository("urn:uuid:field"))
    assert registered(site, "urn:uuid:field").name == "Nairobi"


def test_an_invitation_is_not_taken_up_where_it_cannot_be(
    site: SampleSite, scope: StoredScope, tmp_path: Path
) -> None:
    made = administration.invite(site, scope, Wish("Nairobi", days=1))
    with pytest.raises(ConfigurationError, match="this site itself"):
        active_joining.check(site, made)
    field = SampleSite(tmp_path / "field", clock=site.clock)
    active_joining.check(field, made)
    field.db.sync_repository.insert(name="HQ", uuid=made.uuid, url="http://hq.example.org/eden")
    with pytest.raises(ConfigurationError, match="HQ already"):
        active_joining.check(field, made)
    site.clock.step(2 * 86400)
    field.db(field.db.sync_repository).delete()
    with pytest.raises(ConfigurationError, match="valid until"):
        active_joining.check(field, made)
    field.close()


def test_without_an_invitation_a_site_waits_for_approval_where_that_is_wanted(
    site: SampleSite, scope: StoredScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    registration.register(site, RegistrationRequest("urn:uuid:old", "Old"))
    monkeypatch.setattr(site.host.settings, "get_sync_approve_registrations", lambda: True)
    monkeypatch.setattr(EdenHost, "may_administer", lambda self: False)
    site.auth.user = Storage(id=7)
    with pytest.raises(NotApproved):
        offer.offer(site, None)
    reply = registration.register(site, RegistrationRequest("urn:uuid:field", "Field"))
    assert "waits" in reply.message and is_bound(site)
    attempts: list[Any] = [
        lambda: registered(site, "urn:uuid:field"),
        lambda: offer.offer(site, "urn:uuid:field"),
        lambda: registration.register(site, RegistrationRequest("urn:uuid:field", "Field")),
    ]
    for attempt in attempts:
        with pytest.raises(NotApproved) as refused:
            attempt()
        assert refused.value.http_status == 403 and "approval" in refused.value.message
    with pytest.raises(NotApproved):
        registration.register(site, RegistrationRequest("urn:uuid:another", "Field"))
    administration.let_back_in(site.repository("urn:uuid:field"))
    assert registered(site, "urn:uuid:field").name == "Field" and not is_bound(site)
    # Who was here before, and who is invited, needs no approval.
    site.auth.user = None
    assert registered(site, "urn:uuid:old").name == "Old"
    made = administration.invite(site, scope, Wish("Nairobi"))
    joining.join(site, asking(made.key, "urn:uuid:invited"))
    assert registered(site, "urn:uuid:invited").approval is None


@pytest.mark.parametrize(
    "rules",
    [
        [ScopeRule(f"org_table{number}") for number in range(201)],
        [
            ScopeRule(
                f"org_t{number}", filters=tuple(parse_filter_string(f"~.name={secrets.token_hex(200)}"))
            )
            for number in range(60)
        ],
    ],
    ids=["resources", "conditions"],
)
def test_a_scope_that_no_code_can_carry_is_refused_where_the_invitation_is_made(
    site: SampleSite, rules: list[ScopeRule]
) -> None:
    with pytest.raises(ConfigurationError, match="at most 200 resources in 8,000 characters"):
        administration.invite(site, StoredScope(1, Scope.of("All", rules)), Wish("North"))
    assert site.db(site.db.sync_invitation).isempty()
