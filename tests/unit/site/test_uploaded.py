"""Which files of this site a repository gets: those of records that are sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from s3sync.core.errors import NoSuchRecord
from s3sync.exchange.peer import Exchange
from s3sync.site.uploaded import upload_path
from s3sync.wire.filters import parse_filter_string
from tests.support.exchange import Pair
from tests.support.site import Clock, SampleSite

ORG, OFFICE, PERSON = "org_organisation", "org_office", "pr_person"
DOCUMENT, LOCATION = "doc_document", "gis_location"
LOGO = "org_organisation.logo.0123456789abcdef.61.png"
IMAGE = "pr_image.image.0123456789abcdef.61.png"
FILE = "doc_document.file.0123456789abcdef.61.txt"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "own", clock=Clock())
    yield made
    made.close()


def place(site: SampleSite, stored: str) -> Path:
    table, field = stored.split(".")[:2]
    path = site.files.path(table, field, stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content")
    return path


def organisation(site: SampleSite, name: str = "A", **values: object) -> int:
    with site.store.transaction():
        key = site.s3db[ORG].insert(name=name, uuid=name, **values)
        site.s3db.update_super(site.s3db[ORG], site.s3db[ORG](key).as_dict())
    return int(key)


def document(site: SampleSite, **values: object) -> int:
    with site.store.transaction():
        return int(site.s3db[DOCUMENT].insert(name="Report", uuid="d", file=FILE, **values))


def gives(site: SampleSite, stored: str, *exchanges: Exchange) -> bool:
    try:
        return upload_path(site, stored, exchanges).is_file()
    except NoSuchRecord:
        return False


def test_a_file_of_a_resource_that_is_sent_is_given(site: SampleSite) -> None:
    place(site, FILE)
    document(site)
    assert gives(site, FILE, Exchange(ORG), Exchange(DOCUMENT))


def test_one_of_a_resource_that_is_not_sent_is_not(site: SampleSite) -> None:
    place(site, FILE)
    document(site)
    assert not gives(site, FILE, Exchange(ORG), Exchange(PERSON))
    assert not gives(site, FILE)


def test_one_of_a_record_that_the_filter_leaves_out_is_not(site: SampleSite) -> None:
    place(site, FILE)
    document(site)

    def named(name: str) -> Exchange:
        return Exchange(DOCUMENT, filters=tuple(parse_filter_string(f"~.name={name}", None)))

    assert gives(site, FILE, named("Report"))
    assert not gives(site, FILE, named("Other"))


def test_one_of_a_component_is_given_with_its_master(site: SampleSite) -> None:
    place(site, FILE)
    key = organisation(site)
    document(site, organisation_id=key)
    assert gives(site, FILE, Exchange(ORG))
    assert not gives(site, FILE, Exchange(ORG, components=False))
    assert not gives(site, FILE, Exchange(ORG, filters=tuple(parse_filter_string("~.name=B", None))))


def test_one_of_a_component_of_a_super_entity_is_given_with_its_master(site: SampleSite) -> None:
    place(site, IMAGE)
    with site.store.transaction():
        table = site.s3db[PERSON]
        key = table.insert(first_name="Ann", uuid="p")
        site.s3db.update_super(table, {"id": key})
        site.s3db["pr_image"].insert(pe_id=table(key).pe_id, image=IMAGE, uuid="i")
    assert gives(site, IMAGE, Exchange(PERSON))
    assert not gives(
        site, IMAGE, Exchange(PERSON, filters=tuple(parse_filter_string("~.first_name=Bob", None)))
    )
    assert not gives(site, IMAGE, Exchange(LOCATION))


def test_one_of_a_record_that_others_refer_to_is_given(site: SampleSite) -> None:
    place(site, LOGO)
    key = organisation(site, logo=LOGO)
    assert not gives(site, LOGO, Exchange(OFFICE))
    with site.store.transaction():
        site.s3db[OFFICE].insert(name="Office", uuid="o", organisation_id=key)
    assert gives(site, LOGO, Exchange(OFFICE))
    assert not gives(site, LOGO, Exchange(LOCATION))


@pytest.mark.parametrize("exchanges", [None, (Exchange(DOCUMENT),)])
def test_a_file_that_no_record_has_any_more_is_given_to_nobody(
    site: SampleSite, exchanges: tuple[Exchange, ...] | None
) -> None:
    place(site, FILE)
    with pytest.raises(NoSuchRecord):
        upload_path(site, FILE, exchanges)
    key = document(site)
    assert upload_path(site, FILE, exchanges).is_file()
    with site.store.transaction():
        site.db(site.s3db[DOCUMENT].id == key).update(deleted=True)
    with pytest.raises(NoSuchRecord):
        upload_path(site, FILE, exchanges)


def test_a_peer_that_names_a_file_of_something_else_does_not_get_it(site: SampleSite, tmp_path: Path) -> None:
    other = SampleSite(tmp_path / "other", clock=Clock())
    place(site, FILE)
    document(site)
    organisation(site)
    pair = Pair(site, other, ORG)
    push = pair.peer.push

    def and_asks(*args: object, **kwargs: object) -> object:
        return replace(push(*args, **kwargs), files=[FILE])  # type: ignore[arg-type]

    pair.peer.push = and_asks  # type: ignore[method-assign,assignment]
    pair.run()
    assert pair.peer.sent_files == []
    assert any("belongs to no record that is sent" in entry[3] for entry in pair.told.entries)
    other.close()
