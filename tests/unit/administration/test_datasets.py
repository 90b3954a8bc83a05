"""Data sets: what their archives are made of, and where."""

from __future__ import annotations

import errno
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.administration import datasets as administration_datasets
from s3sync.core.errors import StoreFull
from s3sync.site import Site
from s3sync.site import datasets as datasets
from tests.support.site import SampleSite


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[Site]:
    site = SampleSite(tmp_path / "own")
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

    monkeypatch.setattr(administration_datasets.tempfile, "TemporaryFile", watched)
    assert administration_datasets.build(site, dataset) == {"records": 1}
    assert made == [site.spool, site.spool]


def documents(site: Site) -> dict[str, str]:
    """Return the documents in the newest archive by the names of their resources."""
    archive = datasets.all_of(site)[0].archive
    assert archive is not None
    path = site.files.path("sync_dataset_archive", "archive", archive.stored)
    with zipfile.ZipFile(path) as packed:
        return {
            Path(name).stem: packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml")
        }


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
    assert office and administration_datasets.build(site, key) == {"records": 1}
    (text,) = documents(site).values()
    assert "Chosen" in text and 'uuid="urn:organisation"' in text, "what it refers to is named"
    assert "Not chosen" not in text and "admin@example.org" not in text and "Secret role" not in text

    db.sync_task.insert(dataset_id=key, resource_name="org_organisation")
    db.commit()
    administration_datasets.build(site, key)
    assert "Not chosen" in documents(site)["org_office"] and "admin@example.org" not in str(documents(site))


def test_what_belongs_to_the_records_is_in_an_archive_only_where_that_was_chosen(site: Site) -> None:
    db = site.db
    person = db.pr_person(db.pr_person.insert(first_name="Ann"))
    db.pr_contact.insert(pe_id=person.pe_id, contact_method="SMS", value="0170-1234")
    key = db.sync_dataset.insert(code="people", name="People", use_archive=True)
    db.sync_task.insert(dataset_id=key, resource_name="pr_person")
    db.commit()
    administration_datasets.build(site, key)
    assert "Ann" in documents(site)["pr_person"] and "0170" not in documents(site)["pr_person"]
    db(db.sync_dataset.id == key).update(archive_components=True)
    administration_datasets.build(site, key)
    assert datasets.all_of(site)[0].components and "0170" in documents(site)["pr_person"]


def test_a_full_disk_is_told_with_a_remedy(site: Site, dataset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(administration_datasets.zipfile.ZipFile, "writestr", full)
    with pytest.raises(StoreFull) as caught:
        administration_datasets.build(site, dataset)
    assert "No space left" in caught.value.message and "disk" in caught.value.hint
    assert datasets.all_of(site)[0].archive is None
