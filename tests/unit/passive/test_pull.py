"""What is sent to whoever pulls: by what a request says, and by what it leaves out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.cursor import RequestNumber
from s3sync.core.errors import LateRequest, StoreBusy
from s3sync.passive.pull import pull
from s3sync.passive.push import push
from s3sync.passive.registration import register
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.documents import ORG, PERSON, contact, org, person
from tests.support.site import SampleSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path)
    register(made, RegistrationRequest("urn:uuid:other", "other"))
    yield made
    made.close()


def pulled(site: SampleSite, table: str, variables: Mapping[str, str]) -> str:
    out = io.BytesIO()
    asked = PullRequest.from_vars({"resource": table, "repository": "urn:uuid:other", **variables})
    pull(site, asked, out)
    return out.getvalue().decode()


@pytest.mark.parametrize(
    "variables, has_contact",
    [
        ({"mcomponents": "None"}, True),
        ({"mcomponents": "None", "msince": "2020-01-01T00:00:00", "include_deleted": "True"}, True),
        ({"components": "None"}, False),
        ({"components": "None", "mcomponents": "None"}, False),
        ({"mcomponents": "None", "cursor": ""}, False),
    ],
)
def test_an_eden_gets_components_whatever_its_task_says(
    site: SampleSite, variables: dict[str, str], has_contact: bool
) -> None:
    site.push(person("p", "Ann", contact("c", "a@example.org")), PERSON, repository_id=None)
    assert ("pr_contact" in pulled(site, PERSON, variables)) is has_contact


def test_an_answer_that_nobody_waits_for_any_more_does_not_hide_the_one_that_was_taken(
    site: SampleSite,
) -> None:
    site.push(org("u", "Red Cross"), ORG, repository_id=None)
    taken: list[str] = []

    class Slow(io.BytesIO):
        def write(self, text: Any) -> int:
            if not taken:
                taken.append("")
                taken[:] = [pulled(site, ORG, {"cursor": "", "number": "1.b"})]
            return super().write(text)

    asked = PullRequest(ORG, "urn:uuid:other", "", number=RequestNumber(1, "a"))
    with pytest.raises(StoreBusy) as refused:
        pull(site, asked, Slow())
    assert refused.value.transient
    cursor = re.search('cursor="([^"]+)"', taken[0])
    assert cursor is not None
    following = pulled(site, ORG, {"cursor": cursor[1], "number": "2.c"})
    assert "restored" not in following and "Red Cross" not in following


def cursor_of(document: str) -> str:
    found = re.search('cursor="([^"]+)"', document)
    assert found is not None
    return found[1]


def test_a_page_that_is_asked_for_ahead_acknowledges_only_what_is_stored(site: SampleSite) -> None:
    site.push("".join(org(f"u{number}", f"Org {number}") for number in range(3)), ORG, repository_id=None)
    repository = site.repository("urn:uuid:other")
    one = {"limit": "1", "number": "1.a"}
    first = cursor_of(pulled(site, ORG, {"cursor": "", **one}))
    second = pulled(site, ORG, {"cursor": "", "ahead": first, **one})
    assert "Org 1" in second and 'more="true"' in second
    assert repository.states.delivered(ORG) == 0
    # The run ended before the first page was stored: nothing is missing, and the number is not late.
    once_more = pulled(site, ORG, {"cursor": "", "limit": "1", "number": "1.b"})
    assert "Org 0" in once_more
    first = cursor_of(once_more)
    again = pulled(site, ORG, {"cursor": "", "ahead": first, "limit": "1", "number": "1.b"})
    assert "Org 1" in again
    third = pulled(site, ORG, {"cursor": first, "ahead": cursor_of(again), "limit": "1", "number": "2.c"})
    assert "Org 2" in third and "restored" not in third
    assert repository.states.delivered(ORG) == int(first.split(".")[-2])


def test_two_pages_that_are_asked_for_ahead_acknowledge_only_what_is_stored(site: SampleSite) -> None:
    site.push("".join(org(f"u{number}", f"Org {number}") for number in range(5)), ORG, repository_id=None)
    repository = site.repository("urn:uuid:other")
    one = {"limit": "1", "number": "1.a"}
    first = cursor_of(pulled(site, ORG, {"cursor": "", **one}))
    second = cursor_of(pulled(site, ORG, {"cursor": "", "ahead": first, **one}))
    third = pulled(site, ORG, {"cursor": "", "ahead": second, **one})
    assert "Org 2" in third and repository.states.delivered(ORG) == 0
    # The first one is stored, the run ends before the second one is: nothing is missing.
    again = pulled(site, ORG, {"cursor": first, "limit": "1", "number": "2.b"})
    assert "Org 1" in again and "restored" not in again
    assert repository.states.delivered(ORG) == int(first.split(".")[-2])
    second = cursor_of(again)
    third = cursor_of(pulled(site, ORG, {"cursor": first, "ahead": second, "limit": "1", "number": "2.b"}))
    fourth = pulled(site, ORG, {"cursor": first, "ahead": third, "limit": "1", "number": "2.b"})
    assert "Org 3" in fourth
    # The second one is stored, with the two after it here: each of them can be presented as stored.
    fifth = pulled(site, ORG, {"cursor": second, "ahead": cursor_of(fourth), "limit": "1", "number": "3.c"})
    assert "Org 4" in fifth and "restored" not in fifth
    assert repository.states.delivered(ORG) == int(second.split(".")[-2])
    last = pulled(site, ORG, {"cursor": third, "limit": "1", "number": "4.d"})
    assert "Org 3" in last and "restored" not in last


def test_nothing_is_stored_for_who_asks_ahead_of_another_cursor(site: SampleSite) -> None:
    site.push(org("u", "Red Cross"), ORG, repository_id=None)
    first = cursor_of(pulled(site, ORG, {"cursor": "", "number": "1.a"}))
    repository = site.repository("urn:uuid:other")
    before = repository.states.served(ORG)
    with pytest.raises(LateRequest):
        pulled(site, ORG, {"cursor": "", "ahead": f"{first}x", "number": "1.a"})
    assert repository.states.served(ORG) == before


def test_the_reply_says_where_the_next_page_begins_if_there_is_one(site: SampleSite) -> None:
    site.push(org("u", "Red Cross") + org("v", "Blue Cross"), ORG, repository_id=None)
    asked = PullRequest(ORG, "urn:uuid:other", "", limit=1)
    out = io.BytesIO()
    first = pull(site, asked, out)
    assert first.cursor == cursor_of(out.getvalue().decode())
    assert pull(site, replace(asked, cursor=first.cursor), io.BytesIO()).cursor == ""


@pytest.mark.parametrize("checkpoint, comes_back", [({}, False), ({"checkpoint": ""}, True)])
def test_only_an_empty_checkpoint_says_that_all_was_lost(
    site: SampleSite, checkpoint: dict[str, str], comes_back: bool
) -> None:
    pushed = PushRequest(ORG, "urn:uuid:other", journal="theirs", checkpoint="")
    push(site, pushed, io.BytesIO(f"<s3xml>{org('u', 'Red Cross')}</s3xml>".encode()))
    assert ("Red Cross" in pulled(site, ORG, {"cursor": "", "look": "1", **checkpoint})) is comes_back
    assert ("Red Cross" in pulled(site, ORG, {"cursor": "", **checkpoint})) is comes_back


def test_a_person_who_chooses_filters_is_told_how_many_records_match(site: SampleSite) -> None:
    key = site.known_repository("urn:uuid:other")
    assert key is not None
    site.push(org("u", "Red Cross"), ORG, repository_id=None)
    site.push(org("v", "Red Star"), ORG, repository_id=key.id)
    site.push(org("w", "Red Lion") + org("x", "Blue"), ORG, repository_id=None)
    site.delete(ORG, "w")
    asked = {"cursor": "", "look": "1", "total": "1", "limit": "1", "~.name__like": "Red*"}
    # Whoever brought them; deleted ones are not counted, though they travel.
    assert 'matching="2"' in pulled(site, ORG, asked)
    assert "matching" not in pulled(site, ORG, {**asked, "total": ""})
    assert "matching" not in pulled(site, ORG, {**asked, "look": ""})
    later = {**asked, "cursor": f"{site.journal.identity()}.1.{'a' * 16}"}
    assert "matching" not in pulled(site, ORG, later)
