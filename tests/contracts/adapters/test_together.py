"""How the adapter of an Eden exchanges several resources in one request, and what it makes of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import OWN_UUID, organisations
from s3sync.core.cursor import RequestNumber
from s3sync.core.errors import NotAuthenticated, SyncError
from s3sync.exchange.peer import Asking, Exchange, Sending
from s3sync.wire.protocol.listening import ListenAnswer
from tests.support.peer import Answer, FakePeer, as_json

ASKED = [
    (Exchange(name), Asking("j.1.t", 50, checkpoint="c", total=True, number=RequestNumber(7, "token", 3)))
    for name in ("org_organisation", "org_office")
]
NOTHING = as_json({"status": "success", "waits": []})


def sent(peer: FakePeer) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in peer.asked]


def test_the_question_travels_once_and_then_its_digest(
    peer: FakePeer, connect: Callable[..., EdenAdapter]
) -> None:
    adapter = connect(lambda asked: NOTHING)
    first = adapter.news(ASKED, "")
    assert first is not None and not first.waits and not first.pages
    again = adapter.news(
        [(exchange, Asking("j.1.t", 50, checkpoint="c", total=True, number=RequestNumber(7, "another", 3)))
         for exchange, _ in ASKED],
        first.memory,
    )  # fmt: skip
    assert again is not None and again.memory == first.memory
    whole, short = sent(peer)
    assert len(whole["pulls"]) == 2 and "cursor=j.1.t" in whole["pulls"][0]
    assert short == {"digest": first.memory.split()[0], "token": "another"}
    assert (peer.asked[0].path, peer.asked[0].value("repository")) == ("/eden/sync/news.json", OWN_UUID)


def test_a_question_that_is_not_known_there_is_sent_whole(
    peer: FakePeer, connect: Callable[..., EdenAdapter]
) -> None:
    answers = iter(
        [NOTHING, as_json({"status": "success", "waits": [], "known": False}),
         as_json({"status": "success", "waits": ["org_office"], "waiting": 2})]
    )  # fmt: skip
    adapter = connect(lambda asked: next(answers))
    first = adapter.news(ASKED, "")
    assert first is not None
    found = adapter.news(ASKED, first.memory)
    assert found is not None and (found.waits, found.waiting) == (frozenset(["org_office"]), 2)
    assert ["pulls" in each for each in sent(peer)] == [True, False, True]


def test_pages_of_the_answer_are_spooled(connect: Callable[..., EdenAdapter]) -> None:
    page = organisations(1).replace(b"<s3xml ", b'<s3xml cursor="j.2.t" journal="j" more="false" ').decode()
    answer = as_json(
        {"status": "success", "waits": [], "pages": {"org_organisation": page, "pr_person": page}}
    )
    found = connect(lambda asked: answer).news(ASKED, "")
    assert found is not None and list(found.pages) == ["org_organisation"], "only what was asked for"
    (taken,) = found.pages.values()
    assert (taken.cursor, taken.more, taken.is_ours) == ("j.2.t", False, True)
    assert taken.path.read_text() == page
    found.discard()
    assert not taken.path.exists()


@pytest.mark.parametrize("page", ["", "<html><body>login</body></html>", '{"status": "failed"}', "<s3xml"])
def test_a_page_that_is_none_leaves_no_file(
    tmp_path: Path, connect: Callable[..., EdenAdapter], page: str
) -> None:
    answer = as_json({"status": "success", "waits": [], "pages": {"org_organisation": page}})
    adapter = connect(lambda asked: answer)
    with pytest.raises(SyncError):
        adapter.news(ASKED, "")
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"invalid function (sync/news)", "text/html"),
        Answer(body=b"<html><body>x</body></html>", content_type="text/html"),
        as_json({"status": "failed", "message": "no"}),
        as_json({"status": "success"}),
        as_json({"status": "success", "waits": [], "pages": []}),
        as_json({"status": "success", "waits": [], "pages": {"org_organisation": 1}}),
        as_json({"status": "success", "waits": [], "pages": {"org_organisation": "<s3xml>\ud800</s3xml>"}}),
    ],
)
def test_a_site_of_before_tells_nothing(connect: Callable[..., EdenAdapter], answer: Answer) -> None:
    assert connect(lambda asked: answer).news(ASKED, "") is None


def test_a_refused_account_is_an_error(connect: Callable[..., EdenAdapter]) -> None:
    with pytest.raises(NotAuthenticated):
        connect(lambda asked: Answer(401, b"Authentication Required", "text/plain")).news(ASKED, "")


SENT = [
    (exchange, b"<s3xml>\xc3\xa9</s3xml>", Sending("j", "c", number=RequestNumber(3, "t")))
    for exchange, _ in ASKED
]


def test_several_pushes_are_one_request(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    answers = [
        {
            "status": "success",
            "statuscode": "200",
            "journal": "j2",
            "checkpoint": "j2.5.t",
            "outcomes": {"created": 1},
        },
        {"status": "failed", "statuscode": "409", "error": "request_late", "message": "late"},
    ]
    adapter = connect(lambda asked: as_json({"status": "success", "answers": answers}))
    first, second = adapter.push_together(SENT)
    assert first is not None and (first.checkpoint, first.outcomes) == ("j2.5.t", {"created": 1})
    assert second is None, "it is pushed by itself, and told why"
    (asked,) = peer.asked
    assert asked.path == "/eden/sync/pushes.json"
    (query, document), _ = json.loads(asked.body)
    assert "resource=org_organisation" in query and "checkpoint=c" in query and "repository" not in query
    assert document == "<s3xml>é</s3xml>"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"invalid function (sync/pushes)", "text/html"),
        as_json({"status": "success", "answers": [{"status": "success"}]}),
        as_json({"status": "success"}),
    ],
)
def test_where_several_are_not_taken_each_is_pushed_by_itself(
    connect: Callable[..., EdenAdapter], answer: Answer
) -> None:
    assert list(connect(lambda asked: answer).push_together(SENT)) == [None, None]


def test_bodies_are_packed_for_who_takes_that(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    adapter = connect(
        lambda asked: as_json({"status": "success", "answers": []}), capabilities=frozenset(["gzip"])
    )
    adapter.push_together([(Exchange("org_office"), b"x" * 5000, SENT[0][2])])
    assert peer.asked[0].headers["Content-Encoding"] == "gzip" and b"xxxx" in peer.asked[0].body


# --- listening ---------------------------------------------------------------------------------------------


def test_it_asks_from_where_it_has_heard(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    adapter = connect(lambda asked: as_json({"status": "success", "heard": "j.9", "changed": True}))
    assert adapter.listen("") == ListenAnswer("j.9", changed=True)
    assert adapter.listen("j.9") == ListenAnswer("j.9", changed=True)
    assert [(each.method, each.path) for each in peer.asked] == [("POST", "/eden/sync/listen.json")] * 2
    assert [each.value("heard") for each in peer.asked] == [None, "j.9"]
    assert peer.asked[0].value("repository") == OWN_UUID


@pytest.mark.parametrize(
    "answer", [Answer(404), as_json({"status": "success"}), Answer(200, b"<html>login</html>")]
)
def test_a_site_that_cannot_be_listened_to(connect: Callable[..., EdenAdapter], answer: Answer) -> None:
    assert connect(lambda asked: answer).listen("") is None


def test_a_wrong_password_is_told_to_who_listens(connect: Callable[..., EdenAdapter]) -> None:
    with pytest.raises(NotAuthenticated):
        connect(lambda asked: NOTHING, password="wrong").listen("")
