"""Import and export over a complete Eden, as far as its ways differ from those of the bundled application."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3sync.core.errors import NoSuchRecord, StoreBusy
from s3sync.core.policy import Terms
from s3sync.core.records import Action
from s3sync.exchange.exporter import ExportRequest
from s3sync.exchange.importer import Context, Report
from s3sync.exchange.scope import Scope, ScopeRule
from s3sync.site.scoping import scopes as scopes
from s3sync.site.scoping.account_rights import by_account
from s3sync.site.uploaded import upload_path
from s3sync.wire.s3xml.document import Document
from tests.support.thin_eden import CLERK, ThinEden

ORG, OFFICE = "org_organisation", "org_office"


@pytest.fixture
def eden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThinEden]:
    for name in ("s3db", "response"):
        monkeypatch.setattr(current, name, None, raising=False)
    made = ThinEden(tmp_path / "eden")
    yield made
    made.db.close()


def take(site: ThinEden, table: str, *records: str, **context: Any) -> Report:
    source = io.BytesIO(f"<s3xml>{''.join(records)}</s3xml>".encode())
    with Document(source, site.schema, table) as read, site.store.transaction():
        return site.importer.import_page(read, Terms(), Context(repository_id=1, **context))


def export(site: ThinEden, table: str, **more: Any) -> str:
    out = io.BytesIO()
    site.exporter.export(out, ExportRequest(table, paged=True, **more))
    return out.getvalue().decode()


def organisation(number: int, inside: str = "") -> str:
    return (
        f'<resource name="{ORG}" uuid="urn:uuid:o{number}" modified_on="2026-02-01T10:00:00Z">'
        f'<data field="name">Organisation {number}</data>{inside}</resource>'
    )


def office(number: int, name: str = "Office") -> str:
    return (
        f'<resource name="{OFFICE}" uuid="urn:uuid:f{number}" modified_on="2026-02-01T10:00:00Z">'
        f'<data field="name">{name}</data>'
        f'<reference field="organisation_id" resource="{ORG}" uuid="urn:uuid:o1"/></resource>'
    )


def test_a_callback_gets_a_form_of_an_eden_and_its_record_keeps_its_time(eden: ThinEden) -> None:
    assert take(eden, ORG, organisation(1)).warnings == []
    form = eden.s3db.seen[0]
    row = eden.db(eden.db.org_organisation).select().first()
    assert (form.vars.id, form.method, form.table) == (row.id, "create", eden.db.org_organisation)
    assert (row.users, str(row.modified_on)) == (7, "2026-02-01 10:00:00")
    assert current.response.s3.bulk is None, "as before the import"


def test_what_callbacks_derive_is_no_change_of_ours(eden: ThinEden) -> None:
    take(eden, ORG, organisation(1))
    key = eden.db(eden.db.org_organisation).select().first().id
    ((_, origin),) = eden.journal.positions(ORG, [key]).values()
    assert origin == 1 and "Organisation 1" not in export(eden, ORG, skip_origin=1)


def test_what_a_person_changes_afterwards_is(eden: ThinEden) -> None:
    take(eden, ORG, organisation(1))
    eden.clock.step()
    eden.db(eden.db.org_organisation).update(name="Renamed")
    eden.db.commit()
    assert "Renamed" in export(eden, ORG, skip_origin=1)


def test_realms_are_set_by_the_rule_of_the_table_once_records_are_written(eden: ThinEden) -> None:
    take(eden, ORG, organisation(1), organisation(2))
    rows = eden.db(eden.db.org_organisation).select()
    assert eden.auth.realms_set == [(ORG, [row.id for row in rows])]
    assert all(row.realm_entity == row.pe_id for row in rows)


def summarised(inside: str = "") -> str:
    return organisation(1, inside).replace("Organisation 1", "Summarised 1").replace("2026-02", "2025-12")


def test_what_a_callback_makes_for_a_record_never_replaces_what_somebody_wrote_there(eden: ThinEden) -> None:
    """It comes later, with the time of now, and is empty: both sites lost the text to it."""
    assert take(eden, ORG, summarised(), exchanged=0).main[Action.CREATED] == 1
    (made,) = eden.db(eden.db.org_summary).select()
    text = (
        '<resource name="org_summary" uuid="urn:uuid:s1" created_on="2025-12-01T10:00:00Z" '
        'modified_on="2025-12-03T10:00:00Z"><data field="text">Written</data></resource>'
    )
    report = take(eden, ORG, summarised(text), exchanged=0)
    (row,) = eden.db(eden.db.org_summary).select()
    assert (row.id, row.text, row.uuid) == (made.id, "Written", "urn:uuid:s1")
    assert report.conflicts == []


def test_what_a_callback_makes_is_sent_to_who_may_not_have_it(eden: ThinEden) -> None:
    take(eden, ORG, summarised())
    assert 'name="org_summary"' in export(eden, ORG, skip_origin=1)


def test_a_part_without_a_master_goes_where_its_own_table_is_a_resource(eden: ThinEden) -> None:
    eden.db.org_summary.insert(text="Of nothing")
    eden.db.commit()
    assert "Of nothing" not in export(eden, ORG) and "Of nothing" in export(eden, "org_summary")


def test_a_site_gets_its_code_from_the_entity(eden: ThinEden) -> None:
    take(eden, OFFICE, office(1), organisation(1))
    site = eden.db(eden.db.org_site).select().first()
    assert (site.name, site.code, site.instance_type) == ("Office", f"SITE{site.site_id}", OFFICE)


def test_a_callback_that_fails_is_told_with_its_record_and_the_others_go_on(eden: ThinEden) -> None:
    report = take(eden, OFFICE, office(1, "Bad"), office(2), organisation(1))
    assert eden.db(eden.db.org_office).count() == 2
    assert [("'Bad'" in each, "nothing is known of it" in each) for each in report.warnings] == [(True, True)]


def test_contacts_travel_once_and_roles_not_at_all(eden: ThinEden) -> None:
    inside = (
        '<resource name="pr_contact" uuid="urn:uuid:c1"><data field="contact_method">EMAIL</data>'
        '<data field="value">a@example.org</data></resource>'
    )
    take(eden, ORG, organisation(1, inside))
    sent = export(eden, ORG)
    assert sent.count("urn:uuid:c1") == 1 and "pr_role" not in sent
    assert eden.db(eden.db.pr_role).count() == 1 and eden.schema.get("pr_role") is None


def test_an_account_reads_what_its_realm_holds(eden: ThinEden) -> None:
    take(eden, ORG, organisation(1), organisation(2))
    mine = eden.db(eden.db.org_organisation.name == "Organisation 1").select().first()
    assert by_account(eden, None) is None, "an administrator reads everything"
    eden.auth.realm = {mine.pe_id}
    eden.host.impersonate(eden.clerk)
    scope = by_account(eden, None)
    assert scope is not None and scope.may_read(ORG) and not scope.may_read(OFFICE)
    sent = export(
        eden, ORG, filters={ORG: scope.reading(ORG).filters}, readable=scope.readable, skip_origin=None
    )
    assert "Organisation 1" in sent and "Organisation 2" not in sent


def test_a_part_comes_only_where_the_account_may_read_it_by_itself(eden: ThinEden) -> None:
    inside = (
        '<resource name="pr_contact" uuid="urn:uuid:c1"><data field="value">a@example.org</data></resource>'
    )
    take(eden, ORG, organisation(1, inside))
    eden.auth.realm = {eden.db(eden.db.org_organisation).select().first().pe_id}
    eden.host.impersonate(eden.clerk)
    scope = by_account(eden, None)
    assert scope is not None
    sent = export(eden, ORG, readable=scope.readable)
    assert "Organisation 1" in sent and "urn:uuid:c1" not in sent


def test_in_a_scope_a_part_comes_where_the_account_may_read_it_and_is_no_resource_of_its_own(
    eden: ThinEden,
) -> None:
    inside = (
        '<resource name="pr_contact" uuid="urn:uuid:c1"><data field="value">a@example.org</data></resource>'
        '<resource name="pr_contact" uuid="urn:uuid:c2"><data field="value">b@example.org</data></resource>'
    )
    take(eden, ORG, organisation(1, inside))
    mine = eden.db(eden.db.org_organisation).select().first().pe_id
    contacts = eden.db.pr_contact
    cards = [contacts.card.store(io.BytesIO(b"card"), "card.png") for _ in range(2)]
    for uuid, realm, card in (("urn:uuid:c1", mine, cards[0]), ("urn:uuid:c2", mine + 1, cards[1])):
        eden.db(contacts.uuid == uuid).update(realm_entity=realm, card=card)
    eden.auth.realm = {mine}
    eden.auth.allow(CLERK, "read", "pr_contact")
    eden.host.impersonate(eden.clerk)
    scope = by_account(eden, Scope.of("Field", [ScopeRule(ORG)]))
    assert scope is not None and not scope.may_read("pr_contact")
    sent = export(eden, ORG, readable=scope.readable)
    assert "urn:uuid:c1" in sent and "urn:uuid:c2" not in sent
    # Their files as well.
    exchanges = scopes.exchanges(scope, "pr_contact")
    assert upload_path(eden, cards[0], exchanges, along=False).read_bytes() == b"card"
    with pytest.raises(NoSuchRecord, match="no record that is sent"):
        upload_path(eden, cards[1], exchanges, along=False)


def test_an_account_writes_what_its_realm_holds_and_makes_nothing_it_may_not_make(eden: ThinEden) -> None:
    take(eden, ORG, organisation(1), organisation(2))
    mine = eden.db(eden.db.org_organisation.name == "Organisation 1").select().first()
    eden.auth.realm = {mine.pe_id}
    eden.host.impersonate(eden.clerk)
    scope = by_account(eden, None)
    assert scope is not None
    later = [
        organisation(number)
        .replace("2026-02-01", "2026-02-02")
        .replace(f">Organisation {number}", f">New {number}")
        for number in (1, 2, 3)
    ]
    report = take(eden, ORG, *later, guard=scope.guard())
    names = {row.name for row in eden.db(eden.db.org_organisation).select()}
    assert names == {"New 1", "Organisation 2"} and len(report.barred) == 2


def test_what_has_no_conditions_is_for_administrators_alone(eden: ThinEden) -> None:
    """Archives, the history of a record and the bin would tell of records that an account may not read."""
    assert scopes.shows_to_readers(eden) and not scopes.is_bound(eden)
    eden.host.impersonate(eden.clerk)
    assert not scopes.shows_to_readers(eden) and scopes.is_bound(eden)


def test_another_account_is_another_digest(eden: ThinEden) -> None:
    eden.settings.approves = True
    digests = set()
    for user in (eden.administrator, eden.clerk):
        eden.host.impersonate(user)
        scope = by_account(eden, None)
        assert scope is not None
        digests.add(scope.digest)
    assert len(digests) == 2


class Lost(Exception):
    """What a driver raises when its transaction is over."""


def over(eden: ThinEden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store take ``Lost`` for the error of a server that has undone the whole transaction."""
    store = type(eden.store)
    known = store.driver_errors(eden.store)
    translated = store.translated

    def translate(self: Any, error: BaseException, subject: str) -> Any:
        return self.busy(error) if isinstance(error, Lost) else translated(self, error, subject)

    monkeypatch.setattr(store, "driver_errors", lambda self: (*known, Lost))
    monkeypatch.setattr(store, "translated", translate)


def test_a_callback_that_ended_the_transaction_fails_the_page(
    eden: ThinEden, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after a deadlock on MariaDB: the server has undone all, and tells only the callback.
    def accept(form: Any) -> None:
        eden.db._adapter.connection.rollback()
        raise Lost("try restarting transaction")

    over(eden, monkeypatch)
    eden.s3db.table(ORG)
    eden.s3db.configure(ORG, onaccept=accept)
    with pytest.raises(StoreBusy, match="try restarting transaction"):
        take(eden, ORG, organisation(1), organisation(2))


def test_a_realm_rule_that_fails_is_told_with_its_record_and_the_others_go_on(
    eden: ThinEden, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_realms = eden.auth.set_realm_entity

    def fails(table: Any, keys: Any, **more: Any) -> None:
        rows = eden.db(table.id.belongs(keys)).select()
        if any(row.name == "Organisation 2" for row in rows):
            raise ValueError("no realm for this one")
        set_realms(table, keys, **more)

    monkeypatch.setattr(eden.auth, "set_realm_entity", fails)
    report = take(eden, ORG, organisation(1), organisation(2), organisation(3))
    assert eden.db(eden.db.org_organisation).count() == 3
    (told,) = report.warnings
    assert "no realm for this one" in told and "o2" in told
