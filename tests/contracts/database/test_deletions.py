"""What is known of deletions is stored and found alike on every kind of database, and records come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from s3sync.bin import emptying as emptying
from s3sync.bin import entries as entries
from s3sync.bin.restore import restore
from s3sync.core.kept import Deletion, DeletionMark, DeletionState
from s3sync.exchange.importer.deletion import catch_up
from tests.support.documents import (
    CONTACT,
    OFFICE,
    ORG,
    PERSON,
    STAFF,
    contact,
    deleted,
    office,
    org,
    person,
    staff,
)
from tests.support.server_sites import EVERY_KIND, site_on
from tests.support.site import NOW, SampleSite


@pytest.fixture(scope="module", params=EVERY_KIND)
def made(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    with site_on(request.param, tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def site(made: SampleSite) -> Iterator[SampleSite]:
    """The one site of each kind of database: to make the tables takes longer than all tests."""
    yield made
    made.db.rollback()
    with made.store.transaction():
        for name in ("sync_deletion", STAFF, CONTACT, OFFICE, PERSON, ORG):
            made.store.run(f"DELETE FROM {name}")


def keys(site: SampleSite, table: str, *names: str) -> list[int]:
    site.push("".join(org(name, f"Name {name}") for name in names), table, repository_id=None)
    return [site.row(table, name).id for name in names]


def stored(deletion: Deletion) -> dict[str, Any]:
    return {name: value for name, value in vars(deletion).items() if name != "noted_on"}


def test_what_is_noted_comes_back(site: SampleSite) -> None:
    one, two = keys(site, ORG, "a", "b")
    full = Deletion(
        one,
        NOW,
        "ann@example.org",
        "ab12cd34.7",
        5,
        (PERSON, 3),
        False,
        DeletionState.BIN,
        {(OFFICE, "site_id"): (1, 2)},
        {"name": "Ü", "year": 1900},
        "Zoé 😀",
    )
    with site.store.transaction():
        site.deletions.note(ORG, [full, Deletion(two, None)])
    found = site.deletions.of(ORG, [one, two, 99])
    assert found.keys() == {one, two}
    assert stored(found[one]) == stored(full)
    assert found[one].noted_on == site.clock.now()
    assert (found[two].deleted_on, found[two].name, found[two].certain) == (None, "Name b", True)
    assert site.deletions.of(PERSON, [one]) == {}
    assert {name: [each.key for each in of] for name, of in site.deletions.along(PERSON, [3, 4]).items()} == {
        ORG: [one]
    }
    again = Deletion(one, NOW + timedelta(hours=1))
    with site.store.transaction():
        site.deletions.note(ORG, [again])
    assert stored(site.deletions.of(ORG, [one])[one]) == {**stored(again), "name": "Name a"}
    with site.store.transaction():
        site.deletions.forget(ORG, [one])
    assert site.deletions.of(ORG, [one, two]).keys() == {two}


def test_what_is_added_later(site: SampleSite) -> None:
    one, two, three = keys(site, ORG, "a", "b", "c")
    with site.store.transaction():
        site.deletions.note(ORG, [Deletion(one, NOW, emptied={(STAFF, "x"): (4,)}), Deletion(two, NOW)])
        site.deletions.refer({(ORG, one): [5, 4], (ORG, two): [6], (ORG, three): [7]}, (STAFF, "x"))
        site.deletions.vacate(ORG, "name", {one: "A", three: "C"})
        site.deletions.vacate(ORG, "when", {one: datetime(2026, 1, 1)})
    found = site.deletions.of(ORG, [one, two, three])
    assert found[one].emptied == {(STAFF, "x"): (4, 5)} and found[two].emptied == {(STAFF, "x"): (6,)}
    assert found[one].vacated == {"name": "A", "when": "2026-01-01T00:00:00"}
    assert three not in found
    with site.store.transaction():
        site.deletions.empty(ORG, [one])
    empty = site.deletions.of(ORG, [one])[one]
    assert (empty.name, empty.emptied, empty.vacated, empty.state) == ("", {}, {}, DeletionState.EMPTIED)


def test_who_deleted_a_record_itself_has_the_last_word(site: SampleSite) -> None:
    one, two, three = keys(site, ORG, "a", "b", "c")
    mark = DeletionMark("ab12cd34", "ann@example.org")
    with site.store.transaction():
        site.deletions.note(
            ORG,
            [
                Deletion(one, NOW, along=(ORG, three)),
                Deletion(two, NOW, by="bob@example.org"),
                Deletion(three, NOW, certain=False),
            ],
        )
        site.deletions.tell(
            ORG, {one: (mark, None), two: (mark, (ORG, three)), three: (mark, None), 99: (mark, None)}
        )
    found = site.deletions.of(ORG, [one, two, three])
    assert [(each.by, each.along, each.certain) for each in found.values()] == [
        ("ann@example.org", None, True),
        ("bob@example.org", None, True),
        ("ann@example.org", None, True),
    ]


def test_what_others_are_told(site: SampleSite) -> None:
    one, two, three, four = keys(site, ORG, "a", "b", "c", "d")
    with site.store.transaction():
        site.deletions.note(
            ORG,
            [
                Deletion(one, NOW, "ann@example.org", "ab12cd34"),
                Deletion(two, NOW, along=(ORG, one)),
                Deletion(three, NOW, certain=False),
                Deletion(four, NOW, along=("no_table", 1)),
            ],
        )
        site.deletions.empty(ORG, [two])
    assert site.deletions.marks(ORG, [one, two, three, four]) == {
        one: DeletionMark("ab12cd34", "ann@example.org"),
        two: DeletionMark(along=(ORG, "a")),
    }


def test_deletions_that_nobody_wrote_down_are_found_once(site: SampleSite) -> None:
    keys(site, ORG, "a", "b")
    with site.store.transaction():
        assert catch_up(site.ports) == 0
    site.clock.step()
    site.db(site.s3db[ORG].uuid == "a").update(deleted=True)
    site.db.commit()
    with site.store.transaction():
        assert (catch_up(site.ports), catch_up(site.ports)) == (1, 0)
    key = site.row(ORG, "a").id
    assert site.deletions.of(ORG, [key])[key].deleted_on == site.clock.now()
    site.db(site.s3db[ORG].uuid == "a").update(deleted=False)
    site.db.commit()
    with site.store.transaction():
        assert catch_up(site.ports) == 0
    assert site.deletions.of(ORG, [key]) == {}


@pytest.mark.parametrize("by", ["a person", "one of ours", "an Eden", "nobody who wrote it down"])
def test_a_person_comes_back_with_all_that_went_along(site: SampleSite, by: str) -> None:
    site.clock.step(600)
    site.push(org("o", "Ferry"), ORG, repository_id=None)
    site.push(office("f", "o"), OFFICE, repository_id=None)
    parts = contact("c1", "uma@example.org"), contact("c2", "u@example.org")
    site.push(person("p", "Uma", *parts), PERSON, repository_id=None)
    site.push(staff("h", "H1"), STAFF, repository_id=None)
    f = site.row(OFFICE, "f").site_id
    site.db(site.s3db[STAFF].uuid == "h").update(site_id=f)
    site.db.commit()
    site.delete(CONTACT, "c2")
    site.clock.step(600)
    if by == "a person":
        site.delete(PERSON, "p")
    else:
        gone = deleted(PERSON, "p", site.clock.now())
        if by == "one of ours":
            gone = gone.replace("/>", ' deletion="ab12cd34~ann@example.org"/>')
        site.push(gone, PERSON)
    if by == "nobody who wrote it down":
        site.db(site.db.sync_deletion).delete()
        site.db.commit()
    assert not site.rows(PERSON) and not site.rows(STAFF) and not site.rows(CONTACT)
    site.clock.step(600)
    found = restore(site, [(PERSON, site.row(PERSON, "p").id)])
    assert not found.obstacles and len(found.records) == 3
    back = site.row(STAFF, "h")
    assert (back.deleted, back.site_id, back.person_id) == (False, f, site.row(PERSON, "p").id)
    assert [row.uuid for row in site.rows(CONTACT)] == ["c1"]
    assert site.row(PERSON, "p").modified_on == site.clock.now()


def test_whose_time_in_the_bin_is_over(site: SampleSite) -> None:
    one, two, three = keys(site, ORG, "a", "b", "c")
    begin = site.clock.now()
    with site.store.transaction():
        site.deletions.note(ORG, [Deletion(one, NOW), Deletion(two, NOW, along=(ORG, three))])
    site.clock.step(60)
    with site.store.transaction():
        site.deletions.note(ORG, [Deletion(three, NOW)])
    assert site.deletions.overdue(begin, 10) == {}
    # What went along with a record stays as long as that.
    assert site.deletions.overdue(begin + timedelta(seconds=30), 10) == {ORG: [one]}
    found = site.deletions.overdue(begin + timedelta(seconds=90), 10)
    assert {name: sorted(found[name]) for name in found} == {ORG: sorted([one, two, three])}
    assert len(site.deletions.overdue(begin + timedelta(seconds=90), 1)[ORG]) == 1


def test_the_bin_from_the_deletion_to_its_end(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG, repository_id=None)
    site.push(person("p", "Uma", contact("c", "uma@example.org")), PERSON, repository_id=None)
    site.push(staff("h", "H1"), STAFF, repository_id=None)
    site.clock.step(60)
    site.delete(PERSON, "p")
    ((found,), page) = reversed(entries.entries(site, {}, "um"))
    assert (found.name, page.total) == ("Uma", 1)
    assert {each.table: each.many for each in found.along} == {"pr_contact": 1, STAFF: 1}
    assert [each.name for each in entries.entries(site, {})[1]] == ["Uma"]
    shown = entries.entry(site, str(found.number))
    assert shown is not None and {name for each in shown.along for name in each.names} == {
        "H1",
        "uma@example.org",
    }
    site.clock.step(86_400 * 31)
    assert emptying.empty_bin(site) == 3
    assert entries.entries(site, {})[1] == []
    row = site.row(PERSON, "p")
    assert row.deleted and not row.first_name and not row.deleted_fk
