"""Data sets: what their archives are made of, and where."""

from __future__ import annotations

import errno
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.administration import dataset_archive as dataset_archive
from s3sync.administration import datasets as administration_datasets
from s3sync.core.errors import StoreFull
from s3sync.site import Site
from s3sync.site import datasets as datasets
from s3sync.wire.archive import MANIFEST, Manifest, deletions_of, entry_of
from s3sync.wire.filters import parse_filter
from tests.support.site import SampleSite


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[SampleSite]:
    site = SampleSite(tmp_path / "own")
    Scheduler(site.db, migrate=True)
    yield site
    site.db.close()


@pytest.fixture()
def dataset(site: Site) -> int:
    key: int = site.db.sync_dataset.insert(code="ref", name="Reference", use_archive=True)
    site.db.sync_task.insert(dataset_id=key, resource_name="org_organisation")
    site.db.org_organisation.insert(name="One")
    site.db.commit()
    return key


def test_an_archive_is_made_in_the_folder_of_the_site(
    site: Site, dataset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, real = [], tempfile.TemporaryFile

    def watched(*args: Any, **options: Any) -> Any:
        made.append(options.get("dir"))
        return real(*args, **options)

    monkeypatch.setattr(dataset_archive.tempfile, "TemporaryFile", watched)
    assert dataset_archive.build(site, dataset) == {"records": 1}
    assert made and set(made) == {site.spool}


def documents(site: Site) -> dict[str, str]:
    """Return the documents in the newest archive for people by the names of their resources."""
    archive = datasets.all_of(site)[0].archive
    assert archive is not None
    path = site.files.path("sync_dataset_archive", archive.field, archive.stored)
    with zipfile.ZipFile(path) as packed:
        return {
            Path(name).stem: packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml")
        }


def for_programs(site: Site) -> tuple[Manifest, dict[str, str]]:
    """Return what the newest archive for sites that subscribe says of itself, and its entries."""
    (found,) = datasets.all_of(site)
    assert found.archive is not None and found.archive.for_programs is not None
    path = site.files.path("sync_dataset_archive", "archive", found.archive.for_programs)
    with zipfile.ZipFile(path) as packed:
        entries = {name: packed.read(name).decode() for name in packed.namelist()}
    manifest = Manifest.from_bytes(entries.pop(MANIFEST).encode())
    assert manifest is not None
    return manifest, entries


def test_an_archive_has_no_user_and_only_what_was_chosen(site: Site) -> None:
    db = site.db
    user = db.auth_user.insert(email="admin@example.org")
    group = db.auth_group.insert(role="Secret role")
    who = {"created_by": user, "modified_by": user, "owned_by_user": user, "owned_by_group": group}
    owner = db.org_organisation.insert(name="Not chosen", uuid="urn:organisation", **who)
    office = db.org_office.insert(name="Chosen", organisation_id=owner, uuid="urn:office", **who)
    key = db.sync_dataset.insert(code="offices", name="Offices", use_archive=True)
    db.sync_task.insert(dataset_id=key, resource_name="org_office")
    db.commit()
    assert office and dataset_archive.build(site, key) == {"records": 1}
    (text,) = documents(site).values()
    assert "Chosen" in text and 'uuid="urn:organisation"' in text, "what it refers to is named"
    assert "Not chosen" not in text and "admin@example.org" not in text and "Secret role" not in text

    db.sync_task.insert(dataset_id=key, resource_name="org_organisation")
    db.commit()
    dataset_archive.build(site, key)
    assert "Not chosen" in documents(site)["org_office"] and "admin@example.org" not in str(documents(site))


def test_what_belongs_to_the_records_is_in_an_archive_only_where_that_was_chosen(site: Site) -> None:
    db = site.db
    person = db.pr_person(db.pr_person.insert(first_name="Ann"))
    db.pr_contact.insert(pe_id=person.pe_id, contact_method="SMS", value="0170-1234")
    key = db.sync_dataset.insert(code="people", name="People", use_archive=True)
    db.sync_task.insert(dataset_id=key, resource_name="pr_person")
    db.commit()
    dataset_archive.build(site, key)
    assert "Ann" in documents(site)["pr_person"] and "0170" not in documents(site)["pr_person"]
    db(db.sync_dataset.id == key).update(archive_components=True)
    dataset_archive.build(site, key)
    assert datasets.all_of(site)[0].components and "0170" in documents(site)["pr_person"]


def test_a_full_disk_is_told_with_a_remedy(site: Site, dataset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dataset_archive.zipfile.ZipFile, "writestr", full)
    with pytest.raises(StoreFull) as caught:
        dataset_archive.build(site, dataset)
    assert "No space left" in caught.value.message and "disk" in caught.value.hint
    assert datasets.all_of(site)[0].archive is None


def save(site: Site, dataset_id: int | None = None, **values: Any) -> int:
    usual: dict[str, Any] = {
        "code": "OFFICES",
        "name": "Offices",
        "comments": "",
        "resources": ["org_office"],
        "archived": True,
        "public": False,
    }
    return administration_datasets.save(site, dataset_id, **{**usual, **values})


def two_offices(site: Site) -> None:
    db = site.db
    owner = db.org_organisation.insert(name="Owner", uuid="urn:owner")
    for name in ("Here", "Elsewhere"):
        db.org_office.insert(name=name, organisation_id=owner, uuid=f"urn:{name}")
    db.commit()


def test_sites_that_subscribe_get_a_document_for_each_task_with_what_its_records_refer_to(
    site: SampleSite,
) -> None:
    two_offices(site)
    key = save(site, conditions={"org_office": [parse_filter("~.name", "Here")]})
    assert dataset_archive.build(site, key) == {"records": 1}
    manifest, entries = for_programs(site)
    (found,) = datasets.all_of(site)
    uuid = found.tasks[0].stamp.uuid
    document = entries[entry_of(uuid)]
    assert set(entries) == {entry_of(uuid), deletions_of(uuid)}
    assert "Here" in document and "Elsewhere" not in document and "Owner" in document
    told = manifest.documents[entry_of(uuid)]
    assert told.sha256 == hashlib.sha256(document.encode()).hexdigest()
    assert told.deletions == hashlib.sha256(entries[deletions_of(uuid)].encode()).hexdigest()
    assert (told.resource, told.conditions, told.records) == ("org_office", ("~.name=Here",), 1)
    assert manifest.journal == site.journal.identity() and manifest.position == site.journal.head()


def test_what_is_deleted_is_told_beside_the_records_and_not_among_them(site: SampleSite) -> None:
    two_offices(site)
    key = save(site)
    site.host.delete("org_office", [site.row("org_office", "urn:Elsewhere").id])
    site.db.commit()
    dataset_archive.build(site, key)
    _, entries = for_programs(site)
    (live, gone) = (entries[name] for name in sorted(entries, key=len))
    assert "urn:Here" in live and "urn:Elsewhere" not in live
    assert 'uuid="urn:Elsewhere" deleted="True"' in gone and "urn:Here" not in gone


def test_one_for_everybody_has_only_what_was_chosen_in_either_form(site: SampleSite) -> None:
    two_offices(site)
    key = save(site)
    dataset_archive.build(site, key)
    assert "Owner" in str(for_programs(site)[1]) and "Owner" not in str(documents(site))
    save(site, key, public=True)
    assert datasets.all_of(site)[0].archive is None, "what was made for accounts is not given to everybody"
    dataset_archive.build(site, key)
    assert "Owner" not in str(for_programs(site)[1]) and "Owner" not in str(documents(site))


def test_what_goes_from_a_data_set_is_remembered_as_deleted(site: SampleSite) -> None:
    key = save(
        site,
        resources=["org_office", "org_organisation"],
        conditions={"org_office": [parse_filter("~.name", "A")]},
    )
    kept, gone = (each.stamp.uuid for each in datasets.all_of(site)[0].tasks[::-1])
    assert datasets.deleted(site, "sync_task") == [] and datasets.deleted(site, "sync_resource_filter") == []
    site.clock.step()
    save(site, key, resources=["org_organisation"])
    assert [each.stamp.uuid for each in datasets.all_of(site)[0].tasks] == [kept]
    (told,) = datasets.deleted(site, "sync_task")
    assert told.uuid == gone and told.modified_on == site.clock.now()
    assert len(datasets.deleted(site, "sync_resource_filter")) == 1
    administration_datasets.remove(site, key)
    assert datasets.all_of(site) == []
    assert {each.uuid for each in datasets.deleted(site, "sync_task")} == {kept, gone}


def test_a_condition_that_stays_is_the_same_one(site: SampleSite) -> None:
    one, two = (parse_filter("~.name", name) for name in "AB")
    key = save(site, conditions={"org_office": [one]})
    (task,) = datasets.all_of(site)[0].tasks
    site.clock.step()
    save(site, key, conditions={"org_office": [one, two]})
    (again,) = datasets.all_of(site)[0].tasks
    assert again.conditions[0] == task.conditions[0] and len(again.conditions) == 2
    save(site, key, conditions={"org_office": [two]})
    (last,) = datasets.all_of(site)[0].tasks
    assert [each.text for each in last.conditions] == ["~.name=B"]
    assert [each.uuid for each in datasets.deleted(site, "sync_resource_filter")] == [
        task.conditions[0].stamp.uuid
    ]


def test_strangers_are_told_only_what_went_from_sets_for_everybody(site: SampleSite) -> None:
    for code, public in (("ALL", True), ("SOME", False)):
        key = save(site, code=code, public=public, resources=["org_office", "org_organisation"])
        save(site, key, code=code, public=public, resources=["org_office"])
    assert len(datasets.deleted(site, "sync_task")) == 2
    (told,) = datasets.deleted(site, "sync_task", public=True)
    row = site.db.sync_task(uuid=told.uuid)
    assert site.db.sync_dataset(row.dataset_id).code == "ALL"


def test_nothing_of_repositories_is_told_as_deleted(site: SampleSite) -> None:
    db = site.db
    repository = db.sync_repository.insert(name="Other", password="secret")
    task = db.sync_task.insert(repository_id=repository, resource_name="org_office", deleted=True)
    db.sync_resource_filter.insert(task_id=task, tablename="org_office", filter_string="a=b", deleted=True)
    db.commit()
    assert datasets.deleted(site, "sync_task") == datasets.deleted(site, "sync_resource_filter") == []


def test_former_archives_are_removed_in_both_forms(site: SampleSite) -> None:
    two_offices(site)
    key = save(site)
    for _ in range(3):
        dataset_archive.build(site, key)
    lying = [each.name for each in site.folder.rglob("sync_dataset_archive.*")]
    assert len(lying) == 2
    administration_datasets.remove(site, key)
    assert not [*site.folder.rglob("sync_dataset_archive.*.zip")]


@pytest.mark.parametrize(
    "changed",
    [{"resources": ["org_office"]}, {"conditions": {"org_office": [parse_filter("~.name", "Here")]}}],
)
def test_what_is_left_out_of_a_public_set_is_in_no_archive_of_it_at_once(
    site: SampleSite, changed: dict[str, Any]
) -> None:
    two_offices(site)
    usual: dict[str, Any] = {"resources": ["org_office", "org_organisation"], "public": True}
    key = save(site, **usual)
    dataset_archive.build(site, key)
    save(site, key, **usual, comments="New words are no reason.")
    assert datasets.all_of(site)[0].archive is not None
    save(site, key, **{**usual, **changed})
    assert datasets.all_of(site)[0].archive is None


@pytest.mark.parametrize("changed", [{"public": True}, {"components": True}, {"archived": False}, None])
def test_an_archive_that_was_begun_before_the_set_was_changed_is_for_nobody(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any] | None
) -> None:
    """While it was made for accounts somebody lets everybody have it, or removes the set."""
    two_offices(site)
    key, pack = save(site), dataset_archive._pack

    def slowly(*args: Any) -> int:
        count = pack(*args)
        if changed is None:
            administration_datasets.remove(site, key)
        else:
            save(site, key, **changed)
        return count

    monkeypatch.setattr(dataset_archive, "_pack", slowly)
    assert dataset_archive.build(site, key) == {"records": 0}
    assert site.db(site.db.sync_dataset_archive).count() == 0
    assert not [*site.folder.rglob("sync_dataset_archive.*.zip")]
    monkeypatch.setattr(dataset_archive, "_pack", pack)
    if changed in ({"public": True}, {"components": True}):
        assert dataset_archive.build(site, key) == {"records": 2}
