"""Sites tell each other under which uuids they know a record, and keep apart what one of them has as two records."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from s3sync.core.policy import Terms
from s3sync.exchange.importer import Importer
from tests.support.documents import EARLIER, LATER, ORG, data, deleted, org, reasons, resource, told
from tests.support.exchange import Pair
from tests.support.merging import edit
from tests.support.site import Clock, SampleSite

TYPE = "org_organisation_type"


def kind(uuid: str, name: str, *parts: str, **more: object) -> str:
    return resource(TYPE, uuid, data("name", name), *parts, **more)  # type: ignore[arg-type]


def twins(uuid: str, name: str, *further: str, **more: object) -> str:
    """Return a record as a site sends it that names the further uuids under which it knows it."""
    text = kind(uuid, name, **more)
    return text.replace("<resource ", f"<resource twins='{json.dumps(further)}' ", 1)


def names(site: SampleSite) -> dict[str, str]:
    return {row.uuid: row.name for row in site.rows(TYPE)}


def further(site: SampleSite) -> dict[str, str]:
    twin = site.db.sync_twin
    return {
        row.uuid: site.s3db[TYPE][row.record_id].uuid for row in site.db(twin).select() if not row.proposed
    }


# --- what the other site says ---------------------------------------------------------------------------


def test_an_export_names_the_further_uuids_of_a_record_also_of_a_deleted_one(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    site.push(kind("theirs", "Aqua"), TYPE)
    assert 'twins="[&quot;theirs&quot;]"' in site.export(TYPE)[0].decode()
    site.push(deleted(TYPE, "theirs", LATER), TYPE)
    text = site.export(TYPE)[0].decode()
    assert 'twins="[&quot;theirs&quot;]"' in text and 'deleted="True"' in text
    assert "twins=" not in site.export(TYPE, paged=False)[0].decode(), "an Eden needs none of it"


def test_a_record_that_was_renamed_here_is_found_by_the_uuid_that_the_sender_names(site: SampleSite) -> None:
    site.push(kind("mine", "Wash", modified_on=LATER), TYPE)
    report = site.push(twins("theirs", "Aqua", "mine"), TYPE)
    assert told(report) == {"skipped": 1}, "ours is newer"
    assert names(site) == {"mine": "Wash"}
    assert further(site) == {"theirs": "mine"}


def test_a_further_uuid_is_remembered_with_the_record_and_passed_on(site: SampleSite) -> None:
    site.push(kind("1", "Aqua"), TYPE)
    before = site.journal.head()
    assert told(site.push(twins("1", "Aqua", "2"), TYPE)) == {"unchanged": 1}
    assert further(site) == {"2": "1"}
    assert 'twins="[&quot;2&quot;]"' in site.export(TYPE, after=before)[0].decode()
    settled = site.journal.head()
    site.push(twins("1", "Aqua", "2"), TYPE)
    assert site.journal.head() == settled, "what is known moves nothing"


def test_what_is_one_record_there_and_two_here_is_rejected_and_told(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    report = site.push(twins("1", "Grey", "2", modified_on=LATER), TYPE)
    assert "here they are two" in reasons(report)[0]
    assert names(site) == {"1": "Amber", "2": "Violet"}
    assert [row.uuid for row in site.kept()] == ["1"]


def test_the_version_of_one_record_goes_to_the_survivor_of_a_merge_here(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    site.push(deleted(TYPE, "1", LATER, replaced_by="2"), TYPE)
    site.push(twins("1", "Grey", "2", modified_on="2026-03-01T13:00:00"), TYPE)
    assert names(site) == {"2": "Grey"}


def test_a_record_that_was_deleted_here_is_no_other_one_that_the_sender_names(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    site.push(deleted(TYPE, "1", LATER), TYPE)
    newest = "2026-03-01T13:00:00"
    report = site.push(twins("1", "Violet", "2", modified_on=newest), TYPE)
    assert reasons(report) == ["The other site takes it and 2 for one record; here they are two."]
    assert names(site) == {"2": "Violet"} and further(site) == {}
    assert [(row.uuid, row.kind) for row in site.kept()] == [("1", "rejected")]
    older = site.push(twins("1", "Violet", "2"), TYPE)
    assert told(older) == {"skipped": 1}, "the deletion is newer"
    site.push(kind("2", "Grey", modified_on=newest), TYPE)
    assert told(site.push(twins("1", "Violet", modified_on=newest), TYPE)) == {"updated": 1}
    assert names(site) == {"1": "Violet", "2": "Grey"} and not site.kept()


def test_what_was_deleted_here_and_got_the_name_of_another_one_there_is_told_until_one_is_renamed(
    tmp_path: Path,
) -> None:
    clock = Clock()
    here, there = (SampleSite(tmp_path / name, clock=clock) for name in ("here", "there"))
    pair = Pair(here, there, TYPE)
    here.push(kind("1", "Amber") + kind("2", "Violet"), TYPE, repository_id=None)
    here.db.commit()
    pair.run()
    clock.step(60)
    here.s3db.delete(here.s3db[TYPE], [here.row(TYPE, "1").id])
    here.db(here.s3db[TYPE].uuid == "2").update(name="Grey", modified_on=clock.now())
    here.db.commit()
    clock.step(60)
    there.db(there.s3db[TYPE].uuid == "1").update(name="Grey", modified_on=clock.now())
    there.db.commit()
    for _ in range(3):
        clock.step(60)
        pair.run()
    assert names(here) == {"2": "Grey"}
    assert [row.uuid for row in here.kept() if row.kind == "rejected"] == ["1"]
    here.db(here.s3db[TYPE].uuid == "2").update(name="Blue", modified_on=clock.now())
    here.db.commit()
    for _ in range(3):
        clock.step(60)
        pair.run()
    assert names(here) == names(there) == {"1": "Grey", "2": "Blue"}
    assert not [row for each in (here, there) for row in each.kept() if row.kind == "rejected"]
    for each in (here, there):
        each.close()


def test_who_has_a_unique_value_is_named(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    report = site.push(kind("2", "Amber", modified_on=LATER), TYPE)
    assert reasons(report) == ["name: 'Amber' is used by another record already (1)"]
    report = site.push(twins("3", "Amber"), TYPE)
    assert reasons(report) == ["Its name 'Amber' is that of 1 here, which the other site has as well."]


def test_a_merge_of_what_is_one_record_here_changes_nothing(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    site.push(kind("theirs", "Aqua"), TYPE)
    report = site.push(deleted(TYPE, "theirs", LATER, replaced_by="mine"), TYPE)
    assert told(report) == {"unchanged": 1}
    assert names(site) == {"mine": "Aqua"}


def test_a_deletion_finds_the_record_by_a_further_uuid(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    gone = deleted(TYPE, "theirs", LATER).replace("<resource ", "<resource twins='[\"mine\"]' ", 1)
    assert told(site.push(gone, TYPE)) == {"deleted": 1}
    assert names(site) == {}


# --- two records of the other site ----------------------------------------------------------------------


def test_a_record_that_the_sender_has_is_no_twin_of_another_one_of_the_sender(site: SampleSite) -> None:
    site.push(kind("1", "Amber"), TYPE, repository_id=None)
    here = {"delivered": lambda table: site.journal.head()}
    report = site.push(twins("2", "Amber"), TYPE, **here)
    assert "which the other site has as well" in reasons(report)[0]
    assert further(site) == {}
    apart = site.push(twins("2", "Red", modified_on=LATER), TYPE, **here)
    assert told(apart) == {"created": 1}


def test_a_record_that_the_sender_brought_is_no_twin_of_another_one_of_the_sender(site: SampleSite) -> None:
    site.push(kind("1", "Amber"), TYPE)
    report = site.push(twins("2", "Amber"), TYPE)
    assert told(report) == {"rejected": 1}


def test_types_that_change_hands_at_two_sites_at_once_stay_two_and_are_told(tmp_path: Path) -> None:
    clock = Clock()
    here, there = (SampleSite(tmp_path / name, clock=clock) for name in ("here", "there"))
    pair = Pair(here, there, TYPE)
    here.push(kind("1", "Amber"), TYPE, repository_id=None)
    here.db.commit()
    pair.run()
    clock.step()
    there.db(there.s3db[TYPE].uuid == "1").update(name="Violet", modified_on=clock.now())
    there.db.commit()
    here.push(kind("2", "Violet"), TYPE, repository_id=None)
    here.db.commit()
    pair.run()
    clock.step(60)
    pair.run()
    assert len(names(here)) == 2 and not further(there)
    assert here.kept() or there.kept(), "a person is told that two records want one name"
    here.db(here.s3db[TYPE].uuid == "2").update(name="Grey", modified_on=clock.now())
    here.db.commit()
    for _ in range(2):
        clock.step(60)
        pair.run()
    assert names(here) == names(there) == {"1": "Violet", "2": "Grey"}
    for each in (here, there):
        each.close()


def test_who_made_a_record_under_the_same_name_at_last_is_one_at_both_sites_after_two_runs(
    tmp_path: Path,
) -> None:
    clock = Clock()
    sites = [SampleSite(tmp_path / name, clock=clock) for name in ("here", "there")]
    pair = Pair(sites[0], sites[1], TYPE)
    sites[0].push(kind("old", "Amber"), TYPE, repository_id=None)
    sites[0].db.commit()
    pair.run()
    for number, each in enumerate(sites):
        each.push(kind(f"u{number}", "Aqua", modified_on=LATER), TYPE, repository_id=None)
        each.db.commit()
    for _ in range(3):
        clock.step(60)
        pair.run()
    assert [further(each) for each in sites] == [{"u1": "u0"}, {"u0": "u1"}]
    assert not sites[0].kept() and not sites[1].kept()
    sites[1].db(sites[1].s3db[TYPE].uuid == "u1").update(
        name="Wash", modified_on=LATER + timedelta(seconds=1)
    )
    sites[1].db.commit()
    pair.run()
    assert names(sites[0]) == {"old": "Amber", "u0": "Wash"}
    for each in sites:
        each.close()


# --- values of records that are gone --------------------------------------------------------------------


def test_the_value_of_a_deleted_record_is_free_and_the_record_is_no_twin(site: SampleSite) -> None:
    site.push(kind("1", "Amber"), TYPE)
    site.push(deleted(TYPE, "1", LATER), TYPE)
    assert told(site.push(kind("2", "Amber"), TYPE)) == {"created": 1}
    assert names(site) == {"2": "Amber"}


def test_a_record_gets_the_value_of_one_that_the_same_document_deletes(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    report = site.push(
        kind("2", "Amber", modified_on=LATER) + kind("new", "Violet") + deleted(TYPE, "1", LATER), TYPE
    )
    assert not report.failures
    assert names(site) == {"2": "Amber", "new": "Violet"}


def test_the_survivor_of_a_merge_takes_the_unique_value_in_either_order(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet") + kind("3", "Red") + kind("4", "Blue"), TYPE)
    taken = [kind("2", "Amber", modified_on=LATER), deleted(TYPE, "1", LATER, replaced_by="2")]
    assert not site.push("".join(taken), TYPE).failures
    taken = [deleted(TYPE, "3", LATER, replaced_by="4"), kind("4", "Red", modified_on=LATER)]
    assert not site.push("".join(taken), TYPE).failures
    assert names(site) == {"2": "Amber", "4": "Red"}


def test_a_new_survivor_takes_the_unique_value(site: SampleSite) -> None:
    site.push(kind("1", "Amber"), TYPE)
    report = site.push(kind("new", "Amber") + deleted(TYPE, "1", LATER, replaced_by="new"), TYPE)
    assert not report.failures
    assert names(site) == {"new": "Amber"}


def test_a_deletion_that_is_not_taken_keeps_the_value(site: SampleSite) -> None:
    site.push(kind("1", "Amber", modified_on=LATER) + kind("2", "Violet"), TYPE)
    report = site.push(deleted(TYPE, "1", EARLIER) + kind("2", "Amber", modified_on=LATER), TYPE)
    assert told(report) == {"skipped": 1, "rejected": 1}
    assert names(site) == {"1": "Amber", "2": "Violet"}


# --- documents of several batches -----------------------------------------------------------------------


def test_a_value_passed_to_a_new_record_in_an_earlier_batch_makes_no_twin(site: SampleSite) -> None:
    site.importer = Importer(site.ports, site.exporter.snapshot, batch_size=1)
    site.push(kind("1", "Granite"), TYPE)
    report = site.push(
        kind("new", "Granite", modified_on=LATER) + kind("1", "Basalt", modified_on=LATER), TYPE
    )
    assert not report.failures
    assert names(site) == {"1": "Basalt", "new": "Granite"}


def test_whose_version_in_an_earlier_batch_was_refused_is_no_twin(site: SampleSite) -> None:
    site.importer = Importer(site.ports, site.exporter.snapshot, batch_size=1)
    site.push(kind("1", "Granite", modified_on=LATER), TYPE)
    report = site.push(kind("1", "Basalt", modified_on=EARLIER) + kind("new", "Granite"), TYPE)
    assert told(report) == {"skipped": 1, "rejected": 1}
    assert names(site) == {"1": "Granite"}


# --- adopted uuids --------------------------------------------------------------------------------------

ADOPT = Terms(synchronise_uuids=True)


def test_a_record_that_is_equal_but_for_its_uuid_adopts_the_senders(site: SampleSite) -> None:
    site.push(org("mine", "Same"), ORG)
    before = site.journal.head()
    assert told(site.push(org("theirs", "Same"), ORG, ADOPT)) == {"unchanged": 1}
    assert [row.uuid for row in site.rows(ORG)] == ["theirs"]
    assert 'uuid="theirs"' in site.export(ORG, after=before)[0].decode(), "others have to learn of it"
    settled = site.journal.head()
    site.push(org("theirs", "Same"), ORG, ADOPT)
    assert site.journal.head() == settled


def test_without_the_option_an_equal_record_with_another_uuid_is_another_one(site: SampleSite) -> None:
    site.push(org("mine", "Same"), ORG)
    site.push(org("theirs", "Same"), ORG)
    assert sorted(row.uuid for row in site.rows(ORG)) == ["mine", "theirs"]


def test_a_record_is_found_by_the_uuid_that_it_had_and_of_known_ones_the_first_stays(
    site: SampleSite,
) -> None:
    site.push(org("b", "Same"), ORG)
    site.push(org("c", "Same", modified_on=LATER), ORG, ADOPT)
    assert [row.uuid for row in site.rows(ORG)] == ["c"]
    site.push(org("b", "Renamed", modified_on="2026-03-01T13:00:00"), ORG, ADOPT)
    assert [(row.uuid, row.name) for row in site.rows(ORG)] == [("b", "Renamed")]
    site.push(org("c", "Renamed again", modified_on="2026-03-01T14:00:00"), ORG, ADOPT)
    assert [(row.uuid, row.name) for row in site.rows(ORG)] == [("b", "Renamed again")]


@pytest.mark.parametrize(("gone", "kept"), [("theirs", "mine"), ("mine", "theirs")])
def test_a_merge_of_what_became_one_record_here_changes_nothing(
    site: SampleSite, gone: str, kept: str
) -> None:
    site.push(org("mine", "Same"), ORG)
    site.push(org("theirs", "Same"), ORG, ADOPT)
    report = site.push(deleted(ORG, gone, LATER, replaced_by=kept), ORG, ADOPT)
    assert told(report) == {"unchanged": 1}
    assert [row.name for row in site.rows(ORG)] == ["Same"]


def test_a_deletion_of_one_of_two_that_became_one_here_leaves_the_other_one(site: SampleSite) -> None:
    site.push(org("u0", "Same"), ORG)
    site.push(org("u1", "Same"), ORG, ADOPT)
    alone = deleted(ORG, "u1", LATER).replace("<resource ", "<resource twins='[]' ", 1)
    assert told(site.push(alone, ORG, ADOPT)) == {"unchanged": 1}
    both = alone.replace("[]", json.dumps(["u0"]))
    assert told(site.push(both, ORG, ADOPT)) == {"deleted": 1}


@pytest.mark.parametrize("ring", [False, True])
def test_sites_that_adopt_each_others_uuids_end_with_one(tmp_path: Path, ring: bool) -> None:
    clock = Clock()
    sites = [SampleSite(tmp_path / name, clock=clock) for name in "xyz"]
    pairs = [Pair(sites[0], sites[1], ORG), Pair(sites[1], sites[2], ORG)]
    pairs += [Pair(sites[2], sites[0], ORG)] if ring else []
    for number, each in enumerate(sites):
        each.push(org(f"u{number}", "Same"), ORG, repository_id=None)
        each.db(each.db.sync_repository).update(synchronise_uuids=True)
        each.db.commit()
    for _ in range(4):
        clock.step(60)
        for pair in pairs:
            pair.run()
    assert len({row.uuid for each in sites for row in each.rows(ORG)}) == 1
    quiet = [each.journal.head() for each in sites]
    for pair in pairs:
        pair.run()
    assert [each.journal.head() for each in sites] == quiet
    for each in sites:
        each.close()


def test_a_site_that_has_two_of_one_name_is_told_that_the_other_one_has_made_them_one(tmp_path: Path) -> None:
    clock = Clock()
    here, there = (SampleSite(tmp_path / name, clock=clock) for name in ("here", "there"))
    pair = Pair(here, there, ORG)
    here.push(org("u0", "Same"), ORG, repository_id=None)
    for each in (here, there):
        each.db(each.db.sync_repository).update(synchronise_uuids=True)
        each.db.commit()
    pair.run()
    clock.step(60)
    here.push(org("u1", "Same", modified_on=LATER), ORG, repository_id=None)
    here.db.commit()
    # The other one adopts in a push; what it made of the two comes with the next pull.
    for _ in range(2):
        clock.step(60)
        pair.run()
    assert [row.uuid for row in there.rows(ORG)] == ["u1"]
    assert sorted(row.uuid for row in here.rows(ORG)) == ["u0", "u1"]
    assert ["here they are two" in row.reason for row in here.kept()] == [True]
    # Who is told so deletes one of the two.
    clock.step(60)
    here.delete(ORG, "u1")
    for _ in range(2):
        pair.run()
    assert [[row.name for row in each.rows(ORG)] for each in (here, there)] == [["Same"], ["Same"]]
    for each in (here, there):
        each.close()


def test_what_is_rejected_again_and_again_as_one_record_there_sends_nothing_again(tmp_path: Path) -> None:
    clock = Clock()
    here, there = (SampleSite(tmp_path / name, clock=clock) for name in ("here", "there"))
    pair = Pair(here, there, ORG)
    for each in (here, there):
        each.db(each.db.sync_repository).update(synchronise_uuids=True)
        each.db.commit()
    for uuid in ("u0", "u1"):
        here.push(org(uuid, "Same"), ORG, repository_id=None)
        here.db.commit()
        pair.run()
    edit(here, "u1", acronym="ours")
    here.delete(ORG, "u1")
    clock.step(60)
    edit(there, "u1", comments="theirs")
    for _ in range(3):
        pair.run()
    quiet = [each.journal.head() for each in (here, there)]
    pair.run()
    assert [each.journal.head() for each in (here, there)] == quiet
    assert ["here they are two" in row.reason for row in here.kept()] == [True]
    for each in (here, there):
        each.close()
