"""A record that is written only if it is still the version that was read, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.peer import organisation, s3xml
from tests.support.rest import Line, answering_site, names, refused
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration

CONTACT = (
    '<resource name="pr_contact" uuid="urn:uuid:00000000-0000-4000-8000-00000000c0{0}"'
    ' modified_on="2026-03-01T08:00:00">'
    '<data field="contact_method">EMAIL</data><data field="value">{1}</data></resource>'
)
PERSON = (
    '<resource name="pr_person" uuid="urn:uuid:00000000-0000-4000-8000-00000000ab01" modified_on="2026-03-01T08:00:00">'
    '<data field="first_name">Ana</data><data field="last_name">{0}</data>{1}</resource>'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with answering_site(tmp_path_factory.mktemp("rest") / "site") as running:
        yield running


@pytest.fixture()
def clerk(site: WebSite) -> Iterator[Line]:
    with Line(site, "clerk@example.com") as session:
        yield session


def made(clerk: Line, number: int) -> str:
    """Make an organisation; return its path."""
    (key,) = clerk.post("/org/organisation.xml", data=s3xml(organisation(number))).json()["created"]
    return f"/org/organisation/{key}.xml"


def renamed(number: int, name: str) -> bytes:
    return s3xml(organisation(number).replace(f"Organisation {number}", name))


def tag(answer: Any) -> str:
    found: str = answer.headers["ETag"]
    assert answer.status_code == 200 and found.startswith('"') and found.endswith('"')
    return found


def test_a_version_that_is_still_there_is_changed(clerk: Line) -> None:
    path = made(clerk, 200)
    first = tag(clerk.get(path))
    assert first == tag(clerk.get(path)) == tag(clerk.get(path + "?components=None"))
    second = tag(clerk.put(path, data=renamed(200, "B"), headers={"If-Match": first}))
    assert second != first and second == tag(clerk.get(path))
    third = tag(clerk.post(path, data=renamed(200, "C"), headers={"If-Match": f'"other", {second}'}))
    assert names(clerk.get(path)) == {"C"}
    assert tag(clerk.put(path, data=renamed(200, "D"), headers={"If-Match": "*"})) != third
    assert clerk.delete(path, headers={"If-Match": tag(clerk.get(path))}).json()["deleted"]


def test_another_version_is_refused_with_both(clerk: Line) -> None:
    path = made(clerk, 201)
    old = tag(clerk.get(path))
    clerk.put(path, data=renamed(201, "Newer"))
    for ask in (clerk.put, clerk.post):
        answer = ask(path, data=renamed(201, "Late"), headers={"If-Match": old})
        told = refused(answer, 412)
        assert told["error"] == "record_changed" and not told["transient"]
        assert "Newer" in told["stored"] and "Late" in told["sent"]
        assert answer.headers["ETag"] == tag(clerk.get(path))
    answer = clerk.delete(path, headers={"If-Match": old})
    told = refused(answer, 412)
    assert "Newer" in told["stored"] and told["sent"] is None
    assert names(clerk.get(path)) == {"Newer"}
    again = clerk.put(path, data=renamed(201, "Late"), headers={"If-Match": answer.headers["ETag"]})
    assert again.status_code == 200 and names(clerk.get(path)) == {"Late"}


def test_a_weak_tag_fits_nothing(clerk: Line) -> None:
    path = made(clerk, 202)
    refused(clerk.delete(path, headers={"If-Match": "W/" + tag(clerk.get(path))}), 412)


def test_a_record_that_is_gone_fits_nothing(clerk: Line) -> None:
    path = made(clerk, 203)
    old = tag(clerk.get(path))
    clerk.delete(path)
    for condition in (old, "*"):
        told = refused(clerk.put(path, data=renamed(203, "Again"), headers={"If-Match": condition}), 412)
        assert told["stored"] is None and "Again" in told["sent"]
        assert refused(clerk.delete(path, headers={"If-Match": condition}), 412)["stored"] is None
    assert "Again" not in names(clerk.get("/org/organisation.xml"))


def test_the_tag_changes_with_a_component(clerk: Line, site: WebSite) -> None:
    document = s3xml(PERSON.format("One", CONTACT.format("01", "a@example.org")))
    (key,) = clerk.post("/pr/person.xml", data=document).json()["created"]
    path = f"/pr/person/{key}.xml"
    seen = [tag(clerk.get(path))]
    clerk.put(path, data=s3xml(PERSON.format("One", CONTACT.format("01", "b@example.org"))))
    seen.append(tag(clerk.get(path)))
    clerk.put(path, data=s3xml(PERSON.format("One", CONTACT.format("02", "c@example.org"))))
    seen.append(tag(clerk.get(path)))
    # Past pydal and the journal, as another program would write.
    site.run(
        "db.executesql(\"UPDATE pr_contact SET value = 'd' WHERE value = 'c@example.org'\")\ndb.commit()"
    )
    seen.append(tag(clerk.get(path)))
    contact = site.run("print(db(db.pr_contact.value == 'd').select().first().id)").strip()
    clerk.delete(f"/pr/contact/{contact}.xml")
    seen.append(tag(clerk.get(path)))
    assert len(set(seen[:-1])) == 4 and seen[-1] == seen[1], "what is as before has the tag of before"
    assert (
        refused(clerk.put(path, data=document, headers={"If-Match": seen[0]}), 412)["stored"].count(
            "pr_contact"
        )
        == 1
    )


def test_a_condition_is_for_the_record_of_the_address(clerk: Line) -> None:
    path, other = made(clerk, 204), made(clerk, 205)
    condition = {"If-Match": tag(clerk.get(path))}
    both = s3xml(
        organisation(204).replace("Organisation 204", "X"), organisation(205).replace("Organisation 205", "Y")
    )
    refused(clerk.put(path, data=both, headers=condition), 400)
    assert names(clerk.get(path)) == {"Organisation 204"} and names(clerk.get(other)) == {"Organisation 205"}
    refused(clerk.post("/org/organisation.xml", data=both, headers=condition), 400)
    for unreadable in ("", "abc", '"a" "b"', '"a'):
        refused(clerk.put(path, data=both, headers={"If-Match": unreadable}), 400)
