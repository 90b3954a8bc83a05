"""What another site may read and write here, at each address of the protocol, whatever it asks for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.core.errors import ForeignAccount, NoSuchRecord
from s3sync.exchange.scope import NotInScope, Scope, ScopeRule
from s3sync.passive import dry_run as dry_run
from s3sync.passive import files as files
from s3sync.passive import news as news
from s3sync.passive import offer as offer
from s3sync.passive import parts as parts
from s3sync.passive.pull import pull
from s3sync.passive.push import push
from s3sync.passive.registration import register
from s3sync.site.scoping import scopes as scopes
from s3sync.wire.filters import parse_filter_string
from s3sync.wire.protocol.news import NewsQuestion
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.documents import (
    LATER,
    LOCATION,
    OFFICE,
    ORG,
    PERSON,
    contact,
    deleted,
    location,
    office,
    org,
    person,
)
from tests.support.exchange import Pair
from tests.support.site import SampleSite

FIELD, ACCOUNT, OTHER_ACCOUNT = "urn:uuid:field", 7, 8


def chosen(text: str) -> Any:
    return tuple(parse_filter_string(text))


def give(site: SampleSite, *rules: ScopeRule, uuid: str = FIELD, name: str = "Field offices") -> int:
    """Let a repository have a scope with these rules."""
    with site.store.transaction():
        key: int = site.db.sync_scope.insert(name=name, rules=[each.to_json() for each in rules])
        site.repository(uuid).update(scope_id=key)
    return key


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(
        tmp_path / "hq", users={"field@example.org": ACCOUNT, "other@example.org": OTHER_ACCOUNT}
    )
    made.auth.user = Storage(id=ACCOUNT)
    register(made, RegistrationRequest(FIELD, "Field"))
    yield made
    made.close()


def pulled(site: SampleSite, table: str, uuid: str | None = FIELD, **more: str) -> str:
    out = io.BytesIO()
    pull(
        site, PullRequest.from_vars({"resource": table, "repository": uuid or "", "cursor": "", **more}), out
    )
    return out.getvalue().decode()


def pushed(site: SampleSite, table: str, records: str, *, as_eden: bool = False, **more: Any) -> PushReply:
    asked = PushRequest(table, FIELD, journal=None if as_eden else "j", checkpoint=None if as_eden else "")
    return push(site, asked, io.BytesIO(f"<s3xml>{records}</s3xml>".encode()))


# --- reading -------------------------------------------------------------------------------------------------


def test_without_a_scope_everything_is_sent(site: SampleSite) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    assert "Red Cross" in pulled(site, ORG)


def test_a_resource_outside_of_the_scope_is_refused_with_words_for_it(site: SampleSite) -> None:
    give(site, ScopeRule(ORG))
    with pytest.raises(NotInScope) as refused:
        pulled(site, PERSON)
    assert refused.value.http_status == 403 and PERSON in refused.value.message
    assert refused.value.code == "not_in_scope" and not refused.value.transient


def test_what_may_only_be_written_is_not_read(site: SampleSite) -> None:
    give(site, ScopeRule(ORG, reads=False))
    with pytest.raises(NotInScope):
        pulled(site, ORG)


@pytest.mark.parametrize("asked", [{}, {"[~]~.name__like": "*"}, {"[~]~.name": "Blue Cross"}])
@pytest.mark.parametrize("as_eden", [False, True])
def test_records_outside_of_the_scope_are_not_sent_whatever_is_asked(
    site: SampleSite, asked: dict[str, str], as_eden: bool
) -> None:
    site.push(org("o", "Red Cross") + org("p", "Blue Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    out = io.BytesIO()
    cursor = {} if as_eden else {"cursor": ""}
    pull(site, PullRequest.from_vars({"resource": ORG, "repository": FIELD, **cursor, **asked}), out)
    assert b"Blue Cross" not in out.getvalue()


def test_components_go_along_only_where_the_scope_says_so(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c", "a@example.org")), PERSON, repository_id=None)
    give(site, ScopeRule(PERSON, components=False))
    document = pulled(site, PERSON)
    assert "Ann" in document and "a@example.org" not in document


def test_records_that_others_refer_to_come_along_only_if_they_are_in_the_scope(site: SampleSite) -> None:
    site.push(org("o", "Red Cross") + office("f", "o", name="Main"), ORG, repository_id=None)
    site.push(office("f", "o", name="Main"), OFFICE, repository_id=None)
    give(site, ScopeRule(OFFICE))
    document = pulled(site, OFFICE)
    assert "Main" in document and "Red Cross" not in document
    # Nor is it named: it would be waited for, and never come.
    assert 'uuid="o"' not in document


def test_a_reference_to_a_record_that_the_filter_leaves_out_is_left_out(site: SampleSite) -> None:
    site.push(org("o", "Red Cross") + org("p", "Blue Cross"), ORG, repository_id=None)
    site.push(office("f", "o", name="Main") + office("g", "p", name="Side"), OFFICE, repository_id=None)
    give(site, ScopeRule(OFFICE), ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    document = pulled(site, OFFICE)
    assert "Main" in document and "Side" in document
    assert 'uuid="o"' in document and 'uuid="p"' not in document and "Blue Cross" not in document


def test_a_record_that_leaves_the_scope_is_no_longer_sent(site: SampleSite) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    assert "Red Cross" in pulled(site, ORG)
    site.push(org("o", "Green Cross", modified_on=LATER), ORG, repository_id=None)
    assert "Cross" not in pulled(site, ORG)


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        (OFFICE, "~.organisation_id$name"),
        (OFFICE, "~.location_id$parent$name"),
        (PERSON, "contact.value"),
        (OFFICE, "[org_organisation]~.name"),
    ],
)
def test_nobody_guesses_at_values_outside_of_the_scope(site: SampleSite, table: str, asked: str) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    site.push(office("f", "o", name="Main"), OFFICE, repository_id=None)
    give(
        site,
        ScopeRule(OFFICE),
        ScopeRule(PERSON, components=False),
        ScopeRule(ORG, filters=chosen("~.name=x")),
    )
    with pytest.raises(NotInScope):
        pulled(site, table, **{asked: "Red Cross"})
    give(site, ScopeRule(OFFICE), ScopeRule(PERSON), ScopeRule(ORG), ScopeRule(LOCATION))
    pulled(site, table, **{asked: "Red Cross"})


def test_nobody_guesses_at_values_of_the_own_table_outside_of_the_scope(site: SampleSite) -> None:
    site.push(location("x", "Secret Place") + location("l", "Town", "x"), LOCATION, repository_id=None)
    give(site, ScopeRule(LOCATION, filters=chosen("~.name=Town")))
    with pytest.raises(NotInScope):
        pulled(site, LOCATION, **{"~.parent$name__like": "S*"})
    assert "Town" in pulled(site, LOCATION, **{"~.name__like": "T*"})


def test_the_offer_counts_nothing_outside_of_the_scope(site: SampleSite) -> None:
    site.push(org("o", "Red Cross") + org("p", "Blue Cross"), ORG, repository_id=None)
    give(
        site,
        ScopeRule(ORG, filters=chosen("~.name__like=Red*")),
        ScopeRule(PERSON, reads=False),
        ScopeRule(OFFICE),
    )
    assert {each.name: each.records for each in offer.offer(site, FIELD).resources} == {
        ORG: None, PERSON: None, OFFICE: 0
    }  # fmt: skip


def test_news_say_nothing_of_what_is_outside(site: SampleSite) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Blue*")))
    asked = NewsQuestion.whole([PullRequest(each, FIELD, "") for each in (ORG, PERSON)])
    told = news.news(site, FIELD, NewsQuestion.from_body(asked.to_body()))
    assert not any("Red" in page for page in told.pages.values())
    # That it may not be read is told by its own pull.
    assert list(told.waits) == [PERSON]


def test_the_offer_names_what_is_in_the_scope(site: SampleSite) -> None:
    assert offer.offer(site, FIELD).resource(PERSON)
    give(site, ScopeRule(ORG))
    assert [each.name for each in offer.offer(site, FIELD).resources] == [ORG]


def test_a_file_is_sent_with_a_record_in_the_scope_only(site: SampleSite) -> None:
    stored = "doc_document.file.ab12.612e747874.txt"
    path = site.files.path("doc_document", "file", stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    site.s3db["doc_document"].insert(name="Plan", file=stored)
    site.db.commit()
    assert files.sent_file(site, FIELD, stored) == path
    give(site, ScopeRule("doc_document", filters=chosen("~.name__like=Other*")))
    with pytest.raises(NoSuchRecord):
        files.sent_file(site, FIELD, stored)


def test_an_answer_that_is_kept_is_not_given_out_after_the_scope_has_changed(site: SampleSite) -> None:
    give(site, ScopeRule(ORG))
    digest = parts.keep(site, FIELD, "ab", io.BytesIO(b"all"), 3)
    assert digest is not None
    found = parts.kept(site, FIELD, "ab", digest)
    assert found is not None
    found.close()
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    assert parts.kept(site, FIELD, "ab", digest) is None


# --- writing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [[], [ScopeRule(ORG, writes=False)]])
def test_what_may_not_be_written_is_refused(site: SampleSite, rules: list[ScopeRule]) -> None:
    give(site, *rules)
    for components in (True, False):
        asked = PushRequest(ORG, FIELD, journal="j", checkpoint="", components=components)
        with pytest.raises(NotInScope):
            push(site, asked, io.BytesIO(f"<s3xml>{org('o', 'Red Cross')}</s3xml>".encode()))
    assert site.row(ORG, "o") is None


@pytest.mark.parametrize("as_eden", [False, True])
def test_new_records_outside_of_the_scope_are_skipped_and_told(site: SampleSite, as_eden: bool) -> None:
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    reply = pushed(site, ORG, org("o", "Red Cross") + org("p", "Blue Cross"), as_eden=as_eden)
    assert site.row(ORG, "o") and site.row(ORG, "p") is None
    assert len(reply.created) == 1 and len(reply.barred) == (0 if as_eden else 1)
    # Nothing waits for a decision: nobody has one to make.
    assert site.kept() == []
    entry = site.db(site.db.sync_log.mode == "push/incoming").select().last()
    assert entry.result == "warning" and "not allowed here" in entry.message and "Blue Cross" in entry.message


def test_a_record_outside_is_neither_changed_nor_deleted_nor_moved_inside(site: SampleSite) -> None:
    site.push(org("o", "Blue Cross") + org("p", "Blue Moon"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    pushed(site, ORG, org("o", "Red Cross", modified_on=LATER) + deleted(ORG, "p", LATER))
    assert site.row(ORG, "o").name == "Blue Cross" and not site.row(ORG, "p").deleted


def test_a_record_inside_is_not_moved_outside(site: SampleSite) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    reply = pushed(site, ORG, org("o", "Blue Cross", modified_on=LATER) + org("q", "Red Moon"))
    assert site.row(ORG, "o").name == "Red Cross" and site.row(ORG, "q")
    assert reply.outcomes == {"created": 1, "skipped": 1}


def test_records_that_come_along_are_taken_only_if_they_are_in_the_scope(site: SampleSite) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    give(site, ScopeRule(OFFICE), ScopeRule(ORG, writes=False))
    pushed(site, OFFICE, office("f", "o", name="Main") + org("o", "Changed", modified_on=LATER))
    assert site.row(OFFICE, "f").organisation_id == site.row(ORG, "o").id
    assert site.row(ORG, "o").name == "Red Cross"


def test_components_are_taken_only_where_the_scope_says_so(site: SampleSite) -> None:
    give(site, ScopeRule(PERSON, components=False))
    pushed(site, PERSON, person("p", "Ann", contact("c", "a@example.org")))
    assert site.row(PERSON, "p") and site.row("pr_contact", "c") is None


def test_a_component_is_not_taken_from_a_record_of_another_one(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c", "a@example.org")), PERSON, repository_id=None)
    give(site, ScopeRule(PERSON, filters=chosen("~.first_name=Bob")))
    pushed(site, PERSON, person("q", "Bob", contact("c", "evil@example.org", modified_on=LATER)))
    assert site.row(PERSON, "q") and site.row("pr_contact", "c").value == "a@example.org"


def test_a_dry_run_tells_no_more_than_a_push(site: SampleSite) -> None:
    site.push(org("o", "Blue Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")))
    asked = PushRequest(ORG, FIELD, journal="j", checkpoint="", look=True)
    document = f"<s3xml>{org('o', 'Red Cross', modified_on=LATER)}</s3xml>"
    told = dry_run.dry_run(site, asked, io.BytesIO(document.encode()))
    assert told.outcomes == {"skipped": 1} and "Blue Cross" not in repr(told.examples)
    give(site, ScopeRule(ORG, reads=False))
    told = dry_run.dry_run(site, asked, io.BytesIO(document.encode()))
    assert told.outcomes == {"conflict": 1} and "Blue Cross" not in repr(told.examples)
    with pytest.raises(NotInScope):
        dry_run.dry_run(site, PushRequest(PERSON, FIELD, look=True), io.BytesIO(b"<s3xml/>"))


# --- who asks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uuid", [None, "urn:uuid:nobody"])
def test_an_account_with_a_scope_gets_nothing_under_another_name(site: SampleSite, uuid: str | None) -> None:
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG))
    with pytest.raises(NotInScope):
        pulled(site, ORG, uuid)
    with pytest.raises(NotInScope):
        offer.offer(site, uuid)
    with pytest.raises(NotInScope):
        files.sent_file(site, uuid, "doc_document.file.ab12.612e747874.txt")


def test_another_repository_of_the_account_has_the_same_scope(site: SampleSite) -> None:
    key = give(site, ScopeRule(ORG))
    register(site, RegistrationRequest("urn:uuid:second", "Second"))
    assert site.repository("urn:uuid:second").scope_id == key


def test_an_account_with_a_scope_takes_over_no_repository_that_nobody_has(site: SampleSite) -> None:
    give(site, ScopeRule(ORG))
    with site.store.transaction():
        site.db.sync_repository.insert(name="entered", uuid="urn:uuid:entered")
    with pytest.raises(ForeignAccount):
        pulled(site, ORG, "urn:uuid:entered")


def test_a_scope_that_is_gone_allows_nothing(site: SampleSite) -> None:
    key = give(site, ScopeRule(ORG))
    with site.store.transaction():
        site.db(site.db.sync_scope.id == key).delete()
    with pytest.raises(NotInScope):
        pulled(site, ORG)


def test_other_accounts_have_no_scope(site: SampleSite) -> None:
    give(site, ScopeRule(ORG))
    site.auth.user = Storage(id=OTHER_ACCOUNT)
    assert scopes.of_asking(site, None) is None and not scopes.is_bound(site)


def test_rules_are_read_back_as_they_were_written() -> None:
    rule = ScopeRule(ORG, True, False, False, chosen("~.name__like=Red*&~.acronym=RC"))
    assert ScopeRule.from_json(rule.to_json()) == rule
    one, two = Scope.of("a", [rule]), Scope.of("b", [ScopeRule(ORG)])
    assert one.digest == Scope.of("c", [rule]).digest != two.digest


# --- two sites -----------------------------------------------------------------------------------------------


def test_a_run_goes_on_where_something_is_not_allowed(site: SampleSite, tmp_path: Path) -> None:
    field = SampleSite(tmp_path / "field", clock=site.clock)
    pair = Pair(field, site, ORG, PERSON, LOCATION)
    pair._is_plain = False
    site.push(org("o", "Red Cross"), ORG, repository_id=None)
    site.push(person("p", "Ann"), PERSON, repository_id=None)
    field.push(location("l", "Town"), LOCATION, repository_id=None)
    give(site, ScopeRule(ORG), ScopeRule(LOCATION, reads=False), uuid=field.uuid)
    report = pair.run()
    assert field.row(ORG, "o") and site.row(LOCATION, "l")
    assert field.row(PERSON, "p") is None
    assert report.failures == []
    assert {name: sorted(modes) for name, modes in report.not_allowed.items()} == {
        PERSON: ["pull"],
        LOCATION: ["pull"],
    }
    told = [entry for entry in pair.told.entries if "Not allowed" in entry[3]]
    assert [(each[0], each[1], each[2]) for each in told] == [
        (PERSON, "pull", "warning"),
        (LOCATION, "pull", "warning"),
    ]
    field.close()


def test_what_was_not_taken_there_is_named_in_the_log_of_the_sender(site: SampleSite, tmp_path: Path) -> None:
    field = SampleSite(tmp_path / "field", clock=site.clock)
    pair = Pair(field, site, ORG)
    field.push(org("o", "Red Cross") + org("p", "Blue Cross"), ORG, repository_id=None)
    give(site, ScopeRule(ORG, filters=chosen("~.name__like=Red*")), uuid=field.uuid)
    pair._is_plain = False
    pair.run()
    lines = [entry[3] for entry in pair.told.entries if entry[1] == "push"]
    assert any("Blue Cross" in line and "not allowed there" in line for line in lines)
    assert pair.repository.states.pushed(ORG).position == field.journal.head()
    field.close()
