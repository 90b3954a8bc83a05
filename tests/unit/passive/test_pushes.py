"""Pages of several resources in one request: each is taken, refused and repeated as if it had come by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import BadRequest, NotRegistered
from s3sync.database.tables.fields import new_uuid
from s3sync.passive import pushes as passive_pushes
from s3sync.wire.protocol.push import PushRequest
from s3sync.wire.protocol.pushes import MOST_PUSHES, Pushes, read_pushes_reply
from tests.support.documents import ORG, PERSON
from tests.support.exchange import Pair
from tests.support.site import SampleSite

OFFICE = "org_office"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other")
    yield Pair(own, other, ORG, OFFICE, PERSON)
    own.close()
    other.close()


def add_three(pair: Pair) -> None:
    tables = pair.own.s3db
    organisation = tables[ORG].insert(uuid=new_uuid(), name="Red Cross")
    tables[OFFICE].insert(uuid=new_uuid(), name="Branch", organisation_id=organisation)
    tables[PERSON].insert(uuid=new_uuid(), first_name="Ann")
    pair.own.db.commit()


def counts(site: SampleSite) -> list[int]:
    return [site.db(site.s3db[name]).count() for name in (ORG, OFFICE, PERSON)]


def test_what_is_new_of_three_resources_arrives_with_one_request(pair: Pair) -> None:
    add_three(pair)
    pair.run()
    assert pair.peer.together == [[ORG, OFFICE, PERSON]] and pair.peer.pushes == []
    assert counts(pair.other) == [1, 1, 1]


def test_a_lost_answer_changes_nothing_and_brings_nothing_back(pair: Pair) -> None:
    add_three(pair)
    pair.peer.lose_answers = 1
    pair.run()
    head = pair.other.journal.head()
    assert counts(pair.other) == [1, 1, 1]
    pair.run()
    assert pair.other.journal.head() == head


def test_one_that_is_refused_does_not_hold_up_the_others(pair: Pair) -> None:
    good = '<s3xml><resource name="pr_person" uuid="urn:uuid:p"><data field="first_name">Ann</data></resource></s3xml>'
    sent = Pushes(
        [
            (PushRequest("no_such", checkpoint="", journal="j"), good),
            (PushRequest(ORG, checkpoint="", journal="j"), "<s3xml"),
            (PushRequest(PERSON, checkpoint="", journal="j"), good),
        ]
    )
    first, second, third = passive_pushes.pushes(pair.other, pair.peer.uuid, sent)
    assert (first["status"], second["status"], third["status"]) == ("failed", "failed", "success")
    assert counts(pair.other) == [0, 0, 1]


def test_a_defect_in_one_page_does_not_hold_up_the_others(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = passive_pushes.push

    def breaks(site: Any, request: PushRequest, document: Any) -> Any:
        if request.resource == ORG:
            raise ZeroDivisionError("a defect")
        return push(site, request, document)

    monkeypatch.setattr(passive_pushes, "push", breaks)
    good = '<s3xml><resource name="pr_person" uuid="urn:uuid:p"><data field="first_name">Ann</data></resource></s3xml>'
    sent = Pushes([(PushRequest(name, checkpoint="", journal="j"), good) for name in (ORG, PERSON)])
    first, second = passive_pushes.pushes(pair.other, pair.peer.uuid, sent)
    assert (first["status"], first["error"], second["status"]) == ("failed", "internal_error", "success")
    assert counts(pair.other) == [0, 0, 1]


def test_who_may_push(pair: Pair) -> None:
    with pytest.raises(NotRegistered):
        passive_pushes.pushes(pair.other, "urn:uuid:nobody", Pushes([]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[["resource=org_office&checkpoint=", 7]]',
        b'[["resource=org_office", "<s3xml/>"]]',
        b'[["resource=org_office&checkpoint=&look=1", "<s3xml/>"]]',
        b'[["checkpoint=", "<s3xml/>"]]',
        json.dumps([["resource=org_office&checkpoint=", ""]] * (MOST_PUSHES + 1)).encode(),
        b'[["resource=org_office&checkpoint=", "<s3xml>\\ud800</s3xml>"]]',
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BadRequest):
        Pushes.from_body(body)


def test_requests_and_answers_survive_the_line() -> None:
    sent = Pushes([(PushRequest(ORG, checkpoint="j.1.t", journal="j"), "<s3xml>é</s3xml>")])
    assert list(Pushes.from_body(sent.to_body()).pages) == list(sent.pages)
    assert read_pushes_reply({"status": "success", "answers": [{"a": 1}, 7]}, 2) == [{"a": 1}, {}]
