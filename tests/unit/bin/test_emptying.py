"""When the time in the bin is over, or an administrator deletes for good: what goes, what stays, what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.bin import emptying as emptying
from s3sync.bin import entries as entries
from s3sync.bin.restore import restore
from s3sync.core.kept import DeletionState
from s3sync.worker import cleanup as cleanup
from tests.support.documents import CONTACT, ORG, PERSON, STAFF, contact, org, person, staff
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.two_sites import TwoSites

DAY = 86_400
KINDS = (PERSON, CONTACT, STAFF)


def fill(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG, repository_id=None)
    site.push(person("p", "Uma", contact("c", "uma@example.org")), PERSON, repository_id=None)
    site.push(staff("h", "H1"), STAFF, repository_id=None)


def content(site: SampleSite) -> set[str]:
    """Return what deleted records still say."""
    found: set[str] = set()
    for name, field in ((PERSON, "first_name"), (CONTACT, "value"), (STAFF, "code"), (ORG, "name")):
        table = site.s3db[name]
        for row in site.db(table.deleted == True).select():  # noqa: E712
            found |= {str(value) for value in (row[field], row.deleted_fk) if value}
    return found


def living(site: SampleSite) -> set[str]:
    return {row.uuid for name in KINDS for row in site.rows(name)}


def said(site: SampleSite) -> tuple[Any, ...]:
    """Return what the records say that live."""
    parts = site.row(PERSON, "p"), site.row(CONTACT, "c"), site.row(STAFF, "h")
    return parts[0].first_name, parts[1].value, parts[2].code, parts[2].person_id == parts[0].id


def exchange(pair: Pair) -> None:
    pair.own.clock.step()  # type: ignore[attr-defined]
    for _ in range(3):
        pair.run()


@pytest.fixture
def pair(world: TwoSites[SampleSite]) -> Pair:
    fill(world.b)
    found = Pair(world.a, world.b, ORG, PERSON, STAFF)
    exchange(found)
    return found


def test_the_content_goes_after_the_days_and_not_before(site: SampleSite) -> None:
    fill(site)
    site.clock.step()
    site.delete(PERSON, "p")
    assert {"Uma", "uma@example.org", "H1"} <= content(site)
    site.clock.step(DAY * 29)
    cleanup.tidy(site)
    assert {"Uma", "uma@example.org", "H1"} <= content(site)
    site.clock.step(DAY * 2)
    cleanup.tidy(site)
    assert content(site) == set()
    assert entries.entries(site, {})[1] == []
    key = site.row(PERSON, "p").id
    assert site.deletions.of(PERSON, [key])[key].state is DeletionState.EMPTIED
    assert restore(site, [(PERSON, key)]).records == []
    assert cleanup.emptying.empty_bin(site) == 0


def test_the_log_says_who_deleted_for_good_without_the_name(site: SampleSite) -> None:
    fill(site)
    site.db.auth_user.update_or_insert(id=7, email="ann@example.org")
    site.delete(PERSON, "p")
    place = PERSON, int(site.row(PERSON, "p").id)
    assert emptying.delete_for_good(site, place, 7) == 3
    assert emptying.delete_for_good(site, place, 7) == 0
    (line,) = site.db(site.db.sync_log).select()
    assert line.message == (
        "ann@example.org deleted pr_person p for good at this site, with what had been deleted with it: "
        "3 records in all."
    )


def test_the_setting_says_how_many_days(tmp_path: Path) -> None:
    (tmp_path / "own" / "private").mkdir(parents=True)
    (tmp_path / "own" / "private" / "appconfig.ini").write_text("[sync]\nbin_days = 3\n")
    site = SampleSite(tmp_path / "own")
    fill(site)
    site.delete(PERSON, "p")
    site.clock.step(DAY * 3 - 60)
    cleanup.tidy(site)
    assert "Uma" in content(site)
    site.clock.step(120)
    cleanup.tidy(site)
    assert content(site) == set()
    site.close()


def test_what_went_along_stays_as_long_as_the_record_itself(site: SampleSite) -> None:
    fill(site)
    site.delete(PERSON, "p")
    key = site.row(PERSON, "p").id
    site.clock.step(DAY * 20)
    # The record itself is written down anew, as when another site tells of it.
    with site.store.transaction():
        site.deletions.note(PERSON, list(site.deletions.of(PERSON, [key]).values()))
    site.clock.step(DAY * 15)
    assert emptying.empty_bin(site) == 0
    assert len(restore(site, [(PERSON, key)]).records) == 3


def test_the_deletion_is_told_as_before(world: TwoSites[SampleSite], pair: Pair) -> None:
    world.a.delete(PERSON, "p")
    world.a.clock.step(DAY * 40)
    cleanup.tidy(world.a)
    exchange(pair)
    assert living(world.a) == living(world.b) == set()
    assert {"Uma", "uma@example.org", "H1"} <= content(world.b), "this site got the deletion only now"


@pytest.mark.parametrize("emptied, restorer", ["ab", "ba"])
def test_it_is_restored_at_a_site_that_still_has_it(
    world: TwoSites[SampleSite], pair: Pair, emptied: str, restorer: str
) -> None:
    first, second = getattr(world, emptied), getattr(world, restorer)
    with second.store.transaction():
        second.db(second.s3db[PERSON].uuid == "p").update(first_name="Una")
    exchange(pair)
    first.delete(PERSON, "p")
    exchange(pair)
    place = PERSON, int(first.row(PERSON, "p").id)
    assert emptying.delete_for_good(first, place) == 3
    assert content(first) == set()
    exchange(pair)
    assert living(world.a) == living(world.b) == set()
    second.clock.step()
    assert len(restore(second, [(PERSON, second.row(PERSON, "p").id)]).records) == 3
    exchange(pair)
    assert said(first) == said(second) == ("Una", "uma@example.org", "H1", True)
    assert first.kept() == second.kept() == []


def test_an_edit_of_a_site_that_had_not_heard_brings_all_back(
    world: TwoSites[SampleSite], pair: Pair
) -> None:
    world.a.delete(PERSON, "p")
    emptying.delete_for_good(world.a, (PERSON, int(world.a.row(PERSON, "p").id)))
    world.b.clock.step()
    with world.b.store.transaction():
        world.b.db(world.b.s3db[PERSON].uuid == "p").update(last_name="Lee")
    exchange(pair)
    for site in (world.a, world.b):
        row = site.row(PERSON, "p")
        assert (bool(row.deleted), row.first_name, row.last_name) == (False, "Uma", "Lee")


def test_a_unique_value_is_free(site: SampleSite) -> None:
    table = "org_organisation_type"
    for uuid in "tu":
        site.push(
            f'<resource name="{table}" uuid="{uuid}"><data field="name">{uuid}</data></resource>', table
        )
    for uuid in "tu":
        site.delete(table, uuid)
    site.clock.step(DAY * 31)
    assert emptying.empty_bin(site) == 2
    names = [site.row(table, uuid).name for uuid in "tu"]
    assert len(set(names)) == 2 or names == [None, None]
    assert not {"t", "u"} & set(names)


def test_files_go_with_the_record_unless_another_one_has_them(site: SampleSite) -> None:
    table = site.s3db["doc_image"]
    stored = "doc_image.file.0123456789abcdef.7069632e706e67.png"
    path = site.files.path("doc_image", "file", stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"picture")
    keys = [table.insert(uuid=uuid, name=uuid, file=stored) for uuid in ("i", "j")]
    site.db.commit()
    for uuid, there in (("i", True), ("j", False)):
        site.delete("doc_image", uuid)
        place = "doc_image", int(keys["ij".index(uuid)])
        assert emptying.delete_for_good(site, place) == 1
        assert path.exists() is there


def test_files_in_a_folder_of_their_own_with_names_that_somebody_gave_stay(
    site: SampleSite, tmp_path: Path
) -> None:
    """Nobody has uploaded them: they belong to the program, such as the markers of an Eden's map."""
    table = site.s3db["doc_image"]
    table.file.uploadfolder = str(tmp_path / "markers")
    picture = tmp_path / "markers" / "house.png"
    picture.parent.mkdir()
    picture.write_bytes(b"picture")
    table.insert(uuid="i", name="i", file=picture.name)
    site.db.commit()
    site.delete("doc_image", "i")
    site.clock.step(DAY * 31)
    assert emptying.empty_bin(site) == 1
    assert picture.exists() and not site.row("doc_image", "i").file
