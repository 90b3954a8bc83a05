"""What an active Eden brings, and what it is told: it pulls, touches what it took, and pushes, in one run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from s3sync.core.errors import NoSuchRecord
from s3sync.passive.files import signed_file
from s3sync.passive.pull import pull
from s3sync.passive.push import push
from s3sync.passive.registration import register
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from s3sync.wire.protocol.times import format_msince
from tests.support.documents import (
    LOCATION,
    OFFICE,
    ORG,
    PERSON,
    STAFF,
    data,
    office,
    org,
    person,
    ref,
    resource,
    staff,
)
from tests.support.site import NOW, SampleSite

EDEN = "urn:uuid:an-eden"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path)
    register(made, RegistrationRequest(EDEN, "an Eden"))
    yield made
    made.close()


def pulled(site: SampleSite, table: str, msince: datetime | None = None) -> list[str]:
    """Return the uuids of the main records that an Eden gets, a minute later."""
    site.clock.step()
    out = io.BytesIO()
    since = {} if msince is None else {"msince": format_msince(msince)}
    pull(site, PullRequest.from_vars({"resource": table, "repository": EDEN, **since}), out)
    return re.findall(rf'<resource name="{table}" uuid="([^"]*)"', out.getvalue().decode())


def pushed(site: SampleSite, table: str, *records: str) -> PushReply:
    """Push as an Eden does, a minute later."""
    site.clock.step()
    document = f"<s3xml>{''.join(records)}</s3xml>".encode()
    return push(site, PushRequest(table, EDEN), io.BytesIO(document))


def make(site: SampleSite, table: str, **values: object) -> None:
    """Enter a record here."""
    with site.store.transaction():
        site.s3db[table].insert(**values)


def edit(site: SampleSite, table: str, uuid: str, **values: object) -> None:
    """Change a record as a form does, a minute later."""
    site.clock.step()
    with site.store.transaction():
        site.db(site.s3db[table].uuid == uuid).update(**values)


def test_what_an_eden_touches_while_it_takes_it_is_no_conflict(site: SampleSite) -> None:
    make(site, ORG, uuid="u", name="Red Cross")
    assert pulled(site, ORG) == ["u"]
    later = site.clock.step()
    pushed(site, ORG, org("u", "Red Cross", data("comments", "touched"), mci=2, modified_on=later))
    assert site.row(ORG, "u").comments == "touched"
    assert site.kept() == []


def test_a_person_who_comes_inside_a_staff_record_is_judged_as_a_person(site: SampleSite) -> None:
    make(site, PERSON, uuid="p", first_name="Asha")
    edit(site, PERSON, "p", first_name="Asha Devi")
    pulled(site, PERSON)
    pulled(site, PERSON, site.clock.now())
    later = site.clock.step()
    touched = person("p", "Asha K.", mci=2, modified_on=later)
    pushed(site, STAFF, staff("s", "S1", modified_on=later), touched, org("o", "Org", modified_on=later))
    assert site.row(PERSON, "p").first_name == "Asha K."
    assert site.kept() == []


def test_what_both_edited_before_an_eden_took_ours_is_a_conflict(site: SampleSite) -> None:
    make(site, ORG, uuid="u", name="Red Cross")
    pulled(site, ORG)
    pulled(site, ORG, site.clock.now())
    edit(site, ORG, "u", acronym="RC")
    there = site.clock.step()
    assert pulled(site, ORG, site.clock.now()) == ["u"]
    pushed(site, ORG, org("u", "Red Cross", data("acronym", "CR"), mci=2, modified_on=there))
    assert [(each.kind, each.winner) for each in site.kept()] == [("conflict", "theirs")]
    assert "RC" in site.kept()[0].ours


def test_a_reference_to_a_record_that_comes_along_is_an_edit_too(site: SampleSite) -> None:
    make(site, LOCATION, uuid="l", name="Camp")
    make(site, LOCATION, uuid="ours", name="Our district")
    pulled(site, LOCATION)
    pulled(site, LOCATION, site.clock.now())
    edit(site, LOCATION, "l", parent=site.row(LOCATION, "ours").id)
    there = site.row(LOCATION, "l").modified_on
    camp = resource(LOCATION, "l", data("name", "Camp"), ref("parent", LOCATION, "theirs"), modified_on=there)
    pushed(site, LOCATION, camp, resource(LOCATION, "theirs", data("name", "Theirs"), modified_on=there))
    assert [each.kind for each in site.kept()] == ["conflict"]


def test_what_an_eden_had_before_it_was_sent_ours_is_in_conflict_with_it_however_late_it_comes(
    site: SampleSite,
) -> None:
    make(site, ORG, uuid="u", name="Red Cross")
    pulled(site, ORG)
    edit(site, ORG, "u", acronym="RC")
    there = site.clock.step()
    # It refuses ours as older, without a word, and brings its own only after somebody has compared everything.
    pulled(site, ORG, site.clock.now())
    pushed(site, ORG)
    pulled(site, ORG, site.clock.now())
    pushed(site, ORG, org("u", "Red Cross", data("acronym", "CR"), mci=2, modified_on=there))
    assert [(each.kind, each.winner) for each in site.kept()] == [("conflict", "theirs")]
    assert "RC" in site.kept()[0].ours


def test_what_an_eden_edits_after_it_took_ours_is_no_conflict(site: SampleSite) -> None:
    make(site, ORG, uuid="u", name="Red Cross")
    pulled(site, ORG)
    edit(site, ORG, "u", acronym="RC")
    pulled(site, ORG, site.clock.now())
    pushed(site, ORG)
    there = site.clock.step()
    pushed(site, ORG, org("u", "Red Cross", data("acronym", "CR"), mci=2, modified_on=there))
    assert (site.row(ORG, "u").acronym, site.kept()) == ("CR", [])


def test_what_an_eden_has_that_was_never_sent_to_it_is_in_conflict_with_ours(site: SampleSite) -> None:
    make(site, ORG, uuid="u", name="Red Cross", acronym="RC")
    pushed(site, ORG, org("u", "Red Cross", data("acronym", "CR"), mci=2, modified_on=site.clock.now()))
    assert [each.kind for each in site.kept()] == ["conflict"]


def test_an_edit_of_a_person_is_not_taken_for_known_because_staff_was_sent_later(site: SampleSite) -> None:
    make(site, PERSON, uuid="p", first_name="Asha")
    pulled(site, PERSON)
    pulled(site, PERSON, site.clock.now())
    edit(site, PERSON, "p", first_name="Asha Devi")
    pulled(site, STAFF)
    pulled(site, STAFF, site.clock.now())
    later = site.clock.step()
    touched = person("p", "Asha K.", mci=2, modified_on=later)
    pushed(site, STAFF, staff("s", "S1", modified_on=later), touched, org("o", "Org", modified_on=later))
    assert [each.kind for each in site.kept()] == ["conflict"] and "Asha Devi" in site.kept()[0].ours


def test_what_reached_us_late_is_sent_until_an_eden_has_taken_it(site: SampleSite) -> None:
    make(site, ORG, uuid="young", name="Young")
    pulled(site, ORG)
    since = site.clock.now()
    assert pulled(site, ORG, since) == []
    site.push(org("late", "Late", modified_on="2020-01-01T00:00:00"), ORG, repository_id=7)
    assert pulled(site, ORG, since) == ["late"]
    assert pulled(site, ORG, since) == ["late"], "the answer may have been lost"
    pushed(site, ORG, org("late", "Late", mci=3, modified_on="2020-01-01T00:00:00"))
    assert pulled(site, ORG, since) == []
    site.push(org("later", "Later", modified_on="2020-01-02T00:00:00"), ORG, repository_id=7)
    assert pulled(site, ORG, since) == ["later"]
    assert pulled(site, ORG, since) == ["later"], "nothing was pushed since"


def brings(site: SampleSite, *parts: str, uuid: str = "u", components: tuple[str, ...] = ()) -> None:
    """Let an Eden push an organisation as somebody has edited it there just now."""
    moment = site.clock.step()
    pushed(site, ORG, org(uuid, "Red Cross", *parts, *components, mci=2, modified_on=moment))


YEAR, PHONE = '<data field="year" value="1863"/>', data("phone", "123")


def test_what_an_eden_has_sent_and_leaves_out_of_a_later_version_was_cleared_there(site: SampleSite) -> None:
    brings(site, YEAR, PHONE)
    brings(site, PHONE)
    row = site.row(ORG, "u")
    assert (row.year, row.phone) == (None, "123")
    brings(site)
    assert site.row(ORG, "u").phone is None
    assert site.kept() == []


def test_what_an_eden_never_sends_it_may_not_have(site: SampleSite) -> None:
    brings(site, PHONE)
    edit(site, ORG, "u", year=1863)
    pulled(site, ORG, site.clock.now())
    brings(site, PHONE, data("comments", "new"))
    row = site.row(ORG, "u")
    assert (row.year, row.comments) == (1863, "new")


def test_a_version_that_is_not_later_clears_nothing(site: SampleSite) -> None:
    brings(site, YEAR)
    moment = site.row(ORG, "u").modified_on
    pushed(site, ORG, org("u", "Red Cross", mci=2, modified_on=moment))
    assert site.row(ORG, "u").year == 1863


def test_what_somebody_entered_here_meanwhile_was_not_cleared_there(site: SampleSite) -> None:
    brings(site, PHONE, uuid="other")
    brings(site)
    edit(site, ORG, "u", phone="456")
    brings(site, data("comments", "new"))
    row = site.row(ORG, "u")
    assert (row.phone, row.comments) == ("456", "new")
    assert site.kept() == []


def offices(site: SampleSite, *parts: str, mci: int) -> None:
    """Let an Eden push an office as somebody has edited it there just now."""
    moment = site.clock.step()
    place = resource(LOCATION, "l", data("name", "Place"), modified_on=NOW)
    pushed(site, OFFICE, office("f", "o", *parts, mci=mci, modified_on=moment), org("o", "Org"), place)


def test_a_reference_is_cleared_where_the_eden_had_it(site: SampleSite) -> None:
    offices(site, ref("location_id", LOCATION, "l"), mci=1)
    edit(site, OFFICE, "f", comments="ours")
    offices(site, data("phone1", "1"), mci=1)
    row = site.row(OFFICE, "f")
    assert (row.location_id, row.phone1, row.comments) == (None, "1", "ours")


def test_a_reference_that_an_eden_may_have_refused_stays(site: SampleSite) -> None:
    offices(site, ref("location_id", LOCATION, "l"), mci=1)
    make(site, OFFICE, uuid="g", name="Other", organisation_id=1, location_id=1)
    pulled(site, OFFICE, site.clock.now())
    for name in ("One", "Two"):
        moment = site.clock.step()
        pushed(site, OFFICE, office("g", "o", name=name, mci=2, modified_on=moment), org("o", "Org"))
    assert (site.row(OFFICE, "g").name, site.row(OFFICE, "g").location_id) == ("Two", 1)


def test_a_field_that_must_have_a_value_is_never_cleared(site: SampleSite) -> None:
    brings(site)
    pushed(site, ORG, resource(ORG, "u", PHONE, mci=2, modified_on=site.clock.step()))
    assert site.row(ORG, "u").name == "Red Cross"


# --- files -----------------------------------------------------------------------------------------------


def file_address(site: SampleSite, table: str = "doc_document", **asked: str) -> str:
    """Return the address of a file in the document that a site gets."""
    out = io.BytesIO()
    pull(site, PullRequest.from_vars({"resource": table, **asked}), out)
    found = re.search(r'field="file" url="([^"]*)"', out.getvalue().decode())
    assert found is not None
    return found[1]


def test_an_eden_gets_files_under_addresses_that_need_no_account(site: SampleSite) -> None:
    with site.store.transaction():
        stored = site.s3db["doc_document"].file.store(io.BytesIO(b"content"), "minutes.txt")
        site.s3db["doc_document"].insert(name="Minutes", uuid="d", file=stored)
    start = f"{site.base_url}/sync/download/"
    address = file_address(site, repository=EDEN)
    assert address.startswith(start)
    parts = address.removeprefix(start).split("/")
    assert signed_file(site, *parts).read_bytes() == b"content"
    # Who asks as nobody knows whom gets the address for accounts.
    assert file_address(site) == f"{site.base_url}/default/download/{stored}"
    # Nor does what was deleted stay open.
    site.delete("doc_document", "d")
    with pytest.raises(NoSuchRecord):
        signed_file(site, *parts)


def test_a_site_of_ours_fetches_files_with_its_account(site: SampleSite) -> None:
    with site.store.transaction():
        stored = site.s3db["doc_document"].file.store(io.BytesIO(b"content"), "minutes.txt")
        site.s3db["doc_document"].insert(name="Minutes", uuid="d", file=stored)
    assert "sync/download" not in file_address(site, repository=EDEN, cursor="")
