"""What is written within a scope: what turns out to lie outside is told from the rest, and no merge reaches beyond."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.exchange.scope import NotInScope, ScopeRule
from s3sync.passive import scoped as scoped
from s3sync.passive.push import push
from s3sync.passive.registration import register
from s3sync.wire.filters import parse_filter_string
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.documents import LATER, ORG, PERSON, contact, deleted, org, person
from tests.support.site import SampleSite

FIELD = "urn:uuid:field"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "hq")
    register(made, RegistrationRequest(FIELD, "Field"))
    yield made
    made.close()


def give(site: SampleSite, table: str, filters: str) -> None:
    """Let the other site write the records of a table that meet these filters."""
    rule = ScopeRule(table, filters=tuple(parse_filter_string(filters)))
    with site.store.transaction():
        key = site.db.sync_scope.insert(name="Field offices", rules=[rule.to_json()])
        site.repository(FIELD).update(scope_id=key)


def pushed(site: SampleSite, table: str, records: str, *, as_eden: bool = False) -> PushReply:
    asked = PushRequest(table, FIELD, journal=None if as_eden else "j", checkpoint=None if as_eden else "")
    return push(site, asked, io.BytesIO(f"<s3xml>{records}</s3xml>".encode()))


@pytest.mark.parametrize("as_eden", [True, False])
def test_records_without_identifiers_are_told_apart(
    site: SampleSite, as_eden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoped, "MOST_ROUNDS", 3)
    give(site, ORG, "~.name__like=Red*")
    records = (
        org(None, "Blue Cross") + org(None, "Red Cross") + org(None, "Blue Moon") + org(None, "Red Moon")
    )
    pushed(site, ORG, records, as_eden=as_eden)
    assert {row.name for row in site.rows(ORG)} == {"Red Cross", "Red Moon"}


def test_a_document_is_imported_twice_at_most_however_many_of_its_batches_leave_the_scope(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoped, "MOST_ROUNDS", 2)
    monkeypatch.setattr(site.importer, "_batch_size", 2)
    give(site, ORG, "~.name__like=Red*")
    records = "".join(org(f"{color}{n}", f"{color} {n}") for n in range(6) for color in ("Red", "Blue"))
    pushed(site, ORG, records, as_eden=True)
    assert sorted(row.name for row in site.rows(ORG)) == [f"Red {n}" for n in range(6)]


def test_what_cannot_be_told_apart_is_refused(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoped, "MOST_ROUNDS", 1)
    give(site, ORG, "~.name__like=Red*")
    with pytest.raises(NotInScope, match="told apart"):
        pushed(site, ORG, org("p", "Blue Cross"))
    assert site.row(ORG, "p") is None


@pytest.mark.parametrize("through", ["", "m"])
def test_nothing_is_merged_into_a_record_outside(site: SampleSite, through: str) -> None:
    ann = person("a", "Ann", contact("c1", "ann@example.org"))
    site.push(ann + person("m", "Ann"), PERSON, repository_id=None)
    if through:
        site.push(deleted(PERSON, "m", LATER, replaced_by="a"), PERSON, repository_id=None)
    give(site, PERSON, "~.first_name=Bob")
    pushed(site, PERSON, person("b", "Bob", contact("c2", "evil@example.org")))
    merge = deleted(PERSON, "b", LATER, replaced_by=through or "a")
    assert pushed(site, PERSON, merge).outcomes == {"skipped": 1}
    assert not site.row(PERSON, "b").deleted
    owner = site.row(PERSON, "a").pe_id
    assert [each.value for each in site.rows("pr_contact") if each.pe_id == owner] == ["ann@example.org"]


def test_records_inside_are_merged(site: SampleSite) -> None:
    give(site, PERSON, "~.first_name=Bob")
    pushed(site, PERSON, person("a", "Bob") + person("b", "Bob"))
    assert pushed(site, PERSON, deleted(PERSON, "b", LATER, replaced_by="a")).outcomes == {"merged": 1}
