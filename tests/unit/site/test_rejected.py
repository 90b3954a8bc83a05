"""What was rejected because of a time comes by itself when the time can be, whichever clock was wrong."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from s3sync.core.kept import KeptKind
from s3sync.core.policy import Terms
from s3sync.site.rejected import retry_rejected
from tests.support.documents import CONTACT, ORG, PERSON, contact, data, org, person, resource, told
from tests.support.exchange import Pair
from tests.support.merging import edit, settle, without_edits
from tests.support.site import NOW, Clock, SampleSite

DAY = timedelta(days=1)
OFFICE, STAFF, TYPE = "org_office", "hrm_human_resource", "org_organisation_type"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "hub", clock=Clock())
    yield made
    made.close()


@pytest.fixture
def field(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "field", clock=Clock())
    yield made
    made.close()


def made(site: SampleSite, number: int, name: str = "N") -> None:
    with site.store.transaction():
        for each in range(number):
            site.s3db[ORG].insert(uuid=f"n{each}", name=f"{name}{each}")
        site.s3db[PERSON].insert(uuid="p", first_name="Ann")


def kind(uuid: str, name: str) -> str:
    """Return a type that is told to have no further uuids."""
    return resource(TYPE, uuid, data("name", name)).replace("<resource ", "<resource twins='[]' ", 1)


def names(site: SampleSite) -> list[str]:
    return sorted(row.name for row in site.rows(ORG))


def test_records_that_came_while_our_clock_was_behind_come_once_it_is_right(
    hub: SampleSite, field: SampleSite
) -> None:
    pair = Pair(field, hub, ORG, PERSON)
    field.clock.moment = NOW - 2 * DAY
    made(hub, 4)
    pair.run()
    assert names(field) == [] and len(field.kept()) == 5
    field.clock.moment = hub.clock.step(300)
    pair.run()
    assert names(field) == names(hub) and len(field.rows(PERSON)) == 1
    assert field.kept() == []


def test_records_of_a_clock_that_was_ahead_come_when_their_time_has_come(
    hub: SampleSite, field: SampleSite
) -> None:
    pair = Pair(field, hub, ORG, PERSON)
    field.clock.moment = NOW + 2 * DAY
    made(field, 4)
    pair.run()
    assert names(hub) == [] and len(hub.kept()) == 5
    field.clock.moment = NOW
    pair.run()
    assert names(hub) == []
    hub.clock.moment = field.clock.moment = NOW + DAY
    # The field has nothing to push any more: the hub tries again because the field asks.
    pair.run()
    assert names(hub) == names(field) and len(hub.rows(PERSON)) == 1
    assert hub.kept() == []


def test_records_that_refer_to_each_other_come_in_any_order_of_their_tables(
    hub: SampleSite, field: SampleSite
) -> None:
    pair = Pair(field, hub, ORG, OFFICE, STAFF)
    field.clock.moment = NOW + 2 * DAY
    with field.store.transaction():
        organisation = field.s3db[ORG].insert(uuid="o", name="O")
        office = field.s3db[OFFICE].insert(uuid="f", name="F", organisation_id=organisation)
        someone = field.s3db[PERSON].insert(uuid="p", first_name="Ann")
        place = field.s3db[OFFICE][office].site_id
        field.s3db[STAFF].insert(uuid="s", person_id=someone, organisation_id=organisation, site_id=place)
    pair.run()
    assert hub.rows(OFFICE) == [] and hub.rows(STAFF) == []
    hub.clock.moment = field.clock.moment = NOW + 3 * DAY
    # The field has nothing to push any more: the hub tries all of them again because the field asks, once.
    pair.run()
    assert hub.kept() == []
    assert hub.row(OFFICE, "f").organisation_id == hub.row(ORG, "o").id
    assert hub.row(STAFF, "s").site_id == hub.row(OFFICE, "f").site_id


def test_what_refers_to_a_record_whose_time_has_come_comes_with_it(
    hub: SampleSite, field: SampleSite
) -> None:
    pair = Pair(field, hub, ORG, OFFICE)
    with field.store.transaction():
        organisation = field.s3db[ORG].insert(uuid="o", name="O")
        field.s3db[OFFICE].insert(uuid="f", name="F", organisation_id=organisation)
    field.clock.moment = NOW + 2 * DAY
    with field.store.transaction():
        field.db(field.s3db[ORG].uuid == "o").update(name="Organisation")
    pair.run()
    assert hub.rows(ORG) == hub.rows(OFFICE) == []
    hub.clock.moment = field.clock.moment = NOW + 3 * DAY
    # Only the organisation waited for its time; the field has nothing to push any more.
    pair.run()
    assert hub.kept() == []
    assert hub.row(OFFICE, "f").organisation_id == hub.row(ORG, "o").id


def test_a_version_that_is_older_than_ours_when_its_time_has_come_gets_ours_back(
    hub: SampleSite, field: SampleSite
) -> None:
    pair = Pair(field, hub, ORG)
    made(hub, 1)
    pair.run()
    hub.clock.moment, field.clock.moment = NOW - 2 * DAY, NOW - 4 * DAY
    with field.store.transaction():
        field.s3db[ORG].insert(uuid="other", name="Other")
    # Both clocks are wrong, and each site is told so by the other one.
    pair.run()
    with hub.store.transaction():
        hub.s3db.delete(hub.s3db[ORG], [hub.row(ORG, "n0").id])
    pair.run()
    assert names(field) == ["N0", "Other"] and names(hub) == ["Other"]
    hub.clock.moment = field.clock.moment = NOW + DAY
    pair.run()
    assert names(field) == names(hub) == ["N0", "Other"]


def test_what_its_sender_lost_with_a_restore_comes_back_to_it(hub: SampleSite, field: SampleSite) -> None:
    pair = Pair(field, hub, ORG)
    with closing(sqlite3.connect(":memory:")) as backup:
        field.db.commit()
        field.db._adapter.connection.backup(backup)
        field.clock.moment = NOW + 2 * DAY
        made(field, 1)
        pair.run()
        backup.backup(field.db._adapter.connection)
    hub.clock.moment = field.clock.moment = NOW + 3 * DAY
    pair.run()
    pair.run()
    assert names(hub) == names(field) == ["N0"]


def test_each_run_tries_a_bounded_number_again(
    hub: SampleSite, field: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.site.rejected.DUE_AT_ONCE", 3)
    pair = Pair(field, hub, ORG)
    field.clock.moment = NOW - 2 * DAY
    made(hub, 7)
    pair.run()
    field.clock.moment = NOW
    for found in (3, 6, 7, 7):
        pair.run()
        assert len(names(field)) == found


def test_those_that_are_rejected_each_time_keep_nobody_waiting(
    hub: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.site.rejected.RETRIES_A_PAGE", 3)
    key = int(hub.db.sync_repository.insert(name="A", uuid="a"))
    hub.db.commit()
    hub.push("".join(kind(f"h{each}", f"N{each}") for each in range(7)), TYPE, repository_id=key)
    report = hub.push("".join(kind(f"e{each}", f"N{each}") for each in range(7)), TYPE, repository_id=key)
    assert told(report) == {"rejected": 7}
    with hub.store.transaction():
        hub.db(hub.s3db[TYPE].uuid == "h6").update(name="Another one")
    repository = hub.repository(key)
    created = []
    for _ in range(3):
        with hub.store.transaction():
            report = retry_rejected(repository, TYPE, Terms(), repository.context(TYPE))
        created.append(told(report).get("created", 0))
    assert created == [0, 0, 1] and hub.row(TYPE, "e6").name == "N6"
    assert len(hub.kept()) == 6


def test_a_component_alone_comes_too(hub: SampleSite, field: SampleSite) -> None:
    hub.push(person("p", "Ann", contact("c", "a@example.org")), PERSON, repository_id=None)
    pair = Pair(field, hub, PERSON)
    pair.run()
    hub.clock.moment = NOW + 2 * DAY
    with hub.store.transaction():
        hub.db(hub.s3db[CONTACT].uuid == "c").update(value="b@example.org")
        key = hub.row(CONTACT, "c").pe_id
        hub.s3db[CONTACT].insert(uuid="d", pe_id=key, contact_method="SMS", value="+41790000000")
    pair.run()
    assert field.row(CONTACT, "c").value == "a@example.org" and field.row(CONTACT, "d") is None
    field.clock.moment = NOW + 2 * DAY
    pair.run()
    assert field.row(CONTACT, "c").value == "b@example.org"
    assert field.row(CONTACT, "d").pe_id == field.row(PERSON, "p").pe_id
    assert field.kept() == []


@pytest.mark.parametrize("is_known", [False, True])
def test_a_component_whose_record_was_deleted_there_does_not_come(
    hub: SampleSite, field: SampleSite, is_known: bool
) -> None:
    pair = Pair(hub, field, PERSON)
    if is_known:
        hub.push(person("p", "Ann"), PERSON, repository_id=None)
        pair.run()
    hub.clock.moment = NOW + 2 * DAY
    with hub.store.transaction():
        someone = (
            hub.row(PERSON, "p") or hub.s3db[PERSON][hub.s3db[PERSON].insert(uuid="p", first_name="Ann")]
        )
        hub.s3db[CONTACT].insert(uuid="c", pe_id=someone.pe_id, contact_method="SMS", value="+41790000000")
    pair.run()
    assert [row.kind for row in field.kept() if row.tablename == CONTACT] == ["rejected"]
    with hub.store.transaction():
        hub.s3db.delete(hub.s3db[PERSON], [hub.row(PERSON, "p").id])
    pair.run()
    hub.clock.moment = field.clock.moment = NOW + 3 * DAY
    pair.run()
    assert field.rows(CONTACT) == []
    assert field.kept() == []


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_component_whose_time_has_come_waits_for_its_record(
    hub: SampleSite, field: SampleSite, is_deleted: bool
) -> None:
    pair = Pair(hub, field, PERSON)
    hub.clock.moment = NOW + 2 * DAY
    with hub.store.transaction():
        joined = hub.s3db[PERSON][hub.s3db[PERSON].insert(uuid="p", first_name="Ann")].pe_id
        hub.s3db[CONTACT].insert(uuid="c", pe_id=joined, contact_method="SMS", value="+41790000000")
    hub.clock.moment = NOW + 4 * DAY
    with hub.store.transaction():
        hub.db(hub.s3db[PERSON].uuid == "p").update(middle_name="edited")
    pair.run()
    field.clock.moment = NOW + 2 * DAY
    pair.run()
    assert field.rows(CONTACT) == [] and len(field.kept()) == 2
    if is_deleted:
        hub.delete(PERSON, "p")
    pair.run()
    field.clock.moment = NOW + 5 * DAY
    pair.run()
    assert len(field.rows(CONTACT)) == len(field.rows(PERSON)) == (0 if is_deleted else 1)
    assert field.kept() == []


def test_a_record_comes_with_its_components(hub: SampleSite, field: SampleSite) -> None:
    pair = Pair(field, hub, PERSON)
    field.clock.moment = NOW - 2 * DAY
    hub.push(person("p", "Ann", contact("c", "a@example.org")), PERSON, repository_id=None)
    pair.run()
    field.clock.moment = NOW
    pair.run()
    assert field.row(CONTACT, "c").pe_id == field.row(PERSON, "p").pe_id
    assert field.kept() == []


def test_what_changed_here_meanwhile_is_not_overwritten_without_a_word(
    hub: SampleSite, field: SampleSite
) -> None:
    hub.push(org("n0", "Red Cross"), ORG, repository_id=None)
    pair = Pair(field, hub, ORG)
    pair.run()
    field.clock.moment = NOW + 3 * DAY
    with field.store.transaction():
        field.db(field.s3db[ORG].uuid == "n0").update(name="From the future")
    pair.run()
    with hub.store.transaction():
        hub.db(hub.s3db[ORG].uuid == "n0").update(name="Here", modified_on=NOW + timedelta(hours=1))
    for days in (0, 1, 3, 3):
        hub.clock.moment = field.clock.moment = NOW + days * DAY
        pair.run()
    assert names(hub) == names(field)
    kept = [version for site in (hub, field) for row in site.kept() for version in (row.ours, row.theirs)]
    lost = {"From the future", "Here"} - set(names(hub))
    assert lost and all(any(name in (version or "") for version in kept) for name in lost)


def test_the_same_version_again_is_in_conflict_with_what_changed_since_the_first_time(
    hub: SampleSite,
) -> None:
    from_the_future = org("u", "From the future", modified_on=NOW + 3 * DAY)
    hub.push(org("u", "Red Cross"), ORG)
    hub.push(from_the_future, ORG, exchanged=0)
    first = hub.kept()[0].kept_at
    with hub.store.transaction():
        hub.db(hub.s3db[ORG].uuid == "u").update(name="Here")
    hub.push(from_the_future, ORG, exchanged=0)
    (again,) = (each for each in hub.kept() if each.kind == KeptKind.REJECTED)
    assert again.kept_at == first


def test_an_edit_whose_time_has_come_waits_for_nothing_that_its_record_is_here_without(
    hub: SampleSite, field: SampleSite
) -> None:
    """Persons of the hub are not for this site."""
    pair = Pair(field, hub, CONTACT)
    spooled = pair.peer._spooled

    def withheld(document: bytes) -> bytes:
        return re.sub(rb'<resource [^>]*name="pr_person".*?</resource>', b"", document, flags=re.DOTALL)

    pair.peer._spooled = lambda document: spooled(withheld(document))  # type: ignore[method-assign]
    with hub.store.transaction():
        joined = hub.s3db[PERSON][hub.s3db[PERSON].insert(uuid="p", first_name="Ann")].pe_id
        hub.s3db[CONTACT].insert(uuid="c", pe_id=joined, contact_method="SMS", value="+41790000000")
    pair.run()
    assert field.row(CONTACT, "c").pe_id is None and field.rows(PERSON) == []
    hub.clock.moment = NOW + 2 * DAY
    edit(hub, "c", CONTACT, value="+41790000001")
    pair.run()
    assert [row.kind for row in field.kept()] == ["rejected"]
    field.clock.moment = hub.clock.moment = NOW + 5 * DAY
    pair.run()
    assert field.row(CONTACT, "c").value == "+41790000001" and field.kept() == []


def test_what_a_site_rejected_that_tells_no_edits_is_merged_when_its_time_has_come(
    hub: SampleSite, field: SampleSite
) -> None:
    """Its edits were found out when it was rejected, and counted as told: each site kept its own version."""
    pair = without_edits(Pair(hub, field, ORG))
    hub.clock.moment = field.clock.moment = NOW + 2 * DAY
    made(hub, 1)
    settle([pair])
    # Nobody else has told the time.
    field.db(field.db.sync_repository).update(settings=None)
    field.clock.moment = NOW - 2 * DAY
    edit(field, "n0", comments="field")
    settle([pair])
    assert [row.kind for row in field.kept()] == ["rejected"]
    hub.clock.moment = field.clock.moment = NOW + 6 * DAY
    settle([pair, pair])
    assert [site.row(ORG, "n0").comments for site in (hub, field)] == ["field", "field"]
    assert field.kept() == []
